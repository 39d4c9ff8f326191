//! What Aiex keeps in its database: the use of models and its cost, how they count tokens, consents, and checkpoints.
//!
//! A [`Store`] is one connection to the database file. Several processes, and several stores in one process, may use
//! the same file at once. All calls block, mostly for under a millisecond, for seconds while another process writes:
//! async code calls them from a thread that may block. This crate reads no clock and no configuration: the path, the
//! times and the limits come in as values.
//!
//! ```no_run
//! use aiex_store::{Outcome, Planned, Reserved, Store, Used};
//! use std::time::{Duration, SystemTime};
//!
//! # fn example() -> Result<(), aiex_store::StoreError> {
//! let store = Store::open("aiex.db".as_ref())?;
//! let planned = Planned {
//!     provider: "openai",
//!     model: "gpt-5-mini",
//!     task: "explain",
//!     at: SystemTime::now(),
//!     cost_usd: Some(0.02),
//! };
//! match store.reserve(&planned, Some(5.0))? {
//!     Reserved::Spent { today_usd } => { /* say so, and ask nobody */ }
//!     Reserved::Granted(id) => {
//!         // Ask the model, then say what it took.
//!         let used = Used { input: 900, output: 300, ..Used::new(Outcome::Done, Duration::from_secs(4)) };
//!         store.settle(id, &Used { cost_usd: Some(0.0008), ..used })?;
//!     }
//! }
//! # Ok(()) }
//! ```

mod checkpoints;
mod consent;
mod dismissed;
mod error;
mod money;
mod open;
#[cfg(test)]
mod scene;
mod schema;
mod time;
mod token_ratios;
mod usage;

pub use checkpoints::{Checkpoint, CheckpointFile, CheckpointId, CheckpointRow, NewCheckpoint};
pub use error::StoreError;
pub use open::Store;
pub use usage::{Outcome, Planned, RequestId, Reserved, UsageRow, Used};
