//! Times and durations as the database keeps them: whole milliseconds.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The year 9999 begins (UTC). SQLite's calendar ends with that year, in every time zone.
const LATEST: i64 = 253_370_764_800_000;

/// Milliseconds since 1970 (UTC); 0 before, and never beyond SQLite's calendar: a request without a day would be in no
/// day's sum.
pub(crate) fn millis_since_1970(at: SystemTime) -> i64 {
    millis(at.duration_since(UNIX_EPOCH).unwrap_or_default()).min(LATEST)
}

/// Whole milliseconds; the largest that fit for a longer one.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_outside_of_the_calendar_become_its_ends() {
        let second = Duration::from_secs(1);
        assert_eq!(millis_since_1970(UNIX_EPOCH - second), 0);
        assert_eq!(millis_since_1970(UNIX_EPOCH + second), 1000);
        assert_eq!(millis_since_1970(UNIX_EPOCH + Duration::from_secs(1 << 40)), LATEST);
        assert_eq!(millis(Duration::MAX), i64::MAX);
    }
}
