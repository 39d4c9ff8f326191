//! `aiex explain`: the explanation of a file or of the symbol at a place, streamed to stdout.

use std::process::ExitCode;

use aiex_context::Intent;
use anyhow::{Error, Result};

use super::{place::Found, print};
use crate::context::Order;

pub(super) const EXAMPLES: &str = "\
Examples:
  aiex explain lib/shop/cart.ex              the whole file
  aiex explain lib/shop/cart.ex:42           the function, struct or module that line 42 is in
  aiex explain src/main.rs:7:13              what the name at line 7, column 13 means
  aiex explain src/main.rs --model offline   from the parse alone";

pub(super) fn explain(place: &str, model: Option<String>) -> Result<ExitCode> {
    let found = Found::at(place, model)?;
    let workspaces = [found.workspace.clone()].into();
    super::model::run(found.loaded.clone(), &workspaces, async |model, loaded| match model {
        None => {
            print(&format!("{}\n", found.target.structural().trim_end()))?;
            Ok(ExitCode::SUCCESS)
        }
        Some(model) => {
            loaded.config.privacy.check(&found.absolute).map_err(Error::msg)?;
            let order = Order::of(Intent::Explain).map_err(Error::msg)?;
            let (name, corrections) = (model.name.clone(), model.corrections().clone());
            let (question, whole) = super::stop::aside(move || {
                let question = found.question(order, &name, &corrections, None);
                // Whatever is too small for the whole budget says so before anything is sent.
                let whole = question.prompt(usize::MAX);
                (question, whole)
            })
            .await?;
            let whole = whole?;
            super::model::stream(&model, "explain", |most| question.prompt(most).unwrap_or_else(|_| whole.clone()))
                .await
        }
    })
}
