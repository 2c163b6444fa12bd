//! What can be encoded: elements of the field, and two of them side by side.

use std::ops::AddAssign;

use zeroize::DefaultIsZeroes;

use crate::field::F128;

/// An element of a vector that is encoded.
pub(crate) trait Element: Copy + AddAssign + Send + Sync {
    /// The 128-bit lanes that one element has: 1 or 2.
    const LANES: usize;

    /// The element where `mask` is all ones, zero where it is zero.
    fn masked(self, mask: u128) -> Self;

    /// The lanes of elements, one after the other.
    fn lanes_mut(elements: &mut [Self]) -> &mut [F128];
}

impl Element for F128 {
    const LANES: usize = 1;

    fn masked(self, mask: u128) -> Self {
        F128(self.0 & mask)
    }

    fn lanes_mut(elements: &mut [Self]) -> &mut [F128] {
        elements
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

    #[allow(unsafe_code)]
    fn lanes_mut(elements: &mut [Self]) -> &mut [F128] {
        let lanes = elements.len() * Self::LANES;
        // SAFETY: a pair is two elements of the field and nothing else, 32 bytes, aligned to more than they are.
        unsafe { std::slice::from_raw_parts_mut(elements.as_mut_ptr().cast(), lanes) }
    }
}
