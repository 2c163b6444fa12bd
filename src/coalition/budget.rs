//! What a partner may still probe: the arithmetic. The durable record is the store's ledger.

use crate::{MemberId, Timestamp};

/// A day in UTC, counted from 1970-01-01. It never goes back: a clock set back charges the latest day that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(pub u32);

impl Period {
    /// The day of `now`.
    pub fn of(_now: Timestamp) -> Period {
        unimplemented!()
    }

    /// Seconds from `now` until the next day begins.
    pub fn seconds_left(_now: Timestamp) -> u64 {
        unimplemented!()
    }
}

/// What one exchange costs a partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The partner.
    pub partner: MemberId,
    /// Items that the partner may have probed: padded, and for a receiver the most that it can encode.
    pub items: u64,
}

/// What a partner has used of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct DayUse {
    /// Exchanges that reached the point of no refund.
    pub exchanges: u32,
    /// Items charged.
    pub items: u64,
}
