//! The UUIDs under which tools outside know rows, and how rows are found by them.
//!
//! They are made of ids by name (RFC 9562, section 5.5: version 5), in a namespace of our own, so that the same row has
//! the same one in every answer. An indicator's id is a keyed hash, so neither the id nor the UUID says anything outside.

use hashbrown::HashTable;
use overlap_coalition::{ExchangeId, MemberId};
use overlap_indicator::Facet;
use uuid::{Uuid, uuid};

use crate::IndicatorId;
use crate::added::slot_of;

/// The namespace of the UUIDs that this program makes by name; drawn once, at random.
pub const UUID_NAMESPACE: Uuid = uuid!("7967cdd3-423c-4737-bef3-b6c33b915b24");

impl IndicatorId {
    /// The indicator's UUID.
    pub fn uuid(self) -> Uuid {
        named(&[b"indicator", &self.0])
    }
}

/// The UUID of the overlap of an own indicator with a partner on one facet.
pub(crate) fn overlap_uuid(peer: &MemberId, indicator: IndicatorId, facet: Facet) -> Uuid {
    named(&[b"overlap", &indicator.0, &[facet.number()], peer.as_str().as_bytes()])
}

/// The UUID of the overlaps that an exchange found together, by the number of their group.
pub(crate) fn group_uuid(exchange: ExchangeId, number: u32) -> Uuid {
    named(&[b"group", &exchange.0, &number.to_le_bytes()])
}

/// The UUID of a sighting of an indicator.
pub(crate) fn sighting_uuid(indicator: IndicatorId, number: u32) -> Uuid {
    named(&[b"sighting", &indicator.0, &number.to_le_bytes()])
}

/// Only the last part may have a length of its own, and no first part is the beginning of another, so no two names are alike.
fn named(parts: &[&[u8]]) -> Uuid {
    Uuid::new_v5(&UUID_NAMESPACE, &parts.concat())
}

/// What a UUID is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverlapName {
    /// The overlap itself.
    Overlap(Uuid),
    /// The first overlap, with the partner, of the indicator that has it.
    FirstOf(Uuid),
}

/// Where rows are, by their UUIDs: eight bytes for each, made when somebody first asks and brought up to date when somebody asks again.
/// What it finds has to be compared: a few rows may look alike.
#[derive(Default)]
pub(crate) struct UuidIndex {
    entries: HashTable<Entry>,
    /// All rows before this slot are in it.
    pub(crate) end: u64,
}

#[derive(Clone, Copy)]
struct Entry {
    mark: u32,
    slot: u32,
}

impl UuidIndex {
    pub(crate) fn insert(&mut self, uuid: Uuid, segment: u32, row: usize) {
        let mark = mark(uuid);
        // A table has 2^24 segments at most.
        let slot = slot_of(segment, row) as u32;
        self.entries.insert_unique(hash(mark), Entry { mark, slot }, |entry| hash(entry.mark));
    }

    /// The slots of rows that may have this UUID.
    pub(crate) fn candidates(&self, uuid: Uuid) -> impl Iterator<Item = u64> {
        let mark = mark(uuid);
        let alike = self.entries.iter_hash(hash(mark)).filter(move |entry| entry.mark == mark);
        alike.map(|entry| u64::from(entry.slot))
    }
}

/// The first bytes of a UUID by name are those of a hash.
fn mark(uuid: Uuid) -> u32 {
    let [a, b, c, d, ..] = *uuid.as_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// The table wants a hash whose high and low bits both tell entries apart.
fn hash(mark: u32) -> u64 {
    u64::from(mark).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_of_version_5_and_never_change() {
        let id = IndicatorId([7; 16]);
        let peer = "payments".parse().unwrap();
        let overlap = overlap_uuid(&peer, id, Facet::Host);
        for uuid in [id.uuid(), overlap] {
            assert_eq!((uuid.get_version_num(), uuid.get_variant()), (5, uuid::Variant::RFC4122));
        }
        assert_eq!(id.uuid().to_string(), "47a8ead1-cc47-558b-91b6-9614a4cb3e9d");
        assert_eq!(overlap.to_string(), "4deb1f8a-e246-53a8-81a2-51d24262e2e4");
        assert_ne!(overlap, overlap_uuid(&peer, id, Facet::Site));
    }

    #[test]
    fn an_index_finds_every_row_it_was_given() {
        let mut index = UuidIndex::default();
        let uuid = |number: u32| named(&[b"test", &number.to_le_bytes()]);
        (0..5_000).for_each(|number| index.insert(uuid(number), number >> 8, number as usize & 0xff));
        for number in 0..5_000 {
            assert!(index.candidates(uuid(number)).any(|slot| slot == u64::from(number)));
        }
        assert_eq!(index.candidates(uuid(5_001)).count(), 0);
    }
}
