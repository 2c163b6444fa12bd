//! Which wide instructions the processor has. Everything that has code for them asks here, so that tests can go without.

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

/// What a test binary is told by whoever starts it: see [`LIMIT`].
#[cfg(test)]
fn may_use(width: Width) -> bool {
    static WIDEST: std::sync::LazyLock<Option<Width>> =
        std::sync::LazyLock::new(|| match std::env::var(LIMIT).as_deref() {
            Ok("portable") => None,
            Ok("avx2") => Some(Width::Avx2),
            _ => Some(Width::Avx512),
        });
    WIDEST.is_some_and(|widest| width <= widest)
}

/// Tests only: the environment variable that keeps the process from wider instructions, `portable` or `avx2`.
#[cfg(test)]
pub(crate) const LIMIT: &str = "OVERLAP_TEST_INSTRUCTIONS";

#[cfg(test)]
mod tests {
    use super::*;

    /// Means something in a process that was started with a limit.
    #[test]
    fn a_limit_is_kept() {
        let limit = std::env::var(LIMIT).unwrap_or_default();
        assert!(limit.is_empty() || !(has_avx512() || has_vclmul()));
        assert!(limit != "portable" || !(has_avx2() || has_clmul()));
    }
}
