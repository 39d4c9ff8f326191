//! Usage: what is counted, on which day, and where the limit ends.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::{Duration, UNIX_EPOCH},
};

use expect_test::expect;
use proptest::prelude::*;

use super::*;
use crate::scene::{Scene, at, granted, passes, planned, process, role};

const SECOND: Duration = Duration::from_secs(1);

fn used(outcome: Outcome, cost_usd: Option<f64>) -> Used {
    Used { cost_usd, ..Used::new(outcome, SECOND) }
}

/// Reserves as often as asked, and says how often it was granted.
fn try_often(store: &Store, times: usize, limit: f64) -> usize {
    let granted =
        |_: &usize| matches!(store.reserve(&planned(at(12), Some(1.0)), Some(limit)), Ok(Reserved::Granted(_)));
    (0..times).filter(granted).count()
}

#[test]
fn a_request_counts_as_planned_until_it_is_settled() {
    let scene = Scene::default();
    let store = scene.open();
    let [first, second] = [0.5, 0.25].map(|usd| granted(store.reserve(&planned(at(12), Some(usd)), None).unwrap()));
    assert_eq!(store.spent_today(at(12)).unwrap(), 0.75);
    store.settle(first, &used(Outcome::Done, Some(0.125))).unwrap();
    assert_eq!(store.spent_today(at(12)).unwrap(), 0.375);
    store.settle(second, &used(Outcome::Failed, Some(0.0))).unwrap();
    assert_eq!(store.spent_today(at(12)).unwrap(), 0.125);
}

#[test]
fn a_request_with_an_unknown_cost_counts_as_planned() {
    let scene = Scene::default();
    let store = scene.open();
    for unknown in [None, Some(f64::NAN), Some(-3.0)] {
        let id = granted(store.reserve(&planned(at(12), Some(0.5)), None).unwrap());
        store.settle(id, &used(Outcome::Cancelled, unknown)).unwrap();
    }
    assert_eq!(store.spent_today(at(12)).unwrap(), 1.5);
    let row = store.usage(at(0)).unwrap().remove(0);
    assert_eq!((row.cost_usd, row.unpriced, row.estimated), (1.5, 0, true));
}

#[test]
fn what_is_settled_twice_counts_once() {
    let scene = Scene::default();
    let store = scene.open();
    let id = granted(store.reserve(&planned(at(12), None), None).unwrap());
    for _ in 0..2 {
        store.settle(id, &Used { input: 10, ..used(Outcome::Done, Some(0.5)) }).unwrap();
    }
    let row = store.usage(at(0)).unwrap().remove(0);
    assert_eq!((row.requests, row.input, row.cost_usd), (1, 10, 0.5));
}

#[test]
fn a_request_of_another_database_is_not_settled() {
    let scene = Scene::default();
    let said = scene.open().settle(RequestId(7), &used(Outcome::Done, None)).unwrap_err().to_string();
    expect!["The database aiex.db does not know this request, so what it used was not counted. If the file was replaced while Aiex ran, restart Aiex."].assert_eq(&said.replace(&*scene.path().to_string_lossy(), "aiex.db"));
}

#[test]
fn the_limit_may_be_reached_but_not_passed() {
    let scene = Scene::default();
    let store = scene.open();
    let reserve = |usd, limit| store.reserve(&planned(at(12), usd), Some(limit)).unwrap();
    granted(reserve(Some(0.1), 0.3));
    granted(reserve(Some(0.1), 0.3));
    assert_eq!(reserve(Some(0.11), 0.3), Reserved::Spent { today_usd: 0.2 });
    // Exactly, although 0.1 + 0.1 + 0.1 > 0.3 in floating point.
    granted(reserve(Some(0.1), 0.3));
    for usd in [Some(0.1), Some(0.0), None] {
        assert_eq!(reserve(usd, 0.3), Reserved::Spent { today_usd: 0.3 }, "{usd:?}");
    }
    granted(reserve(None, 0.4));
    granted(store.reserve(&planned(at(12), Some(1e12)), None).unwrap());
    assert_eq!(store.usage(at(0)).unwrap()[0].requests, 5, "what was refused is not kept");
}

#[test]
fn a_limit_that_is_no_amount_permits_nothing() {
    let scene = Scene::default();
    let store = scene.open();
    for limit in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let reserved = store.reserve(&planned(at(12), None), Some(limit)).unwrap();
        assert_eq!(reserved, Reserved::Spent { today_usd: 0.0 }, "{limit}");
    }
    let endless = store.reserve(&planned(at(12), Some(f64::INFINITY)), Some(1e9)).unwrap();
    assert_eq!(endless, Reserved::Spent { today_usd: 0.0 });
}

#[test]
fn the_limit_holds_across_threads_with_a_store_each() {
    let scene = Scene::default();
    let (together, count) = (Barrier::new(8), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let store = scene.open();
                together.wait();
                count.fetch_add(try_often(&store, 1, 5.0), Relaxed);
            });
        }
    });
    assert_eq!(count.into_inner(), 5);
    assert_eq!(scene.open().spent_today(at(12)).unwrap(), 5.0);
}

#[test]
fn the_limit_holds_across_threads_that_share_a_store() {
    let scene = Scene::default();
    let (store, count) = (scene.open(), AtomicUsize::new(0));
    thread::scope(|scope| {
        (0..8).for_each(|_| _ = scope.spawn(|| count.fetch_add(try_often(&store, 3, 5.0), Relaxed)));
    });
    assert_eq!(count.into_inner(), 5);
}

#[test]
fn the_limit_holds_across_processes() {
    if let Some(path) = role() {
        try_often(&Store::open(path.as_ref()).unwrap(), 10, 25.0);
        return;
    }
    let scene = Scene::default();
    thread::scope(|scope| {
        for _ in 0..4 {
            let test = "usage::tests::the_limit_holds_across_processes";
            scope.spawn(|| passes(&mut process(test, scene.path().to_str().unwrap())));
        }
    });
    let row = scene.open().usage(at(0)).unwrap().remove(0);
    assert_eq!((row.requests, row.cost_usd), (25, 25.0));
}

#[test]
fn a_day_begins_and_ends_at_local_midnight() {
    if role().is_none() {
        // Where the sun rises early, late, and where the clock is an hour ahead in summer: the day is the 21st of
        // November, and its midnights in UTC are these many hours after that day's own in UTC.
        for (zone, begins) in [("UTC0", "0"), ("EAST-13", "-13"), ("WEST11", "11"), ("NYC5NYD,M3.2.0,M11.1.0", "5")] {
            let test = "usage::tests::a_day_begins_and_ends_at_local_midnight";
            passes(process(test, begins).env("TZ", zone));
        }
        return;
    }
    let begins: i64 = role().unwrap().parse().unwrap();
    let (second, scene) = (SECOND, Scene::default());
    let store = scene.open();
    let (first, last) = (at(begins), at(begins + 24) - Duration::from_millis(1));
    for (time, usd) in [(first - second, 1.0), (first, 2.0), (last, 4.0), (last + second, 8.0)] {
        granted(store.reserve(&planned(time, Some(usd)), None).unwrap());
    }
    let spent = [first - second, first, last, last + second].map(|now| store.spent_today(now).unwrap());
    assert_eq!(spent, [1.0, 6.0, 6.0, 8.0]);
    // The limit is one of each day too.
    granted(store.reserve(&planned(last + second, Some(1.0)), Some(9.0)).unwrap());
    assert_eq!(store.reserve(&planned(last, Some(4.0)), Some(9.0)).unwrap(), Reserved::Spent { today_usd: 6.0 });
    let days: Vec<_> = store.usage(UNIX_EPOCH).unwrap().into_iter().map(|row| (row.day, row.cost_usd)).collect();
    assert_eq!(days, [("2026-11-22".into(), 9.0), ("2026-11-21".into(), 6.0), ("2026-11-20".into(), 1.0)]);
}

#[test]
fn a_day_has_23_or_25_hours_where_the_clock_changes() {
    if role().is_none() {
        let test = "usage::tests::a_day_has_23_or_25_hours_where_the_clock_changes";
        // At midnight, as in Beirut: 2026-03-29 begins at 1 o'clock, and 2026-10-24 has the hour from 23 o'clock twice.
        passes(process(test, "days").env("TZ", "EET-2EEST,M3.5.0/0,M10.5.0/0"));
        return;
    }
    let (scene, hour) = (Scene::default(), Duration::from_secs(3600));
    let store = scene.open();
    // 2026-03-27 and 2026-10-22, 00:00 UTC.
    for start in [1_774_569_600, 1_792_627_200] {
        for hours in 0..96 {
            let time = UNIX_EPOCH + Duration::from_secs(start) + hour * hours;
            granted(store.reserve(&planned(time, Some(1.0)), None).unwrap());
        }
    }
    let rows = store.usage(UNIX_EPOCH).unwrap();
    let days: Vec<_> = rows.iter().map(|row| format!("{} {}", row.day, row.cost_usd)).collect();
    expect![[r#"
        2026-10-26 2
        2026-10-25 24
        2026-10-24 25
        2026-10-23 24
        2026-10-22 21
        2026-03-31 3
        2026-03-30 24
        2026-03-29 23
        2026-03-28 24
        2026-03-27 22"#]]
    .assert_eq(&days.join("\n"));
}

#[test]
fn usage_is_told_by_day_provider_and_model() {
    if role().is_none() {
        let test = "usage::tests::usage_is_told_by_day_provider_and_model";
        passes(process(test, "usage").env("TZ", "UTC0"));
        return;
    }
    let scene = Scene::default();
    let store = scene.open();
    let keep = |planned: Planned<'_>, used: Option<Used>| {
        let id = granted(store.reserve(&planned, None).unwrap());
        used.iter().for_each(|used| store.settle(id, used).unwrap());
    };
    let done = Used {
        input: 900,
        output: 300,
        cached_input: 600,
        cache_written: 50,
        reasoning: 100,
        first_token: Some(SECOND),
        ..used(Outcome::Done, Some(0.02))
    };
    let local = Planned { provider: "ollama", model: "qwen", ..planned(at(12), None) };
    keep(planned(at(-1), Some(9.0)), None);
    keep(planned(at(1), Some(0.5)), Some(done));
    keep(planned(at(2), Some(0.5)), Some(Used { outcome: Outcome::Cancelled, ..done }));
    keep(planned(at(3), None), Some(used(Outcome::Failed, Some(0.0))));
    keep(Planned { model: "gpt-5", ..planned(at(4), Some(0.5)) }, None);
    keep(local, Some(Used { estimated: true, ..used(Outcome::Done, None) }));
    keep(Planned { at: at(30), ..local }, Some(Used { input: u64::MAX, ..used(Outcome::Done, None) }));
    keep(Planned { at: at(31), ..local }, Some(Used { input: u64::MAX, ..used(Outcome::Failed, None) }));
    let told: Vec<_> = store.usage(at(0)).unwrap().iter().map(line).collect();
    expect![[r#"
        2026-11-22 ollama/qwen: 2 requests, 1 failed; input 18446744073709551615, output 0, cached 0, written 0, reasoning 0; estimated false, 0 USD, 2 unpriced
        2026-11-21 ollama/qwen: 1 requests, 0 failed; input 0, output 0, cached 0, written 0, reasoning 0; estimated true, 0 USD, 1 unpriced
        2026-11-21 openai/gpt-5: 1 requests, 0 failed; input 0, output 0, cached 0, written 0, reasoning 0; estimated true, 0.5 USD, 0 unpriced
        2026-11-21 openai/gpt-5-mini: 3 requests, 1 failed; input 1800, output 600, cached 1200, written 100, reasoning 200; estimated false, 0.04 USD, 0 unpriced"#]].assert_eq(&told.join("\n"));
}

fn line(row: &UsageRow) -> String {
    let UsageRow { day, provider, model, requests, failed, input, output, cached_input, .. } = row;
    let UsageRow { cache_written, reasoning, estimated, cost_usd, unpriced, .. } = row;
    format!(
        "{day} {provider}/{model}: {requests} requests, {failed} failed; input {input}, output {output}, cached \
         {cached_input}, written {cache_written}, reasoning {reasoning}; estimated {estimated}, {cost_usd} USD, \
         {unpriced} unpriced"
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_was_spent_is_the_sum_of_what_each_request_cost(
        // Billionths of a US dollar: planned, and where it was settled, what it did cost.
        requests in prop::collection::vec((0..2_000_000_000_u64, prop::option::of(0..2_000_000_000_u64)), 0..20),
    ) {
        let scene = Scene::default();
        let store = scene.open();
        let mut sum = 0;
        for (planned_cost, cost) in requests {
            let id = granted(store.reserve(&planned(at(12), Some(planned_cost as f64 / 1e9)), None).unwrap());
            if let Some(cost) = cost {
                store.settle(id, &used(Outcome::Done, Some(cost as f64 / 1e9))).unwrap();
            }
            sum += cost.unwrap_or(planned_cost);
        }
        let told: f64 = store.usage(UNIX_EPOCH).unwrap().iter().map(|row| row.cost_usd).sum();
        prop_assert_eq!(store.spent_today(at(12)).unwrap(), sum as f64 / 1e9);
        prop_assert_eq!(told, sum as f64 / 1e9);
    }
}
