//! The digests of one epoch on the disk.
//!
//! Digests are made from canonical forms, so what is here can always be made anew: it only makes opening fast. It is a database of its own in
//! the folder of its epoch, since sled gives no space back when a table is dropped; a new epoch begins a new folder and the old
//! one is removed whole. Each value holds the digests of some rows in one segment with the rows' ids, is written after the
//! rows are durable, and counts only where the ids are the rows'. It is sealed for the epoch, the salt and the rule set of canonical forms: what was made
//! under others does not open.

use std::path::{Path, PathBuf};

use overlap_indicator::{CANON_VERSION, Digest, DigestSalt, Facet};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::catalog::Fresh;
use crate::codec::Reader;
use crate::database::{Batch, Database};
use crate::error::damaged;
use crate::folder::{digest_folders, remove_if_there, sync_folder};
use crate::row_meta::Place;
use crate::seal::Sealer;
use crate::{IndicatorId, StoreError};

/// One row's digests.
pub(crate) struct CachedRow {
    pub(crate) place: Place,
    pub(crate) id: IndicatorId,
    pub(crate) digests: Vec<(Facet, Digest)>,
}

/// The digests of one epoch.
pub(crate) struct DigestCache(Database);

impl DigestCache {
    /// Removes the digests of other epochs, none of which is open.
    pub(crate) fn remove_others(folder: &Path, epoch: u32) -> Result<(), StoreError> {
        let path = path_of(folder, epoch);
        let mut others = digest_folders(folder)?.into_iter().filter(|other| *other != path);
        Ok(others.try_for_each(|other| remove_if_there(&other))?)
    }

    /// Opens the epoch's digests. Digests that cannot be read are thrown away.
    pub(crate) fn open(folder: &Path, sealer: &Sealer, salt: &(u32, DigestSalt)) -> Result<Self, StoreError> {
        let path = path_of(folder, salt.0);
        match Database::open(&path, label(salt), sealer.clone()) {
            Ok(database) => Ok(Self(database)),
            Err(StoreError::Damaged { what }) => {
                tracing::warn!(what, "the stored digests are damaged: they are made anew");
                remove_if_there(&path)?;
                sync_folder(folder)?;
                Database::open(&path, label(salt), sealer.clone()).map(Self)
            }
            Err(error) => Err(error),
        }
    }

    /// Every row's digests that can be read.
    pub(crate) fn read(self, mut each: impl FnMut(CachedRow)) -> Result<Self, StoreError> {
        let database = self.0.read_whatever_opens(|key, plain| {
            if let Ok(rows) = unpack(key, plain) {
                rows.into_iter().for_each(&mut each);
            }
        })?;
        Ok(Self(database))
    }

    /// Keeps the digests of rows that follow each other from a place on.
    pub(crate) fn keep(&self, runs: &[(Place, Vec<&Fresh>)]) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        for (place, fresh) in runs {
            batch.put(key(*place), pack(fresh));
        }
        self.0.put_lazily(batch)
    }

    /// Removes the digests of whole segments: those of the rows that stay are made anew at the next opening.
    pub(crate) fn forget(&self, segments: impl Iterator<Item = u32>) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        for segment in segments {
            for key in self.0.keys(&segment.to_be_bytes())? {
                batch.remove(key);
            }
        }
        self.0.put_lazily(batch)
    }
}

fn path_of(folder: &Path, epoch: u32) -> PathBuf {
    folder.join(format!("digests.{epoch}"))
}

fn label((epoch, salt): &(u32, DigestSalt)) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(b"overlapd digests 1");
    hash.update(epoch.to_le_bytes());
    hash.update(CANON_VERSION.to_le_bytes());
    hash.update(salt.expose_bytes());
    hash.finalize().to_vec()
}

fn key(place: Place) -> Vec<u8> {
    [&place.segment.to_be_bytes()[..], &place.row.to_be_bytes()].concat()
}

fn pack(fresh: &[&Fresh]) -> Zeroizing<Vec<u8>> {
    let rows = fresh.iter().map(|item| 17 + 17 * item.digests.len()).sum();
    let mut out = Zeroizing::new(Vec::with_capacity(rows));
    for item in fresh {
        out.extend_from_slice(&item.row.id.0);
        // An indicator has four facets at most.
        out.push(item.digests.len() as u8);
        for (facet, digest) in &item.digests {
            out.push(facet.number());
            out.extend_from_slice(digest.as_bytes());
        }
    }
    out
}

fn unpack(key: &[u8], plain: &[u8]) -> Result<Vec<CachedRow>, StoreError> {
    let mut place = Reader::new(key);
    let segment = u32::from_be_bytes(place.array()?);
    let first = u16::from_be_bytes(place.array()?);
    let (mut reader, mut rows) = (Reader::new(plain), Vec::new());
    while !reader.is_empty() {
        let row = u16::try_from(rows.len()).ok().and_then(|at| first.checked_add(at));
        let place = Place { segment, row: row.ok_or_else(|| damaged("digests"))? };
        rows.push(unpack_row(&mut reader, place)?);
    }
    Ok(rows)
}

fn unpack_row(reader: &mut Reader<'_>, place: Place) -> Result<CachedRow, StoreError> {
    let id = IndicatorId(reader.array()?);
    let count = reader.u8()?;
    let mut digests = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        let facet = Facet::from_number(reader.u8()?).ok_or_else(|| damaged("a facet"))?;
        digests.push((facet, Digest::from_bytes(reader.array()?)));
    }
    Ok(CachedRow { place, id, digests })
}
