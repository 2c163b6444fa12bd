//! The convolution.

use super::public_bits::{self, PublicBits};
use super::{CONVOLUTION, MEMORY};
use crate::field::F128;

/// Blocks of bits at once, for four times as many positions.
const BLOCKS: usize = 64;

/// Replaces `vector` by its convolution.
pub(super) fn convolve(bits: &PublicBits, vector: &mut [F128]) {
    let mut blocks = [[0; 16]; BLOCKS];
    for start in (0..vector.len()).step_by(4 * BLOCKS) {
        bits.fill(CONVOLUTION, (start / 4) as u64, &mut blocks);
        for (i, word) in (start..vector.len()).zip(public_bits::words(&blocks)) {
            pass_on(&mut vector[i..], word);
        }
    }
}

/// Adds the first element to those behind it: by bits 0 to 22 to the next ones, always and times x to the one after.
fn pass_on(window: &mut [F128], word: u32) {
    let element = window[0];
    for distance in 1..MEMORY.min(window.len()) {
        let taken = 0u128.wrapping_sub(u128::from(word >> (distance - 1) & 1));
        window[distance].0 ^= element.0 & taken;
    }
    if let Some(last) = window.get_mut(MEMORY) {
        *last += element.times_x();
    }
}
