//! What the tests of faults and of failover share: servers that fail, a provider of each wire format, and what is asked
//! of them.
#![allow(dead_code, reason = "each of the test programs uses a part of it")]

pub(crate) mod errors;
pub(crate) mod formats;
pub(crate) mod server;

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use aiex_llm::{
    Auth, Dialect, Endpoint, EndpointOptions, Error, Event, HttpProvider, Key, KeySource, Message, Provider, Request,
    Secret, Timeouts,
};
use formats::Format;
use futures::StreamExt;

/// The key that the provider is given, and the value of a header of the user's.
pub(crate) const KEY: &str = "sk-planted-0123456789";
pub(crate) const HEADER: &str = "planted-header-9876543210";
pub(crate) const PROMPT: &str = "fn the_users_secret_code() {}";

/// The ways in which a key is sent.
pub(crate) const AUTHS: [Auth; 4] =
    [Auth::Bearer, Auth::Header("x-api-key"), Auth::Header("x-goog-api-key"), Auth::Header("api-key")];

pub(crate) type Items = Vec<Result<Event, Error>>;

/// What the user configures for a server of this format.
pub(crate) fn options(format: &Format, base_url: &str) -> EndpointOptions {
    EndpointOptions {
        provider: "acme".into(),
        base_url: base_url.into(),
        key: Key::Given(Secret::new(KEY)),
        auth: format.auth,
        headers: vec![("x-gateway-token".into(), Secret::new(HEADER))],
        ..EndpointOptions::default()
    }
}

pub(crate) fn provider_of(format: &Format, options: EndpointOptions, timeouts: Timeouts) -> HttpProvider {
    HttpProvider::new(Endpoint::new(options).unwrap(), Dialect { timeouts, ..Dialect::of(format.kind) })
}

pub(crate) fn provider(format: &Format, base_url: &str, timeouts: Timeouts) -> HttpProvider {
    provider_of(format, options(format, base_url), timeouts)
}

pub(crate) fn request() -> Request {
    Request { model: "tiny".into(), messages: vec![Message::user(PROMPT)], ..Request::default() }
}

/// No test but those of time waits for time.
pub(crate) fn patient() -> Timeouts {
    let long = Duration::from_secs(60);
    Timeouts { connect: long, first_event: long, idle: long }
}

/// For servers that never begin.
pub(crate) fn hasty() -> Timeouts {
    Timeouts { first_event: Duration::from_millis(50), ..patient() }
}

/// For servers that fall silent.
pub(crate) fn restless() -> Timeouts {
    Timeouts { idle: Duration::from_millis(50), ..patient() }
}

/// Asks, and holds the answer to the contract of [`Provider`] and its errors to theirs.
pub(crate) async fn ask(provider: &HttpProvider) -> Items {
    let items: Items = provider.stream(request()).collect().await;
    let last = items.len() - 1;
    for (number, item) in items.iter().enumerate() {
        let ends = matches!(item, Err(_) | Ok(Event::Stop(_)));
        assert_eq!(ends, number == last, "exactly the last item ends the stream: {items:?}");
        if let Err(error) = item {
            assert_fit_to_show(error, &[provider.name(), &provider.origin()]);
        }
    }
    assert_no_secret(&format!("{provider:?}"));
    items
}

/// A message names who failed and what to do, and nothing that belongs to the user.
pub(crate) fn assert_fit_to_show(error: &Error, names: &[&str]) {
    let message = error.to_string();
    for name in names {
        assert!(message.contains(name), "does not name {name}: {message}");
    }
    let remedies =
        ["Check", "Ask ", "Try again", "try again", "Select less", "change base_url", "ask again", "Copy it again"];
    assert!(remedies.iter().any(|remedy| message.contains(remedy)), "has no remedy: {message}");
    assert!(!message.contains('\n') && message.ends_with('.'), "is no sentence: {message}");
    assert_no_secret(&message);
    assert_no_secret(&format!("{error:?}"));
}

pub(crate) fn assert_no_secret(shown: &str) {
    // Their digits, too, which could pass for a number of something.
    for secret in ["planted", "123456789", "987654321", PROMPT] {
        assert!(!shown.contains(secret), "shows {secret}: {shown}");
    }
}

/// With the request quoted where a text has the word `SAID`.
pub(crate) fn said(text: &str) -> String {
    text.replace("SAID", &format!("{PROMPT} {KEY} {HEADER}"))
}

/// What came of a question, but the counts of tokens.
pub(crate) fn show(items: &Items, base_url: &str) -> String {
    let lines = items.iter().filter_map(|item| match item {
        Ok(Event::Usage(_)) => None,
        Ok(event) => Some(format!("  {event:?}\n")),
        Err(error) => Some(format!("  {:?}: {error}\n", error.class())),
    });
    lines.collect::<String>().replace(base_url.trim_end_matches("/v1"), "ORIGIN")
}

/// Gives one key after another, and the last for ever.
pub(crate) struct Keys(Mutex<Vec<&'static str>>);

impl Keys {
    pub(crate) fn new(keys: impl IntoIterator<Item = &'static str>) -> Self {
        let mut keys: Vec<_> = keys.into_iter().collect();
        keys.reverse();
        Self(Mutex::new(keys))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

impl KeySource for Keys {
    fn key(&self) -> Result<Option<Secret>, String> {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = if keys.len() > 1 { keys.pop() } else { keys.first().copied() };
        Ok(key.map(Secret::new))
    }
}
