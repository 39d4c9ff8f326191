//! [`Lists`]: many short lists in one allocation.

/// Lists by number, one after the other.
pub(crate) struct Lists<T> {
    values: Vec<T>,
    /// Where each ends.
    ends: Vec<u32>,
}

impl<T> Default for Lists<T> {
    fn default() -> Self {
        Self { values: Vec::new(), ends: Vec::new() }
    }
}

impl<T> Lists<T> {
    /// Adds a list behind the last.
    pub(super) fn push(&mut self, list: impl IntoIterator<Item = T>) {
        self.values.extend(list);
        self.ends.push(u32::try_from(self.values.len()).unwrap_or(u32::MAX));
    }

    pub(crate) fn get(&self, at: usize) -> Option<&[T]> {
        let end = *self.ends.get(at)?;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.values.get(start as usize..end as usize)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[T]> {
        (0..self.ends.len()).filter_map(|at| self.get(at))
    }

    /// The values of all lists.
    pub(super) fn values(&self) -> &[T] {
        &self.values
    }

    /// Gives back the room that is left for more.
    pub(super) fn shrunk(mut self) -> Self {
        self.values.shrink_to_fit();
        self.ends.shrink_to_fit();
        self
    }
}

impl Lists<u32> {
    /// Lists of values by the number that comes with each, in the order in which they come. Numbers from `count` on are
    /// left out.
    pub(super) fn grouped(count: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let mut ends = vec![0_u32; count];
        for (number, _) in pairs.clone() {
            if let Some(end) = ends.get_mut(number as usize) {
                *end += 1;
            }
        }
        let mut sum = 0;
        for end in &mut ends {
            sum += std::mem::replace(end, sum);
        }
        let mut values = vec![0; sum as usize];
        // Each end begins as the list's start, and moves on with every value.
        for (number, value) in pairs {
            if let Some(end) = ends.get_mut(number as usize)
                && let Some(entry) = values.get_mut(*end as usize)
            {
                *entry = value;
                *end += 1;
            }
        }
        Self { values, ends }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_keep_what_they_are_given() {
        let mut lists = Lists::default();
        for list in [&[1, 2][..], &[], &[3]] {
            lists.push(list.iter().copied());
        }
        assert_eq!(lists.iter().collect::<Vec<_>>(), [&[1, 2][..], &[], &[3]]);
        assert_eq!((lists.get(1), lists.get(3)), (Some(&[][..]), None));
        let pairs = [(2, 7), (0, 5), (2, 6), (9, 1)];
        let grouped = Lists::grouped(3, pairs.into_iter());
        assert_eq!(grouped.iter().collect::<Vec<_>>(), [&[5][..], &[], &[7, 6]]);
    }
}
