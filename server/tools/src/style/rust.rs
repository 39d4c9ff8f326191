//! [`RustStyle`]: the edition by `Cargo.toml`, and those options of `rustfmt.toml` that are stable.

use std::{collections::BTreeMap, fmt::Write as _};

use toml::{Table, Value};

use super::LONGEST;

/// How a Rust file wants to be formatted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RustStyle {
    /// That of the parser, and of the style where the options name none.
    pub edition: Edition,
    /// Names in `rustfmt.toml` that are not obeyed: unstable, unknown, or with a value that is none.
    pub passed_over: Vec<String>,
    /// By their names, as TOML.
    options: BTreeMap<&'static str, String>,
}

/// A Rust edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is what its name says")]
pub enum Edition {
    E2015,
    E2018,
    E2021,
    E2024,
}

impl Edition {
    const ALL: [Self; 4] = [Self::E2015, Self::E2018, Self::E2021, Self::E2024];

    /// As in `Cargo.toml`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::E2015 => "2015",
            Self::E2018 => "2018",
            Self::E2021 => "2021",
            Self::E2024 => "2024",
        }
    }

    fn parse(value: &Value) -> Option<Self> {
        Self::ALL.into_iter().find(|edition| value.as_str() == Some(edition.as_str()))
    }
}

/// What an option may be.
enum Kind {
    Bool,
    /// From 0 to this.
    Number(i64),
    OneOf(&'static [&'static str]),
}

const WIDTH: Kind = Kind::Number(10_000);
const EDITIONS: Kind = Kind::OneOf(&["2015", "2018", "2021", "2024"]);

/// Every option that rustfmt 1.9 calls stable and that decides the layout, but for `disable_all_formatting`: with that,
/// rustfmt gives any text back without parsing it, and would seem to accept it.
/// See <https://rust-lang.github.io/rustfmt/>.
const STABLE: [(&str, Kind); 26] = [
    ("array_width", WIDTH),
    ("attr_fn_like_width", WIDTH),
    ("chain_width", WIDTH),
    ("fn_call_width", WIDTH),
    ("fn_params_layout", Kind::OneOf(&["Compressed", "Tall", "Vertical"])),
    ("force_explicit_abi", Kind::Bool),
    ("hard_tabs", Kind::Bool),
    ("match_arm_leading_pipes", Kind::OneOf(&["Always", "Never", "Preserve"])),
    ("match_block_trailing_comma", Kind::Bool),
    ("max_width", WIDTH),
    ("merge_derives", Kind::Bool),
    ("newline_style", Kind::OneOf(&["Auto", "Windows", "Unix", "Native"])),
    ("remove_nested_parens", Kind::Bool),
    ("reorder_imports", Kind::Bool),
    ("reorder_modules", Kind::Bool),
    ("short_array_element_width_threshold", WIDTH),
    ("single_line_if_else_max_width", WIDTH),
    ("single_line_let_else_max_width", WIDTH),
    ("struct_lit_width", WIDTH),
    ("struct_variant_width", WIDTH),
    ("style_edition", EDITIONS),
    ("tab_spaces", Kind::Number(64)),
    ("use_field_init_shorthand", Kind::Bool),
    ("use_small_heuristics", Kind::OneOf(&["Off", "Max", "Default"])),
    ("use_try_shorthand", Kind::Bool),
    // Where `Cargo.toml` says nothing.
    ("edition", EDITIONS),
];

/// Options that decide nothing about a text: what is printed besides it, and what must not change it.
const NEUTRAL: [&str; 2] = ["print_misformatted_file_names", "required_version"];

impl RustStyle {
    /// That of a file by the texts of the nearest `rustfmt.toml` or `.rustfmt.toml`, of its package's `Cargo.toml`, and
    /// of its workspace's, of which the package may take the edition. A text that is no TOML says nothing.
    #[must_use]
    pub fn read(rustfmt: Option<&str>, package: Option<&str>, workspace: Option<&str>) -> Self {
        let mut passed_over = Vec::new();
        let mut options = BTreeMap::new();
        match rustfmt.map(|text| (text, table(text))) {
            None => {}
            Some((text, None)) => passed_over.extend((!text.trim().is_empty()).then(|| "rustfmt.toml".to_owned())),
            Some((_, Some(table))) => {
                for (name, value) in &table {
                    // The old name of the same.
                    let name = if name == "fn_args_layout" { "fn_params_layout" } else { name };
                    match option(name, value) {
                        Some((name, value)) => drop(options.insert(name, value)),
                        None if NEUTRAL.contains(&name) => {}
                        None => passed_over.push(name.to_owned()),
                    }
                }
            }
        }
        let own = options.remove("edition").and_then(|edition| Edition::parse(&Value::String(unquoted(&edition))));
        let edition = package.and_then(|package| edition(package, workspace)).or(own).unwrap_or(Edition::E2024);
        Self { edition, passed_over, options }
    }

    /// That of a file whose project says nothing.
    pub(crate) fn plain(edition: Edition) -> Self {
        Self { edition, passed_over: Vec::new(), options: BTreeMap::new() }
    }

    /// The options as a `rustfmt.toml`.
    #[must_use]
    pub fn options(&self) -> String {
        self.options.iter().fold(String::new(), |mut text, (name, value)| {
            let _ = writeln!(text, "{name} = {value}");
            text
        })
    }

    /// The same for one text. What rustfmt reads from standard input has lost its line ends before `Auto` looks at them.
    pub(crate) fn options_for(&self, text: &str) -> String {
        let auto = self.options.get("newline_style").is_none_or(|style| style == "\"Auto\"");
        let first = text.split_once('\n').is_some_and(|(line, _)| line.ends_with('\r'));
        let mut style = self.clone();
        if auto && first {
            style.options.insert("newline_style", "\"Windows\"".to_owned());
        }
        style.options()
    }
}

fn table(text: &str) -> Option<Table> {
    (text.len() <= LONGEST).then(|| text.parse().ok()).flatten()
}

/// An option that is obeyed, with its value as TOML.
fn option(name: &str, value: &Value) -> Option<(&'static str, String)> {
    let (name, kind) = STABLE.iter().find(|(stable, _)| *stable == name)?;
    let value = match (kind, value) {
        (Kind::Bool, Value::Boolean(value)) => value.to_string(),
        (Kind::Number(most), Value::Integer(value)) if (0..=*most).contains(value) => value.to_string(),
        (Kind::OneOf(names), Value::String(value)) => {
            format!("\"{}\"", names.iter().find(|name| name.eq_ignore_ascii_case(value))?)
        }
        _ => return None,
    };
    Some((name, value))
}

fn unquoted(value: &str) -> String {
    value.trim_matches('"').to_owned()
}

/// What a package's manifest says; `None` where it is that of no package, or says something unknown.
fn edition(package: &str, workspace: Option<&str>) -> Option<Edition> {
    let manifest = table(package)?;
    let of_workspace = |manifest: &Table| {
        Edition::parse(manifest.get("workspace")?.as_table()?.get("package")?.as_table()?.get("edition")?)
    };
    match manifest.get("package")?.as_table()?.get("edition") {
        // What cargo takes then.
        None => Some(Edition::E2015),
        Some(Value::Table(inherited)) if inherited.get("workspace").and_then(Value::as_bool) == Some(true) => {
            workspace.and_then(table).as_ref().and_then(of_workspace).or_else(|| of_workspace(&manifest))
        }
        Some(edition) => Edition::parse(edition),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    fn check(rustfmt: &str, expect: Expect) {
        let style = RustStyle::read(Some(rustfmt), None, None);
        let said = format!("{}passed over: {:?}", style.options(), style.passed_over);
        expect.assert_eq(&said);
    }

    #[test]
    fn stable_options_are_taken_and_others_are_passed_over() {
        check(
            "max_width = 120\nuse_small_heuristics = \"max\"\nhard_tabs = true\nedition = \"2018\"\nfn_args_layout = \"Tall\"",
            expect![[r#"
                fn_params_layout = "Tall"
                hard_tabs = true
                max_width = 120
                use_small_heuristics = "Max"
                passed over: []"#]],
        );
        check(
            "imports_granularity = \"Crate\"\nmax_width = \"120\"\ntab_spaces = -1\nnewline_style = \"x\\ny\"\nchain_width = 70",
            expect![[r#"
                chain_width = 70
                passed over: ["imports_granularity", "max_width", "newline_style", "tab_spaces"]"#]],
        );
        check("required_version = \"1.0\"", expect!["passed over: []"]);
        check("max_width = ", expect![[r#"passed over: ["rustfmt.toml"]"#]]);
        check(" \n", expect!["passed over: []"]);
    }

    #[test]
    fn the_edition_is_that_of_the_package() {
        let check = |rustfmt, package, workspace, expected| {
            assert_eq!(RustStyle::read(rustfmt, package, workspace).edition.as_str(), expected);
        };
        let inherits = Some("[package]\nedition.workspace = true");
        let workspace = Some("[workspace.package]\nedition = \"2021\"");
        check(None, None, None, "2024");
        check(Some("edition = \"2018\""), None, None, "2018");
        check(Some("edition = \"2018\""), Some("[package]\nedition = \"2021\""), None, "2021");
        check(None, Some("[package]\nname = \"a\""), workspace, "2015");
        check(None, inherits, workspace, "2021");
        check(None, Some("[package]\nedition.workspace = true\n[workspace.package]\nedition = \"2018\""), None, "2018");
        check(None, inherits, None, "2024");
        check(None, workspace, None, "2024");
        check(None, Some("[package]\nedition = \"3024; rm\""), None, "2024");
        check(None, Some("{{{"), Some("}}"), "2024");
    }

    #[test]
    fn deep_and_long_files_say_nothing() {
        let deep = format!("a = {}", "[".repeat(100_000));
        let long = format!("max_width = 80\n#{}", "x".repeat(LONGEST));
        for text in [deep, long] {
            let style = RustStyle::read(Some(&text), Some(&text), Some(&text));
            assert_eq!((style.options(), style.edition), (String::new(), Edition::E2024));
            assert_eq!(style.passed_over, ["rustfmt.toml"]);
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_is_nothing_but_known_options(text in "([a-z_]{1,12} = (true|[0-9]{1,4}|\"[A-Za-z0-9\\\\n]{0,8}\")\n){0,6}|.{0,60}") {
            let style = RustStyle::read(Some(&text), Some(&text), Some(&text));
            let again = RustStyle::read(Some(&style.options()), None, None);
            prop_assert_eq!(again.options(), style.options());
            prop_assert!(again.passed_over.is_empty());
            for line in style.options().lines() {
                prop_assert!(STABLE.iter().any(|(name, _)| line.starts_with(&format!("{name} = "))), "{}", line);
            }
        }
    }
}
