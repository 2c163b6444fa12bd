//! The field and the hash.

use crate::field::F128;
use crate::field::backend::{Arithmetic, Backend};
use crate::keyed_hash::{self, KeyedHash};

/// The field's operations in one of the ways that this processor has.
pub struct Field {
    backend: Backend,
    a: Vec<F128>,
    b: Vec<F128>,
}

impl Field {
    /// Each way, with vectors of so many elements, the slowest first.
    pub fn all(len: usize) -> Vec<Self> {
        let element =
            |i: usize| F128((i as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
        let elements = |from: usize| (from..from + len).map(element).collect();
        let with = |backend| Self { backend, a: elements(0), b: elements(len) };
        Backend::available().into_iter().map(with).collect()
    }

    /// The way's name.
    pub fn name(&self) -> String {
        name(&self.backend)
    }

    /// Multiplications one by one, each with the result of the one before.
    pub fn multiply_in_turn(&self) -> u128 {
        self.a.iter().fold(F128::ONE, |product, a| self.backend.mul(product, *a)).0
    }

    /// Multiplications one by one, none of which waits for another.
    pub fn multiply_apart(&mut self) {
        for (a, b) in self.a.iter_mut().zip(&self.b) {
            *a = self.backend.mul(*a, *b);
        }
    }

    /// The same through the operator, which has to find the way each time. Not in this way but in the best.
    pub fn operator(&mut self) {
        for (a, b) in self.a.iter_mut().zip(&self.b) {
            *a = *a * *b;
        }
    }

    /// `a += scalar * b`.
    pub fn add_scaled(&mut self) {
        self.backend.add_scaled(&mut self.a, F128(0x1234_5678_9abc_def0 << 60), &self.b);
    }

    /// The sum of `a * b`.
    pub fn inner_product(&self) -> u128 {
        self.backend.inner_product(&self.a, &self.b).0
    }

    /// A polynomial of so many terms at each element of `b`, added to `a`.
    pub fn add_powers(&mut self, terms: usize) {
        let p = self.b[..terms].to_vec();
        self.backend.add_powers(&mut self.a, &self.b, &p);
    }
}

/// The keyed hash in one of the ways that this processor has.
pub struct Hash {
    backend: keyed_hash::Backend,
    hash: KeyedHash,
    short: Vec<[u8; 16]>,
    long: Vec<[u8; 32]>,
    left: Vec<F128>,
    out: Vec<[u8; 32]>,
    cut: Vec<F128>,
}

impl Hash {
    /// Each way, with so many inputs, the slowest first.
    pub fn all(len: usize) -> Vec<Self> {
        let with = |backend| Self {
            backend,
            hash: KeyedHash::with_backend([3; 32], backend),
            short: vec![[5; 16]; len],
            long: vec![[6; 32]; len],
            left: vec![F128(7); len],
            out: vec![[0; 32]; len],
            cut: vec![F128::ZERO; len],
        };
        keyed_hash::Backend::available().into_iter().map(with).collect()
    }

    /// The way's name.
    pub fn name(&self) -> String {
        name(&self.backend)
    }

    /// Inputs of 16 bytes.
    pub fn hash16(&mut self) {
        self.hash.hash16(&self.short, &mut self.out);
    }

    /// Inputs of one element, outputs cut to as much.
    pub fn hash_elements(&mut self) {
        self.hash.hash_elements(&self.left, &mut self.cut);
    }

    /// Inputs of 32 bytes.
    pub fn hash32(&mut self) {
        self.hash.hash32(&self.long, &mut self.out);
    }

    /// Inputs of two elements.
    pub fn hash_pairs(&mut self) {
        self.hash.hash_pairs(&self.left, &self.left, &mut self.out);
    }
}

/// The name of an enum's variant.
fn name(variant: &impl std::fmt::Debug) -> String {
    let debug = format!("{variant:?}");
    debug.split(['(', ' ']).next().unwrap_or_default().to_lowercase()
}
