//! `aiex usage`: what was asked, and what it cost.

use std::time::{Duration, SystemTime};

use aiex_store::UsageRow;
use anyhow::{Error, Result};
use serde_json::{Value, json};

use super::print;
use crate::{
    config::{self, Places},
    ledger::Database,
    workspace,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn usage(days: u32, json: bool) -> Result<()> {
    let store = Database::default().open().map_err(Error::msg)?;
    let now = SystemTime::now();
    let since = now.checked_sub(DAY * days.saturating_sub(1)).unwrap_or(SystemTime::UNIX_EPOCH);
    let rows = store.usage(since)?;
    let today = store.spent_today(now)?;
    let places = Places { workspaces: vec![workspace::root_of(std::path::Path::new("."))], ..Places::default() };
    let limit = config::load(&places).config.limits.daily_cost_usd;
    if json {
        let rows: Vec<_> = rows.iter().map(row_json).collect();
        let usage = json!({"today_usd": today, "daily_limit_usd": limit, "usage": rows});
        return Ok(print(&format!("{}\n", serde_json::to_string_pretty(&usage)?))?);
    }
    if rows.is_empty() {
        print("No model was asked yet.\n")?;
    } else {
        print(&table(&rows))?;
    }
    let of = limit.map(|limit| format!(" of ${limit:.2}")).unwrap_or_default();
    Ok(print(&format!("today: ${today:.4}{of}\n"))?)
}

fn row_json(row: &UsageRow) -> Value {
    json!({
        "day": row.day, "provider": row.provider, "model": row.model,
        "requests": row.requests, "failed": row.failed,
        "input": row.input, "output": row.output, "cached_input": row.cached_input,
        "cache_written": row.cache_written, "reasoning": row.reasoning,
        "estimated": row.estimated, "cost_usd": row.cost_usd, "unpriced": row.unpriced,
    })
}

/// One line a day and model; `~` before what is partly guessed, `?` for a cost of which nothing is known.
fn table(rows: &[UsageRow]) -> String {
    let head = ["day", "model", "requests", "failed", "input", "cached", "output", "reasoning", "cost"];
    let lines = rows.iter().map(|row| {
        let guess = if row.estimated { "~" } else { "" };
        let tokens = |count: u64| format!("{guess}{count}");
        let cost = match row.unpriced == row.requests {
            true => "?".to_owned(),
            false => format!("{guess}${:.4}{}", row.cost_usd, if row.unpriced > 0 { "+?" } else { "" }),
        };
        [
            row.day.clone(),
            format!("{}/{}", row.provider, row.model),
            row.requests.to_string(),
            row.failed.to_string(),
            tokens(row.input),
            tokens(row.cached_input),
            tokens(row.output),
            tokens(row.reasoning),
            cost,
        ]
    });
    super::columns(&std::iter::once(head.map(str::to_owned)).chain(lines).collect::<Vec<_>>(), 2)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn guesses_and_unknown_costs_are_marked() {
        let row = UsageRow {
            day: "2026-11-21".into(),
            provider: "work".into(),
            model: "m".into(),
            requests: 3,
            failed: 1,
            input: 1200,
            output: 80,
            cached_input: 0,
            cache_written: 0,
            reasoning: 0,
            estimated: false,
            cost_usd: 0.0123,
            unpriced: 0,
        };
        let rows = [
            row.clone(),
            UsageRow { estimated: true, unpriced: 1, ..row.clone() },
            UsageRow { model: "long-name".into(), unpriced: 3, ..row },
        ];
        expect![[r#"
            day         model           requests  failed  input  cached  output  reasoning        cost
            2026-11-21  work/m                 3       1   1200       0      80          0     $0.0123
            2026-11-21  work/m                 3       1  ~1200      ~0     ~80         ~0  ~$0.0123+?
            2026-11-21  work/long-name         3       1   1200       0      80          0           ?
        "#]]
        .assert_eq(&table(&rows));
    }
}
