//! Finding overlaps by what they are and whether they were looked at, in either order.
//!
//! The numbers of every row are in memory, a few bytes each, so a page that matches little reads them all in a few milliseconds, and unseals
//! only segments that it shows. Segments of other partners, and those whose marks rule them out, are passed over whole.

use overlap_coalition::MemberId;
use overlap_indicator::{Facet, Kind};

use crate::added::{row_at, slot_of};
use crate::audits::NewAudits;
use crate::database::Batch;
use crate::overlap_book::OverlapMeta;
use crate::page::Cursor;
use crate::sled_store::{SledStore, State};
use crate::{AuditAction, By, IndicatorId, NewAudit, OverlapRow, Page, PageRequest, StoreError, overlaps};

/// In which order overlaps are shown. There is no other, since no other can be had without sorting all that match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OverlapOrder {
    /// The newest first.
    #[default]
    Newest,
    /// The oldest first.
    Oldest,
    /// By partner, and the newest first with each.
    Partner,
}

/// Which overlaps.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct OverlapQuery {
    /// With this partner only.
    pub peer: Option<MemberId>,
    /// Of this kind only.
    pub kind: Option<Kind>,
    /// On this facet only.
    pub facet: Option<Facet>,
    /// Of this indicator only.
    pub indicator: Option<IndicatorId>,
    /// Only those that are marked as seen, or only those that are not.
    pub seen: Option<bool>,
    /// Only those that were added after this date ([`OverlapRow::added`]).
    pub added_after: Option<u64>,
    /// Only those that were added at this date or before.
    pub added_until: Option<u64>,
    /// In which order.
    pub order: OverlapOrder,
}

/// An overlap's place in this store, by which it can be marked. It stays the same for the life of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OverlapSeat(pub u64);

/// An overlap that was found.
#[derive(Clone, Debug)]
pub struct FoundOverlap {
    /// The overlap.
    pub row: OverlapRow,
    /// Its place.
    pub seat: OverlapSeat,
    /// Whether it is marked as seen.
    pub seen: bool,
}

/// Overlaps to mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OverlapChoice {
    /// These; places without an overlap are passed over.
    These(Vec<OverlapSeat>),
    /// All that match.
    Matching(OverlapQuery),
}

impl OverlapQuery {
    /// All overlaps, the oldest first.
    pub fn oldest_first() -> Self {
        Self { order: OverlapOrder::Oldest, ..Self::default() }
    }
}

impl OverlapOrder {
    /// The list that cursors are of.
    const fn list(self) -> char {
        match self {
            OverlapOrder::Newest => 'n',
            OverlapOrder::Oldest => 'e',
            OverlapOrder::Partner => 'p',
        }
    }
}

pub(crate) fn page(
    store: &SledStore,
    query: &OverlapQuery,
    page: &PageRequest,
) -> Result<Page<FoundOverlap>, StoreError> {
    let begin = page.begin(query.order.list())?;
    let mut places = Search { state: &store.state(), query }.places(begin, page.rows() + 1);
    let next = (places.len() > page.rows()).then(|| places.pop()).flatten();
    // A partner's number stands above the slot, of which there are 2^32 at most.
    let slots: Vec<u64> = places.iter().map(|place| place & u64::from(u32::MAX)).collect();
    let rows = overlaps::rows(store, &slots.iter().copied().map(row_at).collect::<Vec<_>>())?;
    let state = store.state();
    let found = rows.into_iter().zip(slots).map(|(row, slot)| FoundOverlap {
        row,
        seat: OverlapSeat(slot),
        seen: state.seen.is_seen(slot),
    });
    Ok(Page { rows: found.collect(), next: next.map(|place| Cursor::to_place(query.order.list(), place)) })
}

/// Marks overlaps, or takes the marks back; returns how many changed.
pub(crate) fn mark(store: &SledStore, which: &OverlapChoice, seen: bool, by: &By) -> Result<u64, StoreError> {
    let mut writer = store.writer()?;
    let change = {
        let state = store.state();
        let mut slots = match which {
            OverlapChoice::These(seats) => seats.iter().map(|seat| seat.0).collect(),
            OverlapChoice::Matching(query) => {
                let query = OverlapQuery { order: OverlapOrder::Oldest, ..query.clone() };
                Search { state: &state, query: &query }.places(None, usize::MAX)
            }
        };
        slots.sort_unstable();
        slots.retain(|slot| state.overlaps.overlap(*slot).is_some());
        state.seen.plan(slots.into_iter(), seen)
    };
    let changed = change.changed;
    let mut batch = Batch::default();
    change.put(&mut batch);
    let mut noted = NewAudits::after(&store.state());
    if changed > 0 {
        let mark = if seen { "seen" } else { "not-seen" };
        let new = NewAudit::of(AuditAction::OverlapsMarked).with(format!("mark={mark} changed={changed}"));
        noted.put(&mut batch, by, &new)?;
    }
    store.commit(&mut writer, batch, |state| {
        state.seen.take(change);
        noted.take_into(state);
    })?;
    Ok(changed)
}

/// A look through what is in memory.
struct Search<'a> {
    state: &'a State,
    query: &'a OverlapQuery,
}

impl Search<'_> {
    /// The first `most` places that match, from `begin` on: slots, with the partner's number above them in the order by partner.
    fn places(&self, begin: Option<u64>, most: usize) -> Vec<u64> {
        let peer = match &self.query.peer {
            None => None,
            Some(peer) => match self.state.overlaps.number(peer) {
                Some(number) => Some(number),
                None => return Vec::new(),
            },
        };
        if let Some(indicator) = self.query.indicator {
            return self.of_indicator(indicator, begin, peer, most);
        }
        match self.query.order {
            OverlapOrder::Oldest => {
                let (low, high) = self.slots();
                self.rising(low.max(begin.unwrap_or(0)), high, peer).take(most).collect()
            }
            OverlapOrder::Newest => self.falling(begin, peer).take(most).collect(),
            OverlapOrder::Partner => self.by_partner(begin, peer, most),
        }
    }

    fn by_partner(&self, begin: Option<u64>, only: Option<u32>, most: usize) -> Vec<u64> {
        let mut found = Vec::new();
        let begin = begin.map(|place| ((place >> 32) as u32, place & u64::from(u32::MAX)));
        let mut numbers = self.state.overlaps.numbers_by_name();
        numbers.retain(|number| only.is_none_or(|only| only == *number));
        let skipped =
            numbers.iter().take_while(|number| begin.is_some_and(|(peer, _)| peer != **number)).count();
        for number in numbers.into_iter().skip(skipped) {
            let from = begin.filter(|(peer, _)| *peer == number).map(|(_, slot)| slot);
            let places = self.falling(from, Some(number)).map(|slot| u64::from(number) << 32 | slot);
            found.extend(places.take(most - found.len()));
            if found.len() >= most {
                break;
            }
        }
        found
    }

    /// The places of one indicator's overlaps, which are found by its id: few, with however many overlaps there are.
    fn of_indicator(
        &self,
        indicator: IndicatorId,
        begin: Option<u64>,
        peer: Option<u32>,
        most: usize,
    ) -> Vec<u64> {
        let ((low, high), order) = (self.slots(), self.query.order);
        let by_name = self.state.overlaps.numbers_by_name();
        let place = |slot: u64, number: u32| match order {
            OverlapOrder::Partner => u64::from(number) << 32 | slot,
            OverlapOrder::Newest | OverlapOrder::Oldest => slot,
        };
        // Where a place stands in the order.
        let rank = |place: &u64| match order {
            OverlapOrder::Oldest => (0, *place),
            OverlapOrder::Newest => (0, !*place),
            OverlapOrder::Partner => (
                by_name.iter().position(|number| u64::from(*number) == place >> 32).unwrap_or(usize::MAX),
                !*place,
            ),
        };
        let all = self.state.overlaps.of_indicator(indicator);
        let within = all.filter(|(slot, _, meta)| (low..high).contains(slot) && self.takes(*slot, meta));
        let numbered = within.filter_map(|(slot, name, _)| Some((slot, self.state.overlaps.number(name)?)));
        let meant = numbered.filter(|(_, number)| peer.is_none_or(|peer| peer == *number));
        let places = meant.map(|(slot, number)| place(slot, number));
        let mut places: Vec<u64> =
            places.filter(|place| begin.is_none_or(|begin| rank(place) >= rank(&begin))).collect();
        places.sort_unstable_by_key(rank);
        places.truncate(most);
        places
    }

    /// The slots that the dates leave: from the first, and before the second.
    fn slots(&self) -> (u64, u64) {
        let dates = &self.state.overlaps_added;
        let low = self.query.added_after.map_or(0, |after| dates.first_after(after));
        let high = self.query.added_until.map_or(u64::MAX, |until| dates.first_after(until));
        (low, high.min(slot_of(self.state.overlaps.segments(), 0)))
    }

    fn rising(&self, low: u64, high: u64, peer: Option<u32>) -> impl Iterator<Item = u64> {
        let segments = row_at(low).0..self.state.overlaps.segments();
        let rows = segments.filter_map(move |segment| self.rows(segment, peer));
        let slots = rows.flat_map(|(segment, rows)| {
            rows.iter().enumerate().map(move |(at, meta)| (slot_of(segment, at), meta))
        });
        let within = slots.skip_while(move |(slot, _)| *slot < low).take_while(move |(slot, _)| *slot < high);
        within.filter(|(slot, meta)| self.takes(*slot, meta)).map(|(slot, _)| slot)
    }

    fn falling(&self, begin: Option<u64>, peer: Option<u32>) -> impl Iterator<Item = u64> {
        let (low, high) = self.slots();
        let high = begin.map_or(high, |begin| high.min(begin.saturating_add(1)));
        let segments = (row_at(low).0..=row_at(high.saturating_sub(1)).0).rev();
        let rows = segments.filter_map(move |segment| self.rows(segment, peer));
        let slots = rows.flat_map(|(segment, rows)| {
            rows.iter().enumerate().rev().map(move |(at, meta)| (slot_of(segment, at), meta))
        });
        let within =
            slots.skip_while(move |(slot, _)| *slot >= high).take_while(move |(slot, _)| *slot >= low);
        within.filter(|(slot, meta)| self.takes(*slot, meta)).map(|(slot, _)| slot)
    }

    /// The rows of a segment that may have some that match.
    fn rows(&self, segment: u32, peer: Option<u32>) -> Option<(u32, &[OverlapMeta])> {
        let (of, rows) = self.state.overlaps.segment(segment)?;
        let seen = self.query.seen;
        let may = peer.is_none_or(|peer| peer == of)
            && seen.is_none_or(|seen| self.state.seen.any(segment, rows.len(), seen));
        may.then_some((segment, rows))
    }

    fn takes(&self, slot: u64, meta: &OverlapMeta) -> bool {
        self.query.kind.is_none_or(|kind| kind == meta.kind)
            && self.query.facet.is_none_or(|facet| facet == meta.facet)
            && self.query.indicator.is_none_or(|indicator| indicator == meta.indicator)
            && self.query.seen.is_none_or(|seen| seen == self.state.seen.is_seen(slot))
    }
}
