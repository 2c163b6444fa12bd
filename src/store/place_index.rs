//! Where an indicator is, by its id: four bytes for each, since the ids themselves are in the rows' tables.

use hashbrown::HashTable;

use crate::IndicatorId;
use crate::row_meta::Place;
use crate::segment::SEGMENT_ROWS;
use crate::snapshot::Snapshot;

/// Segments that can be told apart: 2^24, with 2^32 indicators.
pub(crate) const MOST_SEGMENTS: u32 = 1 << 24;

/// A row of a segment has a number of eight bits.
const _: () = assert!(SEGMENT_ROWS == 1 << 8);

/// The places of live indicators. Every call takes the snapshot that has their ids.
#[derive(Default)]
pub(crate) struct PlaceIndex(HashTable<Spot>);

/// A place in four bytes.
#[derive(Clone, Copy)]
struct Spot(u32);

impl Spot {
    fn of(place: Place) -> Self {
        Self(place.segment << 8 | u32::from(place.row))
    }

    fn place(self) -> Place {
        Place { segment: self.0 >> 8, row: (self.0 & 0xff) as u16 }
    }

    fn id(self, snapshot: &Snapshot) -> Option<IndicatorId> {
        snapshot.meta(self.place()).map(|meta| meta.id)
    }
}

impl PlaceIndex {
    /// The index of all `live` indicators of a snapshot; `None` where one is there twice.
    pub(crate) fn of(snapshot: &Snapshot, live: usize) -> Option<Self> {
        let mut index = Self(HashTable::with_capacity(live));
        for (segment, table) in snapshot.segments().iter().enumerate() {
            for (row, meta) in table.rows().enumerate().filter(|(_, meta)| meta.live) {
                if index.place(snapshot, meta.id).is_some() {
                    return None;
                }
                index.insert(snapshot, meta.id, Place { segment: segment as u32, row: row as u16 });
            }
        }
        Some(index)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn place(&self, snapshot: &Snapshot, id: IndicatorId) -> Option<Place> {
        self.0.find(id.hash_of_bytes(), |spot| spot.id(snapshot) == Some(id)).map(|spot| spot.place())
    }

    /// Takes an indicator that is not there yet; the snapshot has it already.
    pub(crate) fn insert(&mut self, snapshot: &Snapshot, id: IndicatorId, place: Place) {
        let hash_at = |spot: &Spot| spot.id(snapshot).map_or(0, IndicatorId::hash_of_bytes);
        self.0.insert_unique(id.hash_of_bytes(), Spot::of(place), hash_at);
    }

    /// Forgets an indicator; the snapshot still has it.
    pub(crate) fn remove(&mut self, snapshot: &Snapshot, id: IndicatorId) {
        if let Ok(found) = self.0.find_entry(id.hash_of_bytes(), |spot| spot.id(snapshot) == Some(id)) {
            found.remove();
        }
    }
}
