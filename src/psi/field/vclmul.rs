//! VPCLMULQDQ on AVX-512: four elements in one register of 512 bits, each as in [`super::clmul`].

use std::arch::x86_64::{
    __m128i, __m512i, _mm_set_epi64x, _mm512_broadcast_i32x4, _mm512_clmulepi64_epi128, _mm512_setzero_si512,
    _mm512_unpackhi_epi64, _mm512_unpacklo_epi64, _mm512_xor_si512,
};

use super::F128;
use super::backend::Arithmetic;
use super::clmul::{Clmul, HIGH_HIGH, HIGH_LOW, LOW_HIGH, LOW_LOW, REMAINDER};

/// Elements in a register.
const LANES: usize = 4;

/// Registers on which [`add_powers`] works at once: each step of Horner's rule waits some 20 cycles for the one before
/// and keeps the multiplier busy for 6 of them.
const PIPELINED: usize = 4;

/// That this processor has VPCLMULQDQ and AVX-512.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vclmul {
    /// For what does not fill a register.
    narrow: Clmul,
}

impl Vclmul {
    pub(super) fn detect() -> Option<Self> {
        let wide = crate::processor::has_vclmul();
        Clmul::detect().filter(|_| wide).map(|narrow| Self { narrow })
    }
}

impl Arithmetic for Vclmul {
    #[inline]
    fn mul(self, a: F128, b: F128) -> F128 {
        self.narrow.mul(a, b)
    }

    fn add_scaled(self, into: &mut [F128], scalar: F128, from: &[F128]) {
        let (into, into_rest) = into.as_chunks_mut();
        let (from, from_rest) = from.as_chunks();
        // SAFETY: `detect` found the instructions.
        unsafe { add_scaled(into, scalar, from) }
        self.narrow.add_scaled(into_rest, scalar, from_rest);
    }

    fn inner_product(self, a: &[F128], b: &[F128]) -> F128 {
        let (a, a_rest) = a.as_chunks();
        let (b, b_rest) = b.as_chunks();
        // SAFETY: `detect` found the instructions.
        let sum = unsafe { inner_product(a, b) };
        sum + self.narrow.inner_product(a_rest, b_rest)
    }

    fn multiply_each(self, into: &mut [F128], by: &[F128]) {
        let (into, into_rest) = into.as_chunks_mut();
        let (by, by_rest) = by.as_chunks();
        // SAFETY: `detect` found the instructions.
        unsafe { multiply_each(into, by) }
        self.narrow.multiply_each(into_rest, by_rest);
    }

    fn add_powers(self, out: &mut [F128], d: &[F128], p: &[F128]) {
        let (out, out_rest) = out.as_chunks_mut();
        let (d, d_rest) = d.as_chunks();
        let (out_groups, out) = out.as_chunks_mut::<PIPELINED>();
        let (d_groups, d) = d.as_chunks::<PIPELINED>();
        // SAFETY: `detect` found the instructions.
        unsafe {
            add_powers(out_groups, d_groups, p);
            add_powers(out.as_chunks_mut::<1>().0, d.as_chunks::<1>().0, p);
        }
        self.narrow.add_powers(out_rest, d_rest, p);
    }
}

#[target_feature(enable = "avx512f,vpclmulqdq")]
fn add_scaled(into: &mut [[F128; LANES]], scalar: F128, from: &[[F128; LANES]]) {
    let scalar = Factor::new(broadcast(scalar.0));
    for (into, from) in into.iter_mut().zip(from) {
        *into = store(_mm512_xor_si512(load(into), scalar.times(load(from))));
    }
}

#[target_feature(enable = "avx512f,vpclmulqdq")]
fn inner_product(a: &[[F128; LANES]], b: &[[F128; LANES]]) -> F128 {
    let mut sum = Unreduced::zero();
    for (a, b) in a.iter().zip(b) {
        sum.add_product(load(a), load(b));
    }
    store(sum.reduce()).into_iter().fold(F128::ZERO, |sum, lane| sum + lane)
}

#[target_feature(enable = "avx512f,vpclmulqdq")]
fn multiply_each(into: &mut [[F128; LANES]], by: &[[F128; LANES]]) {
    for (into, by) in into.iter_mut().zip(by) {
        let mut product = Unreduced::zero();
        product.add_product(load(into), load(by));
        *into = store(product.reduce());
    }
}

#[target_feature(enable = "avx512f,vpclmulqdq")]
fn add_powers<const REGISTERS: usize>(
    out: &mut [[[F128; LANES]; REGISTERS]],
    d: &[[[F128; LANES]; REGISTERS]],
    p: &[F128],
) {
    for (out, d) in out.iter_mut().zip(d) {
        let d: [Factor; REGISTERS] = std::array::from_fn(|i| Factor::new(load(&d[i])));
        let mut sums = [_mm512_setzero_si512(); REGISTERS];
        for p in p.iter().rev() {
            let p = broadcast(p.0);
            for (sum, d) in sums.iter_mut().zip(&d) {
                *sum = d.times(_mm512_xor_si512(*sum, p));
            }
        }
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = store(_mm512_xor_si512(load(out), sum));
        }
    }
}

/// Sums of products that are not yet reduced: `low + middle * x^64 + high * x^128`.
struct Unreduced {
    low: __m512i,
    middle: __m512i,
    high: __m512i,
}

impl Unreduced {
    #[inline]
    #[target_feature(enable = "avx512f,vpclmulqdq")]
    fn zero() -> Self {
        let zero = _mm512_setzero_si512();
        Self { low: zero, middle: zero, high: zero }
    }

    #[inline]
    #[target_feature(enable = "avx512f,vpclmulqdq")]
    fn add_product(&mut self, a: __m512i, b: __m512i) {
        let mixed = _mm512_xor_si512(clmul::<HIGH_LOW>(a, b), clmul::<LOW_HIGH>(a, b));
        self.low = _mm512_xor_si512(self.low, clmul::<LOW_LOW>(a, b));
        self.middle = _mm512_xor_si512(self.middle, mixed);
        self.high = _mm512_xor_si512(self.high, clmul::<HIGH_HIGH>(a, b));
    }

    #[inline]
    #[target_feature(enable = "avx512f,vpclmulqdq")]
    fn reduce(self) -> __m512i {
        let remainder = broadcast(REMAINDER as u128);
        let middle = _mm512_xor_si512(self.middle, clmul::<HIGH_LOW>(self.high, remainder));
        let above = _mm512_xor_si512(self.high, _mm512_unpackhi_epi64(middle, middle));
        let low = _mm512_xor_si512(self.low, _mm512_unpacklo_epi64(_mm512_setzero_si512(), middle));
        _mm512_xor_si512(low, clmul::<LOW_LOW>(above, remainder))
    }
}

/// Factors of many products, with themselves times x^64.
#[derive(Clone, Copy)]
struct Factor {
    itself: __m512i,
    shifted: __m512i,
}

impl Factor {
    #[inline]
    #[target_feature(enable = "avx512f,vpclmulqdq")]
    fn new(itself: __m512i) -> Self {
        let above = clmul::<HIGH_LOW>(itself, broadcast(REMAINDER as u128));
        let words = _mm512_unpacklo_epi64(_mm512_setzero_si512(), itself);
        Self { itself, shifted: _mm512_xor_si512(above, words) }
    }

    #[inline]
    #[target_feature(enable = "avx512f,vpclmulqdq")]
    fn times(self, a: __m512i) -> __m512i {
        let low = _mm512_xor_si512(clmul::<LOW_LOW>(a, self.itself), clmul::<HIGH_LOW>(a, self.shifted));
        let middle = _mm512_xor_si512(clmul::<LOW_HIGH>(a, self.itself), clmul::<HIGH_HIGH>(a, self.shifted));
        let above = clmul::<HIGH_LOW>(middle, broadcast(REMAINDER as u128));
        let low = _mm512_xor_si512(low, _mm512_unpacklo_epi64(_mm512_setzero_si512(), middle));
        _mm512_xor_si512(low, above)
    }
}

#[inline]
#[target_feature(enable = "avx512f,vpclmulqdq")]
fn clmul<const WORDS: i32>(a: __m512i, b: __m512i) -> __m512i {
    _mm512_clmulepi64_epi128::<WORDS>(a, b)
}

#[inline]
#[target_feature(enable = "avx512f,vpclmulqdq")]
fn broadcast(element: u128) -> __m512i {
    let lane: __m128i = _mm_set_epi64x((element >> 64) as i64, element as i64);
    _mm512_broadcast_i32x4(lane)
}

#[inline]
#[target_feature(enable = "avx512f,vpclmulqdq")]
fn load(elements: &[F128; LANES]) -> __m512i {
    // SAFETY: both have 512 bits, of which all values are valid; x86 is little-endian.
    unsafe { std::mem::transmute::<[F128; LANES], __m512i>(*elements) }
}

#[inline]
#[target_feature(enable = "avx512f,vpclmulqdq")]
fn store(register: __m512i) -> [F128; LANES] {
    // SAFETY: as in `load`.
    unsafe { std::mem::transmute::<__m512i, [F128; LANES]>(register) }
}
