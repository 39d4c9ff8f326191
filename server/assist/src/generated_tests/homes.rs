//! [`test_homes`]: the files in which a project keeps the tests of a file.

use aiex_syntax::{Language, Nodes, Syntax};
use aiex_text::Text;

/// Where tests for the code of a file belong, relative to the workspace, best first; which of them exist is for the
/// caller to see. `text` is the file's.
///
/// Rust: the file itself where it holds a test module or none at all; the child's file where it declares one
/// (`#[cfg(test)] mod tests;`). Elixir: `lib/a/b.ex` has `test/a/b_test.exs`, within an application of an umbrella, too.
/// A file of tests is its own home. Files of other languages have none.
pub fn test_homes(path: &str, text: &str) -> Vec<String> {
    match Language::from_file_name(path) {
        Some(Language::Rust) => rust(path, text),
        Some(Language::Elixir) => elixir(path),
        None => Vec::new(),
    }
}

fn elixir(path: &str) -> Vec<String> {
    if path.ends_with("_test.exs") {
        return vec![path.to_owned()];
    }
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    let beside = format!("{stem}_test.exs");
    let parts: Vec<&str> = stem.split('/').collect();
    let within = match parts.iter().position(|part| *part == "lib") {
        Some(at) => {
            let (before, after) = (parts.get(..at).unwrap_or_default(), parts.get(at + 1..).unwrap_or_default());
            [before, &["test"], after].concat().join("/")
        }
        None if parts.first() == Some(&"test") => return vec![beside],
        None => format!("test/{stem}"),
    };
    vec![format!("{within}_test.exs"), beside]
}

fn rust(path: &str, text: &str) -> Vec<String> {
    let itself = || vec![path.to_owned()];
    let Ok(syntax) = Syntax::parse(Language::Rust, &Text::new(text), None, || true) else { return itself() };
    let nodes = syntax.nodes(&(0..text.len()));
    let modules: Vec<usize> = test_modules(&nodes, text).collect();
    if is_integration(path) || modules.iter().any(|module| nodes.child(*module, "body").is_some()) {
        return itself();
    }
    // Only of the file's own: a module declared in another stands elsewhere.
    let declared = modules.into_iter().find(|module| nodes.parent(*module) == Some(0));
    let Some(module) = declared else { return itself() };
    let Some(name) = nodes.child(module, "name").map(|name| nodes.text(name, text)) else { return itself() };
    let (folder, file) = path.rsplit_once('/').map_or(("", path), |(folder, file)| (folder, file));
    let beside = |file: &str| if folder.is_empty() { file.to_owned() } else { format!("{folder}/{file}") };
    if let Some(named) = attributes(&nodes, module, text).find_map(path_of) {
        return vec![beside(named)];
    }
    match file {
        "mod.rs" | "lib.rs" | "main.rs" => vec![beside(&format!("{name}.rs")), beside(&format!("{name}/mod.rs"))],
        _ => {
            let stem = file.trim_end_matches(".rs");
            vec![beside(&format!("{stem}/{name}.rs")), beside(&format!("{stem}/{name}/mod.rs"))]
        }
    }
}

/// `#[path = "x.rs"]`.
fn path_of(attribute: &str) -> Option<&str> {
    let value = attribute.trim_start_matches(['#', '[', ' ']).strip_prefix("path")?.trim_start().strip_prefix('=')?;
    let path = value.split('"').nth(1)?;
    path.ends_with(".rs").then(|| path.strip_prefix("./").unwrap_or(path)).filter(|path| !path.contains(".."))
}

/// Whether a file is a test of a crate from outside: below its folder `tests`.
pub(super) fn is_integration(path: &str) -> bool {
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        match part {
            "src" => return false,
            "tests" if parts.peek().is_some() => return true,
            _ => {}
        }
    }
    false
}

/// The modules of a Rust file that hold its tests, in the order of the text, be they here or declared.
pub(super) fn test_modules<'n>(nodes: &'n Nodes, text: &'n str) -> impl Iterator<Item = usize> + 'n {
    let is_module = |at: &usize| nodes.kind(*at) == "mod_item";
    let is_for_tests = |at: &usize| {
        let name = nodes.child(*at, "name").map(|name| nodes.text(name, text));
        attributes(nodes, *at, text).any(is_for_tests) || {
            // `mod tests` without the attribute still is what it says, if it is here.
            matches!(name, Some("tests" | "test")) && nodes.child(*at, "body").is_some()
        }
    };
    (0..nodes.len()).filter(is_module).filter(is_for_tests)
}

/// `#[cfg(test)]`, `#[cfg(all(test, feature = "x"))]`.
fn is_for_tests(attribute: &str) -> bool {
    let squeezed: String = attribute.split_whitespace().collect();
    let mut words = squeezed.split(|char: char| !(char.is_alphanumeric() || char == '_'));
    squeezed.starts_with("#[cfg(") && !squeezed.contains("not(test") && words.any(|word| word == "test")
}

/// The attributes before an item.
pub(super) fn attributes<'n>(nodes: &'n Nodes, item: usize, text: &'n str) -> impl Iterator<Item = &'n str> {
    let siblings: Vec<usize> = nodes.parent(item).map(|parent| nodes.children(parent).collect()).unwrap_or_default();
    let place = siblings.iter().position(|sibling| *sibling == item).unwrap_or(0);
    let before = siblings.into_iter().take(place).rev();
    let lead = before
        .take_while(|at| nodes.kind(*at) == "attribute_item" || nodes.get(*at).is_some_and(|node| node.is_comment));
    lead.filter(|at| nodes.kind(*at) == "attribute_item").map(|at| nodes.text(at, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expect: &[&str]) {
        assert_eq!(test_homes(path, text), expect, "{path}: {text}");
    }

    #[test]
    fn rust_tests_stand_in_the_file_or_where_it_says() {
        check("src/a.rs", "fn a() {}\n", &["src/a.rs"]);
        check("src/a.rs", "fn a() {}\n#[cfg(test)]\nmod tests {\n}\n", &["src/a.rs"]);
        check("src/a.rs", "#[cfg(test)]\nmod checks {}\n#[cfg(test)]\nmod more;\n", &["src/a.rs"]);
        check("src/a.rs", "#[cfg(test)]\nmod tests;\n", &["src/a/tests.rs", "src/a/tests/mod.rs"]);
        check("src/lib.rs", "#[cfg(test)]\n// here\nmod tests;\n", &["src/tests.rs", "src/tests/mod.rs"]);
        check("src/a/mod.rs", "#[cfg(all(test, unix))]\nmod t;\n", &["src/a/t.rs", "src/a/t/mod.rs"]);
        check("main.rs", "#[cfg(test)]\nmod tests;\n", &["tests.rs", "tests/mod.rs"]);
        check("src/a.rs", "#[cfg(test)]\n#[path = \"a_tests.rs\"]\nmod tests;\n", &["src/a_tests.rs"]);
        check("src/a.rs", "#[cfg(not(test))]\nmod real;\n", &["src/a.rs"]);
        check("tests/all.rs", "#[cfg(test)]\nmod tests;\n", &["tests/all.rs"]);
        check("crates/x/tests/all/main.rs", "mod a;\n", &["crates/x/tests/all/main.rs"]);
        check("src/a/tests.rs", "#[test]\nfn a() {}\n", &["src/a/tests.rs"]);
    }

    #[test]
    fn elixir_tests_mirror_the_code() {
        check("lib/shop/cart.ex", "", &["test/shop/cart_test.exs", "lib/shop/cart_test.exs"]);
        check(
            "apps/web/lib/web/lib/a.ex",
            "",
            &["apps/web/test/web/lib/a_test.exs", "apps/web/lib/web/lib/a_test.exs"],
        );
        check("test/shop/cart_test.exs", "", &["test/shop/cart_test.exs"]);
        check("test/support/case.ex", "", &["test/support/case_test.exs"]);
        check("mix.exs", "", &["test/mix_test.exs", "mix_test.exs"]);
        check("a.py", "", &[]);
    }
}
