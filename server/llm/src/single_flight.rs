//! [`SingleFlight`]: the same question asked twice at once is asked once.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use futures::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};

type Answer<V> = BoxFuture<'static, V>;

/// The questions that are under way. An answer is not kept beyond those who wait for it.
#[derive(Debug)]
pub(crate) struct SingleFlight<K, V: Clone> {
    flights: Arc<Mutex<HashMap<K, WeakShared<Answer<V>>>>>,
}

impl<K, V: Clone> Default for SingleFlight<K, V> {
    fn default() -> Self {
        Self { flights: Arc::default() }
    }
}

impl<K: Hash + Eq + Clone + Send + 'static, V: Clone + Send + Sync + 'static> SingleFlight<K, V> {
    /// The answer of a question under way, else of `ask`. With the last who waits, it ends.
    pub(crate) fn get(&self, key: K, ask: impl FnOnce() -> Answer<V>) -> Shared<Answer<V>> {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(&key).and_then(WeakShared::upgrade) {
            return flight;
        }
        flights.retain(|_, flight| flight.upgrade().is_some());
        let (asked, done, landed) = (ask(), Arc::downgrade(&self.flights), key.clone());
        let flight = async move {
            let answer = asked.await;
            // Who comes now asks anew.
            if let Some(flights) = done.upgrade() {
                flights.lock().unwrap_or_else(PoisonError::into_inner).remove(&landed);
            }
            answer
        };
        let flight = flight.boxed().shared();
        if let Some(weak) = flight.downgrade() {
            flights.insert(key, weak);
        }
        flight
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn at_once_is_once_and_later_is_again() {
        let (flights, asked) = (SingleFlight::default(), Arc::new(AtomicUsize::new(0)));
        let ask = |answer: oneshot::Receiver<u8>| {
            let asked = asked.clone();
            move || {
                asked.fetch_add(1, Ordering::SeqCst);
                async move { answer.await.unwrap() }.boxed()
            }
        };
        let (send, answer) = oneshot::channel();
        let (_other, never) = oneshot::channel();
        let (first, second) = (flights.get("a", ask(answer)), flights.get("a", ask(never)));
        send.send(1).unwrap();
        assert_eq!((first.await, second.await, asked.load(Ordering::SeqCst)), (1, 1, 1));
        let (send, answer) = oneshot::channel();
        send.send(2).unwrap();
        assert_eq!((flights.get("a", ask(answer)).await, asked.load(Ordering::SeqCst)), (2, 2));
    }

    #[tokio::test]
    async fn who_waits_no_longer_stops_nobody_else_and_the_last_stops_it() {
        let flights = SingleFlight::default();
        let (send, answer) = oneshot::channel::<u8>();
        let ask = || async move { answer.await.unwrap() }.boxed();
        let (first, second) = (flights.get("a", ask), flights.get("a", || unreachable!()));
        drop(first);
        assert!(!send.is_closed());
        drop(second);
        assert!(send.is_closed());
    }
}
