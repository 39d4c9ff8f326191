//! What the router costs: memory, throughput, delay. Prints the table that README quotes.
//!
//! `cargo bench -p aiex-tests --bench router` (Linux, on a quiet machine with two cores or more; half a minute). The
//! model's server is a process of its own, this program once more, so that what is measured here is the client alone.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use aiex_llm::{
    Dialect, Endpoint, EndpointOptions, Event, EventStream, Health, HttpProvider, Kind, Limits, Message, Request,
    Router, Strategy, Target,
};
use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime::{self, Runtime},
    sync::{mpsc, watch},
};

const STREAMS: usize = 1000;
/// The pieces of each of them.
const PIECES: usize = 64;
/// The bytes of each prompt: a file of code with a question.
const PROMPT: usize = 8 * 1024;
const EVENTS: usize = 500_000;
const FLOODS: usize = 5;
const FIRSTS: usize = 300;
const WARM_UPS: usize = 20;
const PATIENCE: Duration = Duration::from_secs(60);
const MODEL: &str = "model-with-a-name";

fn main() {
    if std::env::args().nth(1).as_deref() == Some("serve") {
        return one_thread().block_on(serve());
    }
    println!("| what | measured | goal |\n|---|---|---|");
    let per_stream = simultaneous();
    println!("| {STREAMS} streams at once, of {PIECES} pieces each: pieces lost, doubled or mixed | 0 | 0 |");
    println!(
        "| memory of each, all half sent, with a prompt of {} KiB | {:.0} KiB | under 100 KiB |",
        PROMPT / 1024,
        per_stream / 1024.0
    );
    for (streams, name) in [(1, "one stream"), (8, "eight streams")] {
        let rate = median((0..FLOODS).map(|_| flood(streams)).collect());
        println!("| events relayed in a second on one core, {name} | {:.0} thousand | 200 thousand |", rate / 1000.0);
    }
    let [router, bare] = first_tokens().map(|all| median(all) * 1e6);
    println!(
        "| time to first token | {router:.0} µs: {:.0} µs beyond a bare client's {bare:.0} µs | 1 ms beyond |",
        router - bare
    );
}

/// In bytes. Each piece of each stream is compared with what was sent.
fn simultaneous() -> f64 {
    let mut server = Server::start();
    // As in the language server.
    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let router = router(&server);
    let before = memory("VmRSS:");
    let (half_sent, mut half) = mpsc::channel(STREAMS);
    let read = |stream: usize| {
        let (mut events, half_sent) = (router.stream(request(&format!("halves {stream}")), "bench"), half_sent.clone());
        async move {
            for number in 0..PIECES {
                assert_eq!(next_text(&mut events).await, piece(stream, number));
                if number + 1 == PIECES / 2 {
                    half_sent.send(()).await.expect("who counts them");
                }
            }
            end(&mut events).await;
        }
    };
    let readers: Vec<_> = (0..STREAMS).map(|stream| runtime.spawn(read(stream))).collect();
    let peak = runtime.block_on(async {
        for _ in 0..STREAMS {
            // A stream that has failed never comes so far.
            tokio::time::timeout(PATIENCE, half.recv()).await.expect("the half of every stream");
        }
        let peak = memory("VmHWM:");
        server.go_on();
        for reader in readers {
            reader.await.expect("every piece in its place");
        }
        peak
    });
    (peak - before) / STREAMS as f64
}

/// Events in a second, from the first to the last.
fn flood(streams: usize) -> f64 {
    let server = Server::start();
    let router = router(&server);
    let took = one_thread().block_on(async {
        let request = request(&format!("flood {}", EVENTS / streams));
        let mut all = Vec::new();
        for _ in 0..streams {
            let mut stream = router.stream(request.clone(), "bench");
            next_text(&mut stream).await;
            all.push(stream);
        }
        let begin = Instant::now();
        let read = all.into_iter().map(|mut stream| async move {
            for _ in 1..EVENTS / streams {
                next_text(&mut stream).await;
            }
            end(&mut stream).await;
        });
        futures::future::join_all(read).await;
        begin.elapsed()
    });
    EVENTS as f64 / took.as_secs_f64()
}

/// In seconds: the router's, and those of a client that only sends the same body and reads the first bytes.
fn first_tokens() -> [Vec<f64>; 2] {
    let server = Server::start();
    let router = router(&server);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let bare = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("a client");
    let url = format!("{}/chat/completions", server.base_url);
    let body = json!({
        "model": MODEL,
        "messages": [{"role": "user", "content": prompt("first")}],
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    let by_router = async |runs: &mut Vec<f64>| {
        let begin = Instant::now();
        let mut stream = router.stream(request("first"), "bench");
        next_text(&mut stream).await;
        runs.push(begin.elapsed().as_secs_f64());
        end(&mut stream).await;
    };
    let by_itself = async |runs: &mut Vec<f64>| {
        let begin = Instant::now();
        let sending = bare.post(&url).header("content-type", "application/json").body(body.to_string());
        let mut answer = sending.send().await.expect("an answer");
        answer.chunk().await.expect("a chunk").expect("a first one");
        runs.push(begin.elapsed().as_secs_f64());
        while answer.chunk().await.expect("a chunk").is_some() {}
    };
    let all = one_thread().block_on(async {
        let (mut routed, mut bare) = (Vec::new(), Vec::new());
        for _ in 0..WARM_UPS + FIRSTS {
            by_router(&mut routed).await;
            by_itself(&mut bare).await;
        }
        [routed, bare]
    });
    all.map(|runs| runs[WARM_UPS..].to_vec())
}

fn one_thread() -> Runtime {
    runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn router(server: &Server) -> Router {
    let options =
        EndpointOptions { provider: "bench".into(), base_url: server.base_url.clone(), ..EndpointOptions::default() };
    let endpoint = Endpoint::new(options).expect("an endpoint");
    let provider = Arc::new(HttpProvider::new(endpoint, Dialect::of(Kind::OpenAiChat)));
    let target = Target { provider, model: MODEL.into(), limits: Limits::default() };
    Router::new(vec![target], Strategy::Ordered, Router::PATIENCE, Arc::new(Health::default()), None)
}

/// A prompt of the usual length whose last line tells the server what to do.
fn prompt(command: &str) -> String {
    let line = "    def total(%Cart{} = cart), do: Enum.sum_by(cart.lines, & &1.price * &1.count) # é\n";
    format!("{}{command}", line.repeat(PROMPT / line.len()))
}

fn request(command: &str) -> Request {
    Request { messages: vec![Message::user(prompt(command))], ..Request::default() }
}

/// The next piece of the answer's text.
async fn next_text(stream: &mut EventStream) -> String {
    loop {
        match stream.next().await.expect("an answer has an end").expect("no failure") {
            Event::Text(text) => return text,
            Event::Answering { .. } => {}
            other => panic!("{other:?} in place of text"),
        }
    }
}

/// What comes after the last piece.
async fn end(stream: &mut EventStream) {
    let Some(Ok(Event::Spent(_))) = stream.next().await else { panic!("more than the text") };
    let Some(Ok(Event::Stop(_))) = stream.next().await else { panic!("no end") };
    assert!(stream.next().await.is_none());
}

/// What the kernel says of this process, in bytes.
fn memory(field: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("/proc");
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.trim().strip_suffix(" kB"));
    line.and_then(|kib| kib.parse::<f64>().ok()).expect(field) * 1024.0
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// The server's process. Ends when dropped.
struct Server {
    child: Child,
    input: Option<ChildStdin>,
    base_url: String,
}

impl Server {
    fn start() -> Self {
        let own = std::env::current_exe().expect("the benchmark's own path");
        let mut child = Command::new(own)
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the benchmark's server starts");
        let mut address = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut address).expect("its address");
        Self { input: child.stdin.take(), child, base_url: format!("http://{}/v1", address.trim_end()) }
    }

    /// The second half of all streams.
    fn go_on(&mut self) {
        self.input.as_mut().expect("its input").write_all(b"\n").expect("it listens");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

/// Serves until standard input ends. A byte on it is the word for the second half of all streams.
async fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    println!("{}", listener.local_addr().expect("its address"));
    let (word, may_go_on) = watch::channel(false);
    let accept = async {
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            tokio::spawn(answer_all(stream, may_go_on.clone()));
        }
    };
    let listen = async {
        let mut input = tokio::io::stdin();
        while input.read(&mut [0]).await.is_ok_and(|count| count > 0) {
            word.send_replace(true);
        }
    };
    tokio::select! {
        () = accept => {}
        () = listen => {}
    }
    // Not a return: the thread that reads standard input may not end.
    std::process::exit(0);
}

/// Answers the requests of a connection, one after another, until the client is gone.
async fn answer_all(mut stream: TcpStream, mut may_go_on: watch::Receiver<bool>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut bytes = Vec::new();
    loop {
        let prompt = next_prompt(&mut stream, &mut bytes).await?;
        let command = prompt.lines().last().unwrap_or_default().to_owned();
        let (name, number) = command.split_once(' ').unwrap_or((&command, "0"));
        let number: usize = number.parse().expect("a number");
        stream.write_all(HEAD.as_bytes()).await.ok()?;
        match name {
            "halves" => {
                for half in [0..PIECES / 2, PIECES / 2..PIECES] {
                    if half.start > 0 {
                        may_go_on.wait_for(|may| *may).await.ok()?;
                    }
                    for part in half {
                        stream.write_all(chunk(&piece(number, part)).as_bytes()).await.ok()?;
                        // The others' turn, so that their pieces mix on the way.
                        tokio::task::yield_now().await;
                    }
                }
            }
            "flood" => {
                let mut block = String::new();
                (0..BLOCK).for_each(|_| block.push_str(&chunk(" word")));
                stream.write_all(chunk(" word").as_bytes()).await.ok()?;
                // The other streams begin too.
                tokio::task::yield_now().await;
                let mut left = number - 1;
                while left >= BLOCK {
                    stream.write_all(block.as_bytes()).await.ok()?;
                    left -= BLOCK;
                }
                stream.write_all(chunk(" word").repeat(left).as_bytes()).await.ok()?;
            }
            _ => stream.write_all(chunk("word").as_bytes()).await.ok()?,
        }
        stream.write_all(last_chunks().as_bytes()).await.ok()?;
    }
}

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
/// Events in a write, so that the server is faster than its client.
const BLOCK: usize = 256;

/// What a stream says at this place, and no stream at another.
fn piece(stream: usize, number: usize) -> String {
    format!(" {stream}.{number} Ünï 世界 🦀")
}

/// An event with a piece of the answer, as OpenAI sends them, in an HTTP chunk of its own.
fn chunk(text: &str) -> String {
    framed(&json!({"index": 0, "delta": {"content": text}, "logprobs": null, "finish_reason": null}))
}

fn last_chunks() -> String {
    let last = framed(&json!({"index": 0, "delta": {}, "logprobs": null, "finish_reason": "stop"}));
    format!("{last}e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
}

fn framed(choice: &Value) -> String {
    let id = "chatcmpl-BxYz0123456789abcdefghijklmno";
    let event = format!(
        "data: {{\"id\":\"{id}\",\"object\":\"chat.completion.chunk\",\"created\":1795250076,\"model\":\"{MODEL}\",\
         \"system_fingerprint\":\"fp_0123456789\",\"choices\":[{choice}],\"usage\":null}}\n\n"
    );
    format!("{:x}\r\n{event}\r\n", event.len())
}

/// The text of the next request's message; `None` where the client has closed the connection.
async fn next_prompt(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
            let whole = end + 4 + length.unwrap_or(0);
            if bytes.len() >= whole {
                let body: Value = serde_json::from_slice(&bytes[end + 4..whole]).expect("JSON");
                bytes.drain(..whole);
                return Some(body["messages"][0]["content"].as_str().expect("a text").to_owned());
            }
        }
        if stream.read_buf(bytes).await.ok()? == 0 {
            return None;
        }
    }
}
