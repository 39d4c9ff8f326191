//! [`pack`]: which of many things to tell, and how fully, within a budget: a knapsack with one choice of level for each.
//!
//! Things come in groups, as definitions come in files: the first of a group costs its header as well.

/// A thing to tell: what each level of telling it costs and is worth. Levels go up in both.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choice {
    pub(crate) levels: Vec<Offer>,
    /// Groups that have to be open for it, outermost first.
    pub(crate) groups: [Option<usize>; 2],
}

/// One level of telling a thing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Offer {
    /// In tokens.
    pub(crate) cost: u32,
    pub(crate) value: f32,
}

/// How strongly a price counts. Below 1, dear things that are worth much come before cheap ones that are worth little:
/// measured to be best for recall, since values are estimates.
const THRIFT: f32 = 0.7;

/// Up to so many things, the choice is improved by trying what it would be without each of them, or with each in full.
const FEW: usize = 24;

/// The chosen level of each thing, if any. Costs never exceed `budget`. The same input gives the same choice.
pub(crate) fn pack(choices: &[Choice], headers: &[u32], budget: u32) -> Vec<Option<usize>> {
    let mut best = greedy(choices, headers, budget, THRIFT);
    let mut worth = value(choices, &best);
    let better = |other: Vec<Option<usize>>, best: &mut Vec<Option<usize>>, worth: &mut f32| {
        let value = value(choices, &other);
        if value > *worth {
            (*best, *worth) = (other, value);
        }
    };
    better(greedy(choices, headers, budget, 1.0), &mut best, &mut worth);
    if choices.len() <= FEW {
        let mut case = choices.to_vec();
        for (at, whole) in choices.iter().enumerate() {
            for kept in 0..=whole.levels.len() {
                // Without the levels above `kept`, and with that one from the start.
                if let Some(choice) = case.get_mut(at) {
                    choice.levels.clear();
                    choice.levels.extend(whole.levels.iter().take(kept));
                }
                for thrift in [THRIFT, 1.0, 1.3] {
                    better(greedy(&case, headers, budget, thrift), &mut best, &mut worth);
                }
                if let Some(offer) = case.get_mut(at).and_then(|choice| choice.levels.last_mut()) {
                    offer.value += 1e6;
                    for thrift in [THRIFT, 1.0, 1.3] {
                        better(greedy(&case, headers, budget, thrift), &mut best, &mut worth);
                    }
                }
            }
            if let Some(choice) = case.get_mut(at) {
                choice.levels.clone_from(&whole.levels);
            }
        }
    }
    best
}

fn value(choices: &[Choice], chosen: &[Option<usize>]) -> f32 {
    let value = |(choice, level): (&Choice, &Option<usize>)| {
        level.and_then(|level| choice.levels.get(level)).map_or(0.0, |offer| offer.value)
    };
    choices.iter().zip(chosen).map(value).sum()
}

/// A step from one level of a thing to a higher one.
struct Step {
    choice: usize,
    level: usize,
    /// Value gained for the price, at the time it was looked at.
    worth: f32,
}

impl Ord for Step {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.worth.total_cmp(&other.worth).then(other.choice.cmp(&self.choice)).then(other.level.cmp(&self.level))
    }
}

impl PartialOrd for Step {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Step {}

struct Greedy<'c> {
    choices: &'c [Choice],
    headers: &'c [u32],
    thrift: f32,
    open: Vec<bool>,
    members: Vec<Vec<usize>>,
    chosen: Vec<Option<usize>>,
}

fn greedy(choices: &[Choice], headers: &[u32], budget: u32, thrift: f32) -> Vec<Option<usize>> {
    let mut members = vec![Vec::new(); headers.len()];
    for (at, choice) in choices.iter().enumerate() {
        for group in choice.groups.into_iter().flatten() {
            if let Some(members) = members.get_mut(group) {
                members.push(at);
            }
        }
    }
    let open = vec![false; headers.len()];
    let mut state = Greedy { choices, headers, thrift, open, members, chosen: vec![None; choices.len()] };
    let mut steps: std::collections::BinaryHeap<Step> =
        (0..choices.len()).filter_map(|choice| state.best_step(choice, u32::MAX)).collect();
    let mut left = budget;
    while let Some(step) = steps.pop() {
        // What has been opened since makes it cheaper; what has been spent since may forbid it.
        let Some(now) = state.best_step(step.choice, left) else { continue };
        if now != step {
            steps.push(now);
            continue;
        }
        left -= state.price(now.choice, now.level);
        for cheaper in state.take(now.choice, now.level) {
            steps.extend(state.best_step(cheaper, left));
        }
    }
    state.chosen
}

impl Greedy<'_> {
    fn offer(&self, choice: usize, level: usize) -> Offer {
        let offer = self.choices.get(choice).and_then(|choice| choice.levels.get(level));
        offer.copied().unwrap_or(Offer { cost: u32::MAX, value: 0.0 })
    }

    fn current(&self, choice: usize) -> Offer {
        let none = Offer { cost: 0, value: 0.0 };
        self.chosen.get(choice).copied().flatten().map_or(none, |level| self.offer(choice, level))
    }

    /// What it costs to go to a level, headers included.
    fn price(&self, choice: usize, level: usize) -> u32 {
        let own = self.offer(choice, level).cost.saturating_sub(self.current(choice).cost);
        let groups = self.choices.get(choice).map_or([None; 2], |choice| choice.groups);
        let closed = groups.into_iter().flatten().filter(|group| !self.open.get(*group).copied().unwrap_or(true));
        closed.fold(own, |price, group| price.saturating_add(self.headers.get(group).copied().unwrap_or(0)))
    }

    /// The step up that is worth the most for its price, of those that can be paid.
    fn best_step(&self, choice: usize, left: u32) -> Option<Step> {
        let from = self.chosen.get(choice).copied().flatten().map_or(0, |level| level + 1);
        let now = self.current(choice).value;
        let steps = (from..self.choices.get(choice)?.levels.len()).filter_map(|level| {
            let price = self.price(choice, level);
            let gain = self.offer(choice, level).value - now;
            (price <= left && gain > 0.0).then(|| {
                #[expect(clippy::cast_precision_loss)]
                let worth = gain / (price.max(1) as f32).powf(self.thrift);
                Step { choice, level, worth }
            })
        });
        steps.max()
    }

    /// Takes a step; returns what may have become cheaper by it.
    fn take(&mut self, choice: usize, level: usize) -> Vec<usize> {
        let mut cheaper = vec![choice];
        for group in self.choices.get(choice).map_or([None; 2], |choice| choice.groups).into_iter().flatten() {
            if let Some(open) = self.open.get_mut(group).filter(|open| !**open) {
                *open = true;
                cheaper.extend(self.members.get_mut(group).map(std::mem::take).unwrap_or_default());
            }
        }
        if let Some(chosen) = self.chosen.get_mut(choice) {
            *chosen = Some(level);
        }
        cheaper
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cost(choices: &[Choice], headers: &[u32], chosen: &[Option<usize>]) -> u32 {
        let told = || choices.iter().zip(chosen).filter_map(|(choice, level)| Some((choice, (*level)?)));
        let mut groups: Vec<_> = told().flat_map(|(choice, _)| choice.groups.into_iter().flatten()).collect();
        groups.sort_unstable();
        groups.dedup();
        told().map(|(choice, level)| choice.levels[level].cost).sum::<u32>()
            + groups.iter().map(|group| headers[*group]).sum::<u32>()
    }

    /// The best value that any choice within the budget has, without headers.
    fn reference(choices: &[Choice], budget: u32) -> f32 {
        let mut best = vec![0.0_f32; budget as usize + 1];
        for choice in choices {
            let before = best.clone();
            for (left, entry) in best.iter_mut().enumerate() {
                for offer in &choice.levels {
                    if let Some(rest) = left.checked_sub(offer.cost as usize) {
                        *entry = entry.max(before[rest] + offer.value);
                    }
                }
            }
        }
        best[budget as usize]
    }

    fn choices(most: usize) -> impl Strategy<Value = Vec<Choice>> {
        let offer = (1..40_u32, 1..100_u16).prop_map(|(cost, value)| (cost, f32::from(value)));
        let levels = prop::collection::vec(offer, 1..4).prop_map(|steps| {
            let mut offer = Offer { cost: 0, value: 0.0 };
            let up = |(cost, value)| {
                offer = Offer { cost: offer.cost + cost, value: offer.value + value };
                offer
            };
            steps.into_iter().map(up).collect()
        });
        let group = prop::option::of(0..3_usize);
        prop::collection::vec(
            (levels, group).prop_map(|(levels, group)| Choice { levels, groups: [group, None] }),
            1..most,
        )
    }

    proptest! {
        #[test]
        fn never_over_budget(choices in choices(30), budget in 0..400_u32) {
            let headers = [7, 11, 13];
            let chosen = pack(&choices, &headers, budget);
            prop_assert!(cost(&choices, &headers, &chosen) <= budget);
        }
    }

    #[test]
    fn close_to_the_best() {
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let (mut found, mut best, mut worst) = (0.0, 0.0, 1.0_f32);
        for _ in 0..2000 {
            let mut case = proptest::strategy::ValueTree::current(&choices(FEW).new_tree(&mut runner).unwrap());
            case.iter_mut().for_each(|choice| choice.groups = [None, None]);
            let chosen = pack(&case, &[], 300);
            let (got, reference) = (value(&case, &chosen), reference(&case, 300));
            found += got;
            best += reference;
            worst = worst.min(got / reference);
        }
        println!("{} of the best, {worst} at worst", found / best);
        assert!(worst > 0.98, "{} of the best, {worst} at worst", found / best);
    }

    #[test]
    fn a_header_is_paid_once() {
        let thing = |group| Choice { levels: vec![Offer { cost: 10, value: 1.0 }], groups: [Some(group), None] };
        let chosen = pack(&[thing(0), thing(0), thing(1)], &[5, 5], 25);
        assert_eq!(chosen, [Some(0), Some(0), None]);
    }
}
