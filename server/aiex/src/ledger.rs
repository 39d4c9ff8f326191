//! [`Book`]: keeps what requests use in the database, and holds the daily limit on their cost.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use aiex_llm::{Denied, Ledger, Outcome, Planned, Used};
use aiex_store::{RequestId, Reserved, Store};

use crate::paths;

/// The database, opened when it is first needed. A clone is another handle to it.
#[derive(Clone, Default)]
pub struct Database(Arc<Mutex<Option<Arc<Store>>>>);

impl Database {
    /// The open database. Blocks.
    pub fn open(&self) -> Result<Arc<Store>, String> {
        let mut store = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = &*store {
            return Ok(store.clone());
        }
        let path = paths::database().ok_or("there is no home folder for the database; set AIEX_HOME")?;
        let opened = Arc::new(Store::open(&path).map_err(|error| error.to_string())?);
        Ok(store.insert(opened).clone())
    }
}

/// What is written down of requests, under a limit.
pub struct Book {
    /// Where.
    pub database: Database,
    /// In US dollars.
    pub daily_limit_usd: Option<f64>,
}

impl Ledger for Book {
    fn reserve(&self, planned: &Planned) -> Result<i64, Denied> {
        // What costs nothing is not held up by a limit on costs.
        let limit = self.daily_limit_usd.filter(|_| planned.cost_usd != Some(0.0));
        let reserved = self.database.open().and_then(|store| {
            let planned = aiex_store::Planned {
                provider: &planned.author.provider,
                model: &planned.author.model,
                task: planned.task,
                at: SystemTime::now(),
                cost_usd: planned.cost_usd,
            };
            store.reserve(&planned, limit).map_err(|error| error.to_string())
        });
        match (reserved, limit) {
            (Ok(Reserved::Granted(RequestId(id))), _) => Ok(id),
            (Ok(Reserved::Spent { today_usd }), limit) => {
                Err(Denied::Limit { limit_usd: limit.unwrap_or_default(), today_usd })
            }
            (Err(error), Some(_)) => Err(Denied::Unknown(error)),
            // A record is no condition of an answer.
            (Err(error), None) => {
                tracing::warn!(error, "usage is not kept");
                Ok(NOT_KEPT)
            }
        }
    }

    fn settle(&self, id: i64, used: &Used) {
        if id == NOT_KEPT {
            return;
        }
        let usage = &used.spent.usage;
        let row = aiex_store::Used {
            input: usage.input,
            output: usage.output,
            cached_input: usage.cached_input,
            cache_written: usage.cache_written,
            reasoning: usage.reasoning,
            estimated: used.spent.estimated,
            cost_usd: used.spent.cost_usd,
            first_token: used.first_token,
            ..aiex_store::Used::new(outcome(used.outcome), used.total)
        };
        let settled =
            self.database.open().and_then(|store| store.settle(RequestId(id), &row).map_err(|error| error.to_string()));
        if let Err(error) = settled {
            tracing::warn!(error, "usage is not kept");
        }
    }
}

/// Stands for a request of which nothing is kept.
const NOT_KEPT: i64 = -1;

fn outcome(outcome: Outcome) -> aiex_store::Outcome {
    match outcome {
        Outcome::Done => aiex_store::Outcome::Done,
        Outcome::Failed => aiex_store::Outcome::Failed,
        Outcome::Cancelled => aiex_store::Outcome::Cancelled,
    }
}
