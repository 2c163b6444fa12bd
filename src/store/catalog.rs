//! The indicators in memory: where each is, what may change of it, and the digests.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use overlap_indicator::{Context, Digest, Facet, Indicator, Kind};

use crate::error::damaged;
use crate::holding::WarnedRows;
use crate::place_index::{MOST_SEGMENTS, PlaceIndex};
use crate::row_meta::{Place, RowMeta, SegmentTable, merged};
use crate::segment::{PackedRows, SEGMENT_BYTES, SEGMENT_ROWS, packed_len, rows_in};
use crate::snapshot::{Entry, Snapshot};
use crate::{Hold, IndicatorFilter, IndicatorId, IndicatorRow, StoreError};

/// An indicator that is to be stored, with its digests.
pub(crate) struct Fresh {
    pub(crate) row: IndicatorRow,
    pub(crate) digests: Vec<(Facet, Digest)>,
}

/// What an import changes.
#[derive(Default)]
pub(crate) struct ImportPlan {
    pub(crate) fresh: Vec<Fresh>,
    pub(crate) changed: BTreeMap<Place, Context>,
    pub(crate) duplicates: u64,
}

/// Rows that are to follow in one segment.
pub(crate) struct SegmentWrite {
    pub(crate) segment: u32,
    pub(crate) first_row: u16,
    pub(crate) packed: PackedRows,
    pub(crate) fresh: Vec<Fresh>,
}

/// All indicators.
#[derive(Default)]
pub(crate) struct Catalog {
    index: PlaceIndex,
    snapshot: Snapshot,
    counts: BTreeMap<Kind, u64>,
    tail_bytes: usize,
}

impl Catalog {
    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    pub(crate) fn counts(&self) -> Vec<(Kind, u64)> {
        self.counts.iter().filter(|(_, count)| **count > 0).map(|(kind, count)| (*kind, *count)).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    pub(crate) fn place(&self, id: IndicatorId) -> Option<Place> {
        self.index.place(&self.snapshot, id)
    }

    pub(crate) fn meta(&self, place: Place) -> Option<RowMeta> {
        self.snapshot.meta(place)
    }

    /// The places of live indicators that a filter takes, from `from` on, in the order of import.
    pub(crate) fn places(&self, from: Place, filter: &IndicatorFilter) -> impl Iterator<Item = Place> {
        let segments = self.snapshot.segments().iter().enumerate().skip(from.segment as usize);
        segments.flat_map(move |(segment, rows)| {
            let segment = segment as u32;
            let first = if segment == from.segment { from.row } else { 0 };
            rows.chosen(first, filter).map(move |row| Place { segment, row })
        })
    }

    /// Sorts an import's rows into new ones and ones that are there.
    pub(crate) fn plan(
        &self,
        rows: impl Iterator<Item = (IndicatorRow, Indicator)>,
        digests: impl Fn(&Indicator) -> Vec<(Facet, Digest)>,
        now: u64,
    ) -> ImportPlan {
        let mut plan = ImportPlan::default();
        let mut seen: HashMap<IndicatorId, usize> = HashMap::new();
        for (row, indicator) in rows {
            if let Some(place) = self.place(row.id) {
                plan.duplicates += 1;
                self.plan_change(&mut plan, place, &row.context, now);
            } else if let Some(first) = seen.get(&row.id).and_then(|at| plan.fresh.get_mut(*at)) {
                plan.duplicates += 1;
                first.row.context = merged(&first.row.context, &row.context, now);
            } else {
                seen.insert(row.id, plan.fresh.len());
                let digests = digests(&indicator);
                plan.fresh.push(Fresh { row, digests });
            }
        }
        plan
    }

    fn plan_change(&self, plan: &mut ImportPlan, place: Place, new: &Context, now: u64) {
        let Some(stored) = self.meta(place).map(|meta| meta.context()) else { return };
        let old = plan.changed.get(&place).unwrap_or(&stored);
        let context = merged(old, new, now);
        if context != *old {
            plan.changed.insert(place, context);
        }
    }

    /// Packs new rows into segments. `read` gives the bytes of the last segment, which is filled first if all rows fit.
    pub(crate) fn pack(
        &self,
        fresh: Vec<Fresh>,
        read: impl FnOnce(u32) -> Result<PackedRows, StoreError>,
    ) -> Result<Vec<SegmentWrite>, StoreError> {
        let mut writes: Vec<SegmentWrite> = Vec::new();
        let mut next = self.snapshot.segments().len();
        let mut rows_in_last = SEGMENT_ROWS;
        if let (Some(tail), true) = (self.snapshot.segments().last(), self.fits_in_tail(&fresh)) {
            next -= 1;
            rows_in_last = tail.len();
            writes.push(new_write(next, rows_in_last, read(segment_number(next)?)?)?);
            next += 1;
        }
        for item in fresh {
            let full = writes.last().is_none_or(|last| {
                rows_in_last >= SEGMENT_ROWS || last.packed.len() + packed_len(&item.row) > SEGMENT_BYTES
            });
            if full {
                writes.push(new_write(next, 0, PackedRows::new())?);
                next += 1;
                rows_in_last = 0;
            }
            // The line above has pushed one where there was none.
            if let Some(last) = writes.last_mut() {
                last.packed.push(&item.row)?;
                last.fresh.push(item);
                rows_in_last += 1;
            }
        }
        Ok(writes)
    }

    fn fits_in_tail(&self, fresh: &[Fresh]) -> bool {
        let rows = self.snapshot.segments().last().map_or(0, |tail| tail.len());
        rows + fresh.len() <= SEGMENT_ROWS
            && self.tail_bytes + fresh.iter().map(|item| packed_len(&item.row)).sum::<usize>()
                <= SEGMENT_BYTES
    }

    /// Takes rows that are stored now.
    pub(crate) fn add(&mut self, writes: &[(u32, usize, Vec<Fresh>)]) {
        let mut entries = Vec::new();
        for (segment, packed_len, fresh) in writes {
            if *segment as usize == self.snapshot.segments().len() {
                self.snapshot.push_segment(SegmentTable::default());
            }
            for item in fresh {
                let mut meta = RowMeta::new(item.row.id, item.row.kind, &item.row.context);
                meta.warned = item.row.hold == Hold::Held;
                if let Some(place) = self.append(*segment, meta) {
                    let entry =
                        |(facet, digest): &(Facet, Digest)| Entry::new(*digest, *facet, item.row.kind, place);
                    entries.extend(item.digests.iter().map(entry));
                }
            }
            self.tail_bytes = *packed_len;
        }
        self.snapshot.add_run(entries);
    }

    fn append(&mut self, segment: u32, meta: RowMeta) -> Option<Place> {
        let place = Place { segment, row: self.snapshot.segment_mut(segment)?.push(meta)? };
        self.index.insert(&self.snapshot, meta.id, place);
        *self.counts.entry(meta.kind).or_default() += 1;
        Some(place)
    }

    /// Takes changed contexts.
    pub(crate) fn change(&mut self, changed: &BTreeMap<Place, Context>) {
        for (place, context) in changed {
            if let Some(table) = self.snapshot.segment_mut(place.segment) {
                table.change(place.row, |meta| meta.set_context(context));
            }
        }
    }

    /// Takes what the warnings say of the rows of each segment, from this one on.
    pub(crate) fn set_warned(&mut self, first: u32, warned: &[WarnedRows]) {
        for (segment, rows) in (first..).zip(warned) {
            for (row, warned) in rows.iter().enumerate() {
                let place = Place { segment, row: row as u16 };
                self.set_flags(place, |meta| meta.warned = warned && meta.live);
            }
        }
    }

    /// Begins or ends an override.
    pub(crate) fn set_overridden(&mut self, place: Place, overridden: bool) {
        self.set_flags(place, |meta| meta.overridden = overridden);
    }

    /// Changes a row, and copies no table where nothing changes.
    fn set_flags(&mut self, place: Place, change: impl Fn(&mut RowMeta)) {
        let Some(old) = self.meta(place) else { return };
        let mut new = old;
        change(&mut new);
        if let (true, Some(table)) = (new != old, self.snapshot.segment_mut(place.segment)) {
            table.change(place.row, |meta| change(meta));
        }
    }

    /// Takes out withdrawn indicators.
    pub(crate) fn withdraw(&mut self, places: &BTreeSet<Place>) {
        for place in places {
            let Some(meta) = self.meta(*place) else { continue };
            self.index.remove(&self.snapshot, meta.id);
            if let Some(count) = self.counts.get_mut(&meta.kind) {
                *count -= 1;
            }
            if let Some(table) = self.snapshot.segment_mut(place.segment) {
                table.change(place.row, |meta| *meta = RowMeta::withdrawn());
            }
        }
    }

    /// Takes the segment that comes next from the disk.
    pub(crate) fn load(&mut self, segment: u32, bytes: &[u8]) -> Result<(), StoreError> {
        if segment as usize != self.snapshot.segments().len() {
            return Err(damaged("a segment is missing"));
        }
        let mut table = SegmentTable::default();
        for row in rows_in(bytes)? {
            let meta =
                row?.map_or_else(RowMeta::withdrawn, |row| RowMeta::new(row.id, row.kind, &row.context));
            table.push(meta).ok_or_else(|| damaged("a segment has too many rows"))?;
            if meta.live {
                *self.counts.entry(meta.kind).or_default() += 1;
            }
        }
        table.shrink_to_fit();
        self.snapshot.push_segment(table);
        self.tail_bytes = bytes.len();
        Ok(())
    }

    /// Makes the index of all that was loaded: at once, so that it never grows.
    pub(crate) fn index_loaded(&mut self) -> Result<(), StoreError> {
        let live = self.counts.values().sum::<u64>() as usize;
        self.index =
            PlaceIndex::of(&self.snapshot, live).ok_or_else(|| damaged("an indicator is there twice"))?;
        Ok(())
    }

    /// Forgets all digests.
    pub(crate) fn forget_digests(&mut self) {
        self.snapshot.forget_digests();
    }

    /// Takes digests, sorted, that were read or made anew.
    pub(crate) fn load_digests(&mut self, sorted: Vec<Entry>, epoch: u32) {
        self.snapshot.load_digests(sorted, epoch);
    }
}

fn new_write(segment: usize, rows: usize, packed: PackedRows) -> Result<SegmentWrite, StoreError> {
    Ok(SegmentWrite { segment: segment_number(segment)?, first_row: rows as u16, packed, fresh: Vec::new() })
}

fn segment_number(segment: usize) -> Result<u32, StoreError> {
    let number = u32::try_from(segment).ok().filter(|number| *number < MOST_SEGMENTS);
    number.ok_or_else(|| std::io::Error::other("the store is full").into())
}
