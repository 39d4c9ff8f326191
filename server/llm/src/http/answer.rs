//! One answer while it arrives: sent for when it is first asked, decoded as its bytes come, given up when it is late.

use std::{collections::VecDeque, ops::Deref, sync::Arc, time::Duration};

use futures::{StreamExt, stream};
use reqwest::{Method, Response};
use tokio::time::{Instant, timeout};

use super::{Dialect, Http, within};
use crate::{
    Error, Event, EventStream, Request, Secret,
    api::{Decoder, Framing, Step},
    failure::Failure,
    frames::Frames,
    sse::{DEFAULT_LIMIT, SseEvent},
};

/// What follows a complete answer is read no longer and no further than this.
const REST_WAIT: Duration = Duration::from_secs(1);
const REST_LIMIT: usize = 64 * 1024;

/// The events of the answer to `request`, which is sent when the first of them is asked for.
pub(super) fn stream(http: Arc<Http>, request: Request) -> EventStream {
    let api = http.dialect.kind.api();
    let answer = Answer {
        http,
        request,
        decoder: api.decoder(),
        framing: api.framing(),
        key: None,
        body: Body::NotSent,
        deadline: None,
        begun: false,
        held: 0,
        ready: VecDeque::new(),
        failed: None,
    };
    stream::unfold(answer, |mut answer| async {
        let item = answer.next().await?;
        Some((item, answer))
    })
    .boxed()
}

/// One answer while it arrives.
struct Answer {
    http: Arc<Http>,
    request: Request,
    decoder: Box<dyn Decoder>,
    framing: Framing,
    /// The key that was sent.
    key: Option<Secret>,
    body: Body,
    /// When the next event that means something is due; `None` where the limit is beyond what a clock can say.
    deadline: Option<Instant>,
    /// Something that means something has arrived.
    begun: bool,
    /// Bytes of events since the last one that was passed on.
    held: usize,
    ready: VecDeque<Event>,
    /// To be yielded after what is ready.
    failed: Option<Error>,
}

/// Where an answer's bytes go.
enum Body {
    NotSent,
    /// Nothing but white space has arrived.
    Unknown(Response),
    Events(Response, Frames),
    /// Something else than an event stream; judged when it is complete.
    Whole(Response, Vec<u8>),
    Ended,
}

impl Answer {
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
        let Dialect { kind, quirks, .. } = &http.dialect;
        let (api, model) = (kind.api(), http.model(&self.request.model));
        let body = api.body(&self.request, &model, quirks).to_string();
        let path = api.path(&self.request);
        let accept = match self.framing {
            Framing::Sse => "text/event-stream",
            Framing::Lines => "application/x-ndjson",
        };
        let sent = http.send(&self.request, Method::POST, &path, accept, Some(body)).await?;
        (self.key, self.deadline) = (sent.key, sent.deadline);
        Ok(sent.response)
    }

    /// Tells a stream of events from anything else by its first character, because content types can't be trusted: no
    /// field name of a server-sent event begins like JSON or HTML, and no line of NDJSON like HTML or a list.
    async fn sniff(&mut self, mut response: Response) -> Result<Body, Error> {
        let Some(chunk) = self.chunk(&mut response).await? else { return self.ended() };
        let skipped = |byte: &u8| byte.is_ascii_whitespace() || "\u{feff}".as_bytes().contains(byte);
        let start = chunk.iter().position(|byte| !skipped(byte)).unwrap_or(chunk.len());
        let bytes = chunk.get(start..).unwrap_or_default();
        match (bytes.first(), self.framing) {
            (None, _) => Ok(Body::Unknown(response)),
            (Some(b'[' | b'<'), _) | (Some(b'{'), Framing::Sse) => {
                self.moved();
                Ok(Body::Whole(response, bytes.to_vec()))
            }
            (Some(_), framing) => {
                let mut frames = Frames::new(framing);
                let done = self.decode(&mut frames, bytes)?;
                Ok(if done { finish(response) } else { Body::Events(response, frames) })
            }
        }
    }

    async fn events(&mut self, mut response: Response, mut frames: Frames) -> Result<Body, Error> {
        if let Some(chunk) = self.chunk(&mut response).await? {
            let done = self.decode(&mut frames, &chunk)?;
            return Ok(if done { finish(response) } else { Body::Events(response, frames) });
        }
        let rest: Vec<_> = frames.rest().into_iter().collect();
        if self.decode_events(&rest)? { Ok(Body::Ended) } else { self.ended() }
    }

    /// The body ended cleanly, which the answer may not have.
    fn ended(&mut self) -> Result<Body, Error> {
        let mut out = Vec::new();
        let ended = self.decoder.end(&mut out);
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
        let decoded = self.decoder.whole(&bytes, &mut out);
        decoded.map_err(|fault| self.failure().fault(fault, &bytes))?;
        self.ready.extend(out);
        Ok(Body::Ended)
    }

    /// Decodes the events that `bytes` complete; whether the answer is then complete.
    fn decode(&mut self, frames: &mut Frames, bytes: &[u8]) -> Result<bool, Error> {
        let mut events = Vec::new();
        let pushed = frames.push(bytes, &mut events);
        if self.decode_events(&events)? {
            return Ok(true);
        }
        pushed.map_err(|error| self.too_long(error.limit))?;
        Ok(false)
    }

    fn decode_events(&mut self, events: &[SseEvent]) -> Result<bool, Error> {
        let mut out = Vec::new();
        for event in events {
            let step = self.decoder.event(event, &mut out);
            // What becomes no event is held by the decoder, as a call is until it is whole.
            self.held = if out.is_empty() { self.held + event.data.len() } else { 0 };
            if self.held > DEFAULT_LIMIT {
                return Err(self.too_long(DEFAULT_LIMIT));
            }
            self.ready.extend(out.drain(..));
            match step.map_err(|fault| self.failure().fault(fault, &[]))? {
                Step::Nothing => {}
                Step::Progress => self.moved(),
                Step::Done => return Ok(true),
            }
        }
        Ok(false)
    }

    async fn chunk(&mut self, response: &mut Response) -> Result<Option<impl Deref<Target = [u8]> + use<>>, Error> {
        let chunk = within(self.deadline, response.chunk()).await.ok_or_else(|| self.late())?;
        chunk.map_err(|error| self.failure().receiving(&error))
    }

    fn moved(&mut self) {
        self.begun = true;
        self.deadline = Instant::now().checked_add(self.http.dialect.timeouts.idle);
    }

    fn late(&self) -> Error {
        match self.begun {
            false => self.http.late(),
            true => Error::Silent { at: self.http.endpoint.upstream(), after: self.http.dialect.timeouts.idle },
        }
    }

    fn too_long(&self, limit: usize) -> Error {
        Error::TooLong { at: self.http.endpoint.upstream(), limit }
    }

    fn failure(&self) -> Failure<'_> {
        Failure { endpoint: &self.http.endpoint, request: &self.request, key: self.key.as_ref() }
    }
}

/// The answer is complete, its body need not be: many servers send the last bytes of HTTP's apart. Only a body that was
/// read to its end leaves a connection for the next request.
fn finish(mut response: Response) -> Body {
    let rest = async move {
        let mut left = Some(REST_LIMIT);
        while let Some(room) = left
            && let Ok(Some(chunk)) = response.chunk().await
        {
            left = room.checked_sub(chunk.len());
        }
    };
    tokio::spawn(timeout(REST_WAIT, rest));
    Body::Ended
}
