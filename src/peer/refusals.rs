//! Refusals that are stored: enough for an operator to see what is wrong, too few to fill a disk.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use overlap_coalition::{MemberId, Period, Timestamp};

/// Of one partner on a day (UTC): a partner that tries again every ten minutes has all of its refusals stored, and one that
/// does nothing else takes a few hundred kilobytes a day.
pub(crate) const MOST_A_DAY: u32 = 256;

/// Counts the refusals that were stored; begins anew when the node starts.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<HashMap<MemberId, (Period, u32)>>);

impl Refusals {
    /// Takes one of the refusals that may be stored of a partner today; false where none is left. A clock set back gives
    /// none back.
    pub(crate) fn take(&self, partner: &MemberId, now: Timestamp) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (day, count) = counts.entry(partner.clone()).or_insert((Period::of(now), 0));
        if Period::of(now) > *day {
            (*day, *count) = (Period::of(now), 0);
        }
        let left = *count < MOST_A_DAY;
        *count += u32::from(left);
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_so_many_refusals_of_each_partner() {
        let (refusals, now) = (Refusals::default(), Timestamp(1_780_272_000));
        let [alpha, beta]: [MemberId; 2] = ["alpha", "beta"].map(|name| name.parse().unwrap());
        assert!((0..MOST_A_DAY).all(|_| refusals.take(&alpha, now)));
        assert!(!refusals.take(&alpha, now));
        assert!(refusals.take(&beta, now));
        assert!(refusals.take(&alpha, now.plus_seconds(86_400)));
        assert!(!(0..MOST_A_DAY).all(|_| refusals.take(&alpha, now)));
    }
}
