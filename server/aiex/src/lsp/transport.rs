//! Carries messages between the editor and the handlers: each in the order it came, none waiting for another.
//!
//! tower-lsp's own loop is not used. It polls every handler on one task, four at a time, so that requests in flight
//! hold up later changes and cancels; it lets a panic end the server; and it stops at the first malformed frame.
//! Here a notification runs to its end, and a request to its first await (where it has taken its snapshot), before
//! the next message is looked at; the rest of a request is a task of its own.

use std::{io, panic::AssertUnwindSafe, time::Duration};

use futures::{FutureExt as _, SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    sync::mpsc,
    task::JoinSet,
};
use tower::Service as _;
use tower_lsp::{
    ClientSocket, ExitedError, LanguageServer, LspService,
    jsonrpc::{Error, ErrorCode, Id, Request, Response},
};

use super::frame::{FrameError, FrameReader, frame};

/// Why the loop ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// The editor sent `exit`.
    Exit,
    /// The input ended, or broke off inside a message.
    Input,
    /// `gone` came true.
    ClientGone,
}

type Answer = Result<Option<Response>, ExitedError>;

/// How long the editor may take to read what is left to write when the server ends.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Serves until `exit`, the end of the input, or until `gone` completes; then calls `ending`, and writes what is left.
pub async fn serve<S: LanguageServer>(
    input: impl AsyncRead + Unpin + Send + 'static,
    output: impl AsyncWrite + Unpin + Send + 'static,
    service: LspService<S>,
    socket: ClientSocket,
    gone: impl Future<Output = ()>,
    ending: impl FnOnce(),
) -> End {
    let (mut from_server, mut to_server) = socket.split();
    let mut frames = read_in_background(input);
    let (send, writer) = write_in_background(output);
    let mut gate = Gate { service, in_flight: JoinSet::new(), phase: Phase::Before };
    tokio::pin!(gone);

    let end = loop {
        tokio::select! {
            // Input first: a cancel that has arrived takes effect before one more answer goes out.
            biased;
            received = frames.recv() => match received {
                Some(Ok(Ok(message))) => match Message::parse(message) {
                    Ok(Message::Request(request)) => {
                        let exit = request.method() == "exit";
                        if let Some(response) = gate.dispatch(request) {
                            let _ = send.send(frame(&response));
                        }
                        if exit {
                            break End::Exit;
                        }
                    }
                    Ok(Message::Response(response)) => {
                        let _ = to_server.send(response).await;
                    }
                    Err((id, error)) => {
                        tracing::warn!(%error, "a message was not JSON-RPC");
                        let _ = send.send(frame(&Response::from_error(id, error)));
                    }
                },
                Some(Ok(Err(error))) => {
                    tracing::warn!(%error, "a malformed message");
                    let _ = send.send(frame(&Response::from_error(Id::Null, parse_error(&error))));
                }
                Some(Err(error)) => {
                    tracing::error!(%error, "the input broke off");
                    break End::Input;
                }
                None => break End::Input,
            },
            Some(request) = from_server.next() => {
                let _ = send.send(frame(&request));
            }
            Some(done) = gate.in_flight.join_next() => {
                if let Ok(Ok(Some(response))) = done {
                    let _ = send.send(frame(&response));
                }
            }
            () = &mut gone => break End::ClientGone,
        }
    };
    ending();
    gate.in_flight.shutdown().await;
    drop(send);
    let _ = tokio::time::timeout(LAST_WORDS, writer).await;
    end
}

/// Where messages become handlers.
struct Gate<S> {
    service: LspService<S>,
    in_flight: JoinSet<Answer>,
    phase: Phase,
}

/// The session's phase, by which unknown methods are answered (LSP 3.17 §Lifecycle).
#[derive(Clone, Copy)]
enum Phase {
    Before,
    Running,
    ShutDown,
}

impl<S: LanguageServer> Gate<S> {
    /// Runs a message's handler as far as it goes at once; the rest of a request joins those in flight.
    fn dispatch(&mut self, request: Request) -> Option<Response> {
        let (id, method) = (request.id().cloned(), request.method().to_owned());
        let request = if method == "shutdown" { shutdown_without_params(request) } else { request };
        let panic_id = id.clone();
        let called = std::panic::catch_unwind(AssertUnwindSafe(|| self.service.call(request)));
        let Ok(handler) = called else { return panicked(panic_id, &method) };
        let name = method.clone();
        let mut handler = AssertUnwindSafe(handler)
            .catch_unwind()
            .map(move |answer| answer.unwrap_or_else(|_| Ok(panicked(panic_id, &name))))
            .boxed();
        match (handler.as_mut().now_or_never(), id) {
            (Some(answer), id) => self.answer(answer.ok().flatten(), id, &method),
            (None, Some(_)) => {
                self.in_flight.spawn(handler);
                None
            }
            (None, None) => {
                tracing::error!(method, "a bug: the handler of a notification awaited; it was ended there");
                None
            }
        }
    }

    /// tower-lsp answers unknown methods alike in every phase, and `$/` requests not at all.
    fn answer(&mut self, response: Option<Response>, id: Option<Id>, method: &str) -> Option<Response> {
        let id = id?;
        let unknown = response
            .as_ref()
            .is_none_or(|response| response.error().is_some_and(|error| error.code == ErrorCode::MethodNotFound));
        if unknown {
            let (code, message) = match self.phase {
                Phase::Before => (ErrorCode::ServerError(-32002), "the server is not initialized yet".to_owned()),
                Phase::Running => (ErrorCode::MethodNotFound, format!("Aiex has no method `{method}`")),
                Phase::ShutDown => (ErrorCode::InvalidRequest, "the server was shut down".to_owned()),
            };
            return Some(Response::from_error(id, Error { code, message: message.into(), data: None }));
        }
        match (self.phase, method) {
            (Phase::Before, "initialize") if response.as_ref().is_some_and(Response::is_ok) => {
                self.phase = Phase::Running
            }
            (Phase::Running, "shutdown") => self.phase = Phase::ShutDown,
            _ => {}
        }
        response
    }
}

/// `shutdown` has no parameters, but some clients send an empty object, which tower-lsp refuses.
fn shutdown_without_params(request: Request) -> Request {
    match request.into_parts() {
        (method, Some(id), _) => Request::build(method).id(id).finish(),
        (method, None, _) => Request::build(method).finish(),
    }
}

fn panicked(id: Option<Id>, method: &str) -> Option<Response> {
    tracing::error!(method, "a bug: a handler panicked; the server goes on");
    let message = format!("Aiex hit a bug of its own in {method}; the log says where. The server goes on.");
    let error = Error { code: ErrorCode::InternalError, message: message.into(), data: None };
    id.map(|id| Response::from_error(id, error))
}

enum Message {
    Request(Request),
    Response(Response),
}

impl Message {
    /// `Err` is the answer to what is neither.
    fn parse(message: Value) -> Result<Self, (Id, Error)> {
        let id = message.get("id").cloned().and_then(|id| serde_json::from_value(id).ok()).unwrap_or(Id::Null);
        let parsed = match message.get("method") {
            Some(_) => serde_json::from_value(message).map(Message::Request),
            None => serde_json::from_value(message).map(Message::Response),
        };
        parsed.map_err(|error| {
            let message = format!("this is not a JSON-RPC 2.0 message: {error}");
            (id, Error { code: ErrorCode::InvalidRequest, message: message.into(), data: None })
        })
    }
}

fn parse_error(error: &FrameError) -> Error {
    Error { code: ErrorCode::ParseError, message: error.to_string().into(), data: None }
}

type Frames = mpsc::Receiver<io::Result<Result<Value, FrameError>>>;

/// A reader's await may not be dropped halfway, as `select!` would: it has a task of its own.
fn read_in_background(input: impl AsyncRead + Unpin + Send + 'static) -> Frames {
    let (send, receive) = mpsc::channel(64);
    tokio::spawn(async move {
        let mut reader = FrameReader::new(input);
        while let Some(frame) = reader.next().await.transpose() {
            let broken = frame.is_err();
            if send.send(frame).await.is_err() || broken {
                break;
            }
        }
    });
    receive
}

/// Unbounded, since an editor that writes without reading would otherwise stop the loop, and with it its own writing.
fn write_in_background(
    mut output: impl AsyncWrite + Unpin + Send + 'static,
) -> (mpsc::UnboundedSender<Vec<u8>>, tokio::task::JoinHandle<()>) {
    let (send, mut receive) = mpsc::unbounded_channel::<Vec<u8>>();
    let writer = tokio::spawn(async move {
        while let Some(frame) = receive.recv().await {
            if output.write_all(&frame).await.is_err() || output.flush().await.is_err() {
                tracing::warn!("the editor no longer reads what the server writes");
                break;
            }
        }
    });
    (send, writer)
}

#[cfg(test)]
mod tests;
