//! Prompts, replies and the structural engine: what Aiex says about code, without I/O.
//!
//! Texts of the workspace and answers of models are hostile alike. [`clean_text`] and [`clean_markdown`] make an answer
//! fit to be shown; [`hover_facts`] and the explanations quote the workspace only in code or escaped.
//! This crate does no I/O, reads no clock, and cannot panic on any text.

mod comment;
mod documentation;
mod edits;
mod english;
mod generated_tests;
mod hover;
mod markdown;
mod mutations;
mod prompt;
mod prose;
mod refactors;
mod relations;
mod review;
mod structural;
mod template;
#[cfg(test)]
mod testing;

pub use comment::{AskingComment, asking_comments};
pub use documentation::documentation;
pub use edits::{Draft, FilePatch, Moved, Patch, Refusal, Source, Task, draft, is_unwritten};
pub use generated_tests::{GeneratedTests, Keep, TestTask, test_homes, test_skeletons};
pub use hover::{FactsLevel, hover_facts};
pub use markdown::{code as code_span, fenced};
pub use mutations::{Mutation, mutations};
pub use prompt::{AskFile, MAX_TARGET_CHARS, Prompt, PromptInput, ask_prompt, prompt};
pub use prose::{TextFilter, clean_markdown, clean_text};
pub use refactors::{ReadyRefactor, ready_refactors};
pub use review::{
    Finding, FindingId, FindingKind, Findings, ReviewReply, Severity, findings_in_lines, identity, structural_findings,
};
pub use structural::{STRUCTURAL_NOTE, explain_file, explain_plain, explain_symbol};
pub use template::{render_template, template_name};
