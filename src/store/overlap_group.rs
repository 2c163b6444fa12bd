//! Overlaps that were found together: what tools outside take for one event.

use overlap_coalition::{ExchangeId, MemberId};
use overlap_indicator::{Facet, Kind};
use uuid::Uuid;

use crate::IndicatorId;

/// Overlaps that one exchange found at one time, none of which was known before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverlapGroup {
    /// Counts groups from 1 in the order in which they were stored; it never changes.
    pub number: u32,
    /// The UUID under which tools outside know it.
    pub uuid: Uuid,
    /// The partner.
    pub peer: MemberId,
    /// The exchange.
    pub exchange: ExchangeId,
    /// When, in seconds since 1970-01-01T00:00:00Z.
    pub found: u64,
    /// The date of its first overlap ([`OverlapRow::added`](crate::OverlapRow::added)). No overlap of another group lies between it and the last one's.
    pub first_added: u64,
    /// The date of its last overlap.
    pub last_added: u64,
    /// How many overlaps it has.
    pub overlaps: u64,
}

/// What is kept in memory of an overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverlapBrief {
    /// The own indicator.
    pub indicator: IndicatorId,
    /// Its kind.
    pub kind: Kind,
    /// On which facet.
    pub facet: Facet,
    /// The number of the group that it is in.
    pub group: u32,
}

/// Which overlaps, with whatever partner.
#[derive(Clone, Copy)]
pub struct OverlapScan<'a> {
    /// Added after this date.
    pub after: u64,
    /// Added at this date or before.
    pub until: u64,
    /// How many of those that are meant are passed over.
    pub skip: usize,
    /// Says which are meant. It is asked while others wait to write, of every overlap in question, so it is to be quick.
    pub is_meant: &'a dyn Fn(&OverlapBrief) -> bool,
}
