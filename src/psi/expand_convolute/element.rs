//! What can be encoded: elements of the field, and two of them side by side.

use std::ops::AddAssign;

use zeroize::{DefaultIsZeroes, Zeroizing};

use super::scale::BATCH;
use crate::field::{self, F128};

/// An element of a vector that is encoded.
pub(crate) trait Element: Copy + AddAssign + Send + Sync {
    /// The 128-bit lanes that one element has: 1 or 2.
    const LANES: usize;

    /// The element where `mask` is all ones, zero where it is zero.
    fn masked(self, mask: u128) -> Self;

    /// Multiplies each of at most [`BATCH`] elements by the scalar beside it.
    fn multiply_each(elements: &mut [Self], by: &[F128]);
}

impl Element for F128 {
    const LANES: usize = 1;

    fn masked(self, mask: u128) -> Self {
        F128(self.0 & mask)
    }

    fn multiply_each(elements: &mut [Self], by: &[F128]) {
        field::multiply_each(elements, by);
    }
}

/// One element each of two vectors. Aligned, so that none lies across two cache lines.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
#[repr(C, align(32))]
pub(crate) struct Pair(pub(crate) [F128; 2]);

/// So that slices are wiped at once.
impl DefaultIsZeroes for Pair {}

impl AddAssign for Pair {
    fn add_assign(&mut self, other: Pair) {
        self.0[0] += other.0[0];
        self.0[1] += other.0[1];
    }
}

impl Element for Pair {
    const LANES: usize = 2;

    fn masked(self, mask: u128) -> Self {
        Pair(self.0.map(|lane| lane.masked(mask)))
    }

    fn multiply_each(elements: &mut [Self], by: &[F128]) {
        let mut lane = Zeroizing::new([F128::ZERO; BATCH]);
        for which in 0..Self::LANES {
            let lane = &mut lane[..elements.len()];
            lane.iter_mut().zip(&*elements).for_each(|(to, pair)| *to = pair.0[which]);
            field::multiply_each(lane, by);
            elements.iter_mut().zip(&*lane).for_each(|(pair, from)| pair.0[which] = *from);
        }
    }
}
