//! [`Bucket`]: how much may be done in a time. Pure: it is told the time.

use std::time::Duration;

use tokio::time::Instant;

/// A token bucket.
#[derive(Debug)]
pub(super) struct Bucket {
    size: f64,
    per_second: f64,
    level: f64,
    filled: Instant,
}

impl Bucket {
    /// Full, with room for `size`, and refilled at `per_second`.
    pub(super) fn new(size: f64, per_second: f64, now: Instant) -> Self {
        Self { size, per_second, level: size, filled: now }
    }

    /// Takes one, or says how long until there is one.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        self.fill(now);
        if self.level >= 1.0 {
            self.level -= 1.0;
            return Ok(());
        }
        let seconds = (1.0 - self.level) / self.per_second;
        Err(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
    }

    /// Puts some back.
    pub(super) fn give(&mut self, amount: f64) {
        self.level = (self.level + amount).min(self.size);
    }

    fn fill(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        self.give(seconds * self.per_second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_comes_back_with_time() {
        let now = Instant::now();
        let mut bucket = Bucket::new(2.0, 0.5, now);
        assert_eq!((bucket.take(now), bucket.take(now)), (Ok(()), Ok(())));
        assert_eq!(bucket.take(now), Err(Duration::from_secs(2)));
        assert_eq!(bucket.take(now + Duration::from_secs(1)), Err(Duration::from_secs(1)));
        assert_eq!(bucket.take(now + Duration::from_secs(2)), Ok(()));
        // Never more than there is room for.
        let much_later = now + Duration::from_secs(1000);
        assert_eq!((bucket.take(much_later), bucket.take(much_later)), (Ok(()), Ok(())));
        assert!(bucket.take(much_later).is_err());
    }

    #[test]
    fn one_that_is_not_refilled_waits_for_ever() {
        let now = Instant::now();
        let mut bucket = Bucket::new(1.0, 0.0, now);
        assert_eq!(bucket.take(now), Ok(()));
        assert_eq!(bucket.take(now + Duration::from_secs(9)), Err(Duration::MAX));
        bucket.give(5.0);
        assert_eq!(bucket.take(now), Ok(()));
    }
}
