//! [`Breaker`]: leaves a model in peace that fails most of the time. Pure: it is told the time.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

/// Outcomes older than this are forgotten.
const WINDOW: Duration = Duration::from_secs(60);
/// Fewer outcomes than this say nothing.
const LEAST: usize = 5;
/// The first rest; each one after a failed probe is twice as long.
const REST: Duration = Duration::from_secs(5);
const LONGEST_REST: Duration = Duration::from_secs(300);

/// Opens where at least half of at least five requests within a minute failed, then lets one probe through.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    /// When, and whether well.
    outcomes: VecDeque<(Instant, bool)>,
    state: State,
    /// How often it opened without a success between.
    opened: u32,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Closed,
    Open {
        until: Instant,
    },
    /// One request is under way that decides.
    Probing,
}

impl Breaker {
    /// How long requests rest; `None` where one may be sent now.
    pub(super) fn rest(&self, now: Instant) -> Option<Duration> {
        match self.state {
            State::Closed => None,
            State::Open { until } => Some(until.saturating_duration_since(now)).filter(|rest| !rest.is_zero()),
            State::Probing => Some(REST),
        }
    }

    /// A request is sent. After a rest it is the probe, and others wait for its outcome; whether it is.
    pub(super) fn sent(&mut self) -> bool {
        let is_probe = matches!(self.state, State::Open { .. });
        if is_probe {
            self.state = State::Probing;
        }
        is_probe
    }

    /// A request was answered to its end.
    pub(super) fn succeeded(&mut self, is_probe: bool, now: Instant) {
        if is_probe {
            *self = Self::default();
        }
        self.record(now, true);
    }

    /// A request failed by no fault of its own.
    pub(super) fn failed(&mut self, is_probe: bool, now: Instant) {
        self.record(now, false);
        let failures = self.outcomes.iter().filter(|(_, well)| !well).count();
        let is_bad = self.outcomes.len() >= LEAST && failures * 2 >= self.outcomes.len();
        if is_probe || (self.state == State::Closed && is_bad) {
            let rest = REST.saturating_mul(1 << self.opened.min(10)).min(LONGEST_REST);
            self.opened += 1;
            self.state = State::Open { until: now + rest };
        }
    }

    /// A request ended without saying anything of the server, as one that the user cancelled.
    pub(super) fn abandoned(&mut self, is_probe: bool, now: Instant) {
        if is_probe {
            self.state = State::Open { until: now };
        }
    }

    fn record(&mut self, now: Instant, well: bool) {
        self.outcomes.push_back((now, well));
        while self.outcomes.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) > WINDOW) {
            self.outcomes.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays `+` (success), `-` (failure), `x` (abandoned) and numbers of seconds that pass; shows the rest in seconds.
    fn rest(play: &str) -> Option<u64> {
        let (mut breaker, mut now) = (Breaker::default(), Instant::now());
        for word in play.split_whitespace() {
            if let Ok(seconds) = word.parse() {
                now += Duration::from_secs(seconds);
                continue;
            }
            for outcome in word.chars() {
                let is_probe = breaker.sent();
                match outcome {
                    '+' => breaker.succeeded(is_probe, now),
                    '-' => breaker.failed(is_probe, now),
                    _ => breaker.abandoned(is_probe, now),
                }
            }
        }
        breaker.rest(now).map(|rest| rest.as_secs())
    }

    #[test]
    fn it_opens_at_half_of_five() {
        assert_eq!(rest("----"), None);
        assert_eq!(rest("-----"), Some(5));
        assert_eq!(rest("++---"), Some(5));
        assert_eq!(rest("+++--"), None);
        assert_eq!(rest("+++---"), Some(5));
        // Cancelled by the user: no outcome.
        assert_eq!(rest("----xxxx"), None);
        assert_eq!(rest("---- 61 -"), None, "what is older than a minute is forgotten");
    }

    #[test]
    fn rests_double_up_to_five_minutes_and_end_with_a_success() {
        assert_eq!(rest("----- 5"), None);
        assert_eq!(rest("----- 5 -"), Some(10));
        assert_eq!(rest("----- 5 - 10 -"), Some(20));
        assert_eq!(rest("----- 5 - 10 - 20 - 40 - 80 - 160 -"), Some(300));
        assert_eq!(rest("----- 5 +"), None);
        assert_eq!(rest("----- 5 + ----"), Some(5));
    }

    #[test]
    fn one_probe_at_a_time() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        (0..5).for_each(|_| breaker.failed(false, now));
        let later = now + Duration::from_secs(5);
        assert_eq!(breaker.rest(later), None);
        assert!(breaker.sent());
        assert!(breaker.rest(later).is_some());
        // What was sent before the rest decides nothing.
        breaker.succeeded(false, later);
        breaker.failed(false, later);
        breaker.abandoned(false, later);
        assert_eq!(breaker.state, State::Probing);
        breaker.abandoned(true, later);
        assert_eq!(breaker.rest(later), None, "the next one may try");
    }
}
