//! What requests to models use and cost, and the limit on what a day may cost.

#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use rusqlite::{Connection, Row, TransactionBehavior};

use crate::{
    Store, StoreError,
    money::{cost_to_nanos, limit_to_nanos, nanos_to_usd},
    time::{millis, millis_since_1970},
};

/// What is known before a request is sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Planned<'a> {
    /// The provider's name.
    pub provider: &'a str,
    /// The model's name, as the provider knows it.
    pub model: &'a str,
    /// What it is for: `explain`, `ask`, …
    pub task: &'a str,
    /// Now. The request belongs to the local calendar day of this time, whenever it ends.
    pub at: SystemTime,
    /// The most that it is expected to cost, in US dollars; `None` where prices are unknown, and taken for `None`
    /// where it is negative or not a number.
    pub cost_usd: Option<f64>,
}

/// What a request used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Used {
    /// Tokens read, those in `cached_input` included.
    pub input: u64,
    /// Tokens written, those in `reasoning` included.
    pub output: u64,
    /// The part of `input` that came from the provider's cache.
    pub cached_input: u64,
    /// Tokens that were written into the provider's cache.
    pub cache_written: u64,
    /// The part of `output` that was reasoning.
    pub reasoning: u64,
    /// Whether the tokens were counted here, because the provider reported none.
    pub estimated: bool,
    /// What it cost, in US dollars. Where this is unknown (`None`, negative, not a number) the planned cost counts.
    pub cost_usd: Option<f64>,
    /// How it ended.
    pub outcome: Outcome,
    /// From sending it to the first token; `None` where none came.
    pub first_token: Option<Duration>,
    /// From sending it to its end.
    pub total: Duration,
}

impl Used {
    /// A request that ended so after `total`, with no tokens and an unknown cost.
    pub fn new(outcome: Outcome, total: Duration) -> Self {
        Self {
            input: 0,
            output: 0,
            cached_input: 0,
            cache_written: 0,
            reasoning: 0,
            estimated: false,
            cost_usd: None,
            outcome,
            first_token: None,
            total,
        }
    }
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// With a whole answer.
    Done,
    /// With an error.
    Failed,
    /// Because the user stopped it.
    Cancelled,
}

impl Outcome {
    fn stored(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A request that was reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(pub i64);

/// Whether a request may be sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reserved {
    /// It may; [`Store::settle`] then wants to know what it used.
    Granted(RequestId),
    /// It could bring the day's cost above the limit, or that is reached already. Nothing was kept.
    Spent {
        /// What today's requests cost, in US dollars, reservations included and this one not.
        today_usd: f64,
    },
}

/// What the requests of one local calendar day to one model used.
#[derive(Debug, Clone, PartialEq)]
pub struct UsageRow {
    /// The local calendar day, such as `2026-11-21`.
    pub day: String,
    /// The provider's name.
    pub provider: String,
    /// The model's name.
    pub model: String,
    /// Requests, those included that have not ended.
    pub requests: u64,
    /// Requests that ended with an error; a cancelled one did not.
    pub failed: u64,
    /// Tokens read, those in `cached_input` included.
    pub input: u64,
    /// Tokens written, those in `reasoning` included.
    pub output: u64,
    /// The part of `input` that came from the provider's cache.
    pub cached_input: u64,
    /// Tokens that were written into the provider's cache.
    pub cache_written: u64,
    /// The part of `output` that was reasoning.
    pub reasoning: u64,
    /// Whether some figure is an estimate: tokens that the provider did not report, or a planned cost that stands for
    /// one that is not known (yet).
    pub estimated: bool,
    /// What they cost, in US dollars, without the `unpriced` ones.
    pub cost_usd: f64,
    /// Requests of which neither a cost nor a planned cost is known.
    pub unpriced: u64,
}

/// Two days, in milliseconds. No calendar day is longer, so those of one day lie within it on both sides.
const AROUND_A_DAY: i64 = 2 * 24 * 60 * 60 * 1000;

impl Store {
    /// Keeps that a request is about to be sent, unless it could bring the cost of its day above `daily_limit_usd`: it
    /// is refused where that day's cost and the planned one (0 where unknown) are more than the limit together, and
    /// where the limit is reached already. A limit that is negative or not finite permits nothing; `None` is no limit.
    ///
    /// A request counts with its planned cost until it is settled, and for good where it never is. The limit holds
    /// across all processes that use this database.
    ///
    /// # Errors
    /// See [`StoreError`]. Nothing was reserved then.
    pub fn reserve(&self, planned: &Planned<'_>, daily_limit_usd: Option<f64>) -> Result<Reserved, StoreError> {
        reserve(&mut self.connection(), planned, daily_limit_usd).map_err(|error| self.failed(error))
    }

    /// Keeps what a request used, in place of what was kept of it before.
    ///
    /// # Errors
    /// See [`StoreError`]. The request then counts with its planned cost.
    pub fn settle(&self, id: RequestId, used: &Used) -> Result<(), StoreError> {
        match settle(&self.connection(), id, used) {
            Ok(0) => Err(StoreError::UnknownRequest { path: self.path().into() }),
            Ok(_) => Ok(()),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// What the requests of `now`'s local calendar day cost, in US dollars, reservations included.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn spent_today(&self, now: SystemTime) -> Result<f64, StoreError> {
        let spent = spent_nanos(&self.connection(), millis_since_1970(now));
        spent.map(nanos_to_usd).map_err(|error| self.failed(error))
    }

    /// What the requests of the local calendar day of `since`, and of later ones, used, by local calendar day, provider and model: the newest day
    /// first, then by name.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn usage(&self, since: SystemTime) -> Result<Vec<UsageRow>, StoreError> {
        usage(&self.connection(), millis_since_1970(since)).map_err(|error| self.failed(error))
    }
}

fn reserve(connection: &mut Connection, planned: &Planned<'_>, limit: Option<f64>) -> rusqlite::Result<Reserved> {
    let (at, cost) = (millis_since_1970(planned.at), cost_to_nanos(planned.cost_usd));
    // Immediate: from the sum to the new row nobody else can write, so two processes can't both slip under the limit.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let Some(limit) = limit.map(limit_to_nanos) {
        let spent = spent_nanos(&transaction, at)?;
        if spent >= limit || spent + cost.unwrap_or(0) as f64 > limit {
            return Ok(Reserved::Spent { today_usd: nanos_to_usd(spent) });
        }
    }
    transaction.execute(
        "INSERT INTO usage (at, provider, model, task, planned_nano_usd) VALUES (?1, ?2, ?3, ?4, ?5)",
        (at, planned.provider, planned.model, planned.task, cost),
    )?;
    let id = RequestId(transaction.last_insert_rowid());
    transaction.commit()?;
    Ok(Reserved::Granted(id))
}

/// Returns how many rows there were to complete.
fn settle(connection: &Connection, id: RequestId, used: &Used) -> rusqlite::Result<usize> {
    let tokens = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    connection.execute(
        "UPDATE usage SET cost_nano_usd = ?2, input = ?3, output = ?4, cached_input = ?5, cache_written = ?6,
                reasoning = ?7, estimated = ?8, outcome = ?9, first_token_ms = ?10, total_ms = ?11
         WHERE id = ?1",
        (
            id.0,
            cost_to_nanos(used.cost_usd),
            tokens(used.input),
            tokens(used.output),
            tokens(used.cached_input),
            tokens(used.cache_written),
            tokens(used.reasoning),
            used.estimated,
            used.outcome.stored(),
            used.first_token.map(millis),
            millis(used.total),
        ),
    )
}

/// What the requests of the local calendar day of `at` (milliseconds since 1970) cost, in billionths of a US dollar.
fn spent_nanos(connection: &Connection, at: i64) -> rusqlite::Result<f64> {
    // The range is there for the index. Midnight itself is not computed: where clocks change at midnight there are two,
    // or none. `total` can't overflow, `sum` can.
    connection.query_row(
        "SELECT total(coalesce(cost_nano_usd, planned_nano_usd)) FROM usage
         WHERE at BETWEEN ?1 - ?2 AND ?1 + ?2
           AND date(at / 1000, 'unixepoch', 'localtime') = date(?1 / 1000, 'unixepoch', 'localtime')",
        (at, AROUND_A_DAY),
        |row| row.get(0),
    )
}

fn usage(connection: &Connection, since: i64) -> rusqlite::Result<Vec<UsageRow>> {
    let mut statement = connection.prepare(
        "SELECT date(at / 1000, 'unixepoch', 'localtime') AS day, provider, model,
                count(*) AS requests,
                count(*) FILTER (WHERE outcome = 'failed') AS failed,
                total(input) AS input, total(output) AS output, total(cached_input) AS cached_input,
                total(cache_written) AS cache_written, total(reasoning) AS reasoning,
                max(estimated OR (cost_nano_usd IS NULL AND planned_nano_usd IS NOT NULL)) AS estimated,
                total(coalesce(cost_nano_usd, planned_nano_usd)) AS nanos,
                count(*) FILTER (WHERE coalesce(cost_nano_usd, planned_nano_usd) IS NULL) AS unpriced
         FROM usage
         WHERE at >= ?1 - ?2 AND date(at / 1000, 'unixepoch', 'localtime') >= date(?1 / 1000, 'unixepoch', 'localtime')
         GROUP BY day, provider, model ORDER BY day DESC, provider, model",
    )?;
    statement.query_map([since, AROUND_A_DAY], usage_row)?.collect()
}

fn usage_row(row: &Row<'_>) -> rusqlite::Result<UsageRow> {
    let count = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
    // A `total` is a float, exact up to 2^53.
    let tokens = |column| row.get::<_, f64>(column).map(|total| total as u64);
    Ok(UsageRow {
        day: row.get("day")?,
        provider: row.get("provider")?,
        model: row.get("model")?,
        requests: count("requests")?,
        failed: count("failed")?,
        input: tokens("input")?,
        output: tokens("output")?,
        cached_input: tokens("cached_input")?,
        cache_written: tokens("cache_written")?,
        reasoning: tokens("reasoning")?,
        estimated: row.get("estimated")?,
        cost_usd: nanos_to_usd(row.get("nanos")?),
        unpriced: count("unpriced")?,
    })
}
