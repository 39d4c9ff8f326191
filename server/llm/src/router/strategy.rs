//! [`Strategy`]: in which order models are tried. Pure.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the first model to ask is chosen. The others follow in the same order of preference.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// As configured: the model, then its fallbacks.
    #[default]
    Ordered,
    /// Those on this computer first.
    LocalFirst,
    /// Each in turn.
    RoundRobin,
    /// The fewest requests under way first.
    LeastBusy,
    /// The shortest measured time to the first token first; one that was not measured yet before them.
    Fastest,
    /// The cheapest for this request first; those without a known price last.
    Cheapest,
}

/// What a choice looks at.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Facts {
    pub(super) is_local: bool,
    pub(super) in_flight: usize,
    /// In seconds.
    pub(super) first_token: Option<f64>,
    /// What the request would cost, in US dollars.
    pub(super) cost: Option<f64>,
}

impl Strategy {
    /// The order in which to try, as indices. Ties stay as configured.
    pub(super) fn order(self, facts: &[Facts], turn: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..facts.len()).collect();
        let fact = |index: usize| facts.get(index).copied().unwrap_or_default();
        match self {
            Self::Ordered => {}
            Self::LocalFirst => order.sort_by_key(|index| !fact(*index).is_local),
            Self::RoundRobin => order.rotate_left(turn.checked_rem(facts.len()).unwrap_or(0)),
            Self::LeastBusy => order.sort_by_key(|index| fact(*index).in_flight),
            Self::Fastest => {
                order.sort_by(|a, b| {
                    fact(*a).first_token.unwrap_or(0.0).total_cmp(&fact(*b).first_token.unwrap_or(0.0))
                });
            }
            Self::Cheapest => order.sort_by(|a, b| {
                fact(*a).cost.unwrap_or(f64::INFINITY).total_cmp(&fact(*b).cost.unwrap_or(f64::INFINITY))
            }),
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(strategy: Strategy, turn: usize, expected: [usize; 3]) {
        let facts = [
            Facts { is_local: false, in_flight: 2, first_token: Some(0.2), cost: Some(0.5) },
            Facts { is_local: true, in_flight: 1, first_token: Some(0.9), cost: Some(0.0) },
            Facts { is_local: false, in_flight: 1, first_token: None, cost: None },
        ];
        assert_eq!(strategy.order(&facts, turn), expected, "{strategy:?}");
    }

    #[test]
    fn orders() {
        check(Strategy::Ordered, 5, [0, 1, 2]);
        check(Strategy::LocalFirst, 5, [1, 0, 2]);
        check(Strategy::RoundRobin, 0, [0, 1, 2]);
        check(Strategy::RoundRobin, 1, [1, 2, 0]);
        check(Strategy::RoundRobin, 5, [2, 0, 1]);
        check(Strategy::LeastBusy, 5, [1, 2, 0]);
        check(Strategy::Fastest, 5, [2, 0, 1]);
        check(Strategy::Cheapest, 5, [1, 0, 2]);
        assert_eq!(Strategy::RoundRobin.order(&[], 3), [0_usize; 0]);
    }
}
