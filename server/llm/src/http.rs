//! The transport: requests, their time limits, their bodies; knows the formats only as [`Api`].

mod answer;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use jiff::Timestamp;
use reqwest::{
    Certificate, Client, Method, Response,
    header::{ACCEPT, CONTENT_TYPE},
    redirect,
};
use serde_json::Value;
use tokio::{
    sync::OnceCell,
    time::{Instant, timeout_at},
};

use crate::{
    Endpoint, Error, EventStream, Key, Kind, Model, Price, Provider, Quirks, Request, Secret, excerpt::is_visible,
    failure::Failure, model::is_open, quota, single_flight::SingleFlight, sse::DEFAULT_LIMIT, well_known::is_remote,
};

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

/// How a provider is spoken to.
#[derive(Debug, Clone)]
pub struct Dialect {
    /// The wire format.
    pub kind: Kind,
    /// What this server does otherwise than others of its kind.
    pub quirks: Quirks,
    /// The heading of its models in the table.
    pub heading: String,
    /// What the user says of its models, by their names.
    pub models: BTreeMap<String, Model>,
    /// It runs models itself, on the computer where it is.
    pub is_local: bool,
    /// How long it may take.
    pub timeouts: Timeouts,
}

impl Dialect {
    /// A format without anything special.
    pub fn of(kind: Kind) -> Self {
        Self {
            kind,
            quirks: Quirks::default(),
            heading: String::new(),
            models: BTreeMap::new(),
            is_local: false,
            timeouts: Timeouts::default(),
        }
    }
}

/// A provider behind an address.
#[derive(Debug, Clone)]
pub struct HttpProvider {
    http: Arc<Http>,
}

/// One endpoint, its connections, and what was learned of it.
#[derive(Debug)]
struct Http {
    endpoint: Endpoint,
    dialect: Dialect,
    client: OnceCell<Client>,
    /// From the endpoint's source, once it was asked.
    key: Mutex<Option<Option<Secret>>>,
    /// Held while the source is asked.
    asking: tokio::sync::Mutex<()>,
    /// What its own list says of its models.
    listed: RwLock<BTreeMap<String, Model>>,
    free_at: Mutex<Option<Instant>>,
    /// It has answered before, so a request may go over a connection that was kept.
    answered: AtomicBool,
    lists: SingleFlight<(), Result<Vec<(String, Model)>, Error>>,
    counts: SingleFlight<Vec<u8>, Result<Option<u64>, Error>>,
}

/// What was sent and is being answered.
struct Sent {
    response: Response,
    key: Option<Secret>,
    /// When the first event is due.
    deadline: Option<Instant>,
}

impl HttpProvider {
    /// Makes the provider; opens nothing.
    pub fn new(endpoint: Endpoint, dialect: Dialect) -> Self {
        Self {
            http: Arc::new(Http {
                endpoint,
                dialect,
                client: OnceCell::new(),
                key: Mutex::default(),
                asking: Default::default(),
                listed: RwLock::default(),
                free_at: Mutex::default(),
                answered: AtomicBool::default(),
                lists: SingleFlight::default(),
                counts: SingleFlight::default(),
            }),
        }
    }
}

impl HttpProvider {
    /// A question with one JSON answer, at a path below the base URL: what only this provider knows.
    pub async fn ask(&self, path: &str, body: &Value) -> Result<Value, Error> {
        self.http.ask(&Request::default(), Method::POST, path, Some(body)).await
    }
}

impl Provider for HttpProvider {
    fn name(&self) -> &str {
        self.http.endpoint.provider()
    }

    fn origin(&self) -> String {
        self.http.endpoint.origin()
    }

    fn is_local(&self) -> bool {
        self.http.endpoint.is_local()
    }

    fn stream(&self, request: Request) -> EventStream {
        answer::stream(Arc::clone(&self.http), request)
    }

    fn model(&self, name: &str) -> Model {
        self.http.model(name)
    }

    fn models(&self) -> BoxFuture<'static, Result<Vec<(String, Model)>, Error>> {
        let http = Arc::clone(&self.http);
        let ask = move || async move { http.list().await }.boxed();
        self.http.lists.get((), ask).boxed()
    }

    fn count(&self, request: Request) -> BoxFuture<'static, Result<Option<u64>, Error>> {
        let http = Arc::clone(&self.http);
        let counted = http.dialect.kind.api().count(&request, &http.model(&request.model), &http.dialect.quirks);
        let Some((path, body)) = counted else { return async { Ok(None) }.boxed() };
        let key = [path.as_bytes(), b"\n", body.to_string().as_bytes()].concat();
        let ask = move || async move { http.count(&request, &path, &body).await }.boxed();
        self.http.counts.get(key, ask).boxed()
    }

    fn free_at(&self) -> Option<Instant> {
        *self.http.free_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Http {
    fn model(&self, name: &str) -> Model {
        let listed = self.listed.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned().unwrap_or_default();
        let own = self.dialect.models.get(name).cloned().unwrap_or_default();
        let model = own.or(&listed).or(&Model::known(&self.dialect.heading, name));
        // What is known to run here costs nothing; behind another address here may be a gateway to anywhere.
        let runs_here = self.endpoint.is_loopback() && !is_remote(name) && (self.dialect.is_local || is_open(name));
        match runs_here {
            true => Model { price: model.price.or(Some(Price::FREE)), ..model },
            false => model,
        }
    }

    async fn list(&self) -> Result<Vec<(String, Model)>, Error> {
        let api = self.dialect.kind.api();
        let list = self.ask(&Request::default(), Method::GET, api.models_path(), None).await?;
        let mut models = api.models(&list);
        // Names are shown, on terminals too.
        models.retain(|(name, _)| is_visible(name));
        let known = models.iter().filter(|(_, model)| *model != Model::default()).cloned();
        self.listed.write().unwrap_or_else(PoisonError::into_inner).extend(known);
        Ok(models)
    }

    async fn count(&self, request: &Request, path: &str, body: &Value) -> Result<Option<u64>, Error> {
        let answer = self.ask(request, Method::POST, path, Some(body)).await?;
        Ok(self.dialect.kind.api().counted(&answer))
    }

    /// A question with one JSON answer.
    async fn ask(&self, request: &Request, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Error> {
        let body = body.map(Value::to_string);
        let Sent { mut response, key, deadline } = self.send(request, method, path, "application/json", body).await?;
        let failure = Failure { endpoint: &self.endpoint, request, key: key.as_ref() };
        let mut bytes = Vec::new();
        loop {
            let chunk = within(deadline, response.chunk()).await.ok_or_else(|| self.late())?;
            let Some(chunk) = chunk.map_err(|error| failure.receiving(&error))? else { break };
            bytes.extend_from_slice(&chunk);
            if bytes.len() > DEFAULT_LIMIT {
                return Err(Error::TooLong { at: self.endpoint.upstream(), limit: DEFAULT_LIMIT });
            }
        }
        serde_json::from_slice(&bytes).map_err(|_| failure.fault(crate::api::Fault::NotAnAnswer, &bytes))
    }

    /// Sends a request and returns its answer if it is one, with the key that was sent. A key that is no longer taken
    /// is asked for once more where it came from; and what was sent over a connection that the server was about to close,
    /// which none announces, is sent once more over another.
    async fn send(
        &self,
        request: &Request,
        method: Method,
        path: &str,
        accept: &'static str,
        body: Option<String>,
    ) -> Result<Sent, Error> {
        let client = self.client().await?;
        let mut refused = None;
        let mut may_be_stale = self.answered.load(Ordering::Relaxed);
        loop {
            let key = self.key(refused.as_ref()).await?;
            // The server's time begins once the key is there: a person may be asked for that.
            let deadline = Instant::now().checked_add(self.dialect.timeouts.first_event);
            let headers = self.endpoint.headers_with(key.as_ref());
            let headers =
                headers.map_err(|error| Error::Key { at: self.endpoint.upstream(), detail: error.to_string() })?;
            let mut sending =
                client.request(method.clone(), self.endpoint.url(path)).headers(headers).header(ACCEPT, accept);
            if let Some(body) = &body {
                sending = sending.header(CONTENT_TYPE, "application/json").body(body.clone());
            }
            let failure = Failure { endpoint: &self.endpoint, request, key: key.as_ref() };
            let sent = within(deadline, sending.send()).await.ok_or_else(|| self.late())?;
            let response = match sent {
                Ok(response) => response,
                Err(error) if may_be_stale && !error.is_connect() && !error.is_timeout() => {
                    may_be_stale = false;
                    continue;
                }
                Err(error) => return Err(failure.sending(&error, self.dialect.timeouts.connect)),
            };
            self.answered.store(true, Ordering::Relaxed);
            if let Some(wait) = quota::wait(response.headers(), Timestamp::now()) {
                *self.free_at.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now().checked_add(wait);
            }
            if response.status().is_success() {
                return Ok(Sent { response, key, deadline });
            }
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let body = error_body(response, self.dialect.timeouts.first_event.min(ERROR_BODY_WAIT)).await;
            let error = failure.status(status, &headers, &body);
            // Gemini says it with status 400; 403 is about what a key may do.
            let is_stale = matches!(error, Error::Auth { status: 400 | 401, .. }) && refused.is_none();
            if is_stale && matches!(self.endpoint.key(), Key::From(_)) && key.is_some() {
                refused = key;
                continue;
            }
            return Err(error);
        }
    }

    /// The key, asked for on first use, and again where it is the one that was `refused`.
    async fn key(&self, refused: Option<&Secret>) -> Result<Option<Secret>, Error> {
        let source = match self.endpoint.key() {
            Key::None => return Ok(None),
            Key::Given(secret) => return Ok(Some(secret.clone())),
            Key::From(source) => Arc::clone(source),
        };
        let _asking = self.asking.lock().await;
        let known = self.key.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(key) = known.filter(|key| refused.is_none() || key.as_ref() != refused) {
            return Ok(key);
        }
        let asked = tokio::task::spawn_blocking(move || source.key()).await;
        let asked = asked.unwrap_or_else(|_| Err("This is a bug of Aiex.".to_owned()));
        let key = asked.map_err(|detail| Error::Key { at: self.endpoint.upstream(), detail })?;
        let key = key.filter(|key| !key.expose().is_empty());
        *self.key.lock().unwrap_or_else(PoisonError::into_inner) = Some(key.clone());
        Ok(key)
    }

    /// The client, built on first use: reading the root certificates takes tens of milliseconds.
    async fn client(&self) -> Result<&Client, Error> {
        let build = || async {
            let (endpoint, connect) = (self.endpoint.clone(), self.dialect.timeouts.connect);
            let built = tokio::task::spawn_blocking(move || build(&endpoint, connect)).await;
            let failed = |detail: String| Error::Setup { at: self.endpoint.upstream(), detail };
            match built {
                Ok(Ok(client)) => Ok(client),
                Ok(Err(error)) => Err(failed(error.to_string())),
                Err(error) => Err(failed(error.to_string())),
            }
        };
        self.client.get_or_try_init(build).await
    }

    /// Nothing that means something came in time.
    fn late(&self) -> Error {
        Error::NoFirstEvent { at: self.endpoint.upstream(), after: self.dialect.timeouts.first_event }
    }
}

fn build(endpoint: &Endpoint, connect: Duration) -> reqwest::Result<Client> {
    // Fails only where the program has installed a provider already, which then serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .user_agent(concat!("aiex/", env!("CARGO_PKG_VERSION")))
        // A redirect would carry the prompt, and every key that is not in `Authorization`, to another origin.
        .redirect(redirect::Policy::none())
        .connect_timeout(connect);
    for pem in endpoint.certificates() {
        builder = builder.tls_certs_merge(Certificate::from_pem_bundle(pem)?);
    }
    if endpoint.is_loopback() {
        builder = builder.no_proxy();
        if endpoint.base_url().scheme() == "http" {
            // A local server must be reachable on a computer without root certificates.
            builder = builder.tls_certs_only([]);
        }
    }
    builder.build()
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
