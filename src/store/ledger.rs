//! The durable record of what partners used.
//!
//! A period is a day in UTC and never goes back: the highest day that was ever charged is kept, and a clock set back charges that day. So a clock
//! moved forward and back refunds nothing. After a restore, and after a damaged store was put aside, the first day on which anybody asks what is
//! left counts as spent for every partner.

use overlap_coalition::{Charge, DayUse, Period, Timestamp};

use crate::StoreError;
use crate::codec::Reader;

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

/// What a day's use says when the day is spent whole.
const SPENT: u32 = u32::MAX;

/// The day that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Calendar {
    /// The highest day that was charged.
    pub(crate) highest: u32,
    pub(crate) spent: Spent,
}

/// Which day nobody has anything left of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Spent {
    #[default]
    None,
    Day(u32),
    /// The first day that is asked for or charged, whichever it will be.
    FirstDay,
}

/// What a partner has used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct PartnerUse {
    pub(crate) day: u32,
    pub(crate) used: DayUse,
}

impl Calendar {
    /// The calendar at `now`.
    pub(crate) fn at(self, now: Timestamp) -> Calendar {
        let highest = self.highest.max(Period::of(now).0);
        let spent = if self.spent == Spent::FirstDay { Spent::Day(highest) } else { self.spent };
        Calendar { highest, spent }
    }

    /// The calendar after a restore. The clock is not asked until somebody asks for an exchange: a new machine's is often
    /// wrong, and one that is years ahead would leave nothing to anybody for years.
    pub(crate) fn restored(self) -> Calendar {
        Calendar { spent: Spent::FirstDay, ..self }
    }

    /// What a partner has used of the day that counts.
    pub(crate) fn day_use(self, partner: PartnerUse) -> DayUse {
        let used = if partner.day == self.highest { partner.used } else { DayUse::default() };
        let exchanges = if self.spent == Spent::Day(self.highest) { SPENT } else { used.exchanges };
        DayUse { exchanges, ..used }
    }

    /// What a partner has used after a charge.
    pub(crate) fn charge(
        self,
        partner: PartnerUse,
        charge: &Charge,
        limit: ChargeLimit,
    ) -> Result<PartnerUse, ChargeRefused> {
        let used = self.day_use(partner);
        if used.exchanges >= limit.exchanges_per_day {
            return Err(ChargeRefused { limit: limit.exchanges_per_day });
        }
        let items = used.items.saturating_add(charge.items);
        Ok(PartnerUse { day: self.highest, used: DayUse { exchanges: used.exchanges + 1, items } })
    }

    pub(crate) fn encode(self) -> Vec<u8> {
        let (tag, day) = match self.spent {
            Spent::None => (0_u8, 0),
            Spent::Day(day) => (1, day),
            Spent::FirstDay => (2, 0),
        };
        [&self.highest.to_le_bytes()[..], &[tag], &day.to_le_bytes()].concat()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let mut reader = Reader::new(bytes);
        let highest = reader.u32()?;
        let spent = match (reader.u8()?, reader.u32()?) {
            (0, _) => Spent::None,
            (1, day) => Spent::Day(day),
            (2, _) => Spent::FirstDay,
            _ => return Err(crate::error::damaged("the ledger's calendar")),
        };
        Ok(Self { highest, spent })
    }
}

impl PartnerUse {
    pub(crate) fn encode(self) -> Vec<u8> {
        let numbers = [&self.day.to_le_bytes()[..], &self.used.exchanges.to_le_bytes()];
        [&numbers.concat()[..], &self.used.items.to_le_bytes()].concat()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let mut reader = Reader::new(bytes);
        let day = reader.u32()?;
        Ok(Self { day, used: DayUse { exchanges: reader.u32()?, items: reader.u64()? } })
    }
}
