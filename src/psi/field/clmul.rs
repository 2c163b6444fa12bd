//! PCLMULQDQ: one element in one register of 128 bits.
//!
//! A product has the four products of 64-bit words as Gueron and Kounavis have it ("Intel Carry-Less Multiplication
//! Instruction and its Usage for Computing the GCM Mode", algorithm 2), and is reduced by multiplying what is above
//! x^128 with x^7 + x^2 + x + 1. In the bit order used here no bit has to be reversed or shifted for it.

use std::arch::x86_64::{
    __m128i, _mm_clmulepi64_si128, _mm_set_epi64x, _mm_setzero_si128, _mm_unpackhi_epi64, _mm_unpacklo_epi64,
    _mm_xor_si128,
};

use super::F128;
use super::backend::Arithmetic;

/// x^128 modulo the field's polynomial.
pub(super) const REMAINDER: i64 = 0x87;

/// Which words an instruction multiplies. The low digit is the first operand's, the high digit the second's.
pub(super) const LOW_LOW: i32 = 0x00;
pub(super) const HIGH_LOW: i32 = 0x01;
pub(super) const LOW_HIGH: i32 = 0x10;
pub(super) const HIGH_HIGH: i32 = 0x11;

/// That this processor has PCLMULQDQ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clmul(());

impl Clmul {
    pub(super) fn detect() -> Option<Self> {
        crate::processor::has_clmul().then_some(Self(()))
    }
}

impl Arithmetic for Clmul {
    #[inline]
    fn mul(self, a: F128, b: F128) -> F128 {
        // SAFETY: `detect` found the instruction.
        unsafe { mul(a, b) }
    }

    fn add_scaled(self, into: &mut [F128], scalar: F128, from: &[F128]) {
        // SAFETY: `detect` found the instruction.
        unsafe { add_scaled(into, scalar, from) }
    }

    fn inner_product(self, a: &[F128], b: &[F128]) -> F128 {
        // SAFETY: `detect` found the instruction.
        unsafe { inner_product(a, b) }
    }

    fn multiply_each(self, into: &mut [F128], by: &[F128]) {
        // SAFETY: `detect` found the instruction.
        unsafe { multiply_each(into, by) }
    }

    fn add_powers(self, out: &mut [F128], d: &[F128], p: &[F128]) {
        // SAFETY: `detect` found the instruction.
        unsafe { add_powers(out, d, p) }
    }
}

#[target_feature(enable = "pclmulqdq")]
fn mul(a: F128, b: F128) -> F128 {
    let mut product = Unreduced::zero();
    product.add_product(load(a), load(b));
    store(product.reduce())
}

#[target_feature(enable = "pclmulqdq")]
fn add_scaled(into: &mut [F128], scalar: F128, from: &[F128]) {
    let scalar = Factor::new(load(scalar));
    for (into, from) in into.iter_mut().zip(from) {
        *into += store(scalar.times(load(*from)));
    }
}

#[target_feature(enable = "pclmulqdq")]
fn inner_product(a: &[F128], b: &[F128]) -> F128 {
    let mut sum = Unreduced::zero();
    for (a, b) in a.iter().zip(b) {
        sum.add_product(load(*a), load(*b));
    }
    store(sum.reduce())
}

#[target_feature(enable = "pclmulqdq")]
fn multiply_each(into: &mut [F128], by: &[F128]) {
    for (into, by) in into.iter_mut().zip(by) {
        *into = mul(*into, *by);
    }
}

/// By Horner's rule.
#[target_feature(enable = "pclmulqdq")]
fn add_powers(out: &mut [F128], d: &[F128], p: &[F128]) {
    for (out, d) in out.iter_mut().zip(d) {
        let d = Factor::new(load(*d));
        let mut sum = _mm_setzero_si128();
        for p in p.iter().rev() {
            sum = d.times(_mm_xor_si128(sum, load(*p)));
        }
        *out += store(sum);
    }
}

/// A product, or a sum of them, that is not yet reduced: `low + middle * x^64 + high * x^128`.
struct Unreduced {
    low: __m128i,
    middle: __m128i,
    high: __m128i,
}

impl Unreduced {
    #[inline]
    #[target_feature(enable = "pclmulqdq")]
    fn zero() -> Self {
        let zero = _mm_setzero_si128();
        Self { low: zero, middle: zero, high: zero }
    }

    #[inline]
    #[target_feature(enable = "pclmulqdq")]
    fn add_product(&mut self, a: __m128i, b: __m128i) {
        let mixed = _mm_xor_si128(clmul::<HIGH_LOW>(a, b), clmul::<LOW_HIGH>(a, b));
        self.low = _mm_xor_si128(self.low, clmul::<LOW_LOW>(a, b));
        self.middle = _mm_xor_si128(self.middle, mixed);
        self.high = _mm_xor_si128(self.high, clmul::<HIGH_HIGH>(a, b));
    }

    /// Folds x^192 into the middle, then x^128 into the low half.
    #[inline]
    #[target_feature(enable = "pclmulqdq")]
    fn reduce(self) -> __m128i {
        let remainder = _mm_set_epi64x(0, REMAINDER);
        let middle = _mm_xor_si128(self.middle, clmul::<HIGH_LOW>(self.high, remainder));
        // Its low word is what stands at x^128.
        let above = _mm_xor_si128(self.high, _mm_unpackhi_epi64(middle, middle));
        let low = _mm_xor_si128(self.low, _mm_unpacklo_epi64(_mm_setzero_si128(), middle));
        _mm_xor_si128(low, clmul::<LOW_LOW>(above, remainder))
    }
}

/// A factor of many products. To have it times x^64 too leaves one word above x^128 in each product, so that one
/// multiplication less reduces it.
#[derive(Clone, Copy)]
struct Factor {
    itself: __m128i,
    shifted: __m128i,
}

impl Factor {
    #[inline]
    #[target_feature(enable = "pclmulqdq")]
    fn new(itself: __m128i) -> Self {
        let above = clmul::<HIGH_LOW>(itself, _mm_set_epi64x(0, REMAINDER));
        Self { itself, shifted: _mm_xor_si128(above, _mm_unpacklo_epi64(_mm_setzero_si128(), itself)) }
    }

    #[inline]
    #[target_feature(enable = "pclmulqdq")]
    fn times(self, a: __m128i) -> __m128i {
        let low = _mm_xor_si128(clmul::<LOW_LOW>(a, self.itself), clmul::<HIGH_LOW>(a, self.shifted));
        let middle = _mm_xor_si128(clmul::<LOW_HIGH>(a, self.itself), clmul::<HIGH_HIGH>(a, self.shifted));
        let above = clmul::<HIGH_LOW>(middle, _mm_set_epi64x(0, REMAINDER));
        let low = _mm_xor_si128(low, _mm_unpacklo_epi64(_mm_setzero_si128(), middle));
        _mm_xor_si128(low, above)
    }
}

#[inline]
#[target_feature(enable = "pclmulqdq")]
fn clmul<const WORDS: i32>(a: __m128i, b: __m128i) -> __m128i {
    _mm_clmulepi64_si128::<WORDS>(a, b)
}

#[inline]
#[target_feature(enable = "pclmulqdq")]
fn load(element: F128) -> __m128i {
    // SAFETY: both have 128 bits, of which all values are valid; x86 is little-endian.
    unsafe { std::mem::transmute::<u128, __m128i>(element.0) }
}

#[inline]
#[target_feature(enable = "pclmulqdq")]
fn store(register: __m128i) -> F128 {
    // SAFETY: as in `load`.
    F128(unsafe { std::mem::transmute::<__m128i, u128>(register) })
}
