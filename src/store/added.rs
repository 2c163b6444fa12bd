//! When rows were added: a date for each, strictly increasing in the order of rows.
//!
//! A list that is polled ("what came since?") skips or repeats nothing only where no two rows have one date and no later row an earlier
//! one, whatever the clock does. A date therefore is the clock's, or follows the date of the row before, whichever is later. Rows that
//! are added together have dates that follow each other, so one entry stands for all of them: a run. Runs are stored in
//! the commit that stores their rows.

use crate::codec::Reader;
use crate::database::Batch;
use crate::error::damaged;
use crate::{StoreError, keys};

/// Microseconds between the dates of two rows that follow each other: whoever shows a row as two objects gives the second the
/// microsecond after the row's.
pub const ADDED_STEP: u64 = 2;

/// The latest date that a clock or a file may give: 9999-12-31T23:59:59Z. Those that follow it still fit.
const LATEST: u64 = 253_402_300_799 * MICROSECONDS;
const MICROSECONDS: u64 = 1_000_000;

/// The dates of all rows of a table, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Default)]
pub(crate) struct AddedDates {
    runs: Vec<Run>,
}

/// Rows whose dates follow each other, from `slot` to where the next run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    slot: u64,
    date: u64,
}

/// The place of a row in the order of its table.
pub(crate) fn slot_of(segment: u32, row: usize) -> u64 {
    u64::from(segment) << 8 | row as u64
}

/// The segment and row of a slot.
pub(crate) fn row_at(slot: u64) -> (u32, u32) {
    (u32::try_from(slot >> 8).unwrap_or(u32::MAX), (slot & 0xff) as u32)
}

/// Seconds as a date, no later than [`LATEST`].
pub(crate) fn date_of_seconds(seconds: u64) -> u64 {
    seconds.saturating_mul(MICROSECONDS).min(LATEST)
}

impl Run {
    fn date(self, slot: u64) -> u64 {
        self.date + ADDED_STEP * (slot - self.slot)
    }
}

impl AddedDates {
    pub(crate) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The date of the row at `slot`.
    pub(crate) fn date(&self, slot: u64) -> Option<u64> {
        let begun = self.runs.partition_point(|run| run.slot <= slot);
        Some(self.runs.get(begun.checked_sub(1)?)?.date(slot))
    }

    /// The first slot whose row may have a date after `after`; there may be no row at it yet.
    pub(crate) fn first_after(&self, after: u64) -> u64 {
        let begun = self.runs.partition_point(|run| run.date <= after);
        let next = self.runs.get(begun).map_or(u64::MAX, |run| run.slot);
        match begun.checked_sub(1).and_then(|at| self.runs.get(at)) {
            Some(run) => next.min(run.slot + (after - run.date) / ADDED_STEP + 1),
            None => next,
        }
    }

    /// The runs that begin among new rows, given by slot, ascending, with the date that each has at the earliest.
    pub(crate) fn plan(&self, rows: impl Iterator<Item = (u64, u64)>) -> Vec<Run> {
        let (mut last, mut begun) = (self.runs.last().copied(), Vec::new());
        for (slot, earliest) in rows {
            let earliest = earliest.min(LATEST);
            if last.is_none_or(|run| run.date(slot) < earliest) {
                let run = Run { slot, date: earliest };
                last = Some(run);
                begun.push(run);
            }
        }
        begun
    }

    /// Puts runs that begin now into `batch`, under `table`. A segment's runs are one value.
    pub(crate) fn put(&self, begun: &[Run], table: u8, batch: &mut Batch) {
        for of_one_segment in begun.chunk_by(|a, b| a.slot >> 8 == b.slot >> 8) {
            let Some(segment) = of_one_segment.first().map(|run| run.slot >> 8) else { continue };
            let first = self.runs.partition_point(|run| run.slot >> 8 < segment);
            let there = self.runs.iter().skip(first).take_while(|run| run.slot >> 8 == segment);
            let all = there.chain(of_one_segment).flat_map(|run| {
                let [row, ..] = run.slot.to_le_bytes();
                [row].into_iter().chain(run.date.to_le_bytes())
            });
            batch.put(keys::numbered(table, row_at(segment << 8).0), all.collect::<Vec<u8>>());
        }
    }

    /// Takes runs that are stored now.
    pub(crate) fn add(&mut self, begun: Vec<Run>) {
        self.runs.extend(begun);
    }

    /// Takes the runs of the segment that comes next from the disk.
    pub(crate) fn load(&mut self, segment: u32, plain: &[u8]) -> Result<(), StoreError> {
        let mut reader = Reader::new(plain);
        while !reader.is_empty() {
            let run = Run { slot: slot_of(segment, usize::from(reader.u8()?)), date: reader.u64()? };
            let follows = |last: &Run| last.slot < run.slot && last.date(run.slot) < run.date;
            if !self.runs.last().is_none_or(follows) {
                return Err(damaged("the dates of rows go back"));
            }
            self.runs.push(run);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rows_that_are_added_together_are_one_run() {
        let dates = AddedDates::default();
        let runs = dates.plan((0..1_000).map(|slot| (slot, 50)));
        assert_eq!(runs, [Run { slot: 0, date: 50 }]);
    }

    #[test]
    fn a_clock_set_back_begins_no_run() {
        let mut dates = AddedDates::default();
        dates.add(dates.plan([(0, 1_000), (1, 1_000)].into_iter()));
        assert_eq!(dates.plan([(2, 10)].into_iter()), []);
        assert_eq!(dates.date(2), Some(1_004));
        assert_eq!(dates.plan([(2, u64::MAX)].into_iter()), [Run { slot: 2, date: LATEST }]);
    }

    #[test]
    fn a_value_whose_dates_go_back_is_damage() {
        let mut dates = AddedDates::default();
        let plain = |runs: &[(u8, u64)]| -> Vec<u8> {
            runs.iter().flat_map(|(row, date)| [*row].into_iter().chain(date.to_le_bytes())).collect()
        };
        dates.load(0, &plain(&[(0, 100), (5, 200)])).unwrap();
        for bad in [plain(&[(0, 100)]), plain(&[(1, 700)]), vec![1, 2]] {
            assert!(dates.load(if bad.len() == 2 { 9 } else { 0 }, &bad).is_err());
        }
        let (begin, row) = (dates.date(0).unwrap(), dates.date(6).unwrap());
        assert_eq!((begin, row), (100, 202));
    }

    proptest! {
        /// Batches of rows with any clock, slots left out between batches: dates rise, seeking finds the first after any date, and
        /// what was written is what is read.
        #[test]
        fn dates_rise_whatever_the_clock(batches in prop::collection::vec((0_u64..3_000, 1_u64..600, 0_u64..300), 1..20)) {
            let (mut dates, mut slots, mut slot) = (AddedDates::default(), Vec::new(), 0);
            for (clock, rows, left_out) in batches {
                let rows: Vec<u64> = (slot..slot + rows).collect();
                dates.add(dates.plan(rows.iter().map(|slot| (*slot, clock))));
                slot += rows.len() as u64 + left_out;
                slots.extend(rows);
            }
            let all: Vec<u64> = slots.iter().map(|slot| dates.date(*slot).unwrap()).collect();
            prop_assert!(all.windows(2).all(|pair| pair[0] + ADDED_STEP <= pair[1]));
            for after in (0..all.last().unwrap() + 3).step_by(7) {
                let first = dates.first_after(after);
                let expected = slots.iter().zip(&all).find(|(_, date)| **date > after).map(|(slot, _)| *slot);
                let found = slots.iter().find(|slot| **slot >= first).copied();
                prop_assert_eq!(found, expected, "after {}", after);
            }
        }
    }
}
