//! [`Format`]: how a file is understood, by its name.

use aiex_syntax::Language;

/// How a file's text is taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// `.ex`, `.exs`.
    Elixir,
    /// `.rs`.
    Rust,
    /// HTML with Elixir in it: `.heex`, `.eex`, `.leex`; plain HTML, XML and SVG as well.
    Template,
    /// `.md`, `.markdown`, `.livemd`.
    Markdown,
    /// `.toml`, `Cargo.lock`.
    Toml,
    /// `.json` and its kin.
    Json,
    /// `.yml`, `.yaml`.
    Yaml,
    /// Any other text: by paragraphs and indentation.
    Plain,
}

impl Format {
    /// By a file's path or name; only what follows the last `/` or `\` counts.
    pub fn from_path(path: &str) -> Self {
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        match ending.as_deref() {
            _ if name == "Cargo.lock" => Self::Toml,
            _ if name == "mix.lock" => Self::Elixir,
            Some("heex" | "eex" | "leex" | "html" | "htm" | "xml" | "svg") => Self::Template,
            Some("md" | "markdown" | "livemd") => Self::Markdown,
            Some("toml") => Self::Toml,
            Some("json" | "jsonc" | "json5" | "webmanifest") => Self::Json,
            Some("yml" | "yaml") => Self::Yaml,
            _ => match Language::from_file_name(name) {
                Some(Language::Elixir) => Self::Elixir,
                Some(Language::Rust) => Self::Rust,
                None => Self::Plain,
            },
        }
    }

    /// The language whose parse it is taken apart by.
    pub fn language(self) -> Option<Language> {
        match self {
            Self::Elixir => Some(Language::Elixir),
            Self::Rust => Some(Language::Rust),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_says_its_format() {
        let check = |path: &str, format: Format| assert_eq!(Format::from_path(path), format, "{path}");
        check("lib/shop/cart.ex", Format::Elixir);
        check("test/test_helper.exs", Format::Elixir);
        check("src\\main.rs", Format::Rust);
        check("lib/shop_web/page.html.heex", Format::Template);
        check("README.MD", Format::Markdown);
        check("Cargo.lock", Format::Toml);
        check("a.b/Makefile", Format::Plain);
        check("rs", Format::Plain);
        check("", Format::Plain);
    }
}
