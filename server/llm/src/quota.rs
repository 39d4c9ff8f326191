//! When a provider takes requests again, from the headers of its answers. Pure but for the clock that it is given.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderMap;

/// What is left of a limit, and when it is whole again.
const LIMITS: [(&str, &str); 5] = [
    // OpenAI, Groq, xAI, and others after them: durations.
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    // Anthropic: RFC 3339.
    ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
    ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
    // OpenRouter: milliseconds since the epoch.
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
];

/// The longest wait that is believed.
const LONGEST: Duration = Duration::from_secs(3600);

/// How long the provider takes no more requests, where a limit is used up.
pub(crate) fn wait(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let waits = LIMITS.iter().filter_map(|(remaining, reset)| {
        let is_used_up = text(remaining)?.parse::<f64>().ok()? <= 0.0;
        is_used_up.then(|| reset_in(text(reset)?, now))?
    });
    waits.max().map(|wait| wait.min(LONGEST))
}

/// `6m0s`, `1.5s`, `20ms`, seconds, milliseconds since the epoch, or a time.
fn reset_in(reset: &str, now: Timestamp) -> Option<Duration> {
    let until = |time: Timestamp| Duration::try_from(time.duration_since(now)).unwrap_or_default();
    if let Ok(number) = reset.parse::<f64>() {
        return match number {
            // A duration in seconds cannot be this long.
            1e12.. => Some(until(Timestamp::from_millisecond(number as i64).ok()?)),
            1e9.. => Some(until(Timestamp::from_second(number as i64).ok()?)),
            _ => Duration::try_from_secs_f64(number).ok(),
        };
    }
    match reset.parse::<Timestamp>() {
        Ok(time) => Some(until(time)),
        Err(_) => reset.parse::<jiff::SignedDuration>().ok().and_then(|wait| wait.try_into().ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&'static str, &str)], expected: Option<f64>) {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        assert_eq!(wait(&headers, now).map(|wait| wait.as_secs_f64()), expected);
    }

    #[test]
    fn limits_that_are_used_up() {
        check(&[("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "6m0s")], Some(360.0));
        check(&[("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "1.5s")], Some(1.5));
        check(&[("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "20ms")], Some(0.02));
        check(
            &[
                ("anthropic-ratelimit-requests-remaining", "0"),
                ("anthropic-ratelimit-requests-reset", "2026-11-21T12:00:30Z"),
            ],
            Some(30.0),
        );
        check(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795262410000")], Some(10.0));
    }

    #[test]
    fn limits_that_are_not() {
        check(&[], None);
        check(&[("x-ratelimit-remaining-requests", "5"), ("x-ratelimit-reset-requests", "6m0s")], None);
        check(&[("x-ratelimit-remaining-requests", "0")], None);
        check(&[("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "soon")], None);
        // A wait that nobody would.
        check(&[("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "99999h")], Some(3600.0));
        check(
            &[
                ("anthropic-ratelimit-tokens-remaining", "0"),
                ("anthropic-ratelimit-tokens-reset", "2020-01-01T00:00:00Z"),
            ],
            Some(0.0),
        );
    }
}
