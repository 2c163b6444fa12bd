//! Storing and reading overlaps.

use std::collections::HashSet;

use overlap_coalition::{MemberId, Timestamp};
use overlap_indicator::Facet;

use crate::database::Batch;
use crate::error::damaged;
use crate::indicators;
use crate::overlap_book::{OverlapWrite, unpack};
use crate::page::Cursor;
use crate::records::put_exchange;
use crate::row_meta::Place;
use crate::sled_store::SledStore;
use crate::{ExchangeRecord, IndicatorId, OverlapFilter, OverlapRow, Page, PageRequest, StoreError, keys};

/// The list that these pages' cursors are of.
const LIST: char = 'o';

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
    put_exchange(store, &mut batch, record)?;
    let fresh = new_overlaps(store, record, found, now)?;
    let stored = put(store, &mut batch, &record.peer, fresh)?;
    store.commit(&mut writer, batch, |state| state.overlaps.add(&record.peer, &stored))
}

/// Rows of one segment that are stored, with the segment's length.
pub(crate) type Stored = (u32, usize, Vec<OverlapRow>);

/// Puts overlaps with one partner into `batch`.
pub(crate) fn put(
    store: &SledStore,
    batch: &mut Batch,
    peer: &MemberId,
    fresh: Vec<OverlapRow>,
) -> Result<Vec<Stored>, StoreError> {
    let writes = store.state().overlaps.pack(peer, fresh, |segment| {
        store.database.get(&key(segment))?.ok_or(damaged("a segment of overlaps is missing"))
    })?;
    let mut stored = Vec::with_capacity(writes.len());
    for OverlapWrite { segment, bytes, fresh } in writes {
        stored.push((segment, bytes.len(), fresh));
        batch.put(key(segment), bytes);
    }
    Ok(stored)
}

fn new_overlaps(
    store: &SledStore,
    record: &ExchangeRecord,
    found: &[(IndicatorId, Facet)],
    now: Timestamp,
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
        })
    };
    Ok(places.into_iter().filter_map(overlap).collect())
}

pub(crate) fn page(
    store: &SledStore,
    filter: &OverlapFilter,
    page: &PageRequest,
) -> Result<Page<OverlapRow>, StoreError> {
    let begin = page.begin(LIST)?.unwrap_or(0);
    let begin = ((begin >> 32) as u32, begin as u32);
    let mut places: Vec<(u32, u32)> =
        store.state().overlaps.places(begin, filter).take(page.rows() + 1).collect();
    let next = (places.len() > page.rows()).then(|| places.pop()).flatten();
    let next = next.map(|(segment, row)| Cursor::to_place(LIST, u64::from(segment) << 32 | u64::from(row)));
    Ok(Page { rows: rows(store, &places)?, next })
}

fn rows(store: &SledStore, places: &[(u32, u32)]) -> Result<Vec<OverlapRow>, StoreError> {
    let mut found = Vec::with_capacity(places.len());
    for of_one_segment in places.chunk_by(|a, b| a.0 == b.0) {
        let Some((segment, _)) = of_one_segment.first() else { continue };
        let plain = store.database.get(&key(*segment))?.ok_or(damaged("a segment of overlaps is missing"))?;
        let rows = unpack(&plain)?;
        for (_, row) in of_one_segment {
            found.push(rows.get(*row as usize).cloned().ok_or(damaged("an overlap is missing"))?);
        }
    }
    Ok(found)
}

fn key(segment: u32) -> Vec<u8> {
    keys::numbered(keys::OVERLAPS, segment)
}
