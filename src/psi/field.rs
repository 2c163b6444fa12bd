//! GF(2^128): polynomials over GF(2) modulo x^128 + x^7 + x^2 + x + 1.
//!
//! Bit i of the integer is the coefficient of x^i (little-endian; not GCM's reflected order).
//!
//! Elements are secrets of the engine. Every operation takes the same time and touches the same memory whatever the
//! elements are; lengths of slices are public. See [`backend`] for the ways to compute and their choice.

pub(crate) mod backend;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)] // Instructions that not every processor has.
mod clmul;
#[cfg(target_arch = "aarch64")]
#[allow(unsafe_code)]
mod pmull;
mod portable;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod vclmul;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

use std::fmt;
use std::ops::{Add, AddAssign, Mul};

use rand_core::CryptoRng;
use zerocopy::FromZeros;
use zeroize::DefaultIsZeroes;

use backend::{Arithmetic, Backend};

/// An element. Addition is XOR; subtraction is addition.
#[derive(Clone, Copy, Default, PartialEq, Eq, FromZeros)]
#[repr(transparent)]
pub(crate) struct F128(pub(crate) u128);

/// So that slices are wiped at once.
impl DefaultIsZeroes for F128 {}

impl F128 {
    pub(crate) const ZERO: F128 = F128(0);
    pub(crate) const ONE: F128 = F128(1);

    /// A uniform element.
    pub(crate) fn random(rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        Self::from_bytes(bytes)
    }

    /// The element whose coefficients are the bits of little-endian bytes.
    pub(crate) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_le_bytes(bytes))
    }

    /// The product with x.
    pub(crate) const fn times_x(self) -> Self {
        let carry = 0u128.wrapping_sub(self.0 >> 127);
        Self((self.0 << 1) ^ (carry & 0x87))
    }

    /// The inverse of [`F128::from_bytes`].
    pub(crate) const fn to_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }

    /// The inverse, and zero for zero: the power 2^128 - 2, by the chain of Itoh and Tsujii ("A Fast Algorithm for
    /// Computing Multiplicative Inverses in GF(2^m) Using Normal Bases", 1988). Some 140 multiplications,
    /// in constant time, though nothing counts on that yet.
    pub(crate) fn inverse(self) -> F128 {
        // `power` is self^(2^ones - 1). Each step doubles `ones` and adds one, so that 1 becomes 127 after six.
        let mut power = self;
        let mut ones = 1;
        for _ in 0..6 {
            power = power.squared(ones) * power;
            power = power.squared(1) * self;
            ones = 2 * ones + 1;
        }
        power.squared(1)
    }

    /// Squared so many times in a row.
    fn squared(self, times: u32) -> F128 {
        (0..times).fold(self, |power, _| power * power)
    }
}

impl fmt::Debug for F128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("F128(..)")
    }
}

#[allow(clippy::suspicious_arithmetic_impl)] // Addition without carries.
impl Add for F128 {
    type Output = F128;

    fn add(self, other: F128) -> F128 {
        F128(self.0 ^ other.0)
    }
}

#[allow(clippy::suspicious_op_assign_impl)] // As above.
impl AddAssign for F128 {
    fn add_assign(&mut self, other: F128) {
        self.0 ^= other.0;
    }
}

impl Mul for F128 {
    type Output = F128;

    fn mul(self, other: F128) -> F128 {
        Backend::best().mul(self, other)
    }
}

/// `into[i] += scalar * from[i]`. Both slices have one length.
pub(crate) fn add_scaled(into: &mut [F128], scalar: F128, from: &[F128]) {
    Backend::best().add_scaled(into, scalar, from);
}

/// The sum of `a[i] * b[i]`. Both slices have one length.
pub(crate) fn inner_product(a: &[F128], b: &[F128]) -> F128 {
    Backend::best().inner_product(a, b)
}

/// `into[i] *= by[i]`. Both slices have one length.
pub(crate) fn multiply_each(into: &mut [F128], by: &[F128]) {
    Backend::best().multiply_each(into, by);
}

/// `out[i] += d[i] * p[0] + d[i]^2 * p[1] + .. + d[i]^g * p[g - 1]`: one polynomial without a constant term at many
/// points. `out` and `d` have one length. Meant for small g: `p` is read again for each few points.
pub(crate) fn add_powers(out: &mut [F128], d: &[F128], p: &[F128]) {
    Backend::best().add_powers(out, d, p);
}
