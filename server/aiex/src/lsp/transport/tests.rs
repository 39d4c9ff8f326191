//! The gate over a real service and in-memory pipes: order, requests in flight, panics, malformed frames.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};
use tokio::io::{AsyncWriteExt as _, DuplexStream, duplex};
use tower_lsp::{
    gen_lsp_types::{InitializeParams, InitializeResult},
    jsonrpc::Result,
};

use super::*;

/// A server that counts changes, hangs, panics and asks back.
#[derive(Clone, Default)]
struct Probe {
    changes: Arc<Mutex<Vec<i64>>>,
    dropped: Arc<AtomicUsize>,
}

impl LanguageServer for Probe {
    async fn initialize(&self, _: InitializeParams) -> Result<InitializeResult> {
        Ok(InitializeResult::default())
    }

    async fn shutdown(&self) -> Result<()> {
        Ok(())
    }
}

struct CountDrop(Arc<AtomicUsize>);

impl Drop for CountDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

async fn change(probe: &Probe, params: Value) {
    probe.changes.lock().unwrap().push(params["n"].as_i64().unwrap());
}

async fn count(probe: &Probe, _: Value) -> Result<Value> {
    let seen = probe.changes.lock().unwrap().len();
    tokio::task::yield_now().await;
    Ok(json!(seen))
}

async fn hang(probe: &Probe, _: Value) -> Result<Value> {
    let _dropped = CountDrop(probe.dropped.clone());
    std::future::pending().await
}

async fn panic_at_once(_: &Probe, _: Value) -> Result<Value> {
    panic!("at once")
}

async fn panic_later(_: &Probe, _: Value) -> Result<Value> {
    tokio::task::yield_now().await;
    panic!("later")
}

async fn panicking_notification(_: &Probe, _: Value) {
    panic!("a notification")
}

async fn awaiting_notification(_: &Probe, _: Value) {
    std::future::pending().await
}

struct Peer {
    probe: Probe,
    input: DuplexStream,
    output: FrameReader<DuplexStream>,
}

impl Peer {
    async fn start() -> Self {
        let probe = Probe::default();
        let own = probe.clone();
        let (service, socket) = LspService::build_with_lifecycle_methods(move |_| own)
            .custom_method("x/change", change)
            .custom_method("x/count", count)
            .custom_method("x/hang", hang)
            .custom_method("x/panicAtOnce", panic_at_once)
            .custom_method("x/panicLater", panic_later)
            .custom_method("x/panickingNotification", panicking_notification)
            .custom_method("x/awaitingNotification", awaiting_notification)
            .finish();
        let ((input, server_input), (server_output, output)) = (duplex(1 << 20), duplex(1 << 20));
        tokio::spawn(serve(server_input, server_output, service, socket, std::future::pending(), || ()));
        let mut peer = Self { probe, input, output: FrameReader::new(output) };
        peer.send(&[request(1, "initialize", json!({"capabilities": {}}))]).await;
        peer.receive().await;
        peer
    }

    async fn send(&mut self, messages: &[Value]) {
        let bytes: Vec<u8> = messages.iter().flat_map(frame).collect();
        self.input.write_all(&bytes).await.unwrap();
    }

    async fn receive(&mut self) -> Value {
        self.output.next().await.unwrap().unwrap().unwrap()
    }
}

fn request(id: i64, method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

fn notification(method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "method": method, "params": params})
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_sees_exactly_the_changes_before_it() {
    let mut peer = Peer::start().await;
    let pair = |n: i64| [notification("x/change", json!({"n": n})), request(1000 + n, "x/count", json!({}))];
    let all: Vec<Value> = (0..500).flat_map(pair).collect();
    peer.send(&all).await;
    for _ in 0..500 {
        let answer = peer.receive().await;
        assert_eq!(answer["result"].as_i64().unwrap(), answer["id"].as_i64().unwrap() - 999);
    }
    let changes = peer.probe.changes.lock().unwrap().clone();
    assert_eq!(changes, (0..500).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_hanging_requests_hold_up_nothing_and_a_cancel_drops_its_own() {
    let mut peer = Peer::start().await;
    let hanging: Vec<Value> = (100..200).map(|id| request(id, "x/hang", json!({}))).collect();
    peer.send(&hanging).await;
    peer.send(&[notification("x/change", json!({"n": 7})), request(2, "x/count", json!({}))]).await;
    assert_eq!(peer.receive().await, json!({"jsonrpc": "2.0", "id": 2, "result": 1}));
    peer.send(&[notification("$/cancelRequest", json!({"id": 150}))]).await;
    let cancelled = peer.receive().await;
    assert_eq!((&cancelled["id"], &cancelled["error"]["code"]), (&json!(150), &json!(-32800)));
    assert_eq!(peer.probe.dropped.load(Ordering::SeqCst), 1);
    peer.send(&[request(3, "shutdown", Value::Null)]).await;
    assert_eq!(peer.receive().await["id"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_answered_and_the_server_goes_on() {
    let mut peer = Peer::start().await;
    for (id, method) in [(2, "x/panicAtOnce"), (3, "x/panicLater")] {
        peer.send(&[request(id, method, json!({}))]).await;
        let answer = peer.receive().await;
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(id), &json!(-32603)));
    }
    peer.send(&[
        notification("x/panickingNotification", json!({})),
        notification("x/awaitingNotification", json!({})),
        request(4, "x/count", json!({})),
    ])
    .await;
    assert_eq!(peer.receive().await["id"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_frame_is_answered_and_the_next_one_is_read() {
    let mut peer = Peer::start().await;
    peer.input.write_all(b"Content-Length: 5\r\n\r\n{\"a\":").await.unwrap();
    assert_eq!(peer.receive().await["error"]["code"], -32700);
    peer.send(&[json!({"jsonrpc": "2.0", "id": 5}), json!([1, 2]), request(6, "x/count", json!({}))]).await;
    let not_a_message = peer.receive().await;
    assert_eq!((&not_a_message["id"], &not_a_message["error"]["code"]), (&json!(5), &json!(-32600)));
    assert_eq!(peer.receive().await["error"]["code"], -32600);
    assert_eq!(peer.receive().await["id"], 6);
}
