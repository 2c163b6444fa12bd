//! What a partner may still probe: the arithmetic. The durable record is the store's ledger.

use crate::{MemberId, Timestamp};

/// Seconds in a day of UTC as Unix time counts it.
const DAY: u64 = 86_400;

/// A day in UTC, counted from 1970-01-01. It never goes back: a clock set back charges the latest day that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(pub u32);

impl Period {
    /// The day of `now`; past the last day that fits (some eleven million years on), the last.
    pub fn of(now: Timestamp) -> Period {
        Period(u32::try_from(now.0 / DAY).unwrap_or(u32::MAX))
    }

    /// Seconds from `now` until the next day begins: 1 to 86,400.
    pub fn seconds_left(now: Timestamp) -> u64 {
        DAY - now.0 % DAY
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_at_midnight_utc() {
        assert_eq!(Period::of(Timestamp(0)), Period(0));
        assert_eq!(Period::of(Timestamp(86_399)), Period(0));
        assert_eq!(Period::of(Timestamp(86_400)), Period(1));
        // 2026-11-23T12:00:00Z
        assert_eq!(Period::of(Timestamp(1_795_435_200)), Period(20_780));
        assert_eq!(Period::of(Timestamp(u64::MAX)), Period(u32::MAX));
    }

    #[test]
    fn what_is_left_of_a_day() {
        assert_eq!(Period::seconds_left(Timestamp(0)), 86_400);
        assert_eq!(Period::seconds_left(Timestamp(86_399)), 1);
        assert_eq!(Period::seconds_left(Timestamp(1_795_435_200)), 43_200);
        let now = Timestamp(u64::MAX - 86_400);
        let next = now.plus_seconds(Period::seconds_left(now));
        assert_eq!(Period::seconds_left(next), 86_400);
    }
}
