//! GF(2^128): polynomials over GF(2) modulo x^128 + x^7 + x^2 + x + 1.
//!
//! Bit i of the integer is the coefficient of x^i (little-endian; not GCM's reflected order).

use std::fmt;
use std::ops::{Add, AddAssign, Mul};

use rand_core::CryptoRng;
use zeroize::Zeroize;

/// An element. Addition is XOR; subtraction is addition.
#[derive(Clone, Copy, Default, PartialEq, Eq, Zeroize)]
#[repr(transparent)]
pub(crate) struct F128(pub(crate) u128);

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
}

impl fmt::Debug for F128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("F128(..)")
    }
}

impl Add for F128 {
    type Output = F128;

    fn add(self, other: F128) -> F128 {
        F128(self.0 ^ other.0)
    }
}

impl AddAssign for F128 {
    fn add_assign(&mut self, other: F128) {
        self.0 ^= other.0;
    }
}

impl Mul for F128 {
    type Output = F128;

    fn mul(self, other: F128) -> F128 {
        let mut product = 0u128;
        let mut shifted = self.0;
        for bit in 0..128 {
            product ^= shifted & 0u128.wrapping_sub(other.0 >> bit & 1);
            let carry = 0u128.wrapping_sub(shifted >> 127);
            shifted = (shifted << 1) ^ (carry & 0x87);
        }
        F128(product)
    }
}

/// `into[i] += scalar * from[i]`. Both slices have one length.
pub(crate) fn add_scaled(into: &mut [F128], scalar: F128, from: &[F128]) {
    for (into, from) in into.iter_mut().zip(from) {
        *into += scalar * *from;
    }
}

/// The sum of `a[i] * b[i]`. Both slices have one length.
pub(crate) fn inner_product(a: &[F128], b: &[F128]) -> F128 {
    a.iter().zip(b).fold(F128::ZERO, |sum, (a, b)| sum + *a * *b)
}
