//! The expander.

use rayon::prelude::*;

use super::public_bits::{self, PublicBits};
use super::row_scalars::{RowScalars, SCALARS};
use super::{Element, WEIGHT};

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)] // Instructions that are chosen at run time.
mod avx2;

/// Outputs that a thread takes at the least: with fewer a section is read anew too often.
const RANGE: usize = 1 << 16;

/// Blocks of randomness at once, with the positions of four times as many outputs.
const BLOCKS: usize = 256;

/// A part of the outputs has scalars that follow each other.
const _: () = assert!(SCALARS.is_multiple_of(4 * BLOCKS));

/// Adds elements of a section to outputs, as the words of the blocks choose.
type Gather<E> = fn(&mut [E], &[E], &[[u8; 16]; BLOCKS]);

/// Takes for each output one element of each section: before each the output is multiplied by its row's scalar.
pub(super) fn expand<E: Element>(bits: &PublicBits, out: &mut [E], convolved: &[E]) {
    expand_with(bits, out, convolved, gather);
}

/// [`expand`] without special instructions.
#[cfg(test)]
pub(super) fn expand_portably<E: Element>(bits: &PublicBits, out: &mut [E], convolved: &[E]) {
    expand_with(bits, out, convolved, gather_portably);
}

fn expand_with<E: Element>(bits: &PublicBits, out: &mut [E], convolved: &[E], gather: Gather<E>) {
    let scalars = RowScalars::new::<E>(bits);
    let range = out.len().div_ceil(rayon::current_num_threads()).max(RANGE).next_multiple_of(4 * BLOCKS);
    let ranges = out.par_chunks_mut(range).enumerate();
    ranges.for_each(|(i, out)| expand_range((bits, &scalars), out, i * range, convolved, gather));
}

/// The outputs from `first` on, which is a multiple of four.
fn expand_range<E: Element>(
    (bits, scalars): (&PublicBits, &RowScalars),
    out: &mut [E],
    first: usize,
    convolved: &[E],
    gather: Gather<E>,
) {
    let mut blocks = [[0; 16]; BLOCKS];
    for index in 0..WEIGHT {
        let section = section(convolved, index);
        for (i, out) in out.chunks_mut(4 * BLOCKS).enumerate() {
            bits.fill(index as u64, (first / 4 + i * BLOCKS) as u64, &mut blocks[..out.len().div_ceil(4)]);
            scalars.multiply(out, first + i * 4 * BLOCKS);
            gather(out, section, &blocks);
        }
    }
}

/// A section of the convolved vector: all have the same length up to one.
fn section<E>(convolved: &[E], index: usize) -> &[E] {
    &convolved[index * convolved.len() / WEIGHT..(index + 1) * convolved.len() / WEIGHT]
}

/// Adds to each output the element that its word chooses.
fn gather<E: Element>(out: &mut [E], section: &[E], blocks: &[[u8; 16]; BLOCKS]) {
    #[cfg(target_arch = "x86_64")]
    if avx2::gather(out, section, blocks) {
        return;
    }
    gather_portably(out, section, blocks);
}

/// [`gather`] without special instructions.
fn gather_portably<E: Element>(out: &mut [E], section: &[E], blocks: &[[u8; 16]; BLOCKS]) {
    for (out, word) in out.iter_mut().zip(public_bits::words(blocks)) {
        *out += section[choose(word, section.len()) as usize];
    }
}

/// The position that a random word chooses among `length`, which is below 2^32.
#[inline(always)]
pub(super) fn choose(word: u32, length: usize) -> u32 {
    ((u64::from(word) * length as u64) >> 32) as u32
}
