//! What a model is asked: [`prompt`] for any intent at a place in code, [`ask_prompt`] for a question with files.

use aiex_context::Intent;

use crate::{
    english::count,
    markdown::{code, fence},
    template::render_template,
};

/// The most characters of files that go with a question.
pub const MAX_TARGET_CHARS: usize = 24_000;

/// The two messages of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    /// Who the model is and what is asked of it. Nothing of the workspace is in it.
    pub system: String,
    /// The code.
    pub user: String,
}

/// What is asked about a place in code.
#[derive(Clone, Copy, Debug)]
pub struct PromptInput<'a> {
    /// What is to be done.
    pub intent: Intent,
    /// Path of the file, relative to the workspace.
    pub path: &'a str,
    /// Kind and qualified name of the target, such as `function Shop.Cart.add/2`; `None` for the whole file.
    pub name: Option<&'a str>,
    /// The language of the answer, such as `en`.
    pub prose: &'a str,
    /// The user's own template of the system prompt, in place of the built-in one.
    pub template: Option<&'a str>,
    /// What the user wants in particular, in their words.
    pub instruction: Option<&'a str>,
    /// What compilers and linters find fault with, a line each.
    pub faults: &'a [String],
    /// What is selected of the target, where that is a part of it.
    pub selection: Option<&'a str>,
    /// Notes of the project for whoever works on it, as the repository has them: path and text.
    pub notes: &'a [(String, String)],
    /// The code, by file; the target's comes last.
    pub context: &'a str,
}

/// The request for an intent at a place. Everything from the workspace is fenced so that it cannot end its fence.
pub fn prompt(input: &PromptInput<'_>) -> Prompt {
    let place = code(input.path);
    let (verb, of_file) = match input.intent {
        Intent::Explain => ("Explain", "this file"),
        Intent::Refactor => ("Change", "this file"),
        Intent::Fix => ("Mend", "this file"),
        Intent::Document => ("Document", "this file"),
        Intent::Generate => ("Write", "this file"),
        Intent::GenerateTests => ("Write tests for", "this file"),
        Intent::Review => ("Review", "this file"),
        Intent::Ask => ("The question is about", "this file"),
    };
    let task = match input.name {
        Some(name) => format!("{verb} {} in {place}.", code(name)),
        None => format!("{verb} {of_file}: {place}."),
    };
    let mut parts = Vec::new();
    for (path, text) in input.notes {
        parts.push(format!("Notes of the project, {}:\n\n{}", code(path), fence("", text).trim_end()));
    }
    parts.push(format!(
        "Code by file, `…` where some is left out, the target last:\n\n{}",
        fence("", input.context).trim_end()
    ));
    parts.push(task);
    if let Some(selection) = input.selection {
        parts.push(format!("Of it, these lines are meant:\n\n{}", fence("", selection).trim_end()));
    }
    if !input.faults.is_empty() {
        parts.push(format!("What is found fault with:\n\n{}", fence("", &input.faults.join("\n")).trim_end()));
    }
    if let Some(instruction) = input.instruction.map(str::trim).filter(|instruction| !instruction.is_empty()) {
        parts.push(format!("The developer asks in particular: {instruction}"));
    }
    Prompt { system: system(input.intent, input.template, input.prose), user: parts.join("\n\n") }
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
/// most `most_chars` characters and [`MAX_TARGET_CHARS`], each an equal share.
pub fn ask_prompt<'a>(
    question: &str,
    files: impl Iterator<Item = AskFile<'a>> + Clone,
    prose: &str,
    most_chars: usize,
) -> Prompt {
    let share = most_chars.min(MAX_TARGET_CHARS) / files.clone().count().max(1);
    let mut parts = vec![question.trim().to_owned()];
    for file in files {
        let (text, left_out) = elide(file.text, share);
        let cut =
            if left_out { " The line that begins with `[…` stands for what was left out of its middle." } else { "" };
        parts.push(format!("File: {}{cut}\n\n{}", code(file.path), fence("", &text).trim_end()));
    }
    Prompt { system: system(Intent::Ask, None, prose), user: parts.join("\n\n") }
}

/// By the user's template if that can be used, else by the built-in one, which always can.
fn system(intent: Intent, own: Option<&str>, prose: &str) -> String {
    let rendered = render_template(intent, own, prose).or_else(|_| render_template(intent, None, prose));
    rendered.unwrap_or_default()
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
