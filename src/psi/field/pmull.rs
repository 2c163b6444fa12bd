//! AArch64's PMULL: the portable code with the processor's own carry-less multiplication of words.

use std::arch::aarch64::vmull_p64;
use std::arch::is_aarch64_feature_detected;

use super::F128;
use super::backend::Arithmetic;
use super::portable;

/// That this processor has PMULL, which the feature `aes` stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pmull(());

impl Pmull {
    pub(super) fn detect() -> Option<Self> {
        (is_aarch64_feature_detected!("neon") && is_aarch64_feature_detected!("aes")).then_some(Self(()))
    }
}

impl Arithmetic for Pmull {
    fn mul(self, a: F128, b: F128) -> F128 {
        // SAFETY: `detect` found the instructions.
        unsafe { mul(a, b) }
    }

    fn add_scaled(self, into: &mut [F128], scalar: F128, from: &[F128]) {
        // SAFETY: `detect` found the instructions.
        unsafe { add_scaled(into, scalar, from) }
    }

    fn inner_product(self, a: &[F128], b: &[F128]) -> F128 {
        // SAFETY: `detect` found the instructions.
        unsafe { inner_product(a, b) }
    }

    fn multiply_each(self, into: &mut [F128], by: &[F128]) {
        // SAFETY: `detect` found the instructions.
        unsafe { multiply_each(into, by) }
    }

    fn add_powers(self, out: &mut [F128], d: &[F128], p: &[F128]) {
        // SAFETY: `detect` found the instructions.
        unsafe { add_powers(out, d, p) }
    }
}

#[target_feature(enable = "neon,aes")]
fn mul(a: F128, b: F128) -> F128 {
    portable::product(|a, b| vmull_p64(a, b), a, b).reduce()
}

#[target_feature(enable = "neon,aes")]
fn multiply_each(into: &mut [F128], by: &[F128]) {
    portable::multiply_each(|a, b| vmull_p64(a, b), into, by);
}

#[target_feature(enable = "neon,aes")]
fn add_scaled(into: &mut [F128], scalar: F128, from: &[F128]) {
    portable::add_scaled(|a, b| vmull_p64(a, b), into, scalar, from);
}

#[target_feature(enable = "neon,aes")]
fn inner_product(a: &[F128], b: &[F128]) -> F128 {
    portable::inner_product(|a, b| vmull_p64(a, b), a, b)
}

#[target_feature(enable = "neon,aes")]
fn add_powers(out: &mut [F128], d: &[F128], p: &[F128]) {
    portable::add_powers(|a, b| vmull_p64(a, b), out, d, p);
}
