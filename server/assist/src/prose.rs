//! What makes a model's answer fit to be shown: its characters for a terminal, its Markdown for an editor.

mod characters;
mod links;
mod markup;

pub use characters::{TextFilter, clean_text};
pub(crate) use links::{address_end, starts_address};
pub use markup::clean_markdown;
