//! What is sent, as people and programs read it: Markdown, and the JSON of `aiex context`.

use std::fmt::Write as _;

use aiex_assist::code_span;
use aiex_context::Level;
use serde_json::{Value, json};

use super::Built;

impl Built {
    /// The JSON of `aiex context --json`.
    pub fn json(&self) -> Value {
        let notes = self.notes.iter().map(|(note, tokens)| {
            let level = if note.is_cut { Level::Elided } else { Level::Full };
            let lines = note.text.lines().count() - usize::from(note.is_cut);
            json!({"path": note.path, "start_line": 1, "end_line": lines.max(1), "level": level.as_str(), "tokens": tokens,
                "reason": "notes of the project", "text": note.text})
        });
        let pieces = self.context.pieces.iter().map(|piece| {
            json!({"path": &*piece.path, "start_line": piece.lines.0, "end_line": piece.lines.1, "level": piece.level.as_str(),
                "tokens": piece.tokens, "reason": piece.reason, "text": piece.text})
        });
        let dropped = self.context.dropped.iter().map(|dropped| {
            json!({"path": &*dropped.path, "start_line": dropped.lines.0, "end_line": dropped.lines.1, "tokens": dropped.tokens, "reason": dropped.reason})
        });
        let redactions = self.redactions.iter().map(|redaction| {
            json!({"path": redaction.path, "line": redaction.line, "kind": redaction.kind, "placeholder": redaction.placeholder})
        });
        json!({
            "intent": self.intent.as_str(),
            "model": self.model,
            "budget": self.budget,
            "tokens": self.tokens.tokens,
            "exact": self.tokens.exact,
            "pieces": notes.chain(pieces).collect::<Vec<_>>(),
            "dropped": dropped.collect::<Vec<_>>(),
            "redactions": redactions.collect::<Vec<_>>(),
            "prompt": [
                {"role": "system", "content": self.prompt.system},
                {"role": "user", "content": self.prompt.user},
            ],
        })
    }

    /// A document for people: what goes in and why, what does not, what was replaced, and the prompt itself.
    pub fn markdown(&self) -> String {
        let about = if self.tokens.exact { "" } else { "about " };
        let mut out = format!(
            "# What `{}` would send\n\n{about}{} of at most {} tokens, counted for {}.\n\n## Pieces, in order\n\n| tokens | level | place | why |\n|---:|---|---|---|\n",
            self.intent,
            self.tokens.tokens,
            self.budget,
            code_span(&self.model),
        );
        let mut row = |tokens: usize, level: &str, place: String, why: &str| {
            let _ = writeln!(
                out,
                "| {tokens} | {level} | {} | {} |",
                code_span(&place).replace('|', "\\|"),
                why.replace('|', "\\|")
            );
        };
        for (note, tokens) in &self.notes {
            row(*tokens, if note.is_cut { "elided" } else { "full" }, note.path.clone(), "notes of the project");
        }
        for piece in &self.context.pieces {
            row(piece.tokens, piece.level.as_str(), place(&piece.path, piece.lines), &piece.reason);
        }
        if !self.context.dropped.is_empty() {
            out.push_str("\n## Left out\n\n| tokens | place | why |\n|---:|---|---|\n");
            for dropped in &self.context.dropped {
                let place = code_span(&place(&dropped.path, dropped.lines)).replace('|', "\\|");
                let _ = writeln!(out, "| {} | {place} | {} |", dropped.tokens, dropped.reason.replace('|', "\\|"));
            }
        }
        if !self.redactions.is_empty() {
            out.push_str("\n## Secrets that were replaced\n\n");
            for redaction in &self.redactions {
                let place = format!("{}:{}", redaction.path, redaction.line);
                let _ = writeln!(
                    out,
                    "- {}: {} as {}",
                    code_span(&place),
                    redaction.kind,
                    code_span(&redaction.placeholder)
                );
            }
        }
        let prompt = format!("{}\n\n---\n\n{}", self.prompt.system, self.prompt.user);
        let _ = write!(out, "\n## The prompt\n\n{}", aiex_assist::fenced(&prompt));
        out
    }
}

fn place(path: &str, lines: (usize, usize)) -> String {
    if lines.0 == lines.1 { format!("{path}:{}", lines.0) } else { format!("{path}:{}-{}", lines.0, lines.1) }
}
