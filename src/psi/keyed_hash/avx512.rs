//! Sixteen inputs at once, with AVX-512.

use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_ror_epi32, _mm512_set1_epi32, _mm512_unpackhi_epi32,
    _mm512_unpackhi_epi64, _mm512_unpacklo_epi32, _mm512_unpacklo_epi64, _mm512_xor_si512,
};

use zeroize::Zeroizing;

use super::Halves;
use super::compression::{compression, words};

/// That this processor has AVX-512.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512(());

impl Avx512 {
    pub(super) fn detect() -> Option<Self> {
        crate::processor::has_avx512().then_some(Self(()))
    }

    pub(super) fn hash<const HALVES: usize>(
        self,
        key: &[u8; 32],
        inputs: &[Halves; HALVES],
        outputs: &mut [Halves; 2],
    ) {
        let key = Zeroizing::new(words(key));
        // SAFETY: `detect` found the instructions.
        unsafe { hash(&key, inputs, outputs) }
    }
}

#[target_feature(enable = "avx512f")]
fn hash<const HALVES: usize>(key: &[u32; 8], inputs: &[Halves; HALVES], outputs: &mut [Halves; 2]) {
    let mut message = [[splat(0); 4]; HALVES];
    for (words, rows) in message.iter_mut().zip(inputs) {
        *words = transpose(load(rows));
    }
    let [a, b, c, d, e, f, g, h] = compress(key, &message);
    outputs[0] = store(transpose([a, b, c, d]));
    outputs[1] = store(transpose([e, f, g, h]));
}

compression!("avx512f", __m512i);

/// Four rows in each register, one word of sixteen rows in each, and back: within each lane of 128 bits, four registers
/// are a matrix of four by four. So row 4 * i + j is at place 4 * j + i of a word's register.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    let [ab_low, ab_high] = [_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b)];
    let [cd_low, cd_high] = [_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d)];
    [
        _mm512_unpacklo_epi64(ab_low, cd_low),
        _mm512_unpackhi_epi64(ab_low, cd_low),
        _mm512_unpacklo_epi64(ab_high, cd_high),
        _mm512_unpackhi_epi64(ab_high, cd_high),
    ]
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(rows: &Halves) -> [__m512i; 4] {
    // SAFETY: both have 256 bytes, of which all values are valid.
    unsafe { std::mem::transmute::<Halves, [__m512i; 4]>(*rows) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(registers: [__m512i; 4]) -> Halves {
    // SAFETY: as in `load`.
    unsafe { std::mem::transmute::<[__m512i; 4], Halves>(registers) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn splat(word: u32) -> __m512i {
    _mm512_set1_epi32(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx512f")]
fn add(a: __m512i, b: __m512i) -> __m512i {
    _mm512_add_epi32(a, b)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor(a: __m512i, b: __m512i) -> __m512i {
    _mm512_xor_si512(a, b)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn rotate16(a: __m512i) -> __m512i {
    _mm512_ror_epi32::<16>(a)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn rotate12(a: __m512i) -> __m512i {
    _mm512_ror_epi32::<12>(a)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn rotate8(a: __m512i) -> __m512i {
    _mm512_ror_epi32::<8>(a)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn rotate7(a: __m512i) -> __m512i {
    _mm512_ror_epi32::<7>(a)
}
