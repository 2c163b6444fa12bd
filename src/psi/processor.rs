//! Which wide instructions the processor has. Everything that has code for them asks here, so that tests can go without.

#[cfg(test)]
pub(crate) mod limit;

#[cfg(test)]
use limit::may_use;

/// AVX2: registers of 32 bytes.
pub(crate) fn has_avx2() -> bool {
    may_use(Width::Avx2) && is_x86_feature_detected!("avx2")
}

/// AVX-512: registers of 64 bytes.
pub(crate) fn has_avx512() -> bool {
    may_use(Width::Avx512) && is_x86_feature_detected!("avx512f")
}

/// PCLMULQDQ: carry-less multiplication.
pub(crate) fn has_clmul() -> bool {
    may_use(Width::Avx2) && is_x86_feature_detected!("pclmulqdq")
}

/// VPCLMULQDQ: four of them at once, with AVX-512.
pub(crate) fn has_vclmul() -> bool {
    has_avx512() && is_x86_feature_detected!("vpclmulqdq")
}

#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Width {
    Avx2,
    Avx512,
}

#[cfg(not(test))]
const fn may_use(_: Width) -> bool {
    true
}
