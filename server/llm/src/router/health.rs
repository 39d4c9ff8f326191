//! [`Health`]: what real traffic has shown of each provider and model. It outlives a change of the configuration.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use super::{breaker::Breaker, pace::Bucket};
use crate::Class;

/// A retry costs one of these, a success gives back a tenth: at most a tenth of the requests are retries for long.
const RETRIES: f64 = 10.0;
const RETRY_FOR_SUCCESS: f64 = 0.1;
/// The weight of the newest time to first token.
const NEWEST: f64 = 0.3;

/// All that is known.
#[derive(Debug, Default)]
pub struct Health {
    models: Mutex<HashMap<ModelKey, Arc<ModelHealth>>>,
    providers: Mutex<HashMap<(String, String), Arc<ProviderHealth>>>,
    /// Whose turn it is, in round robin.
    pub(super) turn: AtomicUsize,
}

type ModelKey = (String, String, String);

/// A model at a provider.
#[derive(Debug, Default)]
pub(super) struct ModelHealth {
    state: Mutex<ModelState>,
    in_flight: AtomicUsize,
}

#[derive(Debug, Default)]
struct ModelState {
    breaker: Breaker,
    /// The provider wants no requests before.
    cool_until: Option<Instant>,
    /// In seconds, smoothed.
    first_token: Option<f64>,
}

/// A provider.
#[derive(Debug)]
pub(super) struct ProviderHealth {
    /// What is left of the requests at once that the configuration allows.
    permits: Mutex<(Option<usize>, Arc<Semaphore>)>,
    pace: Mutex<(Option<u32>, Option<Bucket>)>,
    retries: Mutex<Bucket>,
}

/// What the configuration allows a provider.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Requests at once.
    pub concurrent: Option<usize>,
    /// Requests in a minute.
    pub per_minute: Option<u32>,
}

impl Health {
    pub(super) fn model(&self, origin: &str, provider: &str, model: &str) -> Arc<ModelHealth> {
        let key = (origin.to_owned(), provider.to_owned(), model.to_owned());
        lock(&self.models).entry(key).or_default().clone()
    }

    pub(super) fn provider(&self, origin: &str, provider: &str, limits: Limits) -> Arc<ProviderHealth> {
        let key = (origin.to_owned(), provider.to_owned());
        let mut providers = lock(&self.providers);
        let health = providers.entry(key).or_insert_with(|| Arc::new(ProviderHealth::new()));
        health.set(limits);
        health.clone()
    }
}

/// Why a model is not asked for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// Most of its last requests failed.
    Broken,
    /// Its provider limits how much may be asked.
    Limited,
}

impl ModelHealth {
    pub(super) fn rest(&self, now: Instant) -> Option<(Rest, Duration)> {
        let state = lock(&self.state);
        let broken = state.breaker.rest(now).map(|rest| (Rest::Broken, rest));
        let cool = state.cool_until.map(|until| until.saturating_duration_since(now)).filter(|rest| !rest.is_zero());
        broken.into_iter().chain(cool.map(|rest| (Rest::Limited, rest))).max_by_key(|(_, rest)| *rest)
    }

    /// The provider wants no requests for a while.
    pub(super) fn cool(&self, until: Instant) {
        let mut state = lock(&self.state);
        state.cool_until = state.cool_until.max(Some(until));
    }

    /// Requests under way.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// The time to the first token lately, in seconds.
    pub(super) fn first_token(&self) -> Option<f64> {
        lock(&self.state).first_token
    }

    /// A request is sent: the outcome is told to what comes back.
    pub(super) fn sent(self: &Arc<Self>) -> Sent {
        let is_probe = lock(&self.state).breaker.sent();
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Sent { health: self.clone(), at: Instant::now(), is_probe, told: false }
    }
}

/// A request under way. Dropped without an outcome, it says nothing of the server.
#[derive(Debug)]
pub(super) struct Sent {
    health: Arc<ModelHealth>,
    at: Instant,
    /// It decides whether a rest is over.
    is_probe: bool,
    told: bool,
}

impl Sent {
    /// The first token came.
    pub(super) fn first_token(&self) -> Duration {
        let took = self.at.elapsed();
        let mut state = lock(&self.health.state);
        let (new, old) = (took.as_secs_f64(), state.first_token);
        state.first_token = Some(old.map_or(new, |old| old + (new - old) * NEWEST));
        took
    }

    pub(super) fn succeeded(mut self) {
        self.told = true;
        lock(&self.health.state).breaker.succeeded(self.is_probe, Instant::now());
    }

    /// Only what is the server's fault counts.
    pub(super) fn failed(mut self, class: Class) {
        if matches!(class, Class::Transient | Class::Truncated) {
            self.told = true;
            lock(&self.health.state).breaker.failed(self.is_probe, Instant::now());
        }
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.health.in_flight.fetch_sub(1, Ordering::Relaxed);
        if !self.told {
            lock(&self.health.state).breaker.abandoned(self.is_probe, Instant::now());
        }
    }
}

impl ProviderHealth {
    fn new() -> Self {
        Self {
            permits: Mutex::new((None, Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)))),
            pace: Mutex::default(),
            retries: Mutex::new(Bucket::new(RETRIES, 0.0, Instant::now())),
        }
    }

    /// Takes over what the configuration allows now; requests under way keep their old permits.
    fn set(&self, limits: Limits) {
        let mut permits = lock(&self.permits);
        if permits.0 != limits.concurrent {
            let size = limits.concurrent.map_or(Semaphore::MAX_PERMITS, |size| size.clamp(1, Semaphore::MAX_PERMITS));
            *permits = (limits.concurrent, Arc::new(Semaphore::new(size)));
        }
        let mut pace = lock(&self.pace);
        if pace.0 != limits.per_minute {
            let bucket =
                |limit: u32| Bucket::new(f64::from(limit.max(1)), f64::from(limit.max(1)) / 60.0, Instant::now());
            *pace = (limits.per_minute, limits.per_minute.map(bucket));
        }
    }

    /// Where permits are to be had. A request holds one as long as its stream lives.
    pub(super) fn permits(&self) -> Arc<Semaphore> {
        lock(&self.permits).1.clone()
    }

    pub(super) fn try_permit(&self) -> Option<OwnedSemaphorePermit> {
        self.permits().try_acquire_owned().ok()
    }

    /// Takes one of this minute's requests, or says how long until there is one.
    pub(super) fn pace(&self, now: Instant) -> Result<(), Duration> {
        lock(&self.pace).1.as_mut().map_or(Ok(()), |bucket| bucket.take(now))
    }

    /// Whether one more retry is within the budget, which it then costs.
    pub(super) fn retry(&self) -> bool {
        lock(&self.retries).take(Instant::now()).is_ok()
    }

    pub(super) fn succeeded(&self) {
        lock(&self.retries).give(RETRY_FOR_SUCCESS);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
