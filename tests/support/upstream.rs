//! A model's endpoint on a port of this computer, which answers as each test says: well, badly, or never.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::{Value, json};

use crate::TIMEOUT;

/// A listening server. It ends with the test.
pub struct Upstream {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    exchanges: mpsc::Receiver<Exchange>,
    ended: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its first line, such as `POST /v1/chat/completions HTTP/1.1`.
    pub line: String,
    /// Its header fields, the names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

/// One request and the connection to answer it on, by hand. Dropping it closes the connection.
pub struct Exchange {
    /// What was asked.
    pub request: Request,
    stream: TcpStream,
}

impl Upstream {
    /// A server whose requests the test takes with [`Upstream::next`] and answers by hand.
    pub fn start() -> Self {
        let (send, exchanges) = mpsc::channel();
        Self::listen(exchanges, move |exchange| _ = send.send(exchange))
    }

    /// A server that answers every request by `answer`, each on a thread of its own.
    pub fn serving(answer: impl Fn(Exchange) + Send + Sync + 'static) -> Self {
        Self::listen(mpsc::channel().1, answer)
    }

    /// A server that gives every request this answer.
    pub fn answering(text: &str) -> Self {
        let text = text.to_owned();
        Self::serving(move |mut exchange| exchange.answer(&text))
    }

    fn listen(exchanges: mpsc::Receiver<Exchange>, handle: impl Fn(Exchange) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("its address");
        let (requests, ended) = (Arc::<Mutex<Vec<Request>>>::default(), Arc::<AtomicBool>::default());
        let (seen, over, handle) = (requests.clone(), ended.clone(), Arc::new(handle));
        let listener = thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                let (seen, handle) = (seen.clone(), handle.clone());
                thread::spawn(move || {
                    // A connection that ends before its request is complete asked nothing.
                    let Some(exchange) = Exchange::read(stream) else { return };
                    seen.lock().unwrap().push(exchange.request.clone());
                    handle(exchange);
                });
            }
        });
        Self { address, requests, exchanges, ended, listener: Some(listener) }
    }

    /// What to configure as `base_url`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// A configuration that asks the model `work/m` here, with a key.
    pub fn config(&self) -> String {
        let base_url = self.base_url();
        format!("model = \"work/m\"\n[providers.work]\nbase_url = \"{base_url}\"\napi_key = \"sk-test-0123456789\"\n")
    }

    /// The next request, to be answered by hand. Waits for it.
    pub fn next(&self) -> Exchange {
        self.exchanges.recv_timeout(TIMEOUT).expect("a request to the model's endpoint")
    }

    /// A request that has already come and was not taken.
    pub fn try_next(&self) -> Option<Exchange> {
        self.exchanges.try_recv().ok()
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes `accept`.
        let _ = TcpStream::connect(self.address);
        let _ = self.listener.take().map(JoinHandle::join);
    }
}

/// An address at which nothing listens, and nothing else can while this lives.
pub struct Nobody(socket2::Socket);

impl Nobody {
    /// Holds a free port without listening on it.
    pub fn hold() -> Self {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a free port");
        Self(socket)
    }

    /// What `base_url` of a provider is to be.
    pub fn base_url(&self) -> String {
        let address = self.0.local_addr().expect("its address").as_socket().expect("an internet address");
        format!("http://{address}/v1")
    }
}

impl Request {
    /// A header field.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Its body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a body of JSON")
    }

    /// All that the model is told: the contents of the messages, each after its role.
    pub fn prompt(&self) -> String {
        let messages = self.json()["messages"].as_array().expect("messages").clone();
        messages.iter().map(|message| format!("{}: {}\n", message["role"], text(&message["content"]))).collect()
    }
}

fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        parts => parts.as_array().into_iter().flatten().filter_map(|part| part["text"].as_str()).collect(),
    }
}

/// One chunk of a streamed answer, as an event on the wire.
pub fn event(delta: &str) -> String {
    let chunk = json!({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": delta}}]});
    format!("data: {chunk}\n\n")
}

/// The events that end a streamed answer.
pub fn last_events() -> String {
    let chunk =
        json!({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
    format!("data: {chunk}\n\ndata: [DONE]\n\n")
}

impl Exchange {
    fn read(stream: TcpStream) -> Option<Self> {
        stream.set_read_timeout(Some(TIMEOUT)).ok()?;
        stream.set_nodelay(true).ok()?;
        let mut bytes = Vec::new();
        let mut buffer = [0; 16 * 1024];
        loop {
            let count = (&stream).read(&mut buffer).ok().filter(|count| *count > 0)?;
            bytes.extend_from_slice(&buffer[..count]);
            let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let mut lines = head.lines();
            let line = lines.next()?.to_owned();
            let headers = lines.filter_map(|line| line.split_once(':'));
            let headers: Vec<_> =
                headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
            let mut request = Request { line, headers, body: bytes[end + 4..].to_vec() };
            let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            if request.body.len() >= length {
                request.body.truncate(length);
                return Some(Self { request, stream });
            }
        }
    }

    /// Sends bytes as they are. That the other side has gone is no failure.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref());
    }

    /// The head of a streamed answer, whose end is the connection's.
    pub fn begin(&mut self) {
        self.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n");
    }

    /// The head of a streamed answer in chunks, so that a missing end can be told from an end.
    pub fn begin_chunked(&mut self) {
        self.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
    }

    /// One HTTP chunk, after [`Exchange::begin_chunked`].
    pub fn chunk(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        let framed = [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
        self.send(framed);
    }

    /// A piece of the streamed answer, after [`Exchange::begin`].
    pub fn delta(&mut self, text: &str) {
        self.send(event(text));
    }

    /// Ends the streamed answer and the connection.
    pub fn finish(mut self) {
        self.send(last_events());
    }

    /// A whole streamed answer, in one go.
    pub fn answer(&mut self, text: &str) {
        self.begin();
        self.delta(text);
        self.send(last_events());
    }

    /// An answer that is no stream.
    pub fn respond(&mut self, status: &str, content_type: &str, body: &str) {
        let length = body.len();
        self.send(format!(
            "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        ));
    }

    /// Breaks the connection off, as a process that dies does: the other side sees a reset, not an end.
    pub fn reset(self) {
        let socket = socket2::SockRef::from(&self.stream);
        socket.set_linger(Some(Duration::ZERO)).expect("SO_LINGER");
    }

    /// Waits until the other side has closed the connection.
    pub fn wait_closed(&mut self) {
        match self.stream.read(&mut [0; 64]) {
            Ok(0) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Ok(count) => panic!("{count} more bytes came after the request"),
            Err(error) => panic!("the connection to the model is still open: {error}"),
        }
    }
}
