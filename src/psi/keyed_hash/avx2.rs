//! Eight inputs at once, with AVX2.

use std::arch::x86_64::{
    __m256i, _mm_setr_epi8, _mm256_add_epi32, _mm256_broadcastsi128_si256, _mm256_or_si256,
    _mm256_set1_epi32, _mm256_shuffle_epi8, _mm256_slli_epi32, _mm256_srli_epi32, _mm256_unpackhi_epi32,
    _mm256_unpackhi_epi64, _mm256_unpacklo_epi32, _mm256_unpacklo_epi64, _mm256_xor_si256,
};

use zeroize::Zeroizing;

use super::compression::{compression, words};
use super::{Half, Halves};

const LANES: usize = 8;

/// That this processor has AVX2.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        crate::processor::has_avx2().then_some(Self(()))
    }

    pub(super) fn hash<const HALVES: usize>(
        self,
        key: &[u8; 32],
        inputs: &[Halves; HALVES],
        outputs: &mut [Halves; 2],
        rows: usize,
    ) {
        let key = Zeroizing::new(words(key));
        let inputs = inputs.each_ref().map(|rows| rows.as_chunks().0);
        let outputs = outputs.each_mut().map(|rows| rows.as_chunks_mut().0);
        // SAFETY: `detect` found the instructions.
        unsafe { hash(&key, inputs, outputs, rows.div_ceil(LANES)) }
    }
}

/// Eight rows.
type Group = [Half; LANES];

#[target_feature(enable = "avx2")]
fn hash<const HALVES: usize>(
    key: &[u32; 8],
    inputs: [&[Group]; HALVES],
    outputs: [&mut [Group]; 2],
    groups: usize,
) {
    for group in 0..groups {
        let mut message = [[splat(0); 4]; HALVES];
        for (words, rows) in message.iter_mut().zip(inputs) {
            *words = transpose(load(&rows[group]));
        }
        let [a, b, c, d, e, f, g, h] = compress(key, &message);
        outputs[0][group] = store(transpose([a, b, c, d]));
        outputs[1][group] = store(transpose([e, f, g, h]));
    }
}

compression!("avx2", __m256i);

/// Two rows in each register, one word of eight rows in each, and back, as with AVX-512.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    let [ab_low, ab_high] = [_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b)];
    let [cd_low, cd_high] = [_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d)];
    [
        _mm256_unpacklo_epi64(ab_low, cd_low),
        _mm256_unpackhi_epi64(ab_low, cd_low),
        _mm256_unpacklo_epi64(ab_high, cd_high),
        _mm256_unpackhi_epi64(ab_high, cd_high),
    ]
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(rows: &Group) -> [__m256i; 4] {
    // SAFETY: both have 128 bytes, of which all values are valid.
    unsafe { std::mem::transmute::<Group, [__m256i; 4]>(*rows) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(registers: [__m256i; 4]) -> Group {
    // SAFETY: as in `load`.
    unsafe { std::mem::transmute::<[__m256i; 4], Group>(registers) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn splat(word: u32) -> __m256i {
    _mm256_set1_epi32(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx2")]
fn add(a: __m256i, b: __m256i) -> __m256i {
    _mm256_add_epi32(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor(a: __m256i, b: __m256i) -> __m256i {
    _mm256_xor_si256(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
fn rotate16(a: __m256i) -> __m256i {
    let bytes = _mm_setr_epi8(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
    _mm256_shuffle_epi8(a, _mm256_broadcastsi128_si256(bytes))
}

#[inline]
#[target_feature(enable = "avx2")]
fn rotate12(a: __m256i) -> __m256i {
    _mm256_or_si256(_mm256_srli_epi32::<12>(a), _mm256_slli_epi32::<20>(a))
}

#[inline]
#[target_feature(enable = "avx2")]
fn rotate8(a: __m256i) -> __m256i {
    let bytes = _mm_setr_epi8(1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12);
    _mm256_shuffle_epi8(a, _mm256_broadcastsi128_si256(bytes))
}

#[inline]
#[target_feature(enable = "avx2")]
fn rotate7(a: __m256i) -> __m256i {
    _mm256_or_si256(_mm256_srli_epi32::<7>(a), _mm256_slli_epi32::<25>(a))
}
