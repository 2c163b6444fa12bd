//! Moving values into groups, by several tasks at once.

use std::slice::IterMut;

/// For each task and each group the places that the task's values of the group go to, given how many there are of each. Groups
/// follow each other, and in a group the tasks, so the order does not depend on how many threads there are.
pub(crate) fn split<'a, T>(counts: &[Vec<usize>], mut all: &'a mut [T]) -> Vec<Vec<IterMut<'a, T>>> {
    let groups = counts.first().map_or(0, Vec::len);
    let mut targets: Vec<_> = counts.iter().map(|_| Vec::with_capacity(groups)).collect();
    for group in 0..groups {
        for (counts, targets) in counts.iter().zip(&mut targets) {
            let (here, rest) = all.split_at_mut(counts[group]);
            targets.push(here.iter_mut());
            all = rest;
        }
    }
    targets
}

/// Writes to the next place, of which there are as many as were counted.
#[inline]
pub(crate) fn put<T>(places: &mut IterMut<'_, T>, value: T) {
    if let Some(place) = places.next() {
        *place = value;
    }
}
