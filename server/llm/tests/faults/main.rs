//! Every way in which a server can fail, in every wire format, each against a raw TCP server that fails in just that way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

#[path = "../common/mod.rs"]
mod common;

mod answers;
mod connection;
mod framing;
mod statuses;

use aiex_llm::Timeouts;
use expect_test::Expect;
use futures::future::join_all;

use common::{
    Items, ask,
    formats::{FORMATS, Format},
    patient, provider,
    server::{Act, Server},
    show,
};

/// Asks a server that does this with every connection.
async fn ask_one(format: &Format, timeouts: Timeouts, act: Act) -> (Items, Server) {
    let server = Server::start([act]).await;
    (ask(&provider(format, &server.base_url, timeouts)).await, server)
}

/// What comes of asking a server of each format that does this, the formats of the same outcome together.
async fn outcomes(timeouts: Timeouts, act: impl Fn(&Format) -> Option<Act>) -> String {
    let asked = FORMATS.iter().filter_map(|format| Some((format, act(format)?)));
    let shown = join_all(asked.map(|(format, act)| async move {
        let (items, server) = ask_one(format, timeouts, act).await;
        (format, show(&items, &server.base_url))
    }));
    together(shown.await)
}

/// Each text once, below the names of the formats that it is the same for.
fn together(outcomes: Vec<(&Format, String)>) -> String {
    let count = outcomes.len();
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for (format, outcome) in outcomes {
        let name = format!("{:?}", format.kind);
        match groups.iter_mut().find(|(shown, _)| *shown == outcome) {
            Some((_, names)) => names.push(name),
            None => groups.push((outcome, vec![name])),
        }
    }
    let heading = |names: &[String]| if names.len() == count { "all".to_owned() } else { names.join(", ") };
    groups.iter().map(|(shown, names)| format!("{}:\n{shown}", heading(names))).collect()
}

async fn check_within(timeouts: Timeouts, act: impl Fn(&Format) -> Act, expect: Expect) {
    expect.assert_eq(&outcomes(timeouts, |format| Some(act(format))).await);
}

async fn check(act: impl Fn(&Format) -> Act, expect: Expect) {
    check_within(patient(), act, expect).await;
}

/// Of the formats that are server-sent events.
async fn check_sse(act: impl Fn(&Format) -> Act, expect: Expect) {
    expect.assert_eq(&outcomes(patient(), |format| format.is_sse().then(|| act(format))).await);
}
