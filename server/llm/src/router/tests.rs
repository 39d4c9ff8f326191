//! The router over providers that the tests drive by hand, in a time that the tests move.

use std::sync::Mutex;

use super::*;
use crate::{Message, Model, Price, Usage, fake, fake::FakeCall};

type Items = Vec<Result<Event, Error>>;

/// What a provider does with its requests, one letter each, the last for all that follow.
///
/// `a` answers, `e` an empty answer, `t` fails at once, `T` fails within its answer, `r` is rate limited for 3 s, `R` for
/// an hour, `z` for no time at all, `k` refuses the key, `o` overflows, `s` stalls for ever.
fn provider(name: &str, script: &'static str) -> (Target, Arc<Mutex<Vec<Instant>>>) {
    let (provider, mut calls) = fake::provider(name);
    let (asked, seen) = (Arc::new(Mutex::new(Vec::new())), Upstream::new(name, "fake"));
    let log = asked.clone();
    tokio::spawn(async move {
        let mut held = Vec::new();
        let mut letters = script.chars();
        let mut letter = 'a';
        while let Some(call) = calls.next().await {
            log.lock().unwrap().push(Instant::now());
            letter = letters.next().unwrap_or(letter);
            held.extend(play(letter, call, &seen));
        }
    });
    (Target { provider: Arc::new(provider), model: "m".into(), limits: Limits::default() }, asked)
}

fn play(letter: char, call: FakeCall, at: &Upstream) -> Option<FakeCall> {
    let at = at.clone();
    let limited = |seconds| Error::RateLimited {
        at: at.clone(),
        retry: Retry { after: Some(Duration::from_secs(seconds)), told: None },
        detail: String::new(),
    };
    match letter {
        'a' => {
            call.text("yes");
            call.event(Event::Usage(Usage { input: 10, output: 2, ..Usage::default() }));
            call.end(StopReason::End);
        }
        'e' => call.end(StopReason::End),
        't' => call.fail(Error::Unavailable { at, status: 503, retry: Retry::default(), detail: String::new() }),
        'T' => {
            call.text("part");
            call.fail(Error::Truncated { at });
        }
        'r' => call.fail(limited(3)),
        'R' => call.fail(limited(3600)),
        'z' => call.fail(limited(0)),
        'k' => call.fail(Error::Auth { at, status: 401, sent: true, detail: String::new() }),
        'o' => {
            call.fail(Error::ContextOverflow { at, model: "m".into(), used: None, limit: None, detail: String::new() });
        }
        _ => return Some(call),
    }
    None
}

fn router(targets: Vec<Target>) -> Router {
    Router::new(targets, Strategy::Ordered, Router::PATIENCE, Arc::default(), None)
}

fn request() -> Request {
    Request { messages: vec![Message::user("123456789")], ..Request::default() }
}

async fn ask(router: &Router) -> Items {
    router.stream(request(), "test").collect().await
}

/// Who answered, what, and how it ended.
fn show(items: &Items) -> String {
    let shown = items.iter().map(|item| match item {
        Ok(Event::Answering { author, failed }) => format!("{} after {}:", author.provider, failed.len()),
        Ok(Event::Text(text)) => text.clone(),
        Ok(Event::Stop(_)) => "stop".to_owned(),
        Ok(Event::Spent(_) | Event::Usage(_)) => String::new(),
        Ok(other) => format!("{other:?}"),
        Err(Error::All(errors)) => format!("all {}", errors.len()),
        Err(error) => format!("{:?}", error.class()),
    });
    shown.filter(|shown| !shown.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Asks the two once, the first playing this script, and shows the outcome and how often each was asked.
async fn check(first: &'static str, second: &'static str, expected: &str) {
    let ((a, asked_a), (b, asked_b)) = (provider("a", first), provider("b", second));
    let shown = show(&ask(&router(vec![a, b])).await);
    let asked = (asked_a.lock().unwrap().len(), asked_b.lock().unwrap().len());
    assert_eq!(format!("{shown} {asked:?}"), expected, "{first:?}, {second:?}");
}

#[tokio::test(start_paused = true)]
async fn what_fails_before_it_began_is_retried_and_then_goes_over() {
    check("a", "a", "a after 0: yes stop (1, 0)").await;
    check("e", "a", "a after 0: stop (1, 0)").await;
    check("ta", "a", "a after 0: yes stop (2, 0)").await;
    check("tta", "a", "a after 0: yes stop (3, 0)").await;
    check("t", "a", "b after 1: yes stop (3, 1)").await;
    check("t", "t", "all 2 (3, 3)").await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_get_better_is_not_retried() {
    check("k", "a", "b after 1: yes stop (1, 1)").await;
    check("k", "k", "all 2 (1, 1)").await;
    // Nor would another model do better.
    check("o", "a", "ContextOverflow (1, 0)").await;
}

#[tokio::test(start_paused = true)]
async fn what_was_shown_stays_and_nothing_is_joined_to_it() {
    check("T", "a", "a after 0: part Truncated (1, 0)").await;
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_is_waited_for_only_where_nobody_else_answers() {
    check("ra", "a", "b after 1: yes stop (1, 1)").await;
    check("R", "a", "b after 1: yes stop (1, 1)").await;
    let asked = Instant::now();
    check("R", "R", "all 2 (1, 1)").await;
    assert!(asked.elapsed() < Duration::from_secs(1), "what comes too late is not waited for");
    let (a, asked) = provider("a", "ra");
    assert_eq!(show(&ask(&router(vec![a])).await), "a after 0: yes stop");
    let times = asked.lock().unwrap().clone();
    assert!(times[1] - times[0] >= Duration::from_secs(3));
    // Without end, if with no time between.
    let (a, asked) = provider("a", "z");
    assert_eq!(show(&ask(&router(vec![a])).await), "RateLimited");
    assert_eq!(asked.lock().unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_holds_for_the_next_request_too() {
    let ((a, asked), (b, _)) = (provider("a", "ra"), provider("b", "a"));
    let router = router(vec![a, b]);
    for expected in ["b after 1: yes stop", "b after 1: yes stop"] {
        assert_eq!(show(&ask(&router).await), expected);
    }
    assert_eq!(asked.lock().unwrap().len(), 1);
    tokio::time::advance(Duration::from_secs(4)).await;
    assert_eq!(show(&ask(&router).await), "a after 0: yes stop");
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_most_of_the_time_rests_and_is_probed() {
    let ((a, asked), (b, _)) = (provider("a", "tttttta"), provider("b", "a"));
    let router = router(vec![a, b]);
    ask(&router).await;
    ask(&router).await;
    let count = asked.lock().unwrap().len();
    assert_eq!(count, 5, "the breaker opens in the middle of the second");
    assert_eq!(show(&ask(&router).await), "b after 1: yes stop");
    assert_eq!(asked.lock().unwrap().len(), 5, "it rests");
    tokio::time::advance(Duration::from_secs(6)).await;
    ask(&router).await;
    assert_eq!(asked.lock().unwrap().len(), 6, "one probe, which fails");
    tokio::time::advance(Duration::from_secs(6)).await;
    ask(&router).await;
    assert_eq!(asked.lock().unwrap().len(), 6, "it rests twice as long");
    tokio::time::advance(Duration::from_secs(6)).await;
    assert_eq!(show(&ask(&router).await), "a after 0: yes stop");
}

#[tokio::test(start_paused = true)]
async fn failures_within_an_answer_count_and_cancelled_requests_do_not() {
    let (a, asked) = provider("a", "TTTTTa");
    let failing = router(vec![a]);
    for _ in 0..5 {
        ask(&failing).await;
    }
    assert_eq!(show(&ask(&failing).await), "a after 0: yes stop", "waited for the rest to end");
    let times = asked.lock().unwrap().clone();
    assert!(times[5] - times[4] >= Duration::from_secs(5));

    let (a, asked) = provider("a", "s");
    let stalling = router(vec![a]);
    for _ in 0..10 {
        let mut stream = stalling.stream(request(), "test");
        assert!(futures::poll!(stream.next()).is_pending());
        tokio::task::yield_now().await;
        drop(stream);
    }
    assert_eq!(asked.lock().unwrap().len(), 10);
    assert_eq!(stalling.inner.targets[0].model.rest(Instant::now()), None);
    assert_eq!(stalling.inner.targets[0].model.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn requests_at_once_are_limited_and_wait_for_each_other() {
    let (mut a, asked) = provider("a", "sa");
    a.limits.concurrent = Some(1);
    let router = router(vec![a]);
    let mut first = router.stream(request(), "test");
    assert!(futures::poll!(first.next()).is_pending());
    let mut second = router.stream(request(), "test");
    assert!(futures::poll!(second.next()).is_pending());
    tokio::task::yield_now().await;
    assert_eq!(asked.lock().unwrap().len(), 1);
    drop(first);
    assert_eq!(show(&second.collect().await), "a after 0: yes stop");
}

#[tokio::test(start_paused = true)]
async fn requests_in_a_minute_are_limited() {
    let (mut a, asked) = provider("a", "a");
    a.limits.per_minute = Some(2);
    let router = router(vec![a]);
    for _ in 0..3 {
        assert_eq!(show(&ask(&router).await), "a after 0: yes stop");
    }
    let asked = asked.lock().unwrap();
    assert!(asked[1] == asked[0] && asked[2] - asked[1] >= Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn retries_have_a_budget() {
    let (a, asked) = provider("a", "t");
    let target = |model: &str| Target { model: model.into(), ..a.clone() };
    // Each under its own breaker, all under the provider's budget of ten.
    let health: Arc<Health> = Arc::default();
    for model in ["1", "2", "3", "4", "5", "6", "7"] {
        let router = Router::new(vec![target(model)], Strategy::Ordered, Router::PATIENCE, health.clone(), None);
        ask(&router).await;
    }
    assert_eq!(asked.lock().unwrap().len(), 7 + 10);
}

#[tokio::test(start_paused = true)]
async fn each_has_its_turn() {
    let ((a, asked_a), (b, asked_b)) = (provider("a", "a"), provider("b", "a"));
    let router = Router::new(vec![a, b], Strategy::RoundRobin, Router::PATIENCE, Arc::default(), None);
    for _ in 0..6 {
        ask(&router).await;
    }
    assert_eq!((asked_a.lock().unwrap().len(), asked_b.lock().unwrap().len()), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn without_a_target_there_is_an_error() {
    assert_eq!(show(&ask(&router(Vec::new())).await), "all 0");
}

#[tokio::test(start_paused = true)]
async fn what_a_model_cannot_take_is_not_sent() {
    struct Blind(fake::FakeProvider);
    impl Provider for Blind {
        fn name(&self) -> &str {
            self.0.name()
        }
        fn origin(&self) -> String {
            self.0.origin()
        }
        fn is_local(&self) -> bool {
            false
        }
        fn stream(&self, request: Request) -> EventStream {
            self.0.stream(request)
        }
        fn model(&self, _: &str) -> Model {
            Model { vision: Some(false), ..Model::default() }
        }
        fn models(&self) -> futures::future::BoxFuture<'static, Result<Vec<(String, Model)>, Error>> {
            self.0.models()
        }
        fn count(&self, request: Request) -> futures::future::BoxFuture<'static, Result<Option<u64>, Error>> {
            self.0.count(request)
        }
    }
    let (blind, mut calls) = fake::provider("blind");
    let blind = Target { provider: Arc::new(Blind(blind)), model: "m".into(), limits: Limits::default() };
    let (b, _) = provider("b", "a");
    let image = Part::Image(crate::Image { media_type: "image/png".into(), data: Vec::new() });
    let request =
        Request { messages: vec![Message { parts: vec![image], ..Message::default() }], ..Request::default() };
    let items: Items = router(vec![blind, b]).stream(request, "test").collect().await;
    assert_eq!(show(&items), "b after 1: yes stop");
    assert!(calls.try_next().is_none());
}

/// Grants until `left` requests were reserved, and keeps what it is told.
struct Book {
    left: Mutex<i64>,
    planned: Mutex<Vec<Option<f64>>>,
    settled: tokio::sync::mpsc::UnboundedSender<(i64, Used)>,
}

impl Ledger for Book {
    fn reserve(&self, planned: &Planned) -> Result<i64, Denied> {
        let mut left = self.left.lock().unwrap();
        *left -= 1;
        self.planned.lock().unwrap().push(planned.cost_usd);
        if *left < 0 { Err(Denied::Limit { limit_usd: 1.0, today_usd: 0.5 }) } else { Ok(*left) }
    }

    fn settle(&self, id: i64, used: &Used) {
        self.settled.send((id, used.clone())).unwrap();
    }
}

#[tokio::test]
async fn every_request_is_reserved_and_settled_however_it_ends() {
    let (settled, mut settlements) = tokio::sync::mpsc::unbounded_channel();
    let book = Arc::new(Book { left: Mutex::new(3), planned: Mutex::default(), settled });
    let (a, asked) = provider("a", "aTs");
    let router = Router::new(vec![a], Strategy::Ordered, Router::PATIENCE, Arc::default(), Some(book));

    let items = ask(&router).await;
    let Some(Ok(Event::Spent(spent))) = items.iter().rev().nth(1) else { panic!("{items:?}") };
    assert_eq!((spent.usage.input, spent.usage.output, spent.estimated), (10, 2, false));
    let (id, used) = settlements.recv().await.unwrap();
    assert_eq!((id, used.outcome, &used.spent), (2, Outcome::Done, spent));
    assert!(used.first_token.is_some());

    ask(&router).await;
    let (id, used) = settlements.recv().await.unwrap();
    assert_eq!((id, used.outcome, used.spent.estimated), (1, Outcome::Failed, true));
    assert_eq!((used.spent.usage.input, used.spent.usage.output), (3, 2), "9 bytes, and 4");

    let mut stream = router.stream(request(), "test");
    assert!(futures::poll!(stream.next()).is_pending());
    while asked.lock().unwrap().len() < 3 {
        assert!(futures::poll!(stream.next()).is_pending());
        tokio::task::yield_now().await;
    }
    drop(stream);
    let (id, used) = settlements.recv().await.unwrap();
    assert_eq!((id, used.outcome, used.spent.estimated), (0, Outcome::Cancelled, true));

    // The fourth is too much.
    assert_eq!(show(&ask(&router).await), "Quota");
    assert_eq!(asked.lock().unwrap().len(), 3);
}

#[test]
fn planned_costs_are_on_the_safe_side() {
    let price = Price { input: 3.0, output: 15.0, cached: None, written: None };
    let model = Model { price: Some(price), output: Some(1000), ..Model::default() };
    let request = Request { max_tokens: Some(2000), ..request() };
    let planned = meter::planned_cost(&request, &model).unwrap();
    assert!((planned - (3.0 * 3.0 + 1000.0 * 15.0) / 1e6).abs() < 1e-12);
    assert_eq!(meter::planned_cost(&request, &Model::default()), None);
}
