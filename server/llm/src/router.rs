//! [`Router`]: asks one of several models, retries, fails over, and holds limits.
//!
//! The rules, which the tests beside this file and `tests/failover.rs` hold to:
//! - One loop retries. A request is tried at most three times at one model, after 0.5 s × 2ⁿ with full jitter, at most
//!   8 s, and never before the server's Retry-After; within the router's patience and the provider's retry budget.
//! - Before anything was shown, a failure goes over to the next model; afterwards the error ends the stream, and the
//!   part that was shown stays a part. Two models' words are never joined.
//! - Only what is the server's fault counts against it ([`Class::Transient`], [`Class::Truncated`]); a rate limit is a
//!   rest of a known length; what the user cancels says nothing.
//! - Where every model rests, the first that is free is waited for, within the patience.

mod breaker;
mod health;
mod meter;
mod pace;
mod strategy;
#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures::{FutureExt, StreamExt, future::select_all, stream};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep_until, timeout_at},
};

use health::Rest;
pub use health::{Health, Limits};
pub use meter::{Denied, Ledger, Outcome, Planned, Used};
pub use strategy::Strategy;

use crate::{Author, Class, Error, Event, EventStream, Part, Provider, Request, Retry, StopReason, Upstream};
use health::{ModelHealth, ProviderHealth, Sent};
use meter::Meter;
use strategy::Facts;

/// How often one request is tried at one model.
const TRIES: u32 = 3;
const FIRST_DELAY: Duration = Duration::from_millis(500);
const LONGEST_DELAY: Duration = Duration::from_secs(8);

/// A model that may be asked.
#[derive(Clone)]
pub struct Target {
    /// Its provider.
    pub provider: Arc<dyn Provider>,
    /// Its name there.
    pub model: String,
    /// What the configuration allows its provider.
    pub limits: Limits,
}

impl Target {
    fn author(&self) -> Author {
        Author { provider: self.provider.name().to_owned(), model: self.model.clone() }
    }
}

/// Asks the first of its targets that can answer.
#[derive(Clone)]
pub struct Router {
    inner: Arc<Inner>,
}

struct Inner {
    targets: Vec<Watched>,
    strategy: Strategy,
    patience: Duration,
    health: Arc<Health>,
    ledger: Option<Arc<dyn Ledger>>,
}

/// A target and what is known of its health.
struct Watched {
    target: Target,
    model: Arc<ModelHealth>,
    provider: Arc<ProviderHealth>,
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.inner.targets.iter().map(|watched| watched.target.author());
        write!(f, "Router({:?}, {:?})", self.inner.strategy, names.collect::<Vec<_>>())
    }
}

impl Router {
    /// How long a request may be retried, or wait for a model that rests: 60 s. What is under way then is not ended; its
    /// own time limits hold.
    pub const PATIENCE: Duration = Duration::from_secs(60);

    /// A router over `targets`, the preferred first.
    pub fn new(
        targets: Vec<Target>,
        strategy: Strategy,
        patience: Duration,
        health: Arc<Health>,
        ledger: Option<Arc<dyn Ledger>>,
    ) -> Self {
        let watch = |target: Target| {
            let (origin, name) = (target.provider.origin(), target.provider.name().to_owned());
            Watched {
                model: health.model(&origin, &name, &target.model),
                provider: health.provider(&origin, &name, target.limits),
                target,
            }
        };
        let targets = targets.into_iter().map(watch).collect();
        Self { inner: Arc::new(Inner { targets, strategy, patience, health, ledger }) }
    }

    /// The targets, as configured.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        self.inner.targets.iter().map(|watched| &watched.target)
    }

    /// The answer to `request`, whose model is whichever is chosen. It begins with [`Event::Answering`], keeps the
    /// contract of [`Provider`], and has [`Event::Spent`] before its stop. `task` is what the ledger is told.
    pub fn stream(&self, request: Request, task: &'static str) -> EventStream {
        let routed = Routed { inner: self.inner.clone(), request, task, phase: Phase::Choosing };
        stream::unfold(routed, |mut routed| async {
            let item = routed.next().await?;
            Some((item, routed))
        })
        .boxed()
    }
}

/// One answer on its way.
struct Routed {
    inner: Arc<Inner>,
    request: Request,
    task: &'static str,
    phase: Phase,
}

enum Phase {
    Choosing,
    Relaying(Box<Relay>),
    Stopping(StopReason),
    Ended,
}

/// An answer that has begun.
struct Relay {
    /// Of the target whose answer it is.
    provider: Arc<ProviderHealth>,
    stream: EventStream,
    sent: Sent,
    meter: Meter,
    /// Read but not yet passed on.
    ready: VecDeque<Event>,
    _permit: OwnedSemaphorePermit,
}

impl Routed {
    async fn next(&mut self) -> Option<Result<Event, Error>> {
        loop {
            match std::mem::replace(&mut self.phase, Phase::Ended) {
                Phase::Ended => return None,
                Phase::Stopping(reason) => return Some(Ok(Event::Stop(reason))),
                Phase::Choosing => match self.inner.begin(&self.request, self.task).await {
                    Ok(relay) => self.phase = Phase::Relaying(relay),
                    Err(error) => return Some(Err(error)),
                },
                Phase::Relaying(mut relay) => {
                    let next = match relay.ready.pop_front() {
                        Some(event) => Some(Ok(event)),
                        None => {
                            let next = relay.stream.next().await;
                            if let Some(Ok(event)) = &next {
                                relay.meter.saw(event);
                            }
                            next
                        }
                    };
                    match next {
                        Some(Ok(Event::Stop(reason))) => {
                            let Relay { provider, sent, meter, .. } = *relay;
                            sent.succeeded();
                            provider.succeeded();
                            self.phase = Phase::Stopping(reason);
                            return Some(Ok(Event::Spent(meter.settle(Outcome::Done).await)));
                        }
                        Some(Ok(event)) => {
                            self.phase = Phase::Relaying(relay);
                            return Some(Ok(event));
                        }
                        Some(Err(error)) => {
                            let Relay { sent, meter, .. } = *relay;
                            sent.failed(error.class());
                            meter.settle(Outcome::Failed).await;
                            return Some(Err(error));
                        }
                        None => return None,
                    }
                }
            }
        }
    }
}

/// A target that can't be asked right now, and when it may be.
struct Waiting<'a> {
    watched: &'a Watched,
    /// How often it was tried.
    tries: u32,
    /// Not known where it waits for another request to end.
    until: Option<Instant>,
    /// What is said if it is not waited for.
    error: Error,
}

/// What is in the way of a request.
struct Blocked {
    /// Until when, where that is known.
    until: Option<Instant>,
    error: Error,
}

/// Why a target gives no answer.
enum NoAnswer<'a> {
    /// It may, later.
    Wait(Waiting<'a>),
    /// It does not.
    Failed(Error),
}

impl Inner {
    /// Asks one target after another until an answer begins.
    async fn begin(&self, request: &Request, task: &'static str) -> Result<Box<Relay>, Error> {
        let deadline = Instant::now() + self.patience;
        let (mut failed, mut waiting) = (Vec::new(), Vec::<Waiting<'_>>::new());
        let mut order = self.order(request);
        loop {
            let (watched, permit, tries) = match order.next() {
                Some(watched) => (watched, None, 0),
                None if waiting.is_empty() => break,
                // None of them now: whichever is free first, in time.
                None => {
                    let free = select_all(waiting.iter().map(|wait| wait.free().boxed()));
                    let Ok((permit, first, _)) = timeout_at(deadline, free).await else { break };
                    let Waiting { watched, tries, .. } = waiting.swap_remove(first);
                    (watched, permit, tries)
                }
            };
            match self.attempt(watched, permit, tries, request, task, deadline).await {
                Ok(relay) => {
                    failed.extend(waiting.into_iter().map(|wait| wait.error));
                    return Ok(relay.after(failed));
                }
                Err(NoAnswer::Wait(wait)) if wait.until.is_none_or(|until| until < deadline) => waiting.push(wait),
                Err(NoAnswer::Wait(Waiting { error, .. })) => failed.push(error),
                Err(NoAnswer::Failed(error)) if is_final(&error) => return Err(error),
                Err(NoAnswer::Failed(error)) => failed.push(error),
            }
        }
        failed.extend(waiting.into_iter().map(|wait| wait.error));
        match <[Error; 1]>::try_from(failed) {
            Ok([error]) => Err(error),
            Err(errors) => Err(Error::All(errors)),
        }
    }

    fn order(&self, request: &Request) -> impl Iterator<Item = &Watched> {
        let facts = self.targets.iter().map(|Watched { target, model, .. }| Facts {
            is_local: target.provider.is_local(),
            in_flight: model.in_flight(),
            first_token: model.first_token(),
            cost: meter::planned_cost(request, &target.provider.model(&target.model)),
        });
        let turn = self.health.turn.fetch_add(1, Ordering::Relaxed);
        let order = self.strategy.order(&facts.collect::<Vec<_>>(), turn);
        order.into_iter().filter_map(|index| self.targets.get(index))
    }

    /// Asks one target until its answer begins, with retries. `tries` is how often it was asked before.
    async fn attempt<'a>(
        &'a self,
        watched: &'a Watched,
        mut permit: Option<OwnedSemaphorePermit>,
        mut tries: u32,
        request: &Request,
        task: &'static str,
        deadline: Instant,
    ) -> Result<Box<Relay>, NoAnswer<'a>> {
        let Target { provider, model, .. } = &watched.target;
        let author = watched.target.author();
        let facts = provider.model(model);
        let mut request = Request { model: model.clone(), ..request.clone().addressed_to(&author) };
        request.max_tokens = meter::most_output(&request, &facts);
        watched.can_take(&request, &facts).map_err(NoAnswer::Failed)?;
        loop {
            let wait = |until, error| NoAnswer::Wait(Waiting { watched, tries, until, error });
            let (held, sent) = watched.admit(permit.take()).map_err(|blocked| wait(blocked.until, blocked.error))?;
            tries += 1;
            let ledger = self.ledger.clone();
            let mut meter =
                Meter::start(ledger, &request, author.clone(), facts.clone(), task).await.map_err(NoAnswer::Failed)?;
            let mut stream = provider.stream(request.clone());
            let mut ready = VecDeque::new();
            let error = loop {
                match stream.next().await {
                    Some(Ok(event)) => {
                        meter.saw(&event);
                        let begins = is_shown(&event);
                        ready.push_back(event);
                        if begins {
                            meter.first_token(sent.first_token());
                            ready.push_front(Event::Answering { author, failed: Vec::new() });
                            let provider = watched.provider.clone();
                            return Ok(Box::new(Relay { provider, stream, sent, meter, ready, _permit: held }));
                        }
                    }
                    Some(Err(error)) => break error,
                    None => break Error::Truncated { at: watched.upstream() },
                }
            };
            drop((stream, held));
            let (class, retry) = (error.class(), error.retry());
            sent.failed(class);
            meter.settle(Outcome::Failed).await;
            let delay = backoff(tries).max(retry.after.unwrap_or_default());
            let until = Instant::now().checked_add(delay);
            let is_in_time = until.is_some_and(|until| until < deadline) && tries < TRIES && retry.told != Some(false);
            match class {
                Class::RateLimited => {
                    if let Some(until) = until {
                        watched.model.cool(until);
                    }
                    return Err(match is_in_time {
                        true => NoAnswer::Wait(Waiting { watched, tries, until, error }),
                        false => NoAnswer::Failed(error),
                    });
                }
                Class::Transient | Class::Truncated if is_in_time && watched.provider.retry() => {
                    tracing::debug!(model = %model, delay_ms = delay.as_millis(), "retries");
                    if let Some(until) = until {
                        sleep_until(until).await;
                    }
                }
                _ => {
                    tracing::warn!(%error, "no answer");
                    return Err(NoAnswer::Failed(error));
                }
            }
        }
    }
}

impl Relay {
    /// Begins with word of those that failed before it.
    fn after(mut self: Box<Self>, errors: Vec<Error>) -> Box<Self> {
        if let Some(Event::Answering { failed, .. }) = self.ready.front_mut() {
            *failed = errors;
        }
        self
    }
}

impl Waiting<'_> {
    /// Waits until it may be asked; with the permit to do so.
    async fn free(&self) -> Option<OwnedSemaphorePermit> {
        if let Some(until) = self.until {
            sleep_until(until).await;
        }
        self.watched.provider.permits().acquire_owned().await.ok()
    }
}

impl Watched {
    fn upstream(&self) -> Upstream {
        Upstream::new(self.target.provider.name(), &self.target.provider.origin())
    }

    /// Refuses what the model is known not to take.
    fn can_take(&self, request: &Request, facts: &crate::Model) -> Result<(), Error> {
        let parts = request.messages.iter().flat_map(|message| &message.parts);
        let has_image = parts.into_iter().any(|part| matches!(part, Part::Image(_)));
        let what = match (facts.vision, facts.tools) {
            (Some(false), _) if has_image => "can't see pictures",
            (_, Some(false)) if !request.tools.is_empty() => "can't call tools",
            _ => return Ok(()),
        };
        Err(Error::Unsupported { at: self.upstream(), model: self.target.model.clone(), what })
    }

    /// The permit to send a request now, else from when on there may be one, and what is in the way.
    fn admit(&self, permit: Option<OwnedSemaphorePermit>) -> Result<(OwnedSemaphorePermit, Sent), Box<Blocked>> {
        let now = Instant::now();
        let at = self.upstream();
        let until = |wait| now.checked_add(wait);
        let blocked = |until, error| Err(Box::new(Blocked { until, error }));
        match self.model.rest(now) {
            Some((Rest::Broken, wait)) => {
                return blocked(until(wait), Error::Resting { at, model: self.target.model.clone(), wait });
            }
            Some((Rest::Limited, wait)) => return blocked(until(wait), Error::Busy { at, wait: Some(wait) }),
            None => {}
        }
        if let Some(free_at) = self.target.provider.free_at().filter(|free_at| *free_at > now) {
            return blocked(Some(free_at), Error::Busy { at, wait: Some(free_at.saturating_duration_since(now)) });
        }
        let Some(permit) = permit.or_else(|| self.provider.try_permit()) else {
            return blocked(None, Error::Busy { at, wait: None });
        };
        match self.provider.pace(now) {
            // From here on it is the probe, if there is to be one.
            Ok(()) => Ok((permit, self.model.sent())),
            Err(wait) => blocked(until(wait), Error::Busy { at, wait: Some(wait) }),
        }
    }
}

/// No other model would do better, or nobody wants it.
fn is_final(error: &Error) -> bool {
    matches!(error.class(), Class::ContextOverflow | Class::Refusal | Class::Cancelled)
}

/// What a user has seen cannot be taken back.
fn is_shown(event: &Event) -> bool {
    matches!(event, Event::Text(_) | Event::Reasoning(_) | Event::ToolCall(_) | Event::Stop(_))
}

/// Before the next try: up to 0.5 s × 2ⁿ, at most 8 s.
fn backoff(tries: u32) -> Duration {
    let most = FIRST_DELAY.saturating_mul(1 << tries.saturating_sub(1).min(10)).min(LONGEST_DELAY);
    most.mul_f64(fastrand::f64())
}

impl Error {
    /// What the server said about asking again.
    fn retry(&self) -> Retry {
        match self {
            Self::RateLimited { retry, .. } | Self::Unavailable { retry, .. } => *retry,
            _ => Retry::default(),
        }
    }
}
