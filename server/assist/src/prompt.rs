//! What a model is asked: [`explain_prompt`] for an explanation of code, [`ask_prompt`] for a question.

use aiex_syntax::{Outline, Symbol};

use crate::{
    english::count,
    markdown::{code, fence, one_line},
};

/// The system prompt, with `{language}` for the language of the answer.
const SYSTEM: &str = include_str!("explain.md");
/// Likewise, for a question of the developer's own.
const ASK: &str = include_str!("ask.md");
/// The most characters of the target that are sent; of a longer one the middle is left out.
pub const MAX_TARGET_CHARS: usize = 24_000;
/// Signatures sent of those that call or are called.
const MAX_SIGNATURES: usize = 12;

/// The two messages of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// Who the model is and what is asked of it. Nothing of the workspace is in it.
    pub system: String,
    /// The code.
    pub user: String,
}

/// What is to be explained.
#[derive(Clone, Debug, Default)]
pub struct ExplainInput<'a> {
    /// Path of the file, relative to the workspace.
    pub path: &'a str,
    /// Language id of the file, such as `elixir`.
    pub language: &'a str,
    /// The language of the answer, such as `en`.
    pub prose: &'a str,
    /// The source of the symbol, or of the whole file.
    pub target: &'a str,
    /// What the user wants to know in particular, in their words.
    pub instruction: Option<&'a str>,
    /// The symbol that `target` is, if it is not the file.
    pub symbol: Option<ExplainSymbol>,
    /// Sends no more characters of the target than this, and never more than [`MAX_TARGET_CHARS`].
    pub most_chars: Option<usize>,
}

/// A symbol and what stands around it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExplainSymbol {
    /// Kind and qualified name: `function Shop.Cart.add/2`.
    pub name: String,
    /// Signature of what contains it.
    pub container: Option<String>,
    /// Signatures of what it calls in this file.
    pub callees: Vec<String>,
    /// Signatures of what calls it in this file.
    pub callers: Vec<String>,
}

impl ExplainSymbol {
    /// The symbol at `index` of the outline, with its neighbours.
    pub fn of(outline: &Outline, index: usize) -> Option<Self> {
        let symbol = outline.symbols.get(index)?;
        let signature = |at: usize| outline.symbols.get(at).map(shown);
        let mut callees: Vec<_> = outline.calls_from(index).filter_map(|call| call.target).collect();
        let mut callers: Vec<_> = outline.calls_to(index).filter_map(|call| call.caller).collect();
        for indices in [&mut callees, &mut callers] {
            indices.retain(|at| *at != index);
            indices.sort_unstable();
            indices.dedup();
        }
        Some(Self {
            name: format!("{} {}", symbol.kind.as_str(), symbol.qualified),
            container: symbol.container.and_then(signature),
            callees: callees.into_iter().filter_map(signature).collect(),
            callers: callers.into_iter().filter_map(signature).collect(),
        })
    }
}

fn shown(symbol: &Symbol) -> String {
    let signature = if symbol.signature.trim().is_empty() { &symbol.qualified } else { &symbol.signature };
    one_line(signature, 300)
}

/// The request to explain `input`. Everything from the workspace is fenced so that it cannot end its fence.
pub fn explain_prompt(input: ExplainInput<'_>) -> Prompt {
    let system = system(SYSTEM, input.prose);

    let mut parts = vec![format!("File: {}", code(input.path))];
    match &input.symbol {
        Some(symbol) => parts.push(format!("Explain this symbol: {}", code(&symbol.name))),
        None => parts.push("Explain this file.".to_owned()),
    }
    if let Some(instruction) = input.instruction.map(str::trim).filter(|instruction| !instruction.is_empty()) {
        parts.push(format!("The developer asks in particular: {instruction}"));
    }
    let (target, left_out) =
        elide(input.target, input.most_chars.map_or(MAX_TARGET_CHARS, |most| most.min(MAX_TARGET_CHARS)));
    if left_out {
        parts.push("It is long; the line that begins with `[…` stands for what was left out of its middle.".to_owned());
    }
    parts.push(fence(info(input.language), &target).trim_end().to_owned());
    if let Some(symbol) = &input.symbol {
        let container: Vec<_> = symbol.container.iter().cloned().collect();
        for (title, signatures) in [
            ("It is defined in:", &container),
            ("It calls these of the same file:", &symbol.callees),
            ("These of the same file call it:", &symbol.callers),
        ] {
            if !signatures.is_empty() {
                let mut shown = signatures.iter().take(MAX_SIGNATURES).cloned().collect::<Vec<_>>().join("\n");
                if let Some(more) = signatures.len().checked_sub(MAX_SIGNATURES).filter(|more| *more > 0) {
                    shown.push_str(&format!("\n… and {more} more"));
                }
                parts.push(format!("{title}\n\n{}", fence(info(input.language), &shown).trim_end()));
            }
        }
    }
    Prompt { system, user: parts.join("\n\n") }
}

/// A file that goes with a question.
#[derive(Clone, Copy, Debug)]
pub struct AskFile<'a> {
    /// Its path, relative to the workspace.
    pub path: &'a str,
    /// Its contents.
    pub text: &'a str,
}

/// A question of the developer's own, with files. `prose` is the language of the answer; the files together have at
/// most `most_chars` characters, each an equal share.
pub fn ask_prompt<'a>(
    question: &str,
    files: impl Iterator<Item = AskFile<'a>> + Clone,
    prose: &str,
    most_chars: usize,
) -> Prompt {
    let share = most_chars / files.clone().count().max(1);
    let mut parts = vec![question.trim().to_owned()];
    for file in files {
        let (text, left_out) = elide(file.text, share);
        let cut =
            if left_out { " The line that begins with `[…` stands for what was left out of its middle." } else { "" };
        parts.push(format!("File: {}{cut}\n\n{}", code(file.path), fence("", &text).trim_end()));
    }
    Prompt { system: system(ASK, prose), user: parts.join("\n\n") }
}

/// A template with the language of the answer, which comes from the configuration and so from anywhere.
fn system(template: &str, prose: &str) -> String {
    let named: String = prose.chars().filter(|char| char.is_alphanumeric() || " -".contains(*char)).take(40).collect();
    let prose = if named.trim().is_empty() { "en" } else { named.trim() };
    template.replace("{language}", prose).trim_end().to_owned()
}

/// A language id, if it is one: it stands where a line break or a backtick would end the fence's first line.
fn info(language: &str) -> &str {
    let plain = |char: char| char.is_ascii_alphanumeric() || "+-_.#".contains(char);
    if language.len() <= 40 && language.chars().all(plain) { language } else { "" }
}

/// `text`, or its first two thirds and its last third of `limit` characters, both of whole lines where they have any,
/// with a line between that says how much is missing.
fn elide(text: &str, limit: usize) -> (String, bool) {
    let Some((_, _)) = text.char_indices().nth(limit) else { return (text.to_owned(), false) };
    let length = text.chars().count();
    let byte = |chars: usize| text.char_indices().nth(chars).map_or(text.len(), |(at, _)| at);
    let (head_end, tail_start) = (byte(limit * 2 / 3), byte(length - limit / 3));
    let head = text.get(..head_end).unwrap_or_default();
    let head = head.rfind('\n').and_then(|end| head.get(..=end)).unwrap_or(head);
    let tail = text.get(tail_start..).unwrap_or_default();
    let tail = tail.find('\n').and_then(|end| tail.get(end + 1..)).filter(|tail| !tail.is_empty()).unwrap_or(tail);
    let middle = text.get(head.len()..text.len() - tail.len()).unwrap_or_default();
    let missing = count(middle.lines().count(), "line");
    let chars = count(middle.chars().count(), "character");
    let line_end = if head.ends_with('\n') { "" } else { "\n" };
    (format!("{head}{line_end}[… {missing}, {chars} left out …]\n{tail}"), true)
}

#[cfg(test)]
mod tests;
