//! Items in the order of their bins.

use std::ops::Range;
use std::slice::IterMut;

use rayon::prelude::*;

use super::Shape;
use super::row::{self, RowFunction};
use crate::SessionItem;
use crate::field::F128;
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
        let rows = RowFunction::new(seed);
        let counts: Vec<_> = items.par_chunks(CHUNK).map(|items| count(shape, &rows, items)).collect();
        let starts = starts(shape, &counts);
        let mut keys = Wiped::new(vec![F128::ZERO; items.len()]);
        let mut order = Wiped::new(vec![0; items.len()]);
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

/// For each chunk and each bin the places that the chunk's items of the bin go to. Bins follow each other, and in a bin
/// the chunks, so the order does not depend on how many threads there are.
fn split<'a, T>(counts: &[Vec<usize>], mut all: &'a mut [T]) -> Vec<Vec<IterMut<'a, T>>> {
    let bins = counts.first().map_or(0, Vec::len);
    let mut targets: Vec<_> = counts.iter().map(|_| Vec::with_capacity(bins)).collect();
    for bin in 0..bins {
        for (counts, targets) in counts.iter().zip(&mut targets) {
            let (here, rest) = all.split_at_mut(counts[bin]);
            targets.push(here.iter_mut());
            all = rest;
        }
    }
    targets
}

/// Writes to the next place, of which there are as many as were counted.
#[inline]
fn put<T>(places: &mut IterMut<'_, T>, value: T) {
    if let Some(place) = places.next() {
        *place = value;
    }
}
