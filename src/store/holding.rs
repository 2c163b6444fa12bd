//! Warnings and overrides at work.
//!
//! Whether a row is held is a bit in memory, set when the row is imported and again for all rows when the warnings change, so that an exchange asks nobody.
//! Warnings are config and are not stored; overrides are, each under the id of its indicator, with which it goes when that is withdrawn.

use std::panic::resume_unwind;
use std::sync::{Arc, PoisonError};
use std::thread::{self, available_parallelism};

use crate::audits::commit_noted;
use crate::database::Batch;
use crate::error::damaged;
use crate::segment::{SEGMENT_ROWS, rows_in};
use crate::sled_store::{SledStore, State};
use crate::store::Warnings;
use crate::{AuditAction, By, IndicatorId, NewAudit, Override, Overriding, StoreError, keys};

/// Bits of a segment's rows.
const WORDS: usize = SEGMENT_ROWS.div_ceil(u64::BITS as usize);

/// What the warnings say of a segment's rows, as many as there were when they were asked.
#[derive(Clone, Copy, Default)]
pub(crate) struct WarnedRows {
    rows: usize,
    bits: [u64; WORDS],
}

impl WarnedRows {
    fn push(&mut self, warned: bool) {
        if let Some(word) = self.bits.get_mut(self.rows / 64) {
            *word |= u64::from(warned) << (self.rows % 64);
        }
        self.rows += 1;
    }

    /// What is said of each row.
    pub(crate) fn iter(&self) -> impl Iterator<Item = bool> {
        (0..self.rows.min(SEGMENT_ROWS))
            .map(|row| self.bits.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1))
    }
}

/// Takes other warnings: first for what is imported from now on, then for all that is there. The rows are read beside all other work, so until
/// that ends exchanges go by what the warnings before said of them. Where it fails those stay in force.
pub(crate) fn set_warnings(store: &SledStore, warnings: Arc<dyn Warnings>) -> Result<(), StoreError> {
    // One change after the other. Nothing that panics leaves more behind than a change that did not end.
    let _one = store.warnings_change.lock().unwrap_or_else(PoisonError::into_inner);
    let (before, segments) = {
        let _writer = store.writer()?;
        let before = store.warnings();
        store.replace_warnings(warnings.clone());
        (before, store.state().catalog.snapshot().segments().len())
    };
    let warned = match ask_all(store, &*warnings, segments) {
        Ok(warned) => warned,
        Err(error) => {
            put_back(store, before, segments)?;
            return Err(error);
        }
    };
    let _writer = store.writer()?;
    store.change(|state| state.catalog.set_warned(0, &warned));
    store.publish();
    Ok(())
}

/// Puts the warnings before in force again, and judges by them what was imported meanwhile: it is in the last of the segments that there were, and
/// in those after it.
fn put_back(store: &SledStore, before: Arc<dyn Warnings>, segments: usize) -> Result<(), StoreError> {
    let _writer = store.writer()?;
    store.replace_warnings(before.clone());
    let first = segments.saturating_sub(1) as u32;
    let end = store.state().catalog.snapshot().segments().len() as u32;
    let warned = ask_some(store, &*before, &Vec::from_iter(first..end))?;
    store.change(|state| state.catalog.set_warned(first, &warned));
    store.publish();
    Ok(())
}

/// Asks about every row of the first segments, each processor about a part.
fn ask_all(
    store: &SledStore,
    warnings: &dyn Warnings,
    segments: usize,
) -> Result<Vec<WarnedRows>, StoreError> {
    let cores = available_parallelism().map_or(1, usize::from);
    let numbers: Vec<u32> = (0..segments as u32).collect();
    let part = numbers.len().div_ceil(cores).max(1);
    // Threads of its own and no pool's, as for pages.
    thread::scope(|scope| {
        let ask = |part| thread::Builder::new().spawn_scoped(scope, move || ask_some(store, warnings, part));
        let parts = numbers.chunks(part).map(ask).collect::<Result<Vec<_>, _>>()?;
        let mut warned = Vec::with_capacity(segments);
        for part in parts {
            warned.extend(part.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        }
        Ok(warned)
    })
}

fn ask_some(
    store: &SledStore,
    warnings: &dyn Warnings,
    segments: &[u32],
) -> Result<Vec<WarnedRows>, StoreError> {
    let ask = |segment: &u32| {
        let mut warned = WarnedRows::default();
        for row in rows_in(&store.segment_bytes(*segment)?)? {
            warned.push(row?.is_some_and(|row| warnings.hold(row.kind, row.canonical)));
        }
        Ok(warned)
    };
    segments.iter().map(ask).collect()
}

/// Lets an indicator into exchanges that a warning holds out.
pub(crate) fn begin_override(
    store: &SledStore,
    id: IndicatorId,
    reason: &str,
    by: &By,
) -> Result<Overriding, StoreError> {
    let mut writer = store.writer()?;
    let place = store.state().catalog.place(id);
    let meta = place.and_then(|place| store.state().catalog.meta(place));
    let (Some(place), Some(meta)) = (place, meta) else { return Ok(Overriding::Unknown) };
    if meta.overridden {
        return Ok(Overriding::Already);
    }
    if !meta.warned {
        return Ok(Overriding::NotHeld);
    }
    let record = Override { by: by.actor.name().to_owned(), at: by.at.0, reason: reason.to_owned() };
    let mut batch = Batch::default();
    batch.put(keys::override_of(id), record.encode()?);
    let new = NewAudit::of(AuditAction::OverrideBegun).on(id);
    let apply = |state: &mut State| state.catalog.set_overridden(place, true);
    commit_noted(store, &mut writer, batch, (by, &new), apply)?;
    store.publish();
    Ok(Overriding::Done)
}

/// Takes an override back; whether there was one.
pub(crate) fn end_override(store: &SledStore, id: IndicatorId, by: &By) -> Result<bool, StoreError> {
    let mut writer = store.writer()?;
    let place = store.state().catalog.place(id);
    let meta = place.and_then(|place| store.state().catalog.meta(place));
    let Some(place) = place.filter(|_| meta.is_some_and(|meta| meta.overridden)) else { return Ok(false) };
    let mut batch = Batch::default();
    batch.remove(keys::override_of(id));
    let new = NewAudit::of(AuditAction::OverrideEnded).on(id);
    let apply = |state: &mut State| state.catalog.set_overridden(place, false);
    commit_noted(store, &mut writer, batch, (by, &new), apply)?;
    store.publish();
    Ok(true)
}

/// The override of an indicator.
pub(crate) fn override_of(store: &SledStore, id: IndicatorId) -> Result<Option<Override>, StoreError> {
    store.database.get(&keys::override_of(id))?.map(|plain| Override::decode(&plain)).transpose()
}

/// All overrides, by their indicators' ids.
pub(crate) fn overrides(store: &SledStore) -> Result<Vec<(IndicatorId, Override)>, StoreError> {
    let read = |key: Vec<u8>| {
        let id = keys::overridden(&key).ok_or_else(|| damaged("a key"))?;
        let plain = store.database.get(&key)?.ok_or_else(|| damaged("an override is missing"))?;
        Ok((id, Override::decode(&plain)?))
    };
    store.database.keys(&[keys::OVERRIDE])?.into_iter().map(read).collect()
}
