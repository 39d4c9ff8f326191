//! The threads that read what the server says, and what they keep of it.

use std::{
    collections::HashMap,
    fmt,
    io::{BufRead as _, BufReader, Write as _},
    process::{ChildStderr, ChildStdin, ChildStdout},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use serde_json::{Value, json};

use crate::TIMEOUT;

/// The server's stdin, written by the test and by the answers to what the server asks.
#[derive(Clone)]
pub struct Input(Arc<Mutex<Option<ChildStdin>>>);

impl Input {
    pub fn new(stdin: Option<ChildStdin>) -> Self {
        Self(Arc::new(Mutex::new(stdin)))
    }

    pub fn write(&self, bytes: &[u8]) {
        if let Some(stdin) = lock(&self.0).as_mut() {
            let _ = stdin.write_all(bytes).and_then(|()| stdin.flush());
        }
    }

    pub fn close(&self) {
        *lock(&self.0) = None;
    }
}

/// What the server has said, and the word that more has come.
#[derive(Default)]
pub struct Shared {
    state: Mutex<State>,
    more: Condvar,
}

#[derive(Default)]
pub struct State {
    received: Vec<Received>,
    log: String,
    /// `None`: no reply at all.
    replies: HashMap<String, Option<Value>>,
    not_frames: Vec<String>,
    /// Stdout and stderr, each once it has ended.
    ended: u8,
}

struct Received {
    message: Value,
    /// A wait has returned it.
    taken: bool,
}

impl Shared {
    pub fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Waits until something is found; `None` if it is not in time, or cannot be any more.
    pub fn wait<T>(&self, mut found: impl FnMut(&mut State) -> Option<T>) -> Option<T> {
        let end = Instant::now() + TIMEOUT;
        let mut state = self.lock();
        loop {
            if let Some(found) = found(&mut state) {
                return Some(found);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || state.has_ended() {
                return None;
            }
            state = self.more.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn update(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.more.notify_all();
    }
}

impl State {
    pub fn take_answer(&mut self, id: &Value) -> Option<Value> {
        self.take_where(|message| message.get("method").is_none() && message["id"] == *id)
    }

    pub fn take(&mut self, method: &str, mut passes: impl FnMut(&Value) -> bool) -> Option<Value> {
        let found = self.take_where(|message| message["method"] == method && passes(&message["params"]))?;
        Some(found["params"].clone())
    }

    fn take_where(&mut self, mut passes: impl FnMut(&Value) -> bool) -> Option<Value> {
        let found = self.received.iter_mut().find(|received| !received.taken && passes(&received.message))?;
        found.taken = true;
        Some(found.message.clone())
    }

    pub fn all(&self, method: &str) -> Vec<Value> {
        let of_method = self.received.iter().filter(|received| received.message["method"] == method);
        of_method.map(|received| received.message["params"].clone()).collect()
    }

    pub fn set_reply(&mut self, method: &str, result: Value) {
        self.replies.insert(method.to_owned(), Some(result));
    }

    pub fn never_reply(&mut self, method: &str) {
        self.replies.insert(method.to_owned(), None);
    }

    pub fn log(&self) -> &str {
        &self.log
    }

    pub fn has_ended(&self) -> bool {
        self.ended == 2
    }

    /// Errors and warnings that no wait returned, answers to what was never asked, and bytes that were no frame.
    pub fn unexpected(&self) -> Vec<String> {
        let alarming = |message: &Value| {
            let shown = message["method"] == "window/showMessage" && message["params"]["type"].as_i64() <= Some(2);
            shown || message.get("error").is_some()
        };
        let left = self.received.iter().filter(|received| !received.taken && alarming(&received.message));
        left.map(|received| received.message.to_string()).chain(self.not_frames.iter().cloned()).collect()
    }

    fn reply(&self, method: &str, params: &Value) -> Option<Value> {
        if let Some(reply) = self.replies.get(method) {
            return reply.clone();
        }
        Some(match method {
            "workspace/configuration" => {
                params["items"].as_array().into_iter().flatten().map(|_| Value::Null).collect()
            }
            "window/showDocument" => json!({"success": true}),
            "workspace/applyEdit" => json!({"applied": true}),
            _ => Value::Null,
        })
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "--- received")?;
        for received in &self.received {
            let text = received.message.to_string();
            writeln!(f, "{}{}", if received.taken { "  " } else { "* " }, text.chars().take(500).collect::<String>())?;
        }
        write!(f, "--- stderr\n{}{}", self.log, if self.has_ended() { "--- (ended)\n" } else { "" })
    }
}

/// Reads frames until the end, and answers requests.
pub fn read_output(output: ChildStdout, input: &Input, shared: &Shared) {
    let mut output = BufReader::new(output);
    loop {
        match read_frame(&mut output) {
            Ok(Some(message)) => {
                let reply = reply(&message, shared);
                shared.update(|state| state.received.push(Received { message, taken: false }));
                // After it is kept, so that a test that sees the effect of the answer sees the question.
                if let Some(reply) = reply {
                    input.write(&super::frame(&reply));
                }
            }
            Ok(None) => break,
            Err(not_a_frame) => {
                // What follows cannot be made out, but must be read for the server to go on.
                let _ = std::io::copy(&mut output, &mut std::io::sink());
                shared.update(|state| state.not_frames.push(not_a_frame));
                break;
            }
        }
    }
    shared.update(|state| state.ended += 1);
}

fn reply(message: &Value, shared: &Shared) -> Option<Value> {
    let method = message["method"].as_str()?;
    let id = message.get("id")?;
    let result = shared.lock().reply(method, &message["params"])?;
    Some(json!({"jsonrpc": "2.0", "id": id, "result": result}))
}

/// `Err` shows what was no frame.
fn read_frame(output: &mut impl std::io::BufRead) -> Result<Option<Value>, String> {
    let mut length = None;
    loop {
        let mut line = Vec::new();
        let count = output.read_until(b'\n', &mut line).map_err(|error| error.to_string())?;
        if count == 0 && length.is_none() {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line).into_owned();
        let line = line.strip_suffix("\r\n").ok_or_else(|| format!("on stdout: {line:?}"))?;
        match (line.split_once(": "), length) {
            (None, Some(length)) if line.is_empty() => {
                let mut body = vec![0; length];
                output.read_exact(&mut body).map_err(|error| format!("on stdout, within a frame: {error}"))?;
                let message = serde_json::from_slice(&body);
                return message.map(Some).map_err(|error| format!("on stdout, no JSON: {error}"));
            }
            (Some(("Content-Length", value)), None) => {
                length = Some(value.parse().map_err(|_| format!("on stdout: {line:?}"))?);
            }
            (Some(("Content-Type", _)), _) => {}
            _ => return Err(format!("on stdout: {line:?}")),
        }
    }
}

/// Reads stderr until its end.
pub fn read_errors(errors: ChildStderr, shared: &Shared) {
    let mut errors = BufReader::new(errors);
    let mut line = Vec::new();
    while errors.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
        let text = String::from_utf8_lossy(&line).into_owned();
        shared.update(|state| state.log.push_str(&text));
        line.clear();
    }
    shared.update(|state| state.ended += 1);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
