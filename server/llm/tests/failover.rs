//! The router over two providers behind real sockets: the first fails in every way before it says a word, and the second
//! answers; or it fails later, and nobody does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::sync::Arc;

use aiex_llm::{
    Auth, Author, Class, Dialect, Endpoint, EndpointOptions, Error, Event, HttpProvider, Key, Kind, Limits, Provider,
    Router, Secret, StopReason, Strategy, Target, Timeouts,
};
use common::{
    AUTHS, HEADER, Items, KEY, Keys, PROMPT, assert_fit_to_show, assert_no_secret,
    errors::{No, error},
    formats::{FORMATS, Format, HELLO, format},
    hasty, options, patient, provider_of, request, restless, said,
    server::{Act, Closed, Forbidden, Server, response},
};
use expect_test::expect;
use futures::{StreamExt, future::join_all};

/// The other provider's.
const OTHER_KEY: &str = "sk-planted-other-123456789";
const OTHER_HEADER: &str = "planted-other-header-987654321";

/// A way to give no answer.
struct Way {
    name: &'static str,
    place: Place,
    timeouts: Timeouts,
}

enum Place {
    /// Nothing listens there.
    Closed,
    /// It has no address.
    Unknown,
    Server(Act),
}

/// Before a word of the answer.
fn ways(format: &Format) -> Vec<Way> {
    let way = |name, place| Way { name, place, timeouts: patient() };
    let does = |name, act| way(name, Place::Server(act));
    let hasty = |name, act| Way { timeouts: hasty(), ..does(name, act) };
    let says = |name, bytes: String| does(name, Act::reply(bytes));
    let no = |name, no, headers: &str| {
        let (status, body) = error(format.kind, no);
        does(name, Act::Reply(response(status, headers, &said(body))))
    };
    let alive = Act::Flood {
        head: format.head().into_bytes(),
        piece: format.frame(format.alive).repeat(20).into_bytes(),
        limit: usize::MAX,
    };
    vec![
        way("refuses", Place::Closed),
        way("has no address", Place::Unknown),
        hasty("hangs before the headers", Act::hang("")),
        hasty("hangs after the headers", Act::hang(format.head())),
        hasty("says nothing for ever", format.flood_of_nothing(&[])),
        hasty("is alive for ever", alive),
        says("closes at once", String::new()),
        does("resets at once", Act::Reset(Vec::new())),
        does("resets after the headers", Act::Reset(format.head().into_bytes())),
        says("ends before its text", format.stream(format.start)),
        does("is a web page", Act::Reply(response("200 OK", "", "<!DOCTYPE html><title>Sign in</title>"))),
        no("does not take the key", No::Key, ""),
        no("does not know the model", No::Model, ""),
        no("limits for an hour", No::Rate, "Retry-After: 3600\r\n"),
        no("has no quota left", No::Quota, ""),
        no("fails", No::Broken, ""),
        does("is overloaded", Act::Reply(response("529 ", "", ""))),
        does("is overloaded and says for how long", Act::Reply(response("503 ", "Retry-After: 3600\r\n", ""))),
        says("sends nonsense", format.stream(&["{\"choices\": [}", format.terminal])),
        says("sends an error in place of events", said(&format.stream(&[format.errors[0]]))),
        does("redirects", Act::Reply(response("307 ", &format!("Location: http://127.0.0.1:1/{KEY}\r\n"), ""))),
    ]
}

/// Where to ask, with what is there as long as it is held.
struct Started {
    base_url: String,
    server: Option<Server>,
    _closed: Option<Closed>,
}

async fn start(place: Place) -> Started {
    match place {
        Place::Closed => {
            let closed = Closed::new();
            Started { base_url: closed.base_url.clone(), server: None, _closed: Some(closed) }
        }
        // RFC 6761 reserves `.invalid`, which never has an address.
        Place::Unknown => Started { base_url: "https://acme.invalid/v1".into(), server: None, _closed: None },
        Place::Server(act) => {
            let server = Server::start([act]).await;
            Started { base_url: server.base_url.clone(), server: Some(server), _closed: None }
        }
    }
}

/// The provider `acme`.
fn first(format: &Format, base_url: &str, timeouts: Timeouts) -> HttpProvider {
    provider_of(format, options(format, base_url), timeouts)
}

/// The provider `zenith`.
fn second(format: &Format, base_url: &str, timeouts: Timeouts) -> HttpProvider {
    let options = EndpointOptions {
        provider: "zenith".into(),
        key: Key::Given(Secret::new(OTHER_KEY)),
        headers: vec![("x-gateway-token".into(), Secret::new(OTHER_HEADER))],
        ..options(format, base_url)
    };
    provider_of(format, options, timeouts)
}

fn router(first: HttpProvider, second: HttpProvider) -> Router {
    let target =
        |provider, model: &str| Target { provider: Arc::new(provider), model: model.into(), limits: Limits::default() };
    let targets = vec![target(first, "tiny"), target(second, "other")];
    Router::new(targets, Strategy::Ordered, Router::PATIENCE, Arc::default(), None)
}

async fn ask(router: &Router) -> Items {
    router.stream(request(), "test").collect().await
}

fn acme() -> Author {
    Author { provider: "acme".into(), model: "tiny".into() }
}

fn zenith() -> Author {
    Author { provider: "zenith".into(), model: "other".into() }
}

/// The answer is whole and of this one alone; how those before it failed.
fn assert_answer<'a>(items: &'a Items, author: &Author) -> &'a [Error] {
    let text =
        items.iter().filter_map(|item| if let Ok(Event::Text(text)) = item { Some(text.as_str()) } else { None });
    assert_eq!(text.collect::<String>(), HELLO.concat(), "{items:?}");
    let is_answering = |item: &&Result<Event, Error>| matches!(item, Ok(Event::Answering { .. }));
    assert_eq!(items.iter().filter(is_answering).count(), 1, "{items:?}");
    let [Ok(Event::Answering { author: named, failed }), .., Ok(Event::Spent(spent)), Ok(Event::Stop(StopReason::End))] =
        items.as_slice()
    else {
        panic!("{items:?}")
    };
    assert_eq!((named, &spent.author, spent.usage.output), (author, author, 3), "{items:?}");
    failed
}

/// Nothing of the one provider's goes to the other.
fn assert_own_secrets(requests: &[String], own: [&str; 2], others: [&str; 2]) {
    for request in requests {
        assert!(own.iter().all(|own| request.contains(own)) && request.contains(PROMPT), "{request}");
        assert!(!others.iter().any(|other| request.contains(other)), "{request}");
    }
}

/// The first fails in this way, the second answers; how the first failed and how often it was asked.
async fn goes_over(format: &Format, way: Way, other: &Format) -> String {
    let mut place = start(way.place).await;
    let mut answers = Server::start([Act::reply(other.stream(&other.answer()))]).await;
    let first = first(format, &place.base_url, way.timeouts);
    let origin = first.origin();
    let items = ask(&router(first, second(other, &answers.base_url, patient()))).await;

    let [failed] = assert_answer(&items, &zenith()) else { panic!("{items:?}") };
    assert_fit_to_show(failed, &["acme", &origin]);
    let requests = answers.requests();
    assert_eq!(requests.len(), 1);
    assert_own_secrets(&requests, [OTHER_KEY, OTHER_HEADER], [KEY, HEADER]);
    let requests = place.server.as_mut().map(Server::requests).unwrap_or_default();
    assert_own_secrets(&requests, [KEY, HEADER], [OTHER_KEY, OTHER_HEADER]);
    // One that gives up early may do so before its request is read.
    let asked = if place.server.is_some() && way.timeouts == patient() {
        format!(", asked {}", requests.len())
    } else {
        String::new()
    };
    format!("{}: {:?}{asked}\n", way.name, failed.class())
}

#[tokio::test]
async fn whatever_is_wrong_with_the_first_the_second_answers() {
    let pairs = [(0, 2), (3, 4), (1, 0), (2, 1), (4, 3)].map(|(from, to)| (&FORMATS[from], &FORMATS[to]));
    let shown = join_all(pairs.map(async |(format, other)| {
        join_all(ways(format).into_iter().map(|way| goes_over(format, way, other))).await.concat()
    }));
    let mut shown = shown.await;
    shown.dedup();
    assert_eq!(shown.len(), 1, "the same whatever the formats: {shown:#?}");
    expect![[r#"
        refuses: Transient
        has no address: Transient
        hangs before the headers: Transient
        hangs after the headers: Transient
        says nothing for ever: Transient
        is alive for ever: Transient
        closes at once: Transient, asked 3
        resets at once: Transient, asked 3
        resets after the headers: Transient, asked 3
        ends before its text: Truncated, asked 3
        is a web page: Invalid, asked 1
        does not take the key: Auth, asked 1
        does not know the model: Invalid, asked 1
        limits for an hour: RateLimited, asked 1
        has no quota left: Quota, asked 1
        fails: Transient, asked 3
        is overloaded: Transient, asked 3
        is overloaded and says for how long: Transient, asked 1
        sends nonsense: Transient, asked 3
        sends an error in place of events: Transient, asked 3
        redirects: Invalid, asked 1
    "#]]
    .assert_eq(&shown[0]);
}

/// Both fail, each in its way; what the user reads.
async fn both_fail(format: &Format, way: Way, other: &Format, next: Way) -> String {
    let (a, b) = (start(way.place).await, start(next.place).await);
    // Of the same key, which the second server quotes.
    let zenith = EndpointOptions { provider: "zenith".into(), ..options(other, &b.base_url) };
    let (first, second) = (first(format, &a.base_url, way.timeouts), provider_of(other, zenith, next.timeouts));
    let origins = [first.origin(), second.origin()];
    let items = ask(&router(first, second)).await;
    let [Err(error @ Error::All(errors))] = items.as_slice() else { panic!("{}: {items:?}", way.name) };
    assert_eq!(errors.len(), 2);
    assert_fit_to_show(error, &["None of 2 models could answer.", "acme", &origins[0], "zenith", &origins[1]]);
    error.to_string().replace(&origins[0], "FIRST").replace(&origins[1], "SECOND") + "\n"
}

#[tokio::test]
async fn if_both_fail_one_message_names_both() {
    let both = [(0, 2), (3, 4)].into_iter().flat_map(|(from, to)| {
        let (format, other) = (&FORMATS[from], &FORMATS[to]);
        // Each way with the one after it.
        let mut next = ways(other);
        next.rotate_left(1);
        ways(format).into_iter().zip(next).map(move |(way, next)| both_fail(format, way, other, next))
    });
    join_all(both).await;
    let way = |format, name: &str| ways(format).into_iter().find(|way| way.name == name).unwrap();
    let (chat, anthropic) = (format(Kind::OpenAiChat), format(Kind::Anthropic));
    let (key, quota) = (way(chat, "does not take the key"), way(anthropic, "has no quota left"));
    expect![[r#"
        None of 2 models could answer. acme (FIRST) did not accept the API key (status 401). It said: “Incorrect API key provided: *** *** ***”. Check the key that is configured for this provider. The account at zenith (SECOND) has no quota or credit left. It said: “You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC. *** *** ***”. Check its plan and billing.
    "#]].assert_eq(&both_fail(chat, key, anthropic, quota).await);
}

#[tokio::test]
async fn once_text_was_shown_nobody_else_is_asked() {
    for format in &FORMATS {
        let begun = || format.stream(&format.begun());
        let and = |events: &[&str]| Act::reply(said(&(begun() + &format.frames(events))));
        for (act, timeouts, class) in [
            (and(&[]), patient(), Class::Truncated),
            (and(&["{\"choices\": [}"]), patient(), Class::Transient),
            (and(&[format.errors[0]]), patient(), Class::Transient),
            (Act::ResetWhenTold(begun().into_bytes()), patient(), Class::Transient),
            (Act::hang(begun()), restless(), Class::Transient),
        ] {
            let (mut server, other) = (Server::start([act]).await, Forbidden::new());
            let router = router(first(format, &server.base_url, timeouts), second(format, &other.base_url, patient()));
            let mut stream = router.stream(request(), "test");
            let mut items = Items::new();
            while let Some(item) = stream.next().await {
                if item == Ok(Event::Text(HELLO[1].into())) {
                    server.tell();
                }
                items.extend((!matches!(item, Ok(Event::Usage(_)))).then_some(item));
            }
            let [Ok(Event::Answering { author, failed }), Ok(Event::Text(a)), Ok(Event::Text(b)), Err(error)] =
                items.as_slice()
            else {
                panic!("{:?} {items:?}", format.kind)
            };
            assert_eq!((author, failed.as_slice(), [a.as_str(), b]), (&acme(), [].as_slice(), HELLO));
            assert_eq!(error.class(), class, "{:?} {error}", format.kind);
            assert_fit_to_show(error, &["acme", server.base_url.trim_end_matches("/v1")]);
            assert_eq!(server.requests().len(), 1);
            other.assert_nobody_came();
        }
    }
}

#[tokio::test]
async fn what_passes_by_itself_is_tried_again() {
    join_all(FORMATS.iter().map(async |format| {
        let (status, body) = error(format.kind, No::Overloaded);
        let busy = Act::Reply(response(status, "", &said(body)));
        let mut server = Server::start([busy, Act::reply(format.stream(&format.answer()))]).await;
        let other = Forbidden::new();
        let items =
            ask(&router(first(format, &server.base_url, patient()), second(format, &other.base_url, patient()))).await;
        assert_eq!(assert_answer(&items, &acme()), []);
        let requests = server.requests();
        assert!(requests.len() == 2 && requests[0] == requests[1], "{:?} {requests:?}", format.kind);
        other.assert_nobody_came();
    }))
    .await;
}

#[tokio::test]
async fn a_key_that_was_changed_goes_unnoticed() {
    for format in &FORMATS {
        let (status, body) = error(format.kind, No::Key);
        let no = Act::Reply(response(status, "", body));
        let mut server = Server::start([no, Act::reply(format.stream(&format.answer()))]).await;
        let other = Forbidden::new();
        let key = Key::From(Arc::new(Keys::new(["sk-planted-old", "sk-planted-new"])));
        let options = EndpointOptions { key, ..options(format, &server.base_url) };
        let first = provider_of(format, options, patient());
        let items = ask(&router(first, second(format, &other.base_url, patient()))).await;
        assert_eq!(assert_answer(&items, &acme()), []);
        let requests = server.requests();
        assert!(requests.len() == 2 && requests[0].contains("-old") && requests[1].contains("-new"), "{requests:?}");
        other.assert_nobody_came();
    }
}

/// Neither what the user reads nor what a developer may log shows a key, however it is sent and whatever goes wrong.
#[tokio::test]
async fn no_key_is_ever_shown() {
    let fail = async |format: &Format, auth: Auth, way: Way| {
        let place = start(way.place).await;
        let options = EndpointOptions { auth, ..options(format, &place.base_url) };
        let provider = provider_of(format, options, way.timeouts);
        let items = common::ask(&provider).await;
        items.into_iter().find_map(Result::err).unwrap()
    };
    for format in &FORMATS {
        let mut errors = Vec::new();
        for auth in AUTHS {
            errors.extend(join_all(ways(format).into_iter().map(|way| fail(format, auth, way))).await);
        }
        let error = Error::All(errors);
        assert_no_secret(&error.to_string());
        assert_no_secret(&format!("{error:?} {error:#?}"));

        let base_url = "http://127.0.0.1:1/v1";
        let options = || options(format, base_url);
        let endpoint = Endpoint::new(options()).unwrap();
        let (first, second) = (first(format, base_url, patient()), second(format, base_url, patient()));
        assert_no_secret(&format!("{:?} {endpoint:?} {first:?} {second:#?}", options()));
        assert_no_secret(&format!("{:?}", Dialect::of(format.kind)));
        let router = router(first, second);
        assert_no_secret(&format!("{router:?}"));
        assert!(!format!("{:?}", request()).contains("planted"));

        // Nor does one that can't be sent, or stands where it must not.
        for options in [
            EndpointOptions { key: Key::Given(Secret::new(format!("{KEY}\n{KEY}"))), ..options() },
            EndpointOptions { headers: vec![(format!("{KEY} "), Secret::new(HEADER))], ..options() },
            EndpointOptions { base_url: format!("https://{KEY}@host/v1"), ..options() },
            EndpointOptions { base_url: format!("https://host/v1?key={KEY}"), ..options() },
            EndpointOptions { base_url: format!("https://host/v1#{KEY}"), ..options() },
        ] {
            let error = Endpoint::new(options).unwrap_err();
            assert_no_secret(&format!("{error} {error:?}"));
        }
        let key = Key::From(Arc::new(Keys::new(["sk-planted-\nbroken"])));
        let provider = provider_of(format, EndpointOptions { key, ..options() }, patient());
        assert!(matches!(common::ask(&provider).await.as_slice(), [Err(Error::Key { .. })]));
    }
}
