//! Counts of overlaps, kept in memory as overlaps are stored: by partner and day, and by partner and kind.
//!
//! A page that shows them must cost the same at a million overlaps as at none. They hold nothing that the rows do not, so they are
//! made anew whenever the store is opened.

use std::collections::BTreeMap;

use overlap_coalition::MemberId;
use overlap_indicator::Kind;

/// Seconds in a day.
const DAY: u64 = 86_400;

/// How many overlaps there are.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct OverlapTally {
    /// By partner and day on which they were found, in days since 1970-01-01 (UTC); days without any are left out.
    pub by_day: BTreeMap<(MemberId, u64), u64>,
    /// By partner and kind; pairs without any are left out.
    pub by_kind: BTreeMap<(MemberId, Kind), u64>,
    /// By partner, those that were added after the date that was asked for.
    pub since: BTreeMap<MemberId, u64>,
    /// Those that nobody has marked as seen.
    pub unseen: u64,
}

/// The counts that change when an overlap is stored. Partners are numbers of the overlap book.
#[derive(Default)]
pub(crate) struct Counters {
    by_day: BTreeMap<(u32, u64), u64>,
    by_kind: BTreeMap<(u32, Kind), u64>,
    total: u64,
}

impl Counters {
    /// Counts an overlap that was found at a time, in seconds.
    pub(crate) fn add(&mut self, peer: u32, kind: Kind, found: u64) {
        *self.by_day.entry((peer, found / DAY)).or_default() += 1;
        *self.by_kind.entry((peer, kind)).or_default() += 1;
        self.total += 1;
    }

    /// All that were counted.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The counts with partners by their names.
    pub(crate) fn named(&self, names: &[MemberId]) -> OverlapTally {
        let name = |peer: u32| names.get(peer as usize).cloned();
        let by_day = self.by_day.iter();
        let by_kind = self.by_kind.iter();
        OverlapTally {
            by_day: by_day.filter_map(|((peer, day), count)| Some(((name(*peer)?, *day), *count))).collect(),
            by_kind: by_kind
                .filter_map(|((peer, kind), count)| Some(((name(*peer)?, *kind), *count)))
                .collect(),
            ..OverlapTally::default()
        }
    }
}
