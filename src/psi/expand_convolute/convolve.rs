//! The convolution.

use super::public_bits::{self, PublicBits};
use super::{Element, MEMORY, WEIGHT};

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)] // Instructions that are chosen at run time.
mod avx512;

/// The stream of public randomness that has the convolution's bits; those before it have the sections' positions.
pub(super) const STREAM: u64 = WEIGHT as u64;

/// Blocks of randomness at once, with the bits of four times as many elements.
const BLOCKS: usize = 64;

/// Replaces `vector` by its convolution.
pub(super) fn convolve<E: Element>(bits: &PublicBits, vector: &mut [E]) {
    convolve_with(bits, vector, wide::<E>);
}

/// [`convolve`] without special instructions.
#[cfg(test)]
pub(super) fn convolve_portably<E: Element>(bits: &PublicBits, vector: &mut [E]) {
    convolve_with(bits, vector, |_, _| 0);
}

/// Goes over the vector in parts. `wide` does the first elements of a part and says how many.
fn convolve_with<E: Element>(bits: &PublicBits, vector: &mut [E], wide: impl Fn(&mut [E], &[u32]) -> usize) {
    let mut blocks = [[0; 16]; BLOCKS];
    let mut words = [0; 4 * BLOCKS];
    for start in (0..vector.len()).step_by(4 * BLOCKS) {
        bits.fill(STREAM, (start / 4) as u64, &mut blocks);
        words.iter_mut().zip(public_bits::words(&blocks)).for_each(|(to, word)| *to = word);
        let rest = &mut vector[start..];
        let part = &words[..rest.len().min(words.len())];
        let done = wide(rest, part);
        for (i, word) in part.iter().enumerate().skip(done) {
            pass_on(&mut rest[i..], *word);
        }
    }
}

/// As many elements as the processor's widest instructions can do.
fn wide<E: Element>(rest: &mut [E], words: &[u32]) -> usize {
    #[cfg(target_arch = "x86_64")]
    return avx512::pass_on(rest, words);
    #[cfg(not(target_arch = "x86_64"))]
    0
}

/// Adds the first element to those behind it: by bits 0 to 22 to the next ones, and always to the one after.
fn pass_on<E: Element>(rest: &mut [E], word: u32) {
    let element = rest[0];
    for distance in 1..MEMORY.min(rest.len()) {
        rest[distance] += element.masked(0u128.wrapping_sub(u128::from(word >> (distance - 1) & 1)));
    }
    if let Some(last) = rest.get_mut(MEMORY) {
        *last += element;
    }
}
