//! Statuses other than success: whose fault it was, when to ask again, and where nothing may be sent.

use std::{sync::Arc, time::Duration};

use aiex_llm::{Class, EndpointOptions, Error, Event, Key, Kind, Retry, Secret, Timeouts};
use expect_test::expect;
use jiff::{SignedDuration, Timestamp, fmt::rfc2822::DateTimePrinter};

use crate::{
    ask_one, check, check_within,
    common::{
        AUTHS, Items, KEY, Keys, ask,
        errors::{ERRORS, No, error},
        formats::{FORMATS, Format, format},
        options, patient, provider_of, said,
        server::{Act, Forbidden, Server, response},
    },
};

fn say(format: &Format, no: No, headers: &str) -> Act {
    let (status, body) = error(format.kind, no);
    Act::Reply(response(status, headers, &said(body)))
}

#[tokio::test]
async fn errors_in_each_providers_words() {
    for (no, expect) in [
        (
            No::Key,
            expect![[r#"
                OpenAiChat, OpenAiResponses:
                  Auth: acme (ORIGIN) did not accept the API key (status 401). It said: “Incorrect API key provided: *** *** ***”. Check the key that is configured for this provider.
                Anthropic:
                  Auth: acme (ORIGIN) did not accept the API key (status 401). It said: “invalid x-api-key: *** *** ***”. Check the key that is configured for this provider.
                Gemini:
                  Auth: acme (ORIGIN) did not accept the API key (status 400). It said: “API key not valid. Please pass a valid API key. *** *** ***”. Check the key that is configured for this provider.
                Ollama:
                  Auth: acme (ORIGIN) did not accept the API key (status 401). It said: “unauthorized: *** *** ***”. Check the key that is configured for this provider.
            "#]],
        ),
        (
            No::Model,
            expect![[r#"
            OpenAiChat, OpenAiResponses:
              Invalid: acme (ORIGIN) does not know the model `tiny`, or base_url ORIGIN/v1 is not the address of its API (status 404). It said: “The model `tiny` does not exist. *** *** ***”. Check both.
            Anthropic:
              Invalid: acme (ORIGIN) does not know the model `tiny`, or base_url ORIGIN/v1 is not the address of its API (status 404). It said: “model: tiny *** *** ***”. Check both.
            Gemini:
              Invalid: acme (ORIGIN) does not know the model `tiny`, or base_url ORIGIN/v1 is not the address of its API (status 404). It said: “models/tiny is not found for API version v1beta. *** *** ***”. Check both.
            Ollama:
              Invalid: acme (ORIGIN) does not know the model `tiny`, or base_url ORIGIN/v1 is not the address of its API (status 404). It said: “model 'tiny' not found *** *** ***”. Check both.
        "#]],
        ),
        (
            No::Rate,
            expect![[r#"
            OpenAiChat:
              RateLimited: acme (ORIGIN) limits how much may be asked. It said: “Rate limit reached for tiny: Limit 3, Used 3, Requested 1. *** *** ***”. Try again in a moment.
            OpenAiResponses:
              RateLimited: acme (ORIGIN) limits how much may be asked. It said: “Slow down. *** *** ***”. Try again in a moment.
            Anthropic:
              RateLimited: acme (ORIGIN) limits how much may be asked. It said: “This request would exceed your account's rate limit. *** *** ***”. Try again in a moment.
            Gemini:
              RateLimited: acme (ORIGIN) limits how much may be asked. It said: “You exceeded your current quota, please check your plan. *** *** ***”. Try again in 34 s.
            Ollama:
              RateLimited: acme (ORIGIN) limits how much may be asked. It said: “too many concurrent requests *** *** ***”. Try again in a moment.
        "#]],
        ),
        (
            No::Quota,
            expect![[r#"
                OpenAiChat:
                  Quota: The account at acme (ORIGIN) has no quota or credit left. It said: “You exceeded your current quota. *** *** ***”. Check its plan and billing.
                OpenAiResponses:
                  Quota: The account at acme (ORIGIN) has no quota or credit left. It said: “The project's limit is reached. *** *** ***”. Check its plan and billing.
                Anthropic:
                  Quota: The account at acme (ORIGIN) has no quota or credit left. It said: “You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC. *** *** ***”. Check its plan and billing.
                Gemini:
                  Quota: The account at acme (ORIGIN) has no quota or credit left. It said: “You exceeded your current quota, please check your plan. *** *** ***”. Check its plan and billing.
                Ollama:
                  Quota: The account at acme (ORIGIN) has no quota or credit left. It said: “you've reached your hourly usage limit, please wait or upgrade to continue *** *** ***”. Check its plan and billing.
            "#]],
        ),
        (
            No::Overflow,
            expect![[r#"
                OpenAiChat:
                  ContextOverflow: The request is too long for the model `tiny` of acme (ORIGIN): 9001 tokens of at most 8192. It said: “This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens. *** *** ***”. Select less, or choose a model with a larger context.
                OpenAiResponses:
                  ContextOverflow: The request is too long for the model `tiny` of acme (ORIGIN). It said: “Your input exceeds the context window of this model. *** *** ***”. Select less, or choose a model with a larger context.
                Anthropic:
                  ContextOverflow: The request is too long for the model `tiny` of acme (ORIGIN): 210000 tokens of at most 200000. It said: “prompt is too long: 210000 tokens > 200000 maximum *** *** ***”. Select less, or choose a model with a larger context.
                Gemini:
                  ContextOverflow: The request is too long for the model `tiny` of acme (ORIGIN): 1200000 tokens of at most 1048576. It said: “The input token count (1200000) exceeds the maximum number of tokens allowed (1048576). *** *** ***”. Select less, or choose a model with a larger context.
                Ollama:
                  ContextOverflow: The request is too long for the model `tiny` of acme (ORIGIN): 7900 tokens of at most 4096. It said: “request (7900 tokens) exceeds the available context size (4096 tokens), try increasing it *** *** ***”. Select less, or choose a model with a larger context.
            "#]],
        ),
        (
            No::Broken,
            expect![[r#"
            OpenAiChat, OpenAiResponses:
              Transient: acme (ORIGIN) could not answer now (status 500). It said: “The server had an error. *** *** ***”. Try again in a moment.
            Anthropic:
              Transient: acme (ORIGIN) could not answer now (status 500). It said: “Internal server error *** *** ***”. Try again in a moment.
            Gemini:
              Transient: acme (ORIGIN) could not answer now (status 500). It said: “An internal error has occurred. *** *** ***”. Try again in a moment.
            Ollama:
              Transient: acme (ORIGIN) could not answer now (status 500). It said: “model runner has unexpectedly stopped *** *** ***”. Try again in a moment.
        "#]],
        ),
        (
            No::Overloaded,
            expect![[r#"
            OpenAiChat, OpenAiResponses:
              Transient: acme (ORIGIN) could not answer now (status 503). It said: “The engine is currently overloaded. *** *** ***”. Try again in a moment.
            Anthropic:
              Transient: acme (ORIGIN) could not answer now (status 529). It said: “Overloaded *** *** ***”. Try again in a moment.
            Gemini:
              Transient: acme (ORIGIN) could not answer now (status 503). It said: “The model is overloaded. *** *** ***”. Try again in a moment.
            Ollama:
              Transient: acme (ORIGIN) could not answer now (status 503). It said: “server busy, please try again. maximum pending requests exceeded *** *** ***”. Try again in a moment.
        "#]],
        ),
    ] {
        check(|format| say(format, no, ""), expect).await;
    }
}

#[tokio::test]
async fn overloaded_with_the_status_of_no_standard() {
    check(
        |_| Act::Reply(response("529 ", "", "")),
        expect![[r#"
        all:
          Transient: acme (ORIGIN) could not answer now (status 529). Try again in a moment.
    "#]],
    )
    .await;
}

/// From whatever stands before the provider.
#[tokio::test]
async fn errors_as_a_web_page() {
    let page = |line: &str| {
        let start = "<!DOCTYPE html><html><head><style>p {}</style></head><body>";
        said(&format!("{start}<h1>{line}</h1>\x1b[31mSAID\u{202e}{}", "<p>more</p>".repeat(100)))
    };
    for (line, expect) in [
        (
            "401 Unauthorized",
            expect![[r#"
            all:
              Auth: acme (ORIGIN) did not accept the API key (status 401). It said: “401 Unauthorized *** *** *** more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more m…”. Check the key that is configured for this provider.
        "#]],
        ),
        (
            "404 Not Found",
            expect![[r#"
            all:
              Invalid: acme (ORIGIN) does not know the model `tiny`, or base_url ORIGIN/v1 is not the address of its API (status 404). It said: “404 Not Found *** *** *** more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more…”. Check both.
        "#]],
        ),
        (
            "429 Too Many Requests",
            expect![[r#"
            all:
              RateLimited: acme (ORIGIN) limits how much may be asked. It said: “429 Too Many Requests *** *** *** more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more m…”. Try again in 7 s.
        "#]],
        ),
        (
            "502 Bad Gateway",
            expect![[r#"
            all:
              Transient: acme (ORIGIN) could not answer now (status 502). It said: “502 Bad Gateway *** *** *** more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more more mo…”. Try again in 7 s.
        "#]],
        ),
    ] {
        check(|_| Act::Reply(response(line, "Content-Type: text/html\r\nRetry-After: 7\r\n", &page(line))), expect)
            .await;
    }
}

#[tokio::test]
async fn an_error_whose_body_breaks_off_or_hangs() {
    let half = "HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\nout of memory";
    check(
        |_| Act::reply(half),
        expect![[r#"
        all:
          Transient: acme (ORIGIN) could not answer now (status 500). It said: “out of memory”. Try again in a moment.
    "#]],
    )
    .await;
    // The headers must come in time; the body is not waited for any longer.
    let timeouts = Timeouts { first_event: Duration::from_millis(500), ..patient() };
    check_within(
        timeouts,
        |_| Act::hang(half),
        expect![[r#"
        all:
          Transient: acme (ORIGIN) could not answer now (status 500). It said: “out of memory”. Try again in a moment.
    "#]],
    )
    .await;
}

/// What the headers of a 429 say about asking again, and what a user reads.
async fn check_rate(headers: &str, retry: Retry, expected: &str) {
    let headers = if headers.is_empty() { String::new() } else { format!("{headers}\r\n") };
    for format in &FORMATS {
        // Gemini says it in the body, which counts where no header does.
        let in_body = (format.kind == Kind::Gemini && retry.after.is_none()).then_some(Duration::from_secs(34));
        let after = retry.after.or(in_body);
        let (items, _) = ask_one(format, patient(), say(format, No::Rate, &headers)).await;
        let [Err(error @ Error::RateLimited { retry: found, .. })] = items.as_slice() else { panic!("{items:?}") };
        assert_eq!((*found, error.class()), (Retry { after, ..retry }, Class::RateLimited), "{headers}");
        let expected = if in_body.is_some() { "in 34 s" } else { expected };
        let message = error.to_string();
        assert!(message.ends_with(&format!(" Try again {expected}.")), "{:?} {headers} {message}", format.kind);
    }
}

#[tokio::test]
async fn rate_limits_and_when_to_ask_again() {
    let after = |seconds: f64| Retry { after: Some(Duration::from_secs_f64(seconds)), told: None };
    let never = Retry::default();
    check_rate("", never, "in a moment").await;
    check_rate("Retry-After: 7", after(7.0), "in 7 s").await;
    check_rate("Retry-After: 2.25", after(2.25), "in 2.3 s").await;
    check_rate("retry-after-ms: 1500\r\nRetry-After: 2", after(1.5), "in 1.5 s").await;
    check_rate("Retry-After: 0", after(0.0), "in a moment").await;
    check_rate("Retry-After: 31536000", after(31_536_000.0), "in 31536000 s").await;
    check_rate("Retry-After: Fri, 31 Dec 1999 23:59:59 GMT", after(0.0), "in a moment").await;
    for nonsense in ["-1", "soon", "", "NaN", "inf", "1e300", "99999999999999999999999"] {
        check_rate(&format!("Retry-After: {nonsense}"), never, "in a moment").await;
    }
    check_rate("x-should-retry: false", Retry { told: Some(false), ..never }, "in a moment").await;
}

#[tokio::test]
async fn a_rate_limit_until_a_date() {
    let until = Timestamp::now() + SignedDuration::from_secs(3600);
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&until).unwrap();
    for format in &FORMATS {
        let say = say(format, No::Rate, &format!("Retry-After: {date}\r\n"));
        let (items, _) = ask_one(format, patient(), say).await;
        let [Err(error @ Error::RateLimited { retry, .. })] = items.as_slice() else { panic!("{items:?}") };
        let after = retry.after.unwrap().as_secs();
        assert!((3000..=3600).contains(&after), "{after}");
        let seconds = error.to_string().rsplit_once(" in ").unwrap().1.trim_end_matches(" s.").to_owned();
        assert!(seconds.len() <= "3599.9".len(), "not for people: {error}");
    }
}

#[tokio::test]
async fn a_rate_limits_delay_in_geminis_body() {
    let gemini = format(Kind::Gemini);
    let (status, body) = error(gemini.kind, No::Rate);
    for (delay, expected) in [
        ("0s", Some(Duration::ZERO)),
        ("0.5s", Some(Duration::from_millis(500))),
        ("34.074824224s", Some(Duration::new(34, 74_824_224))),
        ("86400s", Some(Duration::from_secs(86400))),
        ("soon", None),
    ] {
        let body = said(&body.replace("34s", delay));
        let (items, _) = ask_one(gemini, patient(), Act::Reply(response(status, "", &body))).await;
        let [Err(Error::RateLimited { retry, .. })] = items.as_slice() else { panic!("{items:?}") };
        assert_eq!(retry.after, expected, "{delay}");
    }
}

const FIRST: &str = "sk-planted-first-0123456789";
const SECOND: &str = "sk-planted-second-0123456789";

/// Asks with a key from a source that gives these, and returns what came and the keys that were sent.
async fn ask_with(format: &Format, key: Key, acts: impl IntoIterator<Item = Act>) -> (Items, Vec<&'static str>) {
    let mut server = Server::start(acts).await;
    let options = EndpointOptions { key, ..options(format, &server.base_url) };
    let items = ask(&provider_of(format, options, patient())).await;
    let sent = server.requests().into_iter().map(|request| {
        let sent: Vec<_> = [FIRST, SECOND, KEY].into_iter().filter(|key| request.contains(key)).collect();
        assert_eq!(sent.len(), 1, "{request}");
        sent[0]
    });
    (items, sent.collect())
}

#[tokio::test]
async fn a_key_that_is_no_longer_taken_is_asked_for_once_more() {
    for format in &FORMATS {
        let no = || {
            let (status, body) = error(format.kind, No::Key);
            Act::Reply(response(status, "", &body.replace("SAID", FIRST)))
        };
        let yes = || Act::reply(format.stream(&format.answer()));
        let from = |keys: [&'static str; 2]| Key::From(Arc::new(Keys::new(keys)));

        let (items, sent) = ask_with(format, from([FIRST, SECOND]), [no(), yes()]).await;
        assert!(matches!(items.last(), Some(Ok(Event::Stop(_)))), "{:?} {items:?}", format.kind);
        assert_eq!(sent, [FIRST, SECOND], "{:?}", format.kind);

        // Once, and not for ever.
        let again = Act::Reply(response("401 Unauthorized", "", "no"));
        let (items, sent) = ask_with(format, from([FIRST, SECOND]), [no(), again]).await;
        assert!(matches!(items.as_slice(), [Err(Error::Auth { sent: true, .. })]), "{:?} {items:?}", format.kind);
        assert_eq!(sent, [FIRST, SECOND], "{:?}", format.kind);

        // A key that is known but may not do this, and one that has no source.
        let forbidden = Act::Reply(response("403 Forbidden", "", "no"));
        let (items, sent) = ask_with(format, from([FIRST, SECOND]), [forbidden]).await;
        assert!(matches!(items.as_slice(), [Err(Error::Auth { .. })]), "{:?} {items:?}", format.kind);
        assert_eq!(sent, [FIRST], "{:?}", format.kind);
        let (items, sent) = ask_with(format, Key::Given(Secret::new(FIRST)), [no(), yes()]).await;
        assert!(matches!(items.as_slice(), [Err(Error::Auth { .. })]), "{:?} {items:?}", format.kind);
        assert_eq!(sent, [FIRST], "{:?}", format.kind);
    }
}

#[tokio::test]
async fn the_new_key_is_kept() {
    for format in &FORMATS {
        let no = Act::Reply(response("401 Unauthorized", "", "no"));
        let mut server = Server::start([no, Act::reply(format.stream(&format.answer()))]).await;
        let key = Key::From(Arc::new(Keys::new([FIRST, SECOND, KEY])));
        let options = EndpointOptions { key, ..options(format, &server.base_url) };
        let provider = provider_of(format, options, patient());
        for _ in 0..2 {
            assert!(matches!(ask(&provider).await.last(), Some(Ok(Event::Stop(_)))));
        }
        let requests = server.requests();
        assert!(requests.len() == 3 && requests[2].contains(SECOND), "{:?} {requests:?}", format.kind);
    }
}

#[tokio::test]
async fn no_redirect_is_followed_however_the_key_is_sent() {
    for format in &FORMATS {
        for auth in AUTHS {
            for status in [
                "301 Moved Permanently",
                "302 Found",
                "303 See Other",
                "307 Temporary Redirect",
                "308 Permanent Redirect",
            ] {
                let other = Forbidden::new();
                let to = &other.base_url;
                let location = format!("Location: {to}/{KEY}?key={KEY}#{KEY}\r\n");
                let mut server = Server::start([Act::Reply(response(status, &location, ""))]).await;
                let options = EndpointOptions { auth, ..options(format, &server.base_url) };
                let items = ask(&provider_of(format, options, patient())).await;
                let [Err(error @ Error::Redirect { to: shown, .. })] = items.as_slice() else { panic!("{items:?}") };
                assert_eq!((shown.as_str(), error.class()), (format!("{to}/***").as_str(), Class::Invalid));
                other.assert_nobody_came();
                assert_eq!(server.requests().len(), 1);
            }
        }
    }
}

#[tokio::test]
async fn nor_is_one_to_the_same_server() {
    let to = |place: &'static str| move |_: &Format| Act::Reply(response("307 Temporary Redirect", place, ""));
    check(to("Location: /v2/chat\r\n"), expect![[r#"
        all:
          Invalid: acme (ORIGIN) redirects to ORIGIN/v2/chat, and requests with a key do not follow redirects. If you trust that address, change base_url to match it.
    "#]]).await;
    check(to(""), expect![[r#"
        all:
          Invalid: acme (ORIGIN) redirects to ORIGIN/v1, and requests with a key do not follow redirects. If you trust that address, change base_url to match it.
    "#]]).await;
}

#[test]
fn every_reason_is_known_in_every_format() {
    let reasons = [No::Key, No::Model, No::Rate, No::Quota, No::Overflow, No::Broken, No::Overloaded];
    assert_eq!(ERRORS.len(), reasons.len() * FORMATS.len());
    for format in &FORMATS {
        for no in reasons {
            error(format.kind, no);
        }
    }
}
