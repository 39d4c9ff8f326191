//! `aiex context`: exactly what a model would be sent for a place, and why.

use std::process::ExitCode;

use aiex_context::{Intent, Strategy};
use anyhow::{Error, Result};

use super::{place::Found, print, stop};
use crate::{context::Order, corrections::Corrections};

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
) -> Result<ExitCode> {
    let found = Found::at(place, model)?;
    super::warn(&found.loaded.problems);
    // Nothing is sent, but what is shown is what would be.
    found.loaded.config.privacy.check(&found.absolute).map_err(Error::msg)?;
    let order = Order::of(intent).map_err(Error::msg)?;
    let building = stop::aside(move || {
        let mut question = found.question(order, &found.counted_for(), &Corrections::default(), budget);
        if !compress.is_empty() {
            question.terms.strategies = compress;
        }
        question.build()
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(stop::stoppable(async {
        let built = building.await??;
        match json {
            true => print(&format!("{}\n", serde_json::to_string_pretty(&built.json())?))?,
            false => print(&built.markdown())?,
        }
        Ok(ExitCode::SUCCESS)
    }))
}
