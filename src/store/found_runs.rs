//! Which exchange found each overlap, and when: kept in memory by runs, since what one exchange found lies together.

use overlap_coalition::ExchangeId;

/// The finding of every overlap, by its slot: 40 bytes for those of one exchange that lie together.
#[derive(Default)]
pub(crate) struct FoundRuns(Vec<FoundRun>);

struct FoundRun {
    slot: u64,
    exchange: ExchangeId,
    found: u64,
}

impl FoundRuns {
    /// Takes the finding of an overlap whose slot is after all before.
    pub(crate) fn push(&mut self, slot: u64, exchange: ExchangeId, found: u64) {
        if self.0.last().is_none_or(|last| (last.exchange, last.found) != (exchange, found)) {
            self.0.push(FoundRun { slot, exchange, found });
        }
    }

    /// The exchange that found the overlap at a slot, and when, in seconds.
    pub(crate) fn get(&self, slot: u64) -> Option<(ExchangeId, u64)> {
        let begun = self.0.partition_point(|run| run.slot <= slot);
        let run = self.0.get(begun.checked_sub(1)?)?;
        Some((run.exchange, run.found))
    }
}
