//! The convolution with AVX-512: the elements that are still to be added to stay in registers.

use std::arch::x86_64::*;

use super::super::{Element, MEMORY};

/// For each choice of the four (or two) elements of a register, what is taken of it.
static QUARTERS: [Lanes; 16] = taken::<16>(4);
static HALVES: [Lanes; 4] = taken::<4>(2);

/// A register in memory.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Lanes([u64; 8]);

/// Entry i has all ones in the element of each bit that is set in i.
const fn taken<const CHOICES: usize>(elements: usize) -> [Lanes; CHOICES] {
    let mut table = [Lanes([0; 8]); CHOICES];
    let mut choice = 0;
    while choice < CHOICES {
        let mut word = 0;
        while word < 8 {
            if choice >> (word * elements / 8) & 1 == 1 {
                table[choice].0[word] = u64::MAX;
            }
            word += 1;
        }
        choice += 1;
    }
    table
}

/// Passes on the first elements of `rest`, by the bits of `words`, and returns how many: none without AVX-512, and not
/// those at the end of `rest` that a register would reach beyond.
pub(super) fn pass_on<E: Element>(rest: &mut [E], words: &[u32]) -> usize {
    if !crate::processor::has_avx512() {
        return 0;
    }
    // SAFETY: the processor has AVX-512. An element is LANES times 16 bytes that may have any value.
    unsafe {
        match E::LANES {
            1 => pass_on_wide::<4, 7, 16>(rest.as_mut_ptr().cast(), rest.len(), words, &QUARTERS),
            _ => pass_on_wide::<2, 13, 4>(rest.as_mut_ptr().cast(), rest.len(), words, &HALVES),
        }
    }
}

/// A register holds a group of `EACH` elements. `WINDOW` of them hold a group and all that it is added to, which is one
/// register more than the memory fills.
///
/// # Safety
/// `rest` has `len` elements of 64 / EACH bytes.
#[target_feature(enable = "avx512f")]
unsafe fn pass_on_wide<const EACH: usize, const WINDOW: usize, const CHOICES: usize>(
    rest: *mut __m512i,
    len: usize,
    words: &[u32],
    taken: &[Lanes; CHOICES],
) -> usize {
    const { assert!(WINDOW == MEMORY / EACH + 1 && CHOICES == 1 << EACH) };
    let groups = (words.len() / EACH).min((len / EACH).saturating_sub(WINDOW - 1));
    if groups == 0 {
        return 0;
    }
    let mut window = [_mm512_setzero_si512(); WINDOW];
    for (i, register) in window[..WINDOW - 1].iter_mut().enumerate() {
        // SAFETY: there are at least WINDOW whole groups.
        *register = unsafe { _mm512_loadu_si512(rest.add(i)) };
    }
    for (group, words) in words.chunks_exact(EACH).take(groups).enumerate() {
        // SAFETY: group + WINDOW groups are in the vector.
        window[WINDOW - 1] = unsafe { _mm512_loadu_si512(rest.add(group + WINDOW - 1)) };
        pass_on_group::<EACH, WINDOW, CHOICES>(&mut window, words, taken);
        // SAFETY: as above.
        unsafe { _mm512_storeu_si512(rest.add(group), window[0]) };
        window.copy_within(1.., 0);
    }
    for (i, register) in window[..WINDOW - 1].iter().enumerate() {
        // SAFETY: groups + WINDOW - 1 groups are in the vector.
        unsafe { _mm512_storeu_si512(rest.add(groups + i), *register) };
    }
    groups * EACH
}

/// Passes on the elements of the first register, one after the other.
#[inline]
#[target_feature(enable = "avx512f")]
fn pass_on_group<const EACH: usize, const WINDOW: usize, const CHOICES: usize>(
    window: &mut [__m512i; WINDOW],
    words: &[u32],
    taken: &[Lanes; CHOICES],
) {
    for (at, word) in words.iter().enumerate() {
        let element = _mm512_permutexvar_epi64(spread::<EACH>(at), window[0]);
        // Bit 0 is for the element after this one; the highest that is used is 22.
        let bits = u64::from(word & 0x7f_ffff) << (at + 1);
        for (i, register) in window.iter_mut().enumerate() {
            let choice = &taken[(bits >> (i * EACH)) as usize % CHOICES];
            // SAFETY: a choice is 64 bytes and aligned.
            let choice = unsafe { _mm512_load_si512(choice.0.as_ptr().cast()) };
            // register ^ (element & choice)
            *register = _mm512_ternarylogic_epi64::<0x78>(*register, element, choice);
        }
    }
    window[WINDOW - 1] = _mm512_xor_si512(window[WINDOW - 1], window[0]);
}

/// The permutation of words that puts one element in the place of all.
#[inline]
#[target_feature(enable = "avx512f")]
fn spread<const EACH: usize>(at: usize) -> __m512i {
    let words = 8 / EACH;
    let within = match words {
        2 => _mm512_set_epi64(1, 0, 1, 0, 1, 0, 1, 0),
        _ => _mm512_set_epi64(3, 2, 1, 0, 3, 2, 1, 0),
    };
    _mm512_add_epi64(_mm512_set1_epi64((at * words) as i64), within)
}
