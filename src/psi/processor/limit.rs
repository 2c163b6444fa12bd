//! Tests only: a process that is kept from wide instructions.

use std::sync::LazyLock;

use super::{Width, has_avx2, has_avx512, has_clmul, has_vclmul};

/// The environment variable that keeps the process from wider instructions: `portable` or `avx2`.
pub(crate) const LIMIT: &str = "OVERLAP_TEST_INSTRUCTIONS";

static WIDEST: LazyLock<Option<Width>> = LazyLock::new(|| match std::env::var(LIMIT).as_deref() {
    Ok("portable") => None,
    Ok("avx2") => Some(Width::Avx2),
    _ => Some(Width::Avx512),
});

pub(super) fn may_use(width: Width) -> bool {
    WIDEST.is_some_and(|widest| width <= widest)
}

/// Means something in a process that was started with a limit.
#[test]
fn a_limit_is_kept() {
    let limit = std::env::var(LIMIT).unwrap_or_default();
    assert!(limit.is_empty() || !(has_avx512() || has_vclmul()));
    assert!(limit != "portable" || !(has_avx2() || has_clmul()));
}
