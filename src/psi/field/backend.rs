//! The ways to compute in the field, and which of them this processor has.
//!
//! | | multiplications at once | instructions |
//! |---|---|---|
//! | `Vclmul` | 4, and 1 at a time where only one is asked for | VPCLMULQDQ with AVX-512 |
//! | `Clmul` | 1 | PCLMULQDQ |
//! | `Pmull` | 1 | PMULL, AArch64's |
//! | `Portable` | 1 | integer multiplication |
//!
//! They are equal to the bit. A type of one way can be had only from its `detect`, so that to hold a value of it proves
//! that the processor has its instructions.

use std::sync::LazyLock;

use super::F128;
#[cfg(target_arch = "x86_64")]
use super::clmul::Clmul;
#[cfg(target_arch = "aarch64")]
use super::pmull::Pmull;
use super::portable::Portable;
#[cfg(target_arch = "x86_64")]
use super::vclmul::Vclmul;

/// The operations that each way has of its own. [`super::add_scaled`] and its neighbours say what they mean.
pub(crate) trait Arithmetic: Copy {
    fn mul(self, a: F128, b: F128) -> F128;
    fn add_scaled(self, into: &mut [F128], scalar: F128, from: &[F128]);
    fn inner_product(self, a: &[F128], b: &[F128]) -> F128;
    fn multiply_each(self, into: &mut [F128], by: &[F128]);
    fn add_powers(self, out: &mut [F128], d: &[F128], p: &[F128]);
}

/// One of the ways.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Backend {
    Portable(Portable),
    #[cfg(target_arch = "x86_64")]
    Clmul(Clmul),
    #[cfg(target_arch = "x86_64")]
    Vclmul(Vclmul),
    #[cfg(target_arch = "aarch64")]
    Pmull(Pmull),
}

/// Asked for with every single multiplication, so detected once.
static BEST: LazyLock<Backend> = LazyLock::new(|| *Backend::available().last().unwrap_or(&PORTABLE));

const PORTABLE: Backend = Backend::Portable(Portable);

impl Backend {
    /// The fastest that this processor has.
    #[inline]
    pub(crate) fn best() -> Self {
        *BEST
    }

    /// All that this processor has, the slowest first.
    pub(crate) fn available() -> Vec<Self> {
        let ways = [
            Some(PORTABLE),
            #[cfg(target_arch = "x86_64")]
            Clmul::detect().map(Self::Clmul),
            #[cfg(target_arch = "x86_64")]
            Vclmul::detect().map(Self::Vclmul),
            #[cfg(target_arch = "aarch64")]
            Pmull::detect().map(Self::Pmull),
        ];
        ways.into_iter().flatten().collect()
    }
}

/// Calls the same operation of whichever way it is.
macro_rules! delegate {
    ($backend:expr, $way:ident => $call:expr) => {
        match $backend {
            Backend::Portable($way) => $call,
            #[cfg(target_arch = "x86_64")]
            Backend::Clmul($way) => $call,
            #[cfg(target_arch = "x86_64")]
            Backend::Vclmul($way) => $call,
            #[cfg(target_arch = "aarch64")]
            Backend::Pmull($way) => $call,
        }
    };
}

impl Arithmetic for Backend {
    #[inline]
    fn mul(self, a: F128, b: F128) -> F128 {
        delegate!(self, way => way.mul(a, b))
    }

    fn add_scaled(self, into: &mut [F128], scalar: F128, from: &[F128]) {
        assert_eq!(into.len(), from.len(), "slices of one length");
        delegate!(self, way => way.add_scaled(into, scalar, from));
    }

    fn inner_product(self, a: &[F128], b: &[F128]) -> F128 {
        assert_eq!(a.len(), b.len(), "slices of one length");
        delegate!(self, way => way.inner_product(a, b))
    }

    fn multiply_each(self, into: &mut [F128], by: &[F128]) {
        assert_eq!(into.len(), by.len(), "slices of one length");
        delegate!(self, way => way.multiply_each(into, by));
    }

    fn add_powers(self, out: &mut [F128], d: &[F128], p: &[F128]) {
        assert_eq!(out.len(), d.len(), "slices of one length");
        delegate!(self, way => way.add_powers(out, d, p));
    }
}
