//! `aiex context`: exactly what a model would be sent for a place, and why.

use aiex_context::{Intent, Strategy};
use anyhow::{Error, Result};

use super::{place::Found, print};
use crate::corrections::Corrections;

pub(super) const EXAMPLES: &str = "\
Examples:
  aiex context lib/shop/cart.ex:42                    what an explanation would send
  aiex context src/main.rs:7 --intent refactor        callers come in
  aiex context src/main.rs:7 --budget 2000 --json     for programs";

pub(super) fn context(
    place: &str,
    intent: Intent,
    budget: Option<usize>,
    compress: Vec<Strategy>,
    model: Option<String>,
    json: bool,
) -> Result<()> {
    let found = Found::at(place, model)?;
    super::warn(&found.loaded.problems);
    // Nothing is sent, but what is shown is what would be.
    found.loaded.config.privacy.check(&found.absolute).map_err(Error::msg)?;
    let mut question = found.question(intent, &found.counted_for(), &Corrections::default(), budget);
    if !compress.is_empty() {
        question.terms.strategies = compress;
    }
    let built = question.build()?;
    match json {
        true => Ok(print(&format!("{}\n", serde_json::to_string_pretty(&built.json())?))?),
        false => Ok(print(&built.markdown())?),
    }
}
