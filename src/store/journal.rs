//! Journals: contexts that changed since their rows were written.
//!
//! Importing an indicator again may touch any row of any segment. Rewriting all those segments for each batch would cost a
//! hundred times the batch, so a batch's changes go together into one sealed journal, and memory has the current values. When
//! the journals hold as many changes as there are rows, the segments are rewritten with what is in memory and the journals removed.
//! A crash between the two is harmless: journals are read after the segments and in their order, so the newest change wins.

use std::collections::{BTreeMap, BTreeSet};

use overlap_indicator::Context;
use zeroize::Zeroizing;

use crate::StoreError;
use crate::codec::Reader;
use crate::row_meta::Place;
use crate::segment::{context_numbers, put_context_numbers};

/// Below this many changes the journals are left alone: 32 bytes each, they cost less than rewriting. Tests fold sooner.
const FEWEST_TO_FOLD: usize = if cfg!(test) { 50 } else { 50_000 };

/// The journals that are on the disk.
#[derive(Debug, Default)]
pub(crate) struct Journals {
    /// Their numbers.
    pub(crate) numbers: BTreeSet<u32>,
    /// Segments whose rows they change.
    pub(crate) segments: BTreeSet<u32>,
    changes: usize,
}

impl Journals {
    pub(crate) fn next(&self) -> u32 {
        self.numbers.last().map_or(0, |last| last.wrapping_add(1))
    }

    pub(crate) fn add(&mut self, number: u32, changed: &BTreeMap<Place, Context>) {
        self.numbers.insert(number);
        self.segments.extend(changed.keys().map(|place| place.segment));
        self.changes += changed.len();
    }

    pub(crate) fn want_folding(&self, rows: usize) -> bool {
        self.changes > rows.max(FEWEST_TO_FOLD)
    }
}

pub(crate) fn pack(changed: &BTreeMap<Place, Context>) -> Zeroizing<Vec<u8>> {
    const ROW: usize = 4 + 2 + 26;
    let mut out = Zeroizing::new(Vec::with_capacity(changed.len() * ROW));
    for (place, context) in changed {
        out.extend_from_slice(&place.segment.to_le_bytes());
        out.extend_from_slice(&place.row.to_le_bytes());
        put_context_numbers(&mut out, context);
    }
    out
}

pub(crate) fn unpack(bytes: &[u8]) -> Result<BTreeMap<Place, Context>, StoreError> {
    let mut reader = Reader::new(bytes);
    let mut changed = BTreeMap::new();
    while !reader.is_empty() {
        let place = Place { segment: reader.u32()?, row: u16::from_le_bytes(reader.array()?) };
        changed.insert(place, context_numbers(&mut reader)?);
    }
    Ok(changed)
}
