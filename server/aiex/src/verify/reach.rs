//! [`reaches_tests`]: whether tests have to be compiled with an edit, which takes twice the time.

use aiex_assist::FilePatch;
use aiex_syntax::{Language, Outline, SymbolKind, Syntax};
use aiex_text::Text;

/// Whether an edit may break tests that it leaves as they are, or changes tests: it does more than to rewrite the bodies of
/// functions, or stands among tests. Of other languages than Rust, and where nothing can be told, it may.
pub(super) fn reaches_tests(files: &[FilePatch]) -> bool {
    !files.iter().all(only_bodies)
}

fn only_bodies(file: &FilePatch) -> bool {
    let is_beside = file.path.split('/').any(|part| matches!(part, "tests" | "benches" | "examples" | "tests.rs"));
    let Some(before) = file.before.as_deref().filter(|_| !is_beside) else { return false };
    let (Some(old), Some(new)) = (outline(&file.path, before), outline(&file.path, &file.after)) else { return false };
    let heads = |outline: &Outline| {
        let of = |symbol: &aiex_syntax::Symbol| (symbol.qualified.clone(), symbol.kind, symbol.signature.clone());
        outline.symbols.iter().map(of).collect::<Vec<_>>()
    };
    heads(&old) == heads(&new) && file.edits().iter().all(|edit| is_in_body(&old, edit.range.start, edit.range.end))
}

fn outline(path: &str, text: &str) -> Option<Outline> {
    let language = Language::from_file_name(path).filter(|language| *language == Language::Rust)?;
    let rope = Text::new(text);
    Some(Syntax::parse(language, &rope, None, || true).ok()?.outline(&rope))
}

/// Whether these bytes lie in the body of a function that is not among tests.
fn is_in_body(outline: &Outline, start: usize, end: usize) -> bool {
    let Some(index) = outline.enclosing(start) else { return false };
    let Some(symbol) = outline.symbols.get(index) else { return false };
    let is_function = matches!(symbol.kind, SymbolKind::Function | SymbolKind::Method);
    let holds = symbol.body().is_some_and(|body| body.start <= start && end <= body.end);
    let is_test = |index: usize| outline.symbols.get(index).is_none_or(|outer| outer.name.contains("test"));
    is_function && holds && !outline.containers(index).any(is_test)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "pub struct A;\nimpl A {\n    pub fn a(&self) -> u8 {\n        1\n    }\n}\n\n#[cfg(test)]\nmod tests {\n    fn b() -> u8 {\n        2\n    }\n}\n";

    fn check(path: &str, from: &str, to: &str, expect: bool) {
        let after = CODE.replace(from, to);
        let before = Some(CODE.into());
        let file = FilePatch { path: path.to_owned(), before, after, anchors: Vec::new(), parsed: true };
        assert_eq!(reaches_tests(&[file]), expect, "{path}: {from} -> {to}");
    }

    #[test]
    fn bodies_alone_reach_no_tests() {
        check("src/a.rs", "        1", "        1 + 2", false);
        check("src/a.rs", "-> u8 {\n        1", "-> u16 {\n        1", true);
        check("src/a.rs", "pub struct A;", "pub struct A {}", true);
        check("src/a.rs", "        2", "        3", true);
        check("src/a.rs", "pub fn a", "/// A.\n    pub fn a", true);
        check("tests/a.rs", "        1", "        1 + 2", true);
        check("lib/a.ex", "        1", "        1 + 2", true);
    }
}
