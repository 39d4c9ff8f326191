//! Carries messages between the editor and the handlers: each in the order it came, none waiting for another.
//!
//! tower-lsp's own loop is not used. It polls every handler on one task, four at a time, so that requests in flight
//! hold up later changes and cancels; it lets a panic end the server; and it stops at the first malformed frame.
//! Here a notification runs to its end, and a request to its first await (where it has taken its snapshot), before
//! the next message is looked at; the rest of a request is a task of its own.

use std::{io, panic::AssertUnwindSafe};

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

/// Serves until `exit`, the end of the input, or until `gone` completes.
pub async fn serve<S: LanguageServer>(
    input: impl AsyncRead + Unpin + Send + 'static,
    output: impl AsyncWrite + Unpin + Send + 'static,
    mut service: LspService<S>,
    socket: ClientSocket,
    gone: impl Future<Output = ()>,
) -> End {
    let (mut from_server, mut to_server) = socket.split();
    let mut frames = read_in_background(input);
    let (send, writer) = write_in_background(output);
    let mut in_flight = JoinSet::<Answer>::new();
    tokio::pin!(gone);

    let end = loop {
        tokio::select! {
            // Input first: a cancel that has arrived takes effect before one more answer goes out.
            biased;
            received = frames.recv() => match received {
                Some(Ok(Ok(message))) => match Message::parse(message) {
                    Ok(Message::Request(request)) => {
                        let exit = request.method() == "exit";
                        if let Some(response) = dispatch(&mut service, request, &mut in_flight) {
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
            Some(done) = in_flight.join_next() => {
                if let Ok(Ok(Some(response))) = done {
                    let _ = send.send(frame(&response));
                }
            }
            () = &mut gone => break End::ClientGone,
        }
    };
    in_flight.shutdown().await;
    drop(send);
    let _ = writer.await;
    end
}

/// Runs a message's handler as far as it goes at once; the rest of a request joins those in flight.
fn dispatch<S: LanguageServer>(
    service: &mut LspService<S>,
    request: Request,
    in_flight: &mut JoinSet<Answer>,
) -> Option<Response> {
    let (id, method) = (request.id().cloned(), request.method().to_owned());
    let panic_id = id.clone();
    let called = std::panic::catch_unwind(AssertUnwindSafe(|| service.call(request)));
    let Ok(handler) = called else { return panicked(panic_id, &method) };
    let name = method.clone();
    let mut handler = AssertUnwindSafe(handler)
        .catch_unwind()
        .map(move |answer| answer.unwrap_or_else(|_| Ok(panicked(panic_id, &name))))
        .boxed();
    match handler.as_mut().now_or_never() {
        Some(answer) => answer.ok().flatten(),
        None if id.is_some() => {
            in_flight.spawn(handler);
            None
        }
        None => {
            tracing::error!(method, "a bug: the handler of a notification awaited; it was ended there");
            None
        }
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
