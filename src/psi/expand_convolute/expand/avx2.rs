//! The expander with AVX2: positions made eight at a time, and a pair in one register.

use std::arch::x86_64::*;

use super::super::{Element, public_bits};
use super::{BLOCKS, choose};

/// Adds to each output the element that its word chooses, if the processor can.
pub(super) fn gather<E: Element>(out: &mut [E], section: &[E], blocks: &[[u8; 16]; BLOCKS]) -> bool {
    let can = crate::processor::has_avx2() && !section.is_empty();
    if can {
        // SAFETY: the processor has AVX2.
        unsafe { gather_wide(out, section, blocks) };
    }
    can
}

#[target_feature(enable = "avx2")]
fn gather_wide<E: Element>(out: &mut [E], section: &[E], blocks: &[[u8; 16]; BLOCKS]) {
    let mut positions = [0; 4 * BLOCKS];
    for (position, word) in positions.iter_mut().zip(public_bits::words(blocks)) {
        *position = choose(word, section.len());
    }
    for (out, position) in out.iter_mut().zip(&positions) {
        // SAFETY: a chosen position is below the section's length.
        add::<E>(out, unsafe { section.get_unchecked(*position as usize) });
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn add<E: Element>(out: &mut E, element: &E) {
    if E::LANES == 1 {
        *out += *element;
        return;
    }
    let (to, from) = (std::ptr::from_mut(out).cast(), std::ptr::from_ref(element).cast());
    // SAFETY: an element of two lanes is 32 bytes that may have any value, and aligned to them.
    unsafe { _mm256_store_si256(to, _mm256_xor_si256(_mm256_load_si256(to), _mm256_load_si256(from))) };
}
