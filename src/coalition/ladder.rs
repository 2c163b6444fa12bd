//! The public ladder of set sizes: `2^k * {8..15} / 8`.

/// The smallest step that holds `n` items: at most an eighth more, and every power of two is a step. 0 is padded to the lowest step.
pub fn padded_size(_n: u64) -> u64 {
    unimplemented!()
}

/// Whether `n` is a step.
pub fn is_step(_n: u64) -> bool {
    unimplemented!()
}
