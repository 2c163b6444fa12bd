//! Which overlaps were found together: kept in memory by runs, since what one exchange found lies together.

use overlap_coalition::{ExchangeId, MemberId};

use crate::uuids::group_uuid;
use crate::{OverlapGroup, OverlapRow};

/// All groups, in the order in which they were stored.
#[derive(Default)]
pub(crate) struct OverlapGroups(Vec<Run>);

/// Overlaps from `first_slot` to `last_slot`, with one partner.
struct Run {
    first_slot: u64,
    last_slot: u64,
    peer: u32,
    exchange: ExchangeId,
    found: u64,
    overlaps: u64,
}

impl OverlapGroups {
    /// Takes a row that follows all others into the last group, or into one of its own.
    pub(crate) fn take(&mut self, slot: u64, peer: u32, row: &OverlapRow) {
        let (exchange, found) = (row.exchange, row.found);
        let goes_on = |last: &&mut Run| (last.peer, last.exchange, last.found) == (peer, exchange, found);
        match self.0.last_mut().filter(goes_on) {
            Some(last) => (last.last_slot, last.overlaps) = (slot, last.overlaps + 1),
            None => {
                let run = Run { first_slot: slot, last_slot: slot, peer, exchange, found, overlaps: 1 };
                self.0.push(run);
            }
        }
    }

    /// The number of the partner with whom the group at this place was found.
    pub(crate) fn peer(&self, at: usize) -> Option<u32> {
        self.0.get(at).map(|run| run.peer)
    }

    /// The group at this place, with the slots of its first and its last overlap; without dates.
    pub(crate) fn group(&self, at: usize, peer: &MemberId) -> Option<(OverlapGroup, u64, u64)> {
        let Run { first_slot, last_slot, exchange, found, overlaps, .. } = *self.0.get(at)?;
        let (number, peer) = (number_of(at), peer.clone());
        let uuid = group_uuid(exchange, number);
        let (first_added, last_added) = (0, 0);
        let group = OverlapGroup { number, uuid, peer, exchange, found, first_added, last_added, overlaps };
        Some((group, first_slot, last_slot))
    }

    /// The exchange that found the overlap at a slot, and when, in seconds.
    pub(crate) fn found(&self, slot: u64) -> Option<(ExchangeId, u64)> {
        let begun = self.0.partition_point(|run| run.first_slot <= slot);
        let run = self.0.get(begun.checked_sub(1)?)?;
        Some((run.exchange, run.found))
    }

    /// Says of slots from `slot` on, ascending, in which groups they are.
    pub(crate) fn numbers_from(&self, slot: u64) -> GroupNumbers<'_> {
        GroupNumbers { groups: &self.0, at: self.0.partition_point(|run| run.last_slot < slot) }
    }
}

/// The numbers of the groups of slots that rise.
pub(crate) struct GroupNumbers<'a> {
    groups: &'a [Run],
    at: usize,
}

impl GroupNumbers<'_> {
    /// The number of a slot's group; no slot before it is asked for any more.
    pub(crate) fn of(&mut self, slot: u64) -> u32 {
        while self.groups.get(self.at).is_some_and(|run| run.last_slot < slot) {
            self.at += 1;
        }
        number_of(self.at)
    }
}

/// Groups are counted from 1.
fn number_of(at: usize) -> u32 {
    // There are no more groups than overlaps, and of these 2^32 at most.
    at as u32 + 1
}
