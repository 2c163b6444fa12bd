//! The public random scalars between convolution and expander.

use rayon::prelude::*;

use super::public_bits::PublicBits;
use super::{Element, WEIGHT};
use crate::field::F128;

/// The stream of public randomness that has the scalars; those before it have positions and the convolution's bits.
pub(super) const STREAM: u64 = WEIGHT as u64 + 1;

/// Elements at once: their scalars stay in the first-level cache.
pub(super) const BATCH: usize = 256;

/// Elements that one task scales.
const TASK: usize = 64 * BATCH;

/// Multiplies each element by its scalar, which is a block of the stream.
pub(super) fn scale<E: Element>(bits: &PublicBits, vector: &mut [E]) {
    vector.par_chunks_mut(TASK).enumerate().for_each(|(task, elements)| {
        for (batch, elements) in elements.chunks_mut(BATCH).enumerate() {
            let mut blocks = [[0; 16]; BATCH];
            bits.fill(STREAM, (task * TASK + batch * BATCH) as u64, &mut blocks);
            let scalars = blocks.map(F128::from_bytes);
            E::multiply_each(elements, &scalars[..elements.len()]);
        }
    });
}
