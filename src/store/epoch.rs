//! The epoch whose salt the digests are made with, and the change to another one while the store is open.
//!
//! A change begins at once and ends later. From its beginning, imports make digests under the new salt, and the snapshot
//! has none of the old ones and no epoch: exchanges wait. Then the rows that were there are digested again, a segment at a
//! time and beside all other work. At the end their digests are shown as one run, with the epoch's number.
//!
//! So memory never has the digests of two epochs (but in the snapshots of exchanges that run), and a crash at any point
//! leaves rows and some digests: opening makes the missing ones, as it always does.

use std::path::Path;
use std::sync::{Arc, PoisonError};

use overlap_indicator::{DigestSalt, Digester};

use crate::StoreError;
use crate::catalog::Fresh;
use crate::digest_cache::DigestCache;
use crate::loading::{entries_of, fresh_rows, runs_of};
use crate::row_meta::SegmentTable;
use crate::seal::Sealer;
use crate::sled_store::SledStore;
use crate::snapshot::{Entry, sort_entries};

/// An epoch, with its digests on the disk.
pub(crate) struct Epoch {
    pub(crate) number: u32,
    pub(crate) digester: Digester,
    pub(crate) cache: DigestCache,
}

impl Epoch {
    /// Opens an epoch's digests, those that are there.
    pub(crate) fn open(folder: &Path, sealer: &Sealer, salt: &(u32, DigestSalt)) -> Result<Self, StoreError> {
        Ok(Self {
            number: salt.0,
            digester: Digester::new(&salt.1),
            cache: DigestCache::open(folder, sealer, salt)?,
        })
    }
}

/// Makes every digest anew under a salt; whether it came to the end, which `go_on` decides again and again.
pub(crate) fn take_salt(
    store: &SledStore,
    salt: &(u32, DigestSalt),
    go_on: &dyn Fn() -> bool,
) -> Result<bool, StoreError> {
    // One change after the other. Nothing that panics leaves more behind than a change that did not end.
    let _one = store.salt_change.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(segments) = begin(store, salt)? else { return Ok(true) };
    // No other change can come between.
    let epoch = store.epoch();
    let Some(entries) = digest_again(store, &epoch, &segments, go_on)? else { return Ok(false) };
    end(store, &epoch, entries)?;
    Ok(true)
}

/// Changes to the epoch, and gives the rows that are to be digested; `None` where all digests are of that epoch already.
fn begin(store: &SledStore, salt: &(u32, DigestSalt)) -> Result<Option<Vec<Arc<SegmentTable>>>, StoreError> {
    let _writer = store.writer()?;
    if store.state().catalog.snapshot().epoch() == Some(salt.0) {
        return Ok(None);
    }
    if store.epoch().number != salt.0 {
        store.set_epoch(Epoch::open(store.folder.path(), &store.sealer, salt)?);
        // Whoever writes has the old epoch no longer open, and nobody else ever has.
        if let Err(error) = DigestCache::remove_others(store.folder.path(), salt.0) {
            tracing::warn!(%error, "the digests of the epoch before stay sealed on the disk until the next start");
        }
    }
    store.change(|state| state.catalog.forget_digests());
    store.publish();
    let segments = store.state().catalog.snapshot().segments().to_vec();
    Ok(Some(segments))
}

/// Digests of all rows that were there, sorted; rows that came later have theirs already.
fn digest_again(
    store: &SledStore,
    epoch: &Epoch,
    segments: &[Arc<SegmentTable>],
    go_on: &dyn Fn() -> bool,
) -> Result<Option<Vec<Entry>>, StoreError> {
    let rows = segments.iter().map(|table| table.len()).sum();
    let (mut entries, mut keeps) = (Vec::with_capacity(rows), true);
    for (segment, table) in segments.iter().enumerate() {
        if !go_on() {
            return Ok(None);
        }
        // The catalog has no more segments than a u32 counts.
        let segment = segment as u32;
        let bytes = store.segment_bytes(segment)?;
        let rows = fresh_rows(&bytes, &epoch.digester, |at| at < table.len())?;
        entries.extend(rows.iter().flat_map(|(at, fresh)| entries_of(segment, *at, fresh)));
        keeps = keeps && keep(store, epoch, segment, rows)?;
    }
    sort_entries(&mut entries);
    Ok(Some(entries))
}

/// Keeps the digests of rows that are still there: a withdrawal has removed those that it found on the disk. Whether that
/// went well; where it did not, the next opening makes them anew.
fn keep(
    store: &SledStore,
    epoch: &Epoch,
    segment: u32,
    mut rows: Vec<(u16, Fresh)>,
) -> Result<bool, StoreError> {
    let _writer = store.writer()?;
    rows.retain(|(_, fresh)| store.state().catalog.place(fresh.row.id).is_some());
    let kept = epoch.cache.keep(&runs_of(segment, &rows));
    if let Err(error) = &kept {
        tracing::warn!(%error, "digests are not kept: the next start makes them anew");
    }
    Ok(kept.is_ok())
}

fn end(store: &SledStore, epoch: &Epoch, entries: Vec<Entry>) -> Result<(), StoreError> {
    let _writer = store.writer()?;
    store.change(|state| state.catalog.load_digests(entries, epoch.number));
    store.publish();
    Ok(())
}
