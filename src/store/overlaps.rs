//! Storing and reading overlaps.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::PoisonError;

use overlap_coalition::{MemberId, Timestamp};
use overlap_indicator::{Facet, Pap, Tlp};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::added::{Run, date_of_seconds, row_at, slot_of};
use crate::database::{Batch, Writer};
use crate::error::damaged;
use crate::indicators::{self, FOLD_SEGMENTS};
use crate::overlap_book::{OverlapMeta, OverlapWrite, repack, unpack, unpack_some};
use crate::page::LONGEST_PAGE;
use crate::records::{Told, put_exchange, take_receipt};
use crate::row_meta::Place;
use crate::sled_store::{SledStore, State};
use crate::uuids::{OverlapName, UuidIndex, overlap_uuid};
use crate::{
    ADDED_STEP, ExchangeRecord, IndicatorId, OverlapGroup, OverlapRow, OverlapScan, StoreError, keys,
};

/// Rows whose UUIDs are made while the state is held: some milliseconds.
pub(crate) const INDEXED_AT_ONCE: usize = 16_384;

/// Stores what an exchange found together with its record. Overlaps that the partner shared before stay as they were found
/// first; an indicator that was withdrawn while the exchange ran leaves none.
pub(crate) fn store(
    store: &SledStore,
    record: &ExchangeRecord,
    found: &[(IndicatorId, Facet)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut writer = store.writer()?;
    let mut batch = Batch::default();
    let mut told = Told::after(&store.state());
    put_exchange(store, &mut batch, record, &mut told)?;
    // The date that each has at the earliest: later than every event before it.
    let earliest = date_of_seconds(now.0).max(told.events.last().0 + ADDED_STEP);
    let fresh = new_overlaps(store, record, found, (now, earliest))?;
    let stored = put(store, &mut batch, &record.peer, fresh)?;
    store.commit(&mut writer, batch, |state| {
        told.take_into(state);
        stored.take_into(state, &record.peer);
        take_receipt(state, record);
    })
}

/// Overlaps that are stored: the rows of each segment with the segment's length, and when they were added.
pub(crate) struct Stored {
    segments: Vec<(u32, usize, Vec<OverlapRow>)>,
    runs: Vec<Run>,
    /// Where the rows are, in their order.
    pub(crate) slots: Vec<u64>,
}

impl Stored {
    /// Takes them into memory.
    pub(crate) fn take_into(self, state: &mut State, peer: &MemberId) {
        state.overlaps.add(peer, &self.segments);
        state.overlaps_added.add(self.runs);
    }
}

/// Puts overlaps with one partner into `batch`. The date of each is at the earliest the one that it has.
pub(crate) fn put(
    store: &SledStore,
    batch: &mut Batch,
    peer: &MemberId,
    fresh: Vec<OverlapRow>,
) -> Result<Stored, StoreError> {
    let state = store.state();
    let writes = state.overlaps.pack(peer, fresh, |segment| segment_bytes(store, segment))?;
    let runs = state.overlaps_added.plan(writes.iter().flat_map(dates));
    state.overlaps_added.put(&runs, keys::OVERLAPS_ADDED, batch);
    let slots = writes.iter().flat_map(dates).map(|(slot, _)| slot).collect();
    let mut segments = Vec::with_capacity(writes.len());
    for OverlapWrite { segment, bytes, fresh, .. } in writes {
        segments.push((segment, bytes.len(), fresh));
        batch.put(key(segment), bytes);
    }
    Ok(Stored { segments, runs, slots })
}

/// The slots of new rows, each with the date that it has at the earliest.
fn dates(write: &OverlapWrite) -> impl Iterator<Item = (u64, u64)> {
    let rows = write.fresh.iter().enumerate();
    rows.map(|(at, row)| (slot_of(write.segment, write.first_row + at), row.added))
}

fn new_overlaps(
    store: &SledStore,
    record: &ExchangeRecord,
    found: &[(IndicatorId, Facet)],
    (now, earliest): (Timestamp, u64),
) -> Result<Vec<OverlapRow>, StoreError> {
    let mut seen = HashSet::new();
    let mut places: Vec<(Place, Facet)> = {
        let state = store.state();
        let is_new = |(id, facet): &&(IndicatorId, Facet)| !state.overlaps.knows(&record.peer, *id, *facet);
        let of_row = |(id, facet): &(IndicatorId, Facet)| Some((state.catalog.place(*id)?, *facet));
        found.iter().filter(is_new).filter_map(of_row).filter(|place| seen.insert(*place)).collect()
    };
    places.sort_unstable();
    let wanted: Vec<Place> = places.iter().map(|(place, _)| *place).collect();
    let rows = indicators::rows(store, &wanted)?;
    let overlap = |(place, facet): (Place, Facet)| {
        let row = rows.get(&place)?;
        Some(OverlapRow {
            peer: record.peer.clone(),
            indicator: row.id,
            kind: row.kind,
            facet,
            raw: row.raw.clone(),
            canonical: row.canonical.clone(),
            exchange: record.id,
            found: now.0,
            tlp: row.context.tlp,
            pap: row.context.pap,
            imported: row.imported,
            added: earliest,
            is_first: false,
        })
    };
    Ok(places.into_iter().filter_map(overlap).collect())
}

/// Overlaps with a partner that were added after a date, the first `most` of them.
pub(crate) fn added_after(
    store: &SledStore,
    peer: &MemberId,
    only_first: bool,
    after: u64,
    most: usize,
) -> Result<Vec<OverlapRow>, StoreError> {
    let places: Vec<(u32, u32)> = {
        let state = store.state();
        let begin = row_at(state.overlaps_added.first_after(after));
        state.overlaps.places(begin, peer, only_first).take(most.min(LONGEST_PAGE)).collect()
    };
    rows(store, &places)
}

/// Overlaps by what was found together, from the group after the one of this number on.
pub(crate) fn groups(store: &SledStore, after: u32, most: usize) -> Vec<OverlapGroup> {
    let state = store.state();
    let all = (after as usize..).map_while(|at| state.overlaps.group(at));
    all.filter_map(|group| dated(&state, group)).take(most).collect()
}

/// The group of the overlap that was added at a date, found by its slot.
pub(crate) fn group_at(store: &SledStore, added: u64) -> Option<OverlapGroup> {
    let state = store.state();
    let slot = state.overlaps_added.first_after(added.checked_sub(1)?);
    let group = dated(&state, state.overlaps.group_of(slot)?)?;
    (group.first_added..=group.last_added).contains(&added).then_some(group)
}

fn dated(state: &State, (group, first, last): (OverlapGroup, u64, u64)) -> Option<OverlapGroup> {
    let (first_added, last_added) = (state.overlaps_added.date(first)?, state.overlaps_added.date(last)?);
    Some(OverlapGroup { first_added, last_added, ..group })
}

/// Overlaps with whatever partner, the first `most` of those that are meant.
pub(crate) fn meant(
    store: &SledStore,
    scan: &OverlapScan<'_>,
    most: usize,
) -> Result<Vec<OverlapRow>, StoreError> {
    let places: Vec<(u32, u32)> = {
        let state = store.state();
        let (from, end) =
            (state.overlaps_added.first_after(scan.after), state.overlaps_added.first_after(scan.until));
        let meant = state.overlaps.meant(from, end, scan.is_meant).skip(scan.skip);
        meant.take(most.min(LONGEST_PAGE)).map(row_at).collect()
    };
    rows(store, &places)
}

/// The overlaps of an own indicator, with whatever partner.
pub(crate) fn of_indicator(store: &SledStore, indicator: IndicatorId) -> Result<Vec<OverlapRow>, StoreError> {
    let mut slots: Vec<u64> = store.state().overlaps.of_indicator(indicator).map(|(slot, ..)| slot).collect();
    slots.sort_unstable();
    rows(store, &slots.into_iter().map(row_at).collect::<Vec<_>>())
}

/// The UUIDs of the overlaps of an own indicator and when each was added.
pub(crate) fn uuids_of(store: &SledStore, indicator: IndicatorId) -> Vec<(Uuid, u64)> {
    let state = store.state();
    let of_it = state.overlaps.of_indicator(indicator);
    let named = of_it.filter_map(|(slot, peer, meta)| {
        Some((overlap_uuid(peer, indicator, meta.facet), state.overlaps_added.date(slot)?))
    });
    let mut named: Vec<_> = named.collect();
    named.sort_unstable_by_key(|(_, added)| *added);
    named
}

/// When the first overlap with a partner was added.
pub(crate) fn first_added(store: &SledStore, peer: &MemberId) -> Option<u64> {
    let state = store.state();
    state.overlaps_added.date(state.overlaps.first_slot(peer)?)
}

/// The overlap with a partner that has this name.
pub(crate) fn named(
    store: &SledStore,
    peer: &MemberId,
    name: OverlapName,
) -> Result<Option<OverlapRow>, StoreError> {
    let place = {
        // Nothing that panics runs while it is held.
        let mut index = store.overlap_uuids.lock().unwrap_or_else(PoisonError::into_inner);
        bring_up_to_date(store, &mut index);
        let state = store.state();
        let uuid = match name {
            OverlapName::Overlap(uuid) | OverlapName::FirstOf(uuid) => uuid,
        };
        let is_meant = |slot: &u64| {
            state.overlaps.overlap(*slot).is_some_and(|(of, meta)| of == peer && has_name(peer, meta, name))
        };
        index.candidates(uuid).find(is_meant).map(row_at)
    };
    Ok(rows(store, &place.into_iter().collect::<Vec<_>>())?.pop())
}

fn has_name(peer: &MemberId, meta: OverlapMeta, name: OverlapName) -> bool {
    match name {
        OverlapName::Overlap(uuid) => overlap_uuid(peer, meta.indicator, meta.facet) == uuid,
        OverlapName::FirstOf(uuid) => meta.is_first && meta.indicator.uuid() == uuid,
    }
}

/// Rows are taken some at a time, so that nobody waits long for the state.
fn bring_up_to_date(store: &SledStore, index: &mut UuidIndex) {
    loop {
        let (state, begin) = (store.state(), index.end);
        for (slot, peer, meta) in state.overlaps.overlaps_from(begin).take(INDEXED_AT_ONCE) {
            let (segment, row) = row_at(slot);
            index.insert(overlap_uuid(peer, meta.indicator, meta.facet), segment, row as usize);
            if meta.is_first {
                index.insert(meta.indicator.uuid(), segment, row as usize);
            }
            index.end = slot + 1;
        }
        if index.end == begin {
            return;
        }
    }
}

/// Overlaps at places, those of one segment beside each other.
pub(crate) fn rows(store: &SledStore, places: &[(u32, u32)]) -> Result<Vec<OverlapRow>, StoreError> {
    let mut found = Vec::with_capacity(places.len());
    for of_one_segment in places.chunk_by(|a, b| a.0 == b.0) {
        let Some((segment, _)) = of_one_segment.first() else { continue };
        let plain = segment_bytes(store, *segment)?;
        let wanted: BTreeSet<u32> = of_one_segment.iter().map(|(_, row)| *row).collect();
        let mut rows: HashMap<u32, OverlapRow> =
            unpack_some(&plain, wanted.into_iter())?.into_iter().collect();
        let state = store.state();
        for (_, row) in of_one_segment {
            let slot = slot_of(*segment, *row as usize);
            let row = rows.remove(row).ok_or(damaged("an overlap is missing"))?;
            let added = state.overlaps_added.date(slot).ok_or(damaged("an overlap has no date"))?;
            let is_first = state.overlaps.overlap(slot).is_some_and(|(_, meta)| meta.is_first);
            let (tlp, pap) = markings_now(&state, &row);
            found.push(OverlapRow { added, is_first, tlp, pap, ..row });
        }
    }
    Ok(found)
}

/// Stores the markings of the overlaps of these indicators as they are told now. When an indicator is withdrawn, nobody knows any more that it
/// was narrowed after it was found.
pub(crate) fn keep_markings(
    store: &SledStore,
    writer: &mut Writer,
    indicators: &[IndicatorId],
) -> Result<(), StoreError> {
    let segments: Vec<u32> = {
        let state = store.state();
        let slots = indicators.iter().flat_map(|id| state.overlaps.of_indicator(*id));
        slots.map(|(slot, ..)| row_at(slot).0).collect::<BTreeSet<u32>>().into_iter().collect()
    };
    for some in segments.chunks(FOLD_SEGMENTS) {
        let mut batch = Batch::default();
        for segment in some {
            if let Some(packed) = with_markings_now(store, *segment)? {
                batch.put(key(*segment), packed);
            }
        }
        store.commit(writer, batch, |_| ())?;
    }
    Ok(())
}

/// A segment with the markings that its overlaps are told with now; none if they are those that it has.
fn with_markings_now(store: &SledStore, segment: u32) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
    let mut rows = unpack(&segment_bytes(store, segment)?)?;
    let state = store.state();
    let mut is_changed = false;
    for row in &mut rows {
        let now = markings_now(&state, row);
        is_changed |= now != (row.tlp, row.pap);
        (row.tlp, row.pap) = now;
    }
    is_changed.then(|| repack(&rows)).transpose()
}

fn segment_bytes(store: &SledStore, segment: u32) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    store.database.get(&key(segment))?.ok_or(damaged("a segment of overlaps is missing"))
}

/// An overlap is told no freer than its own indicator is now, or was when it was withdrawn.
fn markings_now(state: &State, row: &OverlapRow) -> (Tlp, Option<Pap>) {
    let place = state.catalog.place(row.indicator);
    let Some(meta) = place.and_then(|place| state.catalog.meta(place)) else { return (row.tlp, row.pap) };
    let now = meta.context();
    (row.tlp.max(now.tlp), row.pap.max(now.pap))
}

fn key(segment: u32) -> Vec<u8> {
    keys::numbered(keys::OVERLAPS, segment)
}
