//! Indicators: import, withdrawal and pages.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use std::sync::PoisonError;
use std::thread::{self, available_parallelism};

use overlap_coalition::Timestamp;
use overlap_indicator::{Kind, SecretText};
use uuid::Uuid;

use crate::added::{date_of_seconds, row_at, slot_of};
use crate::audits::commit_noted;
use crate::catalog::{Fresh, ImportPlan, SegmentWrite};
use crate::database::{Batch, Writer};
use crate::error::damaged;
use crate::loading::digests;
use crate::overlaps::{self, INDEXED_AT_ONCE};
use crate::page::{Cursor, LONGEST_PAGE};
use crate::row_meta::Place;
use crate::segment::{PackedRows, unpack, unpack_some};
use crate::sled_store::SledStore;
use crate::store::Warnings;
use crate::uuids::UuidIndex;
use crate::{
    AuditAction, By, Hold, ImportCounts, IndicatorFilter, IndicatorId, IndicatorRow, NewAudit, NewIndicator,
    Page, PageRequest, StoreError, journal, keys,
};

/// Segments that are rewritten in one commit, when journals are folded, rows withdrawn, or overlaps marked: a few megabytes.
pub(crate) const FOLD_SEGMENTS: usize = 64;
/// Segments for which a thread is worth while: it reads them in a millisecond or two.
const SEGMENTS_FOR_A_THREAD: usize = 64;
/// The list that these pages' cursors are of.
const LIST: char = 'i';

pub(crate) fn import(
    store: &SledStore,
    batch: Vec<NewIndicator>,
    now: Timestamp,
) -> Result<ImportCounts, StoreError> {
    let mut writer = store.writer()?;
    let plan = plan(store, batch, now);
    let counts = ImportCounts {
        accepted: plan.fresh.len() as u64,
        duplicates: plan.duplicates,
        held: plan.fresh.iter().filter(|fresh| fresh.row.hold == Hold::Held).count() as u64,
    };
    store_plan(store, &mut writer, plan)?;
    fold_if_wanted(store, &mut writer);
    Ok(counts)
}

fn plan(store: &SledStore, batch: Vec<NewIndicator>, now: Timestamp) -> ImportPlan {
    let (state, epoch, warnings) = (store.state(), store.epoch(), store.warnings());
    let rows = batch.into_iter().map(|NewIndicator { indicator, raw, context }| {
        let (kind, canonical) = (indicator.kind(), indicator.canonical().clone());
        let id = state.ids.id(kind, &canonical);
        let added = date_of_seconds(now.0);
        let hold = hold(&*warnings, kind, &canonical);
        (IndicatorRow { id, kind, raw, canonical, context, imported: now.0, added, hold }, indicator)
    });
    state.catalog.plan(rows, |indicator| digests(&epoch.digester, indicator), now.0)
}

/// Whether the warnings hold a new value.
pub(crate) fn hold(warnings: &dyn Warnings, kind: Kind, canonical: &SecretText) -> Hold {
    if warnings.hold(kind, canonical.reveal()) { Hold::Held } else { Hold::Free }
}

/// Makes a plan's rows durable and shows them to exchanges.
pub(crate) fn store_plan(store: &SledStore, writer: &mut Writer, plan: ImportPlan) -> Result<(), StoreError> {
    let read = |segment| PackedRows::from_bytes(store.segment_bytes(segment)?);
    let writes = store.state().catalog.pack(plan.fresh, read)?;
    let mut batch = Batch::default();
    let runs = store.state().indicators_added.plan(writes.iter().flat_map(dates));
    store.state().indicators_added.put(&runs, keys::INDICATORS_ADDED, &mut batch);
    let mut stored = Vec::with_capacity(writes.len());
    let mut first_rows = Vec::with_capacity(writes.len());
    for SegmentWrite { segment, first_row, packed, fresh } in writes {
        first_rows.push(Place { segment, row: first_row });
        stored.push((segment, packed.len(), fresh));
        batch.put(keys::numbered(keys::SEGMENT, segment), packed.into_bytes());
    }
    let number = store.state().journals.next();
    if !plan.changed.is_empty() {
        batch.put(keys::numbered(keys::JOURNAL, number), journal::pack(&plan.changed));
    }
    store.commit(writer, batch, |state| {
        state.catalog.add(&stored);
        state.indicators_added.add(runs);
        if !plan.changed.is_empty() {
            state.catalog.change(&plan.changed);
            state.journals.add(number, &plan.changed);
        }
    })?;
    store.publish();
    keep_digests(store, &first_rows, &stored);
    Ok(())
}

/// The slots of new rows, each with the date that it has at the earliest.
fn dates(write: &SegmentWrite) -> impl Iterator<Item = (u64, u64)> {
    let (segment, first) = (write.segment, usize::from(write.first_row));
    write.fresh.iter().enumerate().map(move |(at, fresh)| (slot_of(segment, first + at), fresh.row.added))
}

/// The rows are durable, so digests that cannot be kept are no loss: the next opening makes them anew.
fn keep_digests(store: &SledStore, first_rows: &[Place], stored: &[(u32, usize, Vec<Fresh>)]) {
    let fresh = stored.iter().map(|(_, _, fresh)| fresh.iter().collect());
    let runs: Vec<(Place, Vec<&Fresh>)> = first_rows.iter().copied().zip(fresh).collect();
    if let Err(error) = store.epoch().cache.keep(&runs) {
        tracing::warn!(%error, "digests are not kept: the next start makes them anew");
    }
}

/// Folds journals, when that is worth it. What they hold is durable and stays so: a failure is told to the operator, not to who imported.
pub(crate) fn fold_if_wanted(store: &SledStore, writer: &mut Writer) {
    if let Err(error) = fold_journals(store, writer) {
        tracing::error!(%error, "changes of indicators could not be folded into their rows: they stay in journals");
    }
}

/// Rewrites segments with their changed contexts and removes the journals.
fn fold_journals(store: &SledStore, writer: &mut Writer) -> Result<(), StoreError> {
    let (segments, journals) = {
        let state = store.state();
        if !state.journals.want_folding(state.catalog.len()) {
            return Ok(());
        }
        let segments: Vec<u32> = state.journals.segments.iter().copied().collect();
        (segments, state.journals.numbers.clone())
    };
    for some in segments.chunks(FOLD_SEGMENTS) {
        let mut batch = Batch::default();
        for segment in some {
            let packed = repack(store, *segment, &BTreeSet::new())?;
            batch.put(keys::numbered(keys::SEGMENT, *segment), packed.into_bytes());
        }
        store.commit(writer, batch, |_| ())?;
    }
    let mut batch = Batch::default();
    for journal in journals {
        batch.remove(keys::numbered(keys::JOURNAL, journal));
    }
    store.commit(writer, batch, |state| state.journals = journal::Journals::default())
}

pub(crate) fn withdraw(store: &SledStore, ids: &[IndicatorId], by: &By) -> Result<u64, StoreError> {
    let mut writer = store.writer()?;
    let places: BTreeSet<Place> = {
        let state = store.state();
        ids.iter().filter_map(|id| state.catalog.place(*id)).collect()
    };
    if places.is_empty() {
        return Ok(0);
    }
    let known: Vec<IndicatorId> = {
        let state = store.state();
        places.iter().filter_map(|place| Some(state.catalog.meta(*place)?.id)).collect()
    };
    overlaps::keep_markings(store, &mut writer, &known)?;
    let of_segments: Vec<Place> = places.iter().copied().collect();
    let of_segments: Vec<&[Place]> = of_segments.chunk_by(|a, b| a.segment == b.segment).collect();
    for some in of_segments.chunks(FOLD_SEGMENTS) {
        withdraw_some(store, &mut writer, some, by)?;
    }
    Ok(places.len() as u64)
}

/// Takes out rows of some segments, in one commit.
fn withdraw_some(
    store: &SledStore,
    writer: &mut Writer,
    of_segments: &[&[Place]],
    by: &By,
) -> Result<(), StoreError> {
    let places: BTreeSet<Place> = of_segments.iter().copied().flatten().copied().collect();
    let segments: BTreeSet<u32> = places.iter().map(|place| place.segment).collect();
    let mut batch = Batch::default();
    for segment in &segments {
        let packed = repack(store, *segment, &places)?;
        batch.put(keys::numbered(keys::SEGMENT, *segment), packed.into_bytes());
    }
    let ended = forget_overrides(store, &mut batch, &places);
    let new = withdrawn(store, &places, ended);
    commit_noted(store, writer, batch, (by, &new), |state| state.catalog.withdraw(&places))?;
    store.publish();
    if let Err(error) = store.epoch().cache.forget(segments.into_iter()) {
        tracing::warn!(%error, "withdrawn digests stay sealed on the disk until their epoch ends");
    }
    Ok(())
}

/// How many are withdrawn, and how many overrides end with them. One that is withdrawn alone is named, whatever else was asked for.
fn withdrawn(store: &SledStore, places: &BTreeSet<Place>, overrides: usize) -> NewAudit {
    let mut detail = format!("withdrawn={}", places.len());
    if overrides > 0 {
        detail.push_str(&format!(" overrides={overrides}"));
    }
    let new = NewAudit::of(AuditAction::IndicatorsWithdrawn).with(detail);
    let alone = places.first().filter(|_| places.len() == 1);
    match alone.and_then(|place| store.state().catalog.meta(*place)) {
        Some(meta) => new.on(meta.id),
        None => new,
    }
}

/// An override goes with its indicator: one that comes again is judged anew. Returns how many go.
fn forget_overrides(store: &SledStore, batch: &mut Batch, withdrawn: &BTreeSet<Place>) -> usize {
    let state = store.state();
    let metas = withdrawn.iter().filter_map(|place| state.catalog.meta(*place));
    let overridden: Vec<IndicatorId> = metas.filter(|meta| meta.overridden).map(|meta| meta.id).collect();
    overridden.iter().for_each(|id| batch.remove(keys::override_of(*id)));
    overridden.len()
}

/// A segment with its contexts brought up to date and without the rows at `withdrawn`.
fn repack(store: &SledStore, segment: u32, withdrawn: &BTreeSet<Place>) -> Result<PackedRows, StoreError> {
    let mut packed = PackedRows::new();
    for (at, row) in unpack(&store.segment_bytes(segment)?)?.into_iter().enumerate() {
        let place = Place { segment, row: at as u16 };
        match row {
            Some(mut row) if !withdrawn.contains(&place) => {
                if let Some(meta) = store.state().catalog.meta(place) {
                    meta.bring_up_to_date(&mut row.context);
                }
                packed.push(&row)?;
            }
            _ => packed.push_withdrawn(),
        }
    }
    Ok(packed)
}

pub(crate) fn page(
    store: &SledStore,
    filter: &IndicatorFilter,
    page: &PageRequest,
) -> Result<Page<IndicatorRow>, StoreError> {
    let begin = page.begin(LIST)?.map_or(Ok(Place { segment: 0, row: 0 }), place_of)?;
    let mut places: Vec<Place> = store.state().catalog.places(begin, filter).take(page.rows() + 1).collect();
    let next = (places.len() > page.rows()).then(|| places.pop()).flatten();
    let rows = rows(store, &places)?.into_values().collect();
    Ok(Page { rows, next: next.map(|place| Cursor::to_place(LIST, number_of(place))) })
}

pub(crate) fn one(store: &SledStore, id: IndicatorId) -> Result<Option<IndicatorRow>, StoreError> {
    let Some(place) = store.state().catalog.place(id) else { return Ok(None) };
    Ok(rows(store, &[place])?.into_values().next())
}

/// Indicators that were added after a date, the first `most` of them.
pub(crate) fn added_after(
    store: &SledStore,
    after: u64,
    most: usize,
) -> Result<Vec<IndicatorRow>, StoreError> {
    let places: Vec<Place> = {
        let state = store.state();
        let (segment, row) = row_at(state.indicators_added.first_after(after));
        let begin = Place { segment, row: row as u16 };
        state.catalog.places(begin, &IndicatorFilter::default()).take(most.min(LONGEST_PAGE)).collect()
    };
    Ok(rows(store, &places)?.into_values().collect())
}

/// When the first indicator was added, withdrawn or not.
pub(crate) fn first_added(store: &SledStore) -> Option<u64> {
    store.state().indicators_added.date(0)
}

/// The indicator that has this UUID.
pub(crate) fn named(store: &SledStore, uuid: Uuid) -> Result<Option<IndicatorRow>, StoreError> {
    let id = {
        // Nothing that panics runs while it is held.
        let mut index = store.indicator_uuids.lock().unwrap_or_else(PoisonError::into_inner);
        bring_up_to_date(store, &mut index);
        let state = store.state();
        let id_at = |slot| {
            let (segment, row) = row_at(slot);
            state
                .catalog
                .meta(Place { segment, row: row as u16 })
                .filter(|meta| meta.live)
                .map(|meta| meta.id)
        };
        index.candidates(uuid).filter_map(id_at).find(|id| id.uuid() == uuid)
    };
    id.map_or(Ok(None), |id| one(store, id))
}

/// Rows are taken some at a time, so that nobody waits long for the state.
fn bring_up_to_date(store: &SledStore, index: &mut UuidIndex) {
    loop {
        let (state, begin) = (store.state(), index.end);
        let (segment, row) = row_at(begin);
        let from = Place { segment, row: row as u16 };
        for place in state.catalog.places(from, &IndicatorFilter::default()).take(INDEXED_AT_ONCE) {
            let row = usize::from(place.row);
            if let Some(meta) = state.catalog.meta(place) {
                index.insert(meta.id.uuid(), place.segment, row);
            }
            index.end = slot_of(place.segment, row) + 1;
        }
        if index.end == begin {
            return;
        }
    }
}

/// The rows at `places`, sorted; rows that were withdrawn meanwhile are left out.
pub(crate) fn rows(store: &SledStore, places: &[Place]) -> Result<BTreeMap<Place, IndicatorRow>, StoreError> {
    let of_segments: Vec<&[Place]> = places.chunk_by(|a, b| a.segment == b.segment).collect();
    let cores = available_parallelism().map_or(1, usize::from);
    let threads = (of_segments.len() / SEGMENTS_FOR_A_THREAD).clamp(1, cores);
    if threads == 1 {
        return Ok(rows_of_segments(store, &of_segments)?.into_iter().collect());
    }
    // Threads of its own and no pool's: whoever writes waits for them with the store locked, and a thread of a pool that waits
    // takes up other work, which might want that lock.
    thread::scope(|scope| {
        let read = |part| thread::Builder::new().spawn_scoped(scope, move || rows_of_segments(store, part));
        let parts = of_segments.chunks(of_segments.len().div_ceil(threads)).map(read);
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        let mut found = BTreeMap::new();
        for part in parts {
            found.extend(part.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        }
        Ok(found)
    })
}

fn rows_of_segments(
    store: &SledStore,
    of_segments: &[&[Place]],
) -> Result<Vec<(Place, IndicatorRow)>, StoreError> {
    let mut found = Vec::new();
    of_segments.iter().try_for_each(|places| rows_of_segment(store, places, &mut found))?;
    Ok(found)
}

/// Reads rows of one segment.
fn rows_of_segment(
    store: &SledStore,
    places: &[Place],
    found: &mut Vec<(Place, IndicatorRow)>,
) -> Result<(), StoreError> {
    let Some(segment) = places.first().map(|place| place.segment) else { return Ok(()) };
    let bytes = store.segment_bytes(segment)?;
    let rows = unpack_some(&bytes, places.iter().map(|place| place.row))?;
    let state = store.state();
    for (row, mut unpacked) in rows {
        let place = Place { segment, row };
        if let Some(meta) = state.catalog.meta(place).filter(|meta| meta.live) {
            meta.bring_up_to_date(&mut unpacked.context);
            unpacked.hold = meta.hold();
            let added = state.indicators_added.date(slot_of(segment, usize::from(row)));
            unpacked.added = added.ok_or(damaged("an indicator has no date"))?;
            found.push((place, unpacked));
        }
    }
    Ok(())
}

fn number_of(place: Place) -> u64 {
    u64::from(place.segment) << 16 | u64::from(place.row)
}

fn place_of(number: u64) -> Result<Place, StoreError> {
    let segment = u32::try_from(number >> 16).map_err(|_| StoreError::BadCursor)?;
    Ok(Place { segment, row: (number & 0xffff) as u16 })
}
