//! The transport: one POST, its time limits, its body; knows the codecs only as [`Codec`].

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, Response, redirect};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};

use crate::codec::{Codec, Step};
use crate::failure::Failure;
use crate::sse::{DEFAULT_LIMIT, SseDecoder};
use crate::{Endpoint, Error, Event, EventStream, Request};

/// An error body is read no longer and no further than this: only its first lines are shown.
const ERROR_BODY_WAIT: Duration = Duration::from_secs(5);
const ERROR_BODY_LIMIT: usize = 64 * 1024;

/// How long to wait for a server. There is no limit for a whole answer, as long as it moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For name resolution, connection and TLS together; 10 s by default.
    pub connect: Duration,
    /// From the request to the first event that means something; 60 s by default. Comments do not count.
    pub first_event: Duration,
    /// Between two events that mean something; 300 s by default. Comments do not count.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), first_event: Duration::from_secs(60), idle: Duration::from_secs(300) }
    }
}

/// One endpoint and its connections.
#[derive(Debug)]
pub(crate) struct Http {
    endpoint: Endpoint,
    timeouts: Timeouts,
    client: OnceCell<Client>,
}

impl Http {
    pub(crate) fn new(endpoint: Endpoint, timeouts: Timeouts) -> Self {
        Self { endpoint, timeouts, client: OnceCell::new() }
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The answer to `request`, sent when the stream is first polled.
    pub(crate) fn stream(self: Arc<Self>, request: Request, codec: impl Codec) -> EventStream {
        let answer = Answer {
            http: self,
            request,
            codec,
            body: Body::NotSent,
            deadline: None,
            begun: false,
            ready: VecDeque::new(),
            failed: None,
        };
        stream::unfold(answer, |mut answer| async {
            let item = answer.next().await?;
            Some((item, answer))
        })
        .boxed()
    }

    /// The client, built on first use: reading the root certificates takes tens of milliseconds.
    async fn client(&self) -> Result<&Client, Error> {
        let build = || async {
            let connect = self.timeouts.connect;
            let loopback = self.endpoint.is_loopback();
            let tls = self.endpoint.base_url().scheme() == "https";
            let built = tokio::task::spawn_blocking(move || build(connect, loopback, tls)).await;
            let failed = |detail: String| Error::Setup { at: self.endpoint.upstream(), detail };
            match built {
                Ok(Ok(client)) => Ok(client),
                Ok(Err(error)) => Err(failed(error.to_string())),
                Err(error) => Err(failed(error.to_string())),
            }
        };
        self.client.get_or_try_init(build).await
    }
}

fn build(connect: Duration, loopback: bool, tls: bool) -> reqwest::Result<Client> {
    // Fails only where the program has installed a provider already, which then serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .user_agent(concat!("aiex/", env!("CARGO_PKG_VERSION")))
        // A redirect would carry the prompt, and every key that is not in `Authorization`, to another origin.
        .redirect(redirect::Policy::none())
        .connect_timeout(connect);
    if loopback {
        builder = builder.no_proxy();
        if !tls {
            // A local server must be reachable on a computer without root certificates.
            builder = builder.tls_certs_only([]);
        }
    }
    builder.build()
}

/// One answer while it arrives.
struct Answer<C> {
    http: Arc<Http>,
    request: Request,
    codec: C,
    body: Body,
    /// When the next event that means something is due; `None` where the limit is beyond what a clock can say.
    deadline: Option<Instant>,
    /// Something that means something has arrived.
    begun: bool,
    ready: VecDeque<Event>,
    /// To be yielded after what is ready.
    failed: Option<Error>,
}

/// Where an answer's bytes go.
enum Body {
    NotSent,
    /// Nothing but white space has arrived.
    Unknown(Response),
    Events(Response, SseDecoder),
    /// Something else than an event stream; judged when it is complete.
    Whole(Response, Vec<u8>),
    Ended,
}

impl<C: Codec> Answer<C> {
    async fn next(&mut self) -> Option<Result<Event, Error>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Ok(event));
            }
            if let Some(error) = self.failed.take() {
                return Some(Err(error));
            }
            // Taking the body closes its socket, unless it is put back.
            let advanced = match std::mem::replace(&mut self.body, Body::Ended) {
                Body::Ended => return None,
                Body::NotSent => self.send().await.map(Body::Unknown),
                Body::Unknown(response) => self.sniff(response).await,
                Body::Events(response, decoder) => self.events(response, decoder).await,
                Body::Whole(response, bytes) => self.whole(response, bytes).await,
            };
            match advanced {
                Ok(body) => self.body = body,
                Err(error) => self.failed = Some(error),
            }
        }
    }

    async fn send(&mut self) -> Result<Response, Error> {
        let http = Arc::clone(&self.http);
        let body = self.codec.encode(&self.request);
        let body = body.map_err(|error| Error::Setup { at: http.endpoint.upstream(), detail: error.to_string() })?;
        let client = http.client().await?;
        let sending = client
            .post(http.endpoint.url(self.codec.path()))
            .headers(http.endpoint.headers().clone())
            .header(ACCEPT, "text/event-stream")
            .header(CONTENT_TYPE, "application/json")
            .body(body)
            .send();
        self.deadline = Instant::now().checked_add(http.timeouts.first_event);
        let sent = within(self.deadline, sending).await.ok_or_else(|| self.late())?;
        let response = sent.map_err(|error| self.failure().sending(&error, http.timeouts.connect))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = error_body(response, http.timeouts.first_event.min(ERROR_BODY_WAIT)).await;
        Err(self.failure().status(status, &headers, &body))
    }

    /// Tells an event stream from anything else by its first character, because content types can't be trusted: no
    /// field name of an event begins like JSON or HTML.
    async fn sniff(&mut self, mut response: Response) -> Result<Body, Error> {
        let Some(chunk) = self.chunk(&mut response).await? else { return self.ended() };
        let skipped = |byte: &u8| byte.is_ascii_whitespace() || "\u{feff}".as_bytes().contains(byte);
        let start = chunk.iter().position(|byte| !skipped(byte)).unwrap_or(chunk.len());
        let bytes = chunk.get(start..).unwrap_or_default();
        match bytes.first() {
            None => Ok(Body::Unknown(response)),
            Some(b'{' | b'[' | b'<') => {
                self.moved();
                Ok(Body::Whole(response, bytes.to_vec()))
            }
            Some(_) => {
                let mut decoder = SseDecoder::default();
                Ok(if self.decode(&mut decoder, bytes)? { Body::Ended } else { Body::Events(response, decoder) })
            }
        }
    }

    async fn events(&mut self, mut response: Response, mut decoder: SseDecoder) -> Result<Body, Error> {
        if let Some(chunk) = self.chunk(&mut response).await? {
            let done = self.decode(&mut decoder, &chunk)?;
            return Ok(if done { Body::Ended } else { Body::Events(response, decoder) });
        }
        self.ended()
    }

    /// The body ended cleanly, which the answer may not have.
    fn ended(&mut self) -> Result<Body, Error> {
        let mut out = Vec::new();
        let ended = self.codec.end(&mut out);
        self.ready.extend(out);
        ended.map_err(|fault| self.failure().fault(fault, &[]))?;
        Ok(Body::Ended)
    }

    async fn whole(&mut self, mut response: Response, mut bytes: Vec<u8>) -> Result<Body, Error> {
        if let Some(chunk) = self.chunk(&mut response).await? {
            self.moved();
            bytes.extend_from_slice(&chunk);
            if bytes.len() > DEFAULT_LIMIT {
                return Err(self.too_long(DEFAULT_LIMIT));
            }
            return Ok(Body::Whole(response, bytes));
        }
        let mut out = Vec::new();
        let decoded = self.codec.whole(&bytes, &mut out);
        decoded.map_err(|fault| self.failure().fault(fault, &bytes))?;
        self.ready.extend(out);
        Ok(Body::Ended)
    }

    /// Decodes the events that `bytes` complete; whether the answer is then complete.
    fn decode(&mut self, decoder: &mut SseDecoder, bytes: &[u8]) -> Result<bool, Error> {
        let mut events = Vec::new();
        let pushed = decoder.push(bytes, &mut events);
        for event in &events {
            let mut out = Vec::new();
            let step = self.codec.event(event, &mut out);
            self.ready.extend(out);
            match step.map_err(|fault| self.failure().fault(fault, &[]))? {
                Step::Nothing => {}
                Step::Progress => self.moved(),
                Step::Done => return Ok(true),
            }
        }
        pushed.map_err(|error| self.too_long(error.limit))?;
        Ok(false)
    }

    async fn chunk(&mut self, response: &mut Response) -> Result<Option<impl Deref<Target = [u8]> + use<C>>, Error> {
        let chunk = within(self.deadline, response.chunk()).await.ok_or_else(|| self.late())?;
        chunk.map_err(|error| self.failure().receiving(&error))
    }

    fn moved(&mut self) {
        self.begun = true;
        self.deadline = Instant::now().checked_add(self.http.timeouts.idle);
    }

    fn late(&self) -> Error {
        let at = self.http.endpoint.upstream();
        match self.begun {
            false => Error::NoFirstEvent { at, after: self.http.timeouts.first_event },
            true => Error::Silent { at, after: self.http.timeouts.idle },
        }
    }

    fn too_long(&self, limit: usize) -> Error {
        Error::TooLong { at: self.http.endpoint.upstream(), limit }
    }

    fn failure(&self) -> Failure<'_> {
        Failure { endpoint: &self.http.endpoint, request: &self.request }
    }
}

/// `future`, or `None` at the deadline. A future that is ready comes first in `timeout_at`, so a server that is never
/// silent would never be late: hence the look at the clock before.
async fn within<T>(deadline: Option<Instant>, future: impl Future<Output = T>) -> Option<T> {
    match deadline {
        Some(deadline) if deadline <= Instant::now() => None,
        Some(deadline) => timeout_at(deadline, future).await.ok(),
        None => Some(future.await),
    }
}

/// As much of an error body as arrives.
async fn error_body(mut response: Response, wait: Duration) -> Vec<u8> {
    let deadline = Instant::now().checked_add(wait);
    let mut body = Vec::new();
    while body.len() < ERROR_BODY_LIMIT
        && let Some(Ok(Some(chunk))) = within(deadline, response.chunk()).await
    {
        body.extend_from_slice(&chunk);
    }
    body
}
