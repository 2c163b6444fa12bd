//! Multiplication from words, and a carry-less multiplication of words by integer multiplication.
//!
//! Constant time where the processor's 64-bit multiplication is, as it is on x86-64 and AArch64.

use super::F128;
use super::backend::Arithmetic;

/// The way that every processor has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portable;

impl Arithmetic for Portable {
    fn mul(self, a: F128, b: F128) -> F128 {
        product(carryless, a, b).reduce()
    }

    fn add_scaled(self, into: &mut [F128], scalar: F128, from: &[F128]) {
        add_scaled(carryless, into, scalar, from);
    }

    fn inner_product(self, a: &[F128], b: &[F128]) -> F128 {
        inner_product(carryless, a, b)
    }

    fn multiply_each(self, into: &mut [F128], by: &[F128]) {
        multiply_each(carryless, into, by);
    }

    fn add_powers(self, out: &mut [F128], d: &[F128], p: &[F128]) {
        add_powers(carryless, out, d, p);
    }
}

/// A product of two words as polynomials over GF(2). The functions below take it as an argument and are always inlined,
/// so that they are compiled for the same instructions as what it is made of.
pub(super) trait Carryless: Fn(u64, u64) -> u128 + Copy {}

impl<C: Fn(u64, u64) -> u128 + Copy> Carryless for C {}

/// A product that is not yet reduced: `low + middle * x^64 + high * x^128`.
#[derive(Clone, Copy, Default)]
pub(super) struct Unreduced {
    low: u128,
    middle: u128,
    high: u128,
}

impl Unreduced {
    /// The element that this is modulo the field's polynomial: x^128 is x^7 + x^2 + x + 1.
    #[inline(always)]
    pub(super) fn reduce(self) -> F128 {
        let low = self.low ^ self.middle << 64;
        let high = self.high ^ self.middle >> 64;
        // What the shifts to the left lose, of degree 6 at most: times x^128 once more.
        let lost = high >> 127 ^ high >> 126 ^ high >> 121;
        let times_remainder = |x: u128| x ^ x << 1 ^ x << 2 ^ x << 7;
        F128(low ^ times_remainder(high ^ lost))
    }
}

#[inline(always)]
pub(super) fn product(carryless: impl Carryless, a: F128, b: F128) -> Unreduced {
    let [a0, a1] = [a.0 as u64, (a.0 >> 64) as u64];
    let [b0, b1] = [b.0 as u64, (b.0 >> 64) as u64];
    let [low, high] = [carryless(a0, b0), carryless(a1, b1)];
    // Karatsuba: (a0 + a1) * (b0 + b1) has both mixed products and what is known already.
    Unreduced { low, middle: carryless(a0 ^ a1, b0 ^ b1) ^ low ^ high, high }
}

#[inline(always)]
pub(super) fn add_scaled(carryless: impl Carryless, into: &mut [F128], scalar: F128, from: &[F128]) {
    for (into, from) in into.iter_mut().zip(from) {
        *into += product(carryless, *from, scalar).reduce();
    }
}

#[inline(always)]
pub(super) fn inner_product(carryless: impl Carryless, a: &[F128], b: &[F128]) -> F128 {
    let mut sum = Unreduced::default();
    for (a, b) in a.iter().zip(b) {
        let next = product(carryless, *a, *b);
        sum.low ^= next.low;
        sum.middle ^= next.middle;
        sum.high ^= next.high;
    }
    sum.reduce()
}

/// [`super::multiply_each`] with a given product of words.
#[inline(always)]
pub(super) fn multiply_each(words: impl Carryless, into: &mut [F128], by: &[F128]) {
    for (into, by) in into.iter_mut().zip(by) {
        *into = product(words, *into, *by).reduce();
    }
}

/// By Horner's rule.
#[inline(always)]
pub(super) fn add_powers(carryless: impl Carryless, out: &mut [F128], d: &[F128], p: &[F128]) {
    for (out, d) in out.iter_mut().zip(d) {
        *out += p.iter().rev().fold(F128::ZERO, |sum, p| product(carryless, sum + *p, *d).reduce());
    }
}

/// Every fourth bit.
const FOURTHS: u64 = 0x1111_1111_1111_1111;

/// The last group of four.
const TOP: u64 = 0xf << 60;

/// A carry-less product through integer multiplication, by leaving three of four bits empty, where carries collect and
/// are then thrown away: T. Pornin, "BearSSL: Constant-Time Mul", bearssl.org/constanttime.html#ghash-for-gcm.
///
/// At most 15 ones may meet in a place of four bits, while a word has 16 groups. So the last group of `a` is multiplied
/// bit by bit, and both halves of the product come out right at once.
fn carryless(a: u64, b: u64) -> u128 {
    let sparse = |word: u64| [0, 1, 2, 3].map(|shift| u128::from(word & FOURTHS << shift));
    let [a_parts, b_parts] = [sparse(a & !TOP), sparse(b)];
    let mut product = 0;
    for residue in 0..4 {
        let sum = (0..4).fold(0, |sum, i| sum ^ (a_parts[i] * b_parts[(residue + 4 - i) % 4]));
        product ^= sum & (u128::from(FOURTHS) << 64 | u128::from(FOURTHS)) << residue;
    }
    for bit in 60..64 {
        product ^= (u128::from(b) << bit) & 0u128.wrapping_sub(u128::from(a >> bit & 1));
    }
    product
}
