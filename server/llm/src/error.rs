//! Why an answer failed, in words that a user can act on; how a failure is recognised is not its business.
//!
//! No message holds a key or a prompt: whatever a server said passes through `excerpt` first.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What a server said about asking again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retry {
    /// The shortest wait before it.
    pub after: Option<Duration>,
    /// Whether to do it at all, whatever the status says (`x-should-retry`).
    pub told: Option<bool>,
}

/// Who failed: the provider's name and the origin of its address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Upstream {
    provider: Arc<str>,
    origin: Arc<str>,
}

impl Upstream {
    /// `origin` is scheme, host and port, such as `https://api.openai.com`.
    pub fn new(provider: &str, origin: &str) -> Self {
        Self { provider: provider.into(), origin: origin.into() }
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.provider, self.origin)
    }
}

/// Why an answer failed.
///
/// In every variant `at` is who failed and `detail` what the server or system said about it: one short line, free
/// of control characters, key and prompt; empty where nothing was said.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "the fields that recur are described once, above")]
pub enum Error {
    /// The connection could not even be prepared.
    #[error("Could not prepare the request to {at}.{} Check this computer's root certificates.", reason(detail))]
    Setup { at: Upstream, detail: String },

    /// Nothing listens there.
    #[error("{at} refused the connection. Check that the server runs and that base_url has the right host and port.")]
    Refused { at: Upstream },

    /// The host name has no address.
    #[error("The host of {at} was not found. Check base_url and your network connection.")]
    Dns { at: Upstream },

    /// The secure connection was not established, mostly for a certificate.
    #[error(
        "No secure connection to {at}.{} Check base_url, this computer's clock, and any proxy between; a certificate of \
         your own goes into ca_file.",
        reason(detail)
    )]
    Tls { at: Upstream, detail: String },

    /// The connection failed in another way.
    #[error("Could not connect to {at}.{} Check your network connection and proxy settings.", reason(detail))]
    Connect { at: Upstream, detail: String },

    /// The connection was not established in time.
    #[error(
        "{at} did not accept a connection within {}. Check base_url, your network connection and proxy settings.",
        seconds(after)
    )]
    ConnectTimeout { at: Upstream, after: Duration },

    /// The request was accepted, the answer did not begin.
    #[error(
        "{at} did not begin to answer within {}. It may be overloaded or loading the model: try again, or allow more \
         time for the first event.",
        seconds(after)
    )]
    NoFirstEvent { at: Upstream, after: Duration },

    /// The answer began and then stalled.
    #[error("{at} stopped in the middle of its answer: nothing came for {}. Ask again.", seconds(after))]
    Silent { at: Upstream, after: Duration },

    /// The connection broke before the answer was complete.
    #[error(
        "The connection to {at} broke before the answer was complete.{} Check your network connection and ask again.",
        reason(detail)
    )]
    Reset { at: Upstream, detail: String },

    /// The answer ended without saying that it was complete.
    #[error("{at} ended its answer without saying that it was complete, so a part may be missing. Ask again.")]
    Truncated { at: Upstream },

    /// Something in the answer could not be read.
    #[error(
        "{at} sent an event that could not be read.{} Ask again; if it happens again, check that base_url is an API \
         of the configured kind.",
        reason(detail)
    )]
    Malformed { at: Upstream, detail: String },

    /// An event was longer than this program takes.
    #[error(
        "{at} sent an event of more than {limit} bytes. Ask again; if it happens again, check that base_url is an \
         API of the configured kind."
    )]
    TooLong {
        at: Upstream,
        /// In bytes.
        limit: usize,
    },

    /// The answer was neither an event stream nor a complete answer.
    #[error(
        "{at} answered with something else than a model's answer.{} Check that base_url is the address of the API, \
         often ending in /v1, and not of a web page.",
        said(detail)
    )]
    NotAnAnswer { at: Upstream, detail: String },

    /// The key is missing, wrong, or not permitted to do this.
    #[error(
        "{at} {} (status {status}).{} Check the key that is configured for this provider.",
        match (*sent, status) {
            (true, 403) => "does not permit this request with the API key",
            (true, _) => "did not accept the API key",
            (false, _) => "needs an API key, and none is configured",
        },
        said(detail)
    )]
    Auth {
        at: Upstream,
        status: u16,
        /// Whether a key was sent.
        sent: bool,
        detail: String,
    },

    /// There is no such model, or no such API at that address.
    #[error(
        "{at} does not know the model `{model}`, or base_url {base_url} is not the address of its API (status 404).{} \
         Check both.",
        said(detail)
    )]
    NotFound { at: Upstream, model: String, base_url: String, detail: String },

    /// Too many requests or tokens in a short time.
    #[error("{at} limits how much may be asked.{} Try again {}.", said(detail), when(retry))]
    RateLimited { at: Upstream, retry: Retry, detail: String },

    /// The account has no credit left.
    #[error("The account at {at} has no quota or credit left.{} Check its plan and billing.", said(detail))]
    Quota { at: Upstream, detail: String },

    /// The request is longer than the model can read.
    #[error(
        "The request is too long for the model `{model}` of {at}{}.{} Select less, or choose a model with a larger \
         context.",
        numbers(used, limit),
        said(detail)
    )]
    ContextOverflow {
        at: Upstream,
        model: String,
        /// The tokens that the request has, where the server said it.
        used: Option<u64>,
        /// The tokens that the model can read, where the server said it.
        limit: Option<u64>,
        detail: String,
    },

    /// The provider's content policy refused the request.
    #[error("{at} refused to answer because of its content policy.{} Ask in another way.", said(detail))]
    Refusal { at: Upstream, detail: String },

    /// The server can't do what the request asks.
    #[error(
        "{at} rejected the request (status {status}).{} Check that the model `{model}` supports the configured settings.",
        said(detail)
    )]
    Rejected { at: Upstream, status: u16, model: String, detail: String },

    /// The server failed or is overloaded.
    #[error("{at} could not answer now (status {status}).{} Try again {}.", said(detail), when(retry))]
    Unavailable { at: Upstream, status: u16, retry: Retry, detail: String },

    /// The server reported an error within an answer.
    #[error("{at} reported an error instead of an answer.{} Ask again.", said(detail))]
    Reported { at: Upstream, detail: String },

    /// The server points elsewhere, and keys and prompts do not follow.
    #[error(
        "{at} redirects to {to}, and requests with a key do not follow redirects. If you trust that address, change \
         base_url to match it."
    )]
    Redirect {
        at: Upstream,
        /// The address that it points to, without its query.
        to: String,
    },

    /// The key could not be read from where it is kept.
    #[error("The API key of {at} could not be read. {detail}")]
    Key { at: Upstream, detail: String },

    /// It failed so often lately that it is left in peace for a while.
    #[error(
        "{at} failed most of its last requests, so `{model}` is not asked again for {}; the log says how it failed.",
        seconds(&rounded(*wait))
    )]
    Resting { at: Upstream, model: String, wait: Duration },

    /// More is asked at once, or in a minute, than is configured or than the provider lets through.
    #[error("{at} takes no more requests for now. Try again {}.", when(&Retry { after: *wait, told: None }))]
    Busy { at: Upstream, wait: Option<Duration> },

    /// The day's money is spent.
    #[error(
        "Today's limit of ${limit_usd:.2} would be passed: ${today_usd:.2} is spent. Raise limits.daily_cost_usd, ask a \
         local model, or wait for tomorrow; `aiex usage` shows what was spent."
    )]
    Limit {
        /// What may be spent in a day, in US dollars.
        limit_usd: f64,
        /// What was spent, in US dollars.
        today_usd: f64,
    },

    /// What was spent can't be looked up, so nothing more is.
    #[error(
        "What was spent today could not be looked up, and limits.daily_cost_usd is set, so nothing is sent. {detail}"
    )]
    Ledger { detail: String },

    /// The model can't take what the request has.
    #[error("The model `{model}` of {at} {what}. Choose another model.")]
    Unsupported {
        at: Upstream,
        model: String,
        /// Such as `can't see pictures`.
        what: &'static str,
    },

    /// None of several could answer.
    #[error("None of {} models could answer. {}", .0.len(), .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))]
    All(Vec<Error>),

    /// The user cancelled.
    #[error("The request was cancelled.")]
    Cancelled,
}

/// What a failure means for a retry, for another provider, and for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The server or the network failed; the same request may succeed later.
    Transient,
    /// Too much was asked in a short time; the same request succeeds after a wait.
    RateLimited,
    /// Nothing succeeds until the account is paid or a period ends.
    Quota,
    /// The key must be corrected first.
    Auth,
    /// The request or the settings must be corrected first.
    Invalid,
    /// The request must be made shorter first.
    ContextOverflow,
    /// The provider does not want to answer this.
    Refusal,
    /// The answer ended too early.
    Truncated,
    /// The user did not want it any more.
    Cancelled,
}

impl Error {
    /// The class of this failure.
    pub fn class(&self) -> Class {
        match self {
            Self::Refused { .. }
            | Self::Dns { .. }
            | Self::Connect { .. }
            | Self::ConnectTimeout { .. }
            | Self::NoFirstEvent { .. }
            | Self::Silent { .. }
            | Self::Reset { .. }
            | Self::Malformed { .. }
            | Self::TooLong { .. }
            | Self::Unavailable { .. }
            | Self::Reported { .. } => Class::Transient,
            Self::Setup { .. }
            | Self::Tls { .. }
            | Self::NotAnAnswer { .. }
            | Self::NotFound { .. }
            | Self::Rejected { .. }
            | Self::Unsupported { .. }
            | Self::Redirect { .. } => Class::Invalid,
            Self::Truncated { .. } => Class::Truncated,
            Self::Auth { .. } | Self::Key { .. } => Class::Auth,
            Self::RateLimited { .. } | Self::Busy { .. } | Self::Resting { .. } => Class::RateLimited,
            Self::Quota { .. } | Self::Limit { .. } | Self::Ledger { .. } => Class::Quota,
            Self::All(errors) => errors.last().map_or(Class::Transient, Self::class),
            Self::ContextOverflow { .. } => Class::ContextOverflow,
            Self::Refusal { .. } => Class::Refusal,
            Self::Cancelled => Class::Cancelled,
        }
    }
}

/// What the server said.
fn said(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!(" It said: “{}”.", detail.trim_end_matches('.')) }
}

/// What this computer found.
fn reason(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!(" Reason: {}.", detail.trim_end_matches('.')) }
}

fn seconds(duration: &Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

/// To whole seconds, up.
fn rounded(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs() + u64::from(duration.subsec_nanos() > 0))
}

/// No finer than tenths of a second, up: waits until a date have nine digits.
fn when(retry: &Retry) -> String {
    let tenths = |wait: Duration| u64::from(wait.subsec_nanos().div_ceil(100_000_000));
    match retry.after.filter(|wait| !wait.is_zero()) {
        Some(wait) => {
            let wait = Duration::from_secs(wait.as_secs()).saturating_add(Duration::from_millis(100 * tenths(wait)));
            format!("in {}", seconds(&wait))
        }
        None => "in a moment".to_owned(),
    }
}

fn numbers(used: &Option<u64>, limit: &Option<u64>) -> String {
    match (used, limit) {
        (Some(used), Some(limit)) => format!(": {used} tokens of at most {limit}"),
        (None, Some(limit)) => format!(": at most {limit} tokens"),
        _ => String::new(),
    }
}
