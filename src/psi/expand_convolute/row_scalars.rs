//! The public random scalars of the expander's rows.

use super::public_bits::PublicBits;
use super::{Element, WEIGHT};
use crate::field::{self, F128};

/// The stream of public randomness that has the scalars; those before it have positions and the convolution's bits.
pub(super) const STREAM: u64 = WEIGHT as u64 + 1;

/// Different scalars: row i has number i modulo this. Many times the field's 128 bits, so that no power of them spans
/// less than the field over GF(2).
pub(super) const SCALARS: usize = 1 << 12;

/// The scalars, each as often in a row as an element has lanes.
pub(super) struct RowScalars(Vec<F128>);

impl RowScalars {
    pub(super) fn new<E: Element>(bits: &PublicBits) -> Self {
        let mut blocks = vec![[0; 16]; SCALARS];
        bits.fill(STREAM, 0, &mut blocks);
        let scalars = blocks.into_iter().map(F128::from_bytes);
        Self(scalars.flat_map(|scalar| std::iter::repeat_n(scalar, E::LANES)).collect())
    }

    /// Multiplies the outputs of rows from `first` on by their rows' scalars. They may not go past a multiple of [`SCALARS`].
    pub(super) fn multiply<E: Element>(&self, out: &mut [E], first: usize) {
        let lanes = E::lanes_mut(out);
        let start = first % SCALARS * E::LANES;
        field::multiply_each(lanes, &self.0[start..start + lanes.len()]);
    }
}
