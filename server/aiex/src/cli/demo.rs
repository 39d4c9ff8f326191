//! `aiex demo`: a language-server session on a sample project, shown as an editor would show it.
//!
//! It starts this very program as `aiex lsp` and speaks to it as an editor does, so that what it shows is what the
//! server answers. Nothing of the user's is read or kept.

mod editor;

use std::{fs, io::IsTerminal as _, path::Path};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::print;
use crate::unified_diff;
use editor::Editor;

const FILE: &str = "lib/shop/order.ex";
const SOURCE: &str = include_str!("../../../../fixtures/elixir_shop/lib/shop/order.ex");
/// What the cursor is put on.
const AT: &str = "transition(%{status: :paid} = order";
/// A function without documentation.
const UNDOCUMENTED: &str = "new(customer, %Cart{}";
/// Columns of the picture.
const WIDTH: usize = 100;

pub(super) fn demo() -> Result<()> {
    let folder = tempfile::tempdir().context("no folder for the sample project")?;
    let file = folder.path().join(FILE);
    fs::create_dir_all(file.parent().unwrap_or(folder.path()))?;
    fs::write(&file, SOURCE)?;
    let uri = url::Url::from_file_path(&file).ok().context("the sample project has no URI")?.to_string();
    let (line, column) = position(SOURCE, AT).context("the sample has changed")?;
    let at = json!({"line": line, "character": column});

    let mut editor = Editor::start(folder.path())?;
    editor.open(&uri, "elixir", SOURCE)?;
    let view = View { colour: std::io::stdout().is_terminal() };
    view.title(&format!("A language-server session, as your editor would show it: {FILE}"))?;
    view.code(SOURCE, line, 8)?;

    let hover = editor.request("textDocument/hover", &json!({"textDocument": {"uri": uri}, "position": at}))?;
    view.bubble("Hover", text(&hover, "/contents/value")?)?;

    let actions = actions(&mut editor, &uri, &at)?;
    view.bubble("Code actions", &actions.iter().map(|(title, _)| format!("› {title}")).collect::<Vec<_>>().join("\n"))?;
    choose(&mut editor, &actions, "Aiex: Explain")?;
    let shown = editor.shown_document()?;
    let answer = fs::read_to_string(Path::new(&shown)).with_context(|| format!("the answer {shown} cannot be read"))?;
    view.bubble("Aiex: Explain", answer.trim_end())?;

    let (line, column) = position(SOURCE, UNDOCUMENTED).context("the sample has changed")?;
    let actions = self::actions(&mut editor, &uri, &json!({"line": line, "character": column}))?;
    choose(&mut editor, &actions, "Aiex: Document")?;
    let message = editor.message()?;
    view.diff("Aiex: Document", &unified_diff::unified(Some(FILE), Some(FILE), SOURCE, &editor.text()), &message)?;
    editor.stop()?;
    view.title("Next: README.md says how your editor starts `aiex lsp`, and how to add a model.")
}

/// The titles and commands that are offered at a position.
fn actions(editor: &mut Editor, uri: &str, at: &Value) -> Result<Vec<(String, Value)>> {
    let range = json!({"start": at, "end": at});
    let context = json!({"diagnostics": [], "triggerKind": 1});
    let params = json!({"textDocument": {"uri": uri}, "range": range, "context": context});
    let actions = editor.request("textDocument/codeAction", &params)?;
    let offered = |action: &Value| Some((action.get("title")?.as_str()?.to_owned(), action.get("command")?.clone()));
    Ok(actions.as_array().into_iter().flatten().filter_map(offered).collect())
}

/// Chooses an action by its title.
fn choose(editor: &mut Editor, actions: &[(String, Value)], title: &str) -> Result<()> {
    let chosen = actions.iter().find(|(offered, _)| offered == title);
    let (_, command) = chosen.with_context(|| format!("the server did not offer {title}"))?;
    let params = json!({"command": command.get("command"), "arguments": command.get("arguments")});
    editor.request("workspace/executeCommand", &params).map(drop)
}

/// The 0-based line and column of a piece of the sample, which is ASCII up to there.
fn position(source: &str, piece: &str) -> Option<(usize, usize)> {
    source.lines().enumerate().find_map(|(line, text)| Some((line, text.find(piece)?)))
}

fn text<'a>(value: &'a Value, pointer: &str) -> Result<&'a str> {
    value.pointer(pointer).and_then(Value::as_str).context("the server answered with nothing to show")
}

/// How things look: colour on a terminal only.
struct View {
    colour: bool,
}

impl View {
    fn styled(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn title(&self, text: &str) -> Result<()> {
        Ok(print(&format!("{}\n\n", self.styled("1", text)))?)
    }

    /// Some lines of a source, the one at the 0-based `line` marked.
    fn code(&self, source: &str, line: usize, count: usize) -> Result<()> {
        let lines = source.lines().enumerate().skip(line).take(count);
        let shown: String = lines
            .map(|(index, text)| {
                let number = self.styled("2", &format!("{:>5} │ ", index + 1));
                let text: String = text.chars().take(WIDTH).collect();
                format!("{number}{}\n", if index == line { self.styled("1", &text) } else { text })
            })
            .collect();
        Ok(print(&format!("{shown}\n"))?)
    }

    /// What an edit changed, and what was said of it.
    fn diff(&self, title: &str, diff: &str, message: &str) -> Result<()> {
        let line = |line: &str| match line.chars().next() {
            Some('+') => self.styled("32", line),
            Some('-') => self.styled("31", line),
            _ => line.to_owned(),
        };
        let lines: String = diff.lines().map(|text| format!("  {}\n", line(text.trim_end()))).collect();
        Ok(print(&format!("{}\n\n{lines}\n  {message}\n\n", self.styled("1", &format!("{title}, as applied:"))))?)
    }

    /// A window over the source, such as an editor opens.
    fn bubble(&self, title: &str, text: &str) -> Result<()> {
        let wrapped: Vec<String> = text.lines().flat_map(|line| wrap(line, WIDTH)).collect();
        let bar = self.styled("2", "│");
        let mut out = self
            .styled("2", &format!("  ╭─ {title} {}╮", "─".repeat((WIDTH - 1).saturating_sub(title.chars().count()))));
        out.push('\n');
        for line in wrapped {
            let pad = " ".repeat(WIDTH.saturating_sub(line.chars().count()));
            let line = if line.starts_with('#') || line.starts_with("**") { self.styled("1", &line) } else { line };
            out.push_str(&format!("  {bar} {line}{pad} {bar}\n"));
        }
        out.push_str(&self.styled("2", &format!("  ╰{}╯", "─".repeat(WIDTH + 2))));
        Ok(print(&format!("{out}\n\n"))?)
    }
}

/// Breaks a line at spaces so that no piece is wider than `width` characters, as far as there are spaces.
fn wrap(line: &str, width: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for word in line.split_inclusive(' ') {
        let full =
            |piece: &String| !piece.is_empty() && piece.chars().count() + word.trim_end().chars().count() > width;
        if pieces.last().is_some_and(full) {
            pieces.push(String::new());
        }
        if let Some(last) = pieces.last_mut() {
            last.push_str(word);
        }
    }
    pieces.iter().map(|piece| piece.trim_end().chars().take(width).collect()).collect()
}
