//! A raw TCP server that does with each connection just what a test wants, and remembers what it was sent.

use std::{net, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{Notify, mpsc},
    task::JoinHandle,
};

/// What the server does with a connection once it has read the request.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Sends this and closes.
    Reply(Vec<u8>),
    /// Sends this and says nothing more until the client closes.
    Hang(Vec<u8>),
    /// Sends this and resets the connection.
    Reset(Vec<u8>),
    /// Sends this and resets the connection when the test says so.
    ResetWhenTold(Vec<u8>),
    /// Sends `head` and then `piece` again and again, until the client closes or `limit` bytes are written.
    Flood { head: Vec<u8>, piece: Vec<u8>, limit: usize },
}

impl Act {
    pub(crate) fn reply(bytes: impl AsRef<[u8]>) -> Self {
        Self::Reply(bytes.as_ref().to_vec())
    }

    pub(crate) fn hang(bytes: impl AsRef<[u8]>) -> Self {
        Self::Hang(bytes.as_ref().to_vec())
    }

    /// How many bytes were written.
    async fn play(self, mut socket: TcpStream, told: Arc<Notify>) -> usize {
        match self {
            Self::Reply(bytes) => {
                // A client that has heard enough closes early, which is no failure of the server.
                let _ = socket.write_all(&bytes).await;
                bytes.len()
            }
            Self::Hang(bytes) => {
                let _ = socket.write_all(&bytes).await;
                let end = socket.read(&mut [0; 64]).await;
                assert!(matches!(end, Ok(0) | Err(_)), "the client sent more after its request");
                bytes.len()
            }
            Self::Reset(bytes) => {
                socket.write_all(&bytes).await.unwrap();
                socket.set_zero_linger().unwrap();
                bytes.len()
            }
            Self::ResetWhenTold(bytes) => {
                socket.write_all(&bytes).await.unwrap();
                told.notified().await;
                socket.set_zero_linger().unwrap();
                bytes.len()
            }
            Self::Flood { head, piece, limit } => {
                let _ = socket.write_all(&head).await;
                let mut written = 0;
                while written < limit && socket.write_all(&piece).await.is_ok() {
                    written += piece.len();
                }
                written
            }
        }
    }
}

/// A connection that was asked something.
pub(crate) struct Connection {
    /// Head and body.
    pub(crate) request: String,
    end: JoinHandle<usize>,
}

impl Connection {
    /// Waits until the act is over; how many bytes were written.
    pub(crate) async fn end(self) -> usize {
        self.end.await.unwrap()
    }
}

/// Ends with the test.
pub(crate) struct Server {
    pub(crate) base_url: String,
    told: Arc<Notify>,
    connections: mpsc::UnboundedReceiver<Connection>,
    listening: JoinHandle<()>,
}

impl Server {
    /// Does the first of `acts` with the first request, and so on, and the last with all that follow.
    pub(crate) async fn start(acts: impl IntoIterator<Item = Act>) -> Self {
        let acts: Vec<Act> = acts.into_iter().collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let (sender, connections) = mpsc::unbounded_channel();
        let told = Arc::new(Notify::new());
        let tell = told.clone();
        let listening = tokio::spawn(async move {
            let mut number = 0;
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                socket.set_nodelay(true).unwrap();
                // A client may lose its patience within its request.
                let Some(request) = read_request(&mut socket).await else { continue };
                let act = acts[number.min(acts.len() - 1)].clone();
                number += 1;
                let end = tokio::spawn(act.play(socket, tell.clone()));
                let _ = sender.send(Connection { request, end });
            }
        });
        Self { base_url, told, connections, listening }
    }

    /// The next connection, once its request was read.
    pub(crate) async fn connection(&mut self) -> Connection {
        self.connections.recv().await.unwrap()
    }

    /// The requests so far that no one has asked for.
    pub(crate) fn requests(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.connections.try_recv().ok()).map(|connection| connection.request).collect()
    }

    /// Now is the time to reset.
    pub(crate) fn tell(&self) {
        self.told.notify_one();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// A place where nobody must come.
pub(crate) struct Forbidden {
    pub(crate) base_url: String,
    listener: net::TcpListener,
}

impl Forbidden {
    pub(crate) fn new() -> Self {
        let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self { base_url: format!("http://{}/v1", listener.local_addr().unwrap()), listener }
    }

    pub(crate) fn assert_nobody_came(&self) {
        let came = self.listener.accept().map(|(_, address)| address);
        assert_eq!(came.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    }
}

/// A place where nothing listens, and, as long as this lives, nothing will: a port that is only free may be anybody's next.
pub(crate) struct Closed {
    pub(crate) base_url: String,
    _bound: TcpSocket,
}

impl Closed {
    pub(crate) fn new() -> Self {
        let bound = TcpSocket::new_v4().unwrap();
        bound.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self { base_url: format!("http://{}/v1", bound.local_addr().unwrap()), _bound: bound }
    }
}

/// A response with a body of known length.
pub(crate) fn response(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// A body in HTTP's chunks (RFC 9112, 7.1), without the last one.
pub(crate) fn chunks(pieces: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Vec<u8> {
    let mut out = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for piece in pieces {
        let piece = piece.as_ref();
        out.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        out.extend_from_slice(piece);
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// The last chunk.
pub(crate) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

async fn read_request(socket: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if length == Some(body.len()) {
            return Some(text.into_owned());
        }
    }
}
