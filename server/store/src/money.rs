//! US dollars as whole billionths, so that sums and limits are exact: in `f64`, 0.1 + 0.2 is more than 0.3.

const PER_USD: f64 = 1e9;

/// What is stored for a cost; `None` for one that is unknown, and for what no cost can be (negative, not a number).
/// An infinite one becomes the largest there is, so that it meets every limit.
pub(crate) fn cost_to_nanos(usd: Option<f64>) -> Option<i64> {
    // `as` saturates.
    usd.filter(|usd| *usd >= 0.0).map(|usd| (usd * PER_USD).round() as i64)
}

/// A limit that is no amount of money permits nothing.
pub(crate) fn limit_to_nanos(usd: f64) -> f64 {
    if usd.is_finite() && usd > 0.0 { (usd * PER_USD).round() } else { 0.0 }
}

/// Back to US dollars. A sum is exact up to 2^53 billionths, which is nine million dollars.
pub(crate) fn nanos_to_usd(nanos: f64) -> f64 {
    nanos / PER_USD
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_that_no_request_can_have_is_unknown() {
        for usd in [-1.0, -1e-12, f64::NEG_INFINITY, f64::NAN] {
            assert_eq!(cost_to_nanos(Some(usd)), None, "{usd}");
        }
        assert_eq!(cost_to_nanos(None), None);
        assert_eq!(cost_to_nanos(Some(-0.0)), Some(0));
        assert_eq!(cost_to_nanos(Some(f64::INFINITY)), Some(i64::MAX));
        assert_eq!(cost_to_nanos(Some(0.1 + 0.2)), Some(300_000_000));
    }

    #[test]
    fn a_limit_that_is_no_amount_permits_nothing() {
        for usd in [-1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -0.0] {
            assert_eq!(limit_to_nanos(usd), 0.0, "{usd}");
        }
        assert_eq!(limit_to_nanos(0.1 + 0.2), 300_000_000.0);
    }
}
