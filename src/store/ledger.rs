//! The durable record of what partners used.

/// What a charge must stay within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChargeLimit {
    /// Exchanges a day.
    pub exchanges_per_day: u32,
}

/// A charge that would go over its limit. Nothing was charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the partner has used its {limit} exchanges of today")]
pub struct ChargeRefused {
    /// The limit.
    pub limit: u32,
}
