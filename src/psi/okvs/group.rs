//! Items in the order of their bins.

use std::ops::Range;

use rayon::prelude::*;

use super::Shape;
use super::row::{self, RowFunction};
use crate::SessionItem;
use crate::field::F128;
use crate::scatter::{put, split};
use crate::wiped::Wiped;

/// Items that a task counts and moves: enough to make its table of bins cheap, and a task for each core of a large
/// machine.
const CHUNK: usize = 1 << 14;

/// More items in a bin than it has room for. Another seed helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooFull;

/// The keys of a set's items under a seed, bin by bin, and within a bin in the set's order. Wiped when dropped.
pub(crate) struct Grouped {
    shape: Shape,
    keys: Wiped<F128>,
    order: Wiped<u32>,
    /// Where each bin starts, and the end of the last.
    starts: Vec<usize>,
}

impl Grouped {
    /// Groups any number of items, fewer than 2^32: those of a side that only decodes may be many more than the
    /// shape's.
    pub(crate) fn new(shape: &Shape, seed: &[u8; 16], items: &[SessionItem]) -> Self {
        let (keys, order) = (Wiped::zeroed(items.len()), Wiped::zeroed(items.len()));
        Self::fill(shape, seed, items, keys, order)
    }

    /// Groups other items in the same memory, where they are as many.
    pub(crate) fn reused(self, seed: &[u8; 16], items: &[SessionItem]) -> Self {
        let (keys, order) = (self.keys.of_len(items.len()), self.order.of_len(items.len()));
        Self::fill(&self.shape, seed, items, keys, order)
    }

    fn fill(
        shape: &Shape,
        seed: &[u8; 16],
        items: &[SessionItem],
        mut keys: Wiped<F128>,
        mut order: Wiped<u32>,
    ) -> Self {
        let rows = RowFunction::new(seed);
        let counts: Vec<_> = items.par_chunks(CHUNK).map(|items| count(shape, &rows, items)).collect();
        let starts = starts(shape, &counts);
        let targets = split(&counts, &mut keys).into_par_iter().zip(split(&counts, &mut order));
        items.par_chunks(CHUNK).zip(targets).enumerate().for_each(
            |(chunk, (items, (mut keys, mut order)))| {
                let mut index = (chunk * CHUNK) as u32;
                rows.keys(items, |key| {
                    let bin = row::bin(key, shape);
                    put(&mut keys[bin], key);
                    put(&mut order[bin], index);
                    index += 1;
                });
            },
        );
        Self { shape: *shape, keys, order, starts }
    }

    /// Groups items that are to be encoded.
    ///
    /// # Errors
    /// [`TooFull`] where a bin has more than the shape's capacity.
    pub(crate) fn within_capacity(
        shape: &Shape,
        seed: &[u8; 16],
        items: &[SessionItem],
    ) -> Result<Self, TooFull> {
        let grouped = Self::new(shape, seed, items);
        let fits = (0..shape.bins()).all(|bin| grouped.bin(bin).len() <= shape.capacity());
        if fits { Ok(grouped) } else { Err(TooFull) }
    }

    /// The shape that the items are grouped for.
    pub(crate) fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Where a bin's items are in the grouped order.
    pub(crate) fn bin(&self, bin: usize) -> Range<usize> {
        self.starts[bin]..self.starts[bin + 1]
    }

    /// Each item's key, in the grouped order. Under one seed a key stands for its item: it is a permutation of it.
    pub(crate) fn keys(&self) -> &[F128] {
        &self.keys
    }

    /// Each item's place in the set that was grouped, in the grouped order.
    pub(crate) fn order(&self) -> &[u32] {
        &self.order
    }
}

/// How many of the items fall into each bin.
fn count(shape: &Shape, rows: &RowFunction, items: &[SessionItem]) -> Vec<usize> {
    if shape.bins() == 1 {
        return vec![items.len()];
    }
    let mut counts = vec![0; shape.bins()];
    rows.keys(items, |key| counts[row::bin(key, shape)] += 1);
    counts
}

fn starts(shape: &Shape, counts: &[Vec<usize>]) -> Vec<usize> {
    let mut starts = vec![0; shape.bins() + 1];
    for bin in 0..shape.bins() {
        starts[bin + 1] = starts[bin] + counts.iter().map(|counts| counts[bin]).sum::<usize>();
    }
    starts
}
