//! Overlaps on the disk and in memory.
//!
//! Overlaps are packed into segments as indicators are, each segment with one partner. A row holds its own copy of raw and canonical form, so it stays
//! readable when the indicator is withdrawn. Memory has the partner of each segment and the numbers of each row, so that a filtered page unseals only
//! segments that it shows, and an index of what is known, so that the exchange that found an overlap first stays.

use std::collections::BTreeMap;

use hashbrown::HashTable;
use overlap_coalition::{ExchangeId, MemberId};
use overlap_indicator::{Facet, Kind, Pap, SecretText, Tlp};
use zeroize::Zeroizing;

use crate::added::{row_at, slot_of};
use crate::codec::{Reader, put_text, reserve_wiped};
use crate::error::damaged;
use crate::overlap_groups::OverlapGroups;
use crate::overlap_tally::{Counters, OverlapTally};
use crate::{IndicatorId, OverlapBrief, OverlapGroup, OverlapRow, StoreError};

/// Overlaps in a segment at most.
pub(crate) const OVERLAP_SEGMENT_ROWS: usize = 256;
/// Bytes after which a segment takes no more rows, as for segments of indicators.
const OVERLAP_SEGMENT_BYTES: usize = crate::segment::SEGMENT_BYTES;
/// The first: no marking, and no time of import.
const VERSION_1: u8 = 1;
/// The second: no PAP marking.
const VERSION_2: u8 = 2;
const VERSION: u8 = 3;
/// The number of no PAP marking.
const NO_PAP: u8 = 0xff;

/// All overlaps, without their texts.
#[derive(Default)]
pub(crate) struct OverlapBook {
    segments: Vec<OverlapSegment>,
    groups: OverlapGroups,
    /// The slots of all, by partner and indicator.
    index: HashTable<u32>,
    partners: BTreeMap<MemberId, Partner>,
    names: Vec<MemberId>,
    counters: Counters,
    tail_bytes: usize,
    tail_version: u8,
}

struct OverlapSegment {
    peer: u32,
    rows: Vec<OverlapMeta>,
}

/// An overlap without its texts.
#[derive(Clone, Copy)]
pub(crate) struct OverlapMeta {
    pub(crate) indicator: IndicatorId,
    pub(crate) kind: Kind,
    pub(crate) facet: Facet,
    /// Whether it is the first, with its partner, of its indicator.
    pub(crate) is_first: bool,
}

struct Partner {
    number: u32,
    overlaps: u64,
    first_slot: u64,
}

/// A segment that is to be written, and the rows that are new in it.
pub(crate) struct OverlapWrite {
    pub(crate) segment: u32,
    pub(crate) first_row: usize,
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    pub(crate) fresh: Vec<OverlapRow>,
}

impl OverlapBook {
    pub(crate) fn knows(&self, peer: &MemberId, indicator: IndicatorId, facet: Facet) -> bool {
        let Some(partner) = self.partners.get(peer) else { return false };
        self.find(partner.number, indicator, |meta| meta.facet == facet).is_some()
    }

    /// The slot of an overlap of an indicator with a partner.
    fn find(
        &self,
        peer: u32,
        indicator: IndicatorId,
        is_meant: impl Fn(&OverlapMeta) -> bool,
    ) -> Option<u64> {
        let meant = |slot: &u32| {
            self.at(u64::from(*slot))
                .is_some_and(|(of, meta)| of == peer && meta.indicator == indicator && is_meant(meta))
        };
        self.index.find(hash(peer, indicator), meant).map(|slot| u64::from(*slot))
    }

    fn at(&self, slot: u64) -> Option<(u32, &OverlapMeta)> {
        let (segment, row) = row_at(slot);
        let segment = self.segments.get(segment as usize)?;
        Some((segment.peer, segment.rows.get(row as usize)?))
    }

    /// The partner and the overlap at a slot.
    pub(crate) fn overlap(&self, slot: u64) -> Option<(&MemberId, OverlapMeta)> {
        let (peer, meta) = self.at(slot)?;
        Some((self.names.get(peer as usize)?, *meta))
    }

    /// The exchange that found the overlap at a slot, and when, in seconds.
    pub(crate) fn found(&self, slot: u64) -> Option<(ExchangeId, u64)> {
        self.groups.found(slot)
    }

    /// The overlaps of an indicator with every partner.
    pub(crate) fn of_indicator(
        &self,
        indicator: IndicatorId,
    ) -> impl Iterator<Item = (u64, &MemberId, OverlapMeta)> {
        let of_peer = move |peer: u32| {
            let slots = self.index.iter_hash(hash(peer, indicator)).map(|slot| u64::from(*slot));
            slots
                .filter_map(move |slot| Some((slot, self.at(slot)?)))
                .filter(move |(_, (of, meta))| *of == peer && meta.indicator == indicator)
        };
        let all = (0..self.names.len() as u32).flat_map(of_peer);
        all.filter_map(|(slot, (peer, meta))| Some((slot, self.names.get(peer as usize)?, *meta)))
    }

    /// All overlaps from a slot on.
    pub(crate) fn overlaps_from(&self, slot: u64) -> impl Iterator<Item = (u64, &MemberId, OverlapMeta)> {
        let segments = self.segments.iter().enumerate().skip(row_at(slot).0 as usize);
        let slots = segments
            .flat_map(|(segment, has)| (0..has.rows.len()).map(move |row| slot_of(segment as u32, row)));
        slots
            .filter(move |at| *at >= slot)
            .filter_map(|at| self.overlap(at).map(|(peer, meta)| (at, peer, meta)))
    }

    /// The group at this place of their order, with the slots of its first and its last overlap; without dates.
    pub(crate) fn group(&self, at: usize) -> Option<(OverlapGroup, u64, u64)> {
        let peer = self.names.get(self.groups.peer(at)? as usize)?;
        self.groups.group(at, peer)
    }

    /// The group in which the overlap at a slot is, as [`Self::group`] has it.
    pub(crate) fn group_of(&self, slot: u64) -> Option<(OverlapGroup, u64, u64)> {
        let number = self.groups.numbers_from(slot).of(slot);
        self.group((number as usize).checked_sub(1)?)
    }

    /// The slots of overlaps that are meant, from `from` on and before `end`.
    pub(crate) fn meant(
        &self,
        from: u64,
        end: u64,
        is_meant: &dyn Fn(&OverlapBrief) -> bool,
    ) -> impl Iterator<Item = u64> {
        let mut numbers = self.groups.numbers_from(from);
        let segments = self.segments.iter().enumerate().skip(row_at(from).0 as usize);
        let all = segments.flat_map(|(segment, has)| {
            let rows = has.rows.iter().enumerate();
            rows.map(move |(row, meta)| (slot_of(segment as u32, row), meta))
        });
        let asked = all.skip_while(move |(slot, _)| *slot < from).take_while(move |(slot, _)| *slot < end);
        let meant = asked.filter(move |(slot, meta)| {
            let OverlapMeta { indicator, kind, facet, .. } = **meta;
            is_meant(&OverlapBrief { indicator, kind, facet, group: numbers.of(*slot) })
        });
        meant.map(|(slot, _)| slot)
    }

    /// The slots of overlaps from one on, with the partners that are wanted.
    pub(crate) fn slots_from(
        &self,
        slot: u64,
        wanted: impl Fn(&MemberId) -> bool,
    ) -> impl Iterator<Item = u64> {
        let wanted: Vec<bool> = self.names.iter().map(wanted).collect();
        let segments = self.segments.iter().enumerate().skip(row_at(slot).0 as usize);
        let meant = segments
            .filter(move |(_, segment)| wanted.get(segment.peer as usize).is_some_and(|wanted| *wanted));
        let slots = meant.flat_map(|(number, segment)| {
            (0..segment.rows.len()).map(move |row| slot_of(number as u32, row))
        });
        slots.filter(move |at| *at >= slot)
    }

    /// The slots of overlaps before one, the last first, with the partners that are wanted.
    pub(crate) fn slots_before(
        &self,
        slot: u64,
        wanted: impl Fn(&MemberId) -> bool,
    ) -> impl Iterator<Item = u64> {
        let wanted: Vec<bool> = self.names.iter().map(wanted).collect();
        let segments = self.segments.iter().enumerate().take(row_at(slot).0 as usize + 1).rev();
        let meant = segments
            .filter(move |(_, segment)| wanted.get(segment.peer as usize).is_some_and(|wanted| *wanted));
        let slots = meant.flat_map(|(number, segment)| {
            (0..segment.rows.len()).rev().map(move |row| slot_of(number as u32, row))
        });
        slots.filter(move |at| *at < slot)
    }

    /// The slot of the overlap that was added last.
    pub(crate) fn last_slot(&self) -> Option<u64> {
        let number = self.segments.len().checked_sub(1)?;
        Some(slot_of(number as u32, self.segments.last()?.rows.len().checked_sub(1)?))
    }

    /// The slot of the first overlap with a partner.
    pub(crate) fn first_slot(&self, peer: &MemberId) -> Option<u64> {
        self.partners.get(peer).map(|partner| partner.first_slot)
    }

    /// Partners with whom there are overlaps.
    pub(crate) fn peers(&self) -> Vec<MemberId> {
        self.partners.keys().cloned().collect()
    }

    /// How many segments there are.
    pub(crate) fn segments(&self) -> u32 {
        // A store has 2^24 segments at most.
        self.segments.len() as u32
    }

    /// The partner of a segment, by number, and its rows.
    pub(crate) fn segment(&self, segment: u32) -> Option<(u32, &[OverlapMeta])> {
        self.segments.get(segment as usize).map(|segment| (segment.peer, segment.rows.as_slice()))
    }

    /// A partner's number.
    pub(crate) fn number(&self, peer: &MemberId) -> Option<u32> {
        self.partners.get(peer).map(|partner| partner.number)
    }

    /// The numbers of partners, in the order of their ids.
    pub(crate) fn numbers_by_name(&self) -> Vec<u32> {
        self.partners.values().map(|partner| partner.number).collect()
    }

    /// How many there are, and how many from a slot on; marks are not this book's.
    pub(crate) fn tally(&self, from: u64) -> OverlapTally {
        let mut tally = self.counters.named(&self.names);
        let (first, row) = row_at(from);
        let segments = self.segments.iter().enumerate().skip(first as usize);
        for (at, segment) in segments {
            let passed = if at == first as usize { row as usize } else { 0 };
            let later = segment.rows.len().saturating_sub(passed);
            if let (Some(name), 1..) = (self.names.get(segment.peer as usize), later) {
                *tally.since.entry(name.clone()).or_default() += later as u64;
            }
        }
        tally.unseen = self.counters.total();
        tally
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    pub(crate) fn counts(&self) -> Vec<(MemberId, u64)> {
        self.partners.iter().map(|(peer, partner)| (peer.clone(), partner.overlaps)).collect()
    }

    /// Segment and row of overlaps with a partner from `from` on, in the order in which they were found.
    pub(crate) fn places(
        &self,
        from: (u32, u32),
        peer: &MemberId,
        only_first: bool,
    ) -> impl Iterator<Item = (u32, u32)> {
        let peer = self.number(peer);
        let segments = self.segments.iter().enumerate().skip(from.0 as usize);
        let meant = segments.filter(move |(_, segment)| peer == Some(segment.peer));
        let all = meant.flat_map(move |(number, segment)| {
            let rows = segment.rows.iter().enumerate();
            let rows = rows.filter(move |(_, has)| has.is_first || !only_first);
            rows.map(move |(row, _)| (number as u32, row as u32))
        });
        all.skip_while(move |place| *place < from)
    }

    /// Packs overlaps of one partner that are not known yet. `read` gives the bytes of the last segment, which is filled
    /// first if it is the same partner's.
    pub(crate) fn pack(
        &self,
        peer: &MemberId,
        fresh: Vec<OverlapRow>,
        read: impl FnOnce(u32) -> Result<Zeroizing<Vec<u8>>, StoreError>,
    ) -> Result<Vec<OverlapWrite>, StoreError> {
        let mut writes: Vec<OverlapWrite> = Vec::new();
        let (mut next, mut rows) = (self.segments.len() as u32, OVERLAP_SEGMENT_ROWS);
        if let (Some(tail), false) = (self.tail_of(peer), fresh.is_empty()) {
            next -= 1;
            rows = tail;
            let bytes = read(next)?;
            writes.push(OverlapWrite { segment: next, first_row: tail, bytes, fresh: Vec::new() });
            next += 1;
        }
        for row in fresh {
            let full = rows >= OVERLAP_SEGMENT_ROWS
                || writes.last().is_none_or(|last| last.bytes.len() >= OVERLAP_SEGMENT_BYTES);
            if full {
                let bytes = header(peer)?;
                writes.push(OverlapWrite { segment: next, first_row: 0, bytes, fresh: Vec::new() });
                (next, rows) = (next + 1, 0);
            }
            // The line above has pushed one where there was none.
            if let Some(last) = writes.last_mut() {
                pack_row(&mut last.bytes, &row)?;
                last.fresh.push(row);
                rows += 1;
            }
        }
        Ok(writes)
    }

    /// How many rows the last segment has, if it takes more of this partner's.
    fn tail_of(&self, peer: &MemberId) -> Option<usize> {
        let (tail, partner) = (self.segments.last()?, self.partners.get(peer)?);
        let takes = tail.peer == partner.number
            && tail.rows.len() < OVERLAP_SEGMENT_ROWS
            && self.tail_bytes < OVERLAP_SEGMENT_BYTES
            && self.tail_version == VERSION;
        takes.then_some(tail.rows.len())
    }

    /// Takes overlaps that are stored now.
    pub(crate) fn add(&mut self, peer: &MemberId, writes: &[(u32, usize, Vec<OverlapRow>)]) {
        for (segment, bytes, fresh) in writes {
            let number = self.partner(peer, *segment, fresh.len() as u64);
            if *segment as usize == self.segments.len() {
                self.segments.push(OverlapSegment { peer: number, rows: Vec::new() });
            }
            fresh.iter().for_each(|row| self.push(number, *segment, row));
            (self.tail_bytes, self.tail_version) = (*bytes, VERSION);
        }
    }

    fn push(&mut self, peer: u32, segment: u32, row: &OverlapRow) {
        let is_first = self.find(peer, row.indicator, |_| true).is_none();
        let Some(last) = self.segments.last_mut() else { return };
        self.counters.add(peer, row.kind, row.found);
        // A store has 2^24 segments at most.
        let slot = slot_of(segment, last.rows.len()) as u32;
        self.groups.take(slot.into(), peer, row);
        last.rows.push(OverlapMeta { indicator: row.indicator, kind: row.kind, facet: row.facet, is_first });
        let segments = &self.segments;
        let hash_at = |slot: &u32| {
            let (segment, row) = row_at(u64::from(*slot));
            let of = segments.get(segment as usize);
            of.and_then(|of| Some(hash(of.peer, of.rows.get(row as usize)?.indicator))).unwrap_or_default()
        };
        self.index.insert_unique(hash(peer, row.indicator), slot, hash_at);
    }

    /// Takes the segment that comes next from the disk.
    pub(crate) fn load(&mut self, segment: u32, bytes: &[u8]) -> Result<Vec<OverlapRow>, StoreError> {
        if segment as usize != self.segments.len() {
            return Err(damaged("a segment of overlaps is missing"));
        }
        let rows = unpack(bytes)?;
        let peer =
            rows.first().map(|row| row.peer.clone()).ok_or(damaged("a segment of overlaps is empty"))?;
        let stored = [(segment, bytes.len(), rows)];
        self.add(&peer, &stored);
        self.tail_version = bytes.first().copied().unwrap_or_default();
        let [(_, _, rows)] = stored;
        Ok(rows)
    }

    fn partner(&mut self, peer: &MemberId, segment: u32, more: u64) -> u32 {
        let number = self.names.len() as u32;
        let first_slot = slot_of(segment, 0);
        if let Some(partner) = self.partners.get_mut(peer) {
            partner.overlaps += more;
            return partner.number;
        }
        self.names.push(peer.clone());
        self.partners.insert(peer.clone(), Partner { number, overlaps: more, first_slot });
        number
    }
}

fn hash(peer: u32, indicator: IndicatorId) -> u64 {
    indicator.hash_of_bytes() ^ u64::from(peer).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn header(peer: &MemberId) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let mut out = Zeroizing::new(vec![VERSION]);
    put_text(&mut out, peer.as_str())?;
    Ok(out)
}

fn pack_row(out: &mut Zeroizing<Vec<u8>>, row: &OverlapRow) -> Result<(), StoreError> {
    reserve_wiped(out, row_len(row));
    out.push(row.kind.number());
    out.push(row.facet.number());
    out.push(row.tlp.number());
    out.push(row.pap.map_or(NO_PAP, Pap::number));
    out.extend_from_slice(&row.indicator.0);
    out.extend_from_slice(&row.exchange.0);
    out.extend_from_slice(&row.found.to_le_bytes());
    out.extend_from_slice(&row.imported.to_le_bytes());
    put_text(out, row.raw.reveal())?;
    put_text(out, row.canonical.reveal())
}

fn row_len(row: &OverlapRow) -> usize {
    4 + 16 + 16 + 8 + 8 + 4 + row.raw.reveal().len() + 4 + row.canonical.reveal().len()
}

/// Packs the rows of a segment again; it has as many bytes as before, if it is of this version.
pub(crate) fn repack(rows: &[OverlapRow]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let first = rows.first().ok_or(damaged("a segment of overlaps is empty"))?;
    let mut out = header(&first.peer)?;
    rows.iter().try_for_each(|row| pack_row(&mut out, row))?;
    Ok(out)
}

/// Unpacks a segment of overlaps.
pub(crate) fn unpack(bytes: &[u8]) -> Result<Vec<OverlapRow>, StoreError> {
    let (mut reader, version, peer) = begin_reading(bytes)?;
    let mut rows = Vec::new();
    while !reader.is_empty() {
        rows.push(unpack_row(&mut reader, &peer, version)?);
    }
    Ok(rows)
}

/// Unpacks the rows of a segment that have these numbers, ascending; a number that is not there is passed over.
pub(crate) fn unpack_some(
    bytes: &[u8],
    wanted: impl Iterator<Item = u32>,
) -> Result<Vec<(u32, OverlapRow)>, StoreError> {
    let (mut reader, version, peer) = begin_reading(bytes)?;
    let (mut next, mut rows) = (0, Vec::new());
    for row in wanted {
        while next < row && !reader.is_empty() {
            skip_row(&mut reader, version)?;
            next += 1;
        }
        if next == row && !reader.is_empty() {
            rows.push((row, unpack_row(&mut reader, &peer, version)?));
            next += 1;
        }
    }
    Ok(rows)
}

/// What a segment begins with: its version and its partner.
fn begin_reading(bytes: &[u8]) -> Result<(Reader<'_>, u8, MemberId), StoreError> {
    let mut reader = Reader::new(bytes);
    let version = reader.u8()?;
    if ![VERSION_1, VERSION_2, VERSION].contains(&version) {
        return Err(damaged("a segment of overlaps"));
    }
    let peer = reader.text()?.parse().map_err(|_| damaged("a member's id"))?;
    Ok((reader, version, peer))
}

fn skip_row(reader: &mut Reader<'_>, version: u8) -> Result<(), StoreError> {
    let markings = match version {
        VERSION_1 => 0,
        VERSION_2 => 1,
        _ => 2,
    };
    let times = if version == VERSION_1 { 8 } else { 16 };
    // Kind, facet, markings, the two ids, and times.
    reader.take(2 + markings + 16 + 16 + times)?;
    reader.skip_text()?;
    reader.skip_text()
}

fn unpack_row(reader: &mut Reader<'_>, peer: &MemberId, version: u8) -> Result<OverlapRow, StoreError> {
    let kind = Kind::from_number(reader.u8()?).ok_or(damaged("a kind"))?;
    let facet = Facet::from_number(reader.u8()?).ok_or(damaged("a facet"))?;
    let is_old = version == VERSION_1;
    let tlp = if is_old { Some(Tlp::Red) } else { Tlp::from_number(reader.u8()?) };
    let pap = if version == VERSION { read_pap(reader)? } else { None };
    let (indicator, exchange) = (IndicatorId(reader.array()?), ExchangeId(reader.array()?));
    let found = reader.u64()?;
    let imported = if is_old { found } else { reader.u64()? };
    Ok(OverlapRow {
        peer: peer.clone(),
        kind,
        facet,
        indicator,
        exchange,
        found,
        imported,
        tlp: tlp.ok_or(damaged("a TLP marking"))?,
        pap,
        raw: SecretText::new(reader.text()?),
        canonical: SecretText::new(reader.text()?),
        added: 0,
        is_first: false,
    })
}

fn read_pap(reader: &mut Reader<'_>) -> Result<Option<Pap>, StoreError> {
    match reader.u8()? {
        NO_PAP => Ok(None),
        number => Pap::from_number(number).map(Some).ok_or(damaged("a PAP marking")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::member;

    fn row(number: u8) -> OverlapRow {
        OverlapRow {
            peer: member("police"),
            indicator: IndicatorId([number; 16]),
            kind: Kind::Domain,
            facet: Facet::Host,
            raw: SecretText::new("R".repeat(number.into())),
            canonical: SecretText::new(format!("c{number}")),
            exchange: ExchangeId([number; 16]),
            found: number.into(),
            tlp: Tlp::Green,
            pap: number.is_multiple_of(2).then_some(Pap::Amber),
            imported: 7,
            added: 0,
            is_first: false,
        }
    }

    /// The row as a version before packed it.
    fn pack_old(version: u8, out: &mut Vec<u8>, row: &OverlapRow) {
        out.extend([row.kind.number(), row.facet.number()]);
        if version == VERSION_2 {
            out.push(row.tlp.number());
        }
        out.extend(row.indicator.0);
        out.extend(row.exchange.0);
        out.extend(row.found.to_le_bytes());
        if version == VERSION_2 {
            out.extend(row.imported.to_le_bytes());
        }
        put_text(out, row.raw.reveal()).unwrap();
        put_text(out, row.canonical.reveal()).unwrap();
    }

    fn packed(version: u8) -> Vec<u8> {
        let mut out = header(&member("police")).unwrap();
        for number in 0..9 {
            match version {
                VERSION => pack_row(&mut out, &row(number)).unwrap(),
                old => pack_old(old, &mut out, &row(number)),
            }
        }
        let mut out = out.to_vec();
        out[0] = version;
        out
    }

    fn shown(row: &OverlapRow) -> (String, SecretText, SecretText) {
        (format!("{row:?}"), row.raw.clone(), row.canonical.clone())
    }

    #[test]
    fn unpacks_the_rows_that_are_wanted_and_no_other() {
        for version in [VERSION_1, VERSION_2, VERSION] {
            let bytes = packed(version);
            let all: Vec<_> = unpack(&bytes).unwrap().iter().map(shown).collect();
            assert_eq!(all.len(), 9);
            for wanted in [&[][..], &[0], &[8], &[1, 2, 5], &[3, 9, 300]] {
                let some = unpack_some(&bytes, wanted.iter().copied()).unwrap();
                let some: Vec<_> = some.iter().map(|(at, row)| (*at, shown(row))).collect();
                let same = |at: &u32| Some((*at, all.get(*at as usize)?.clone()));
                assert_eq!(some, wanted.iter().filter_map(same).collect::<Vec<_>>(), "{version}: {wanted:?}");
            }
            assert!(unpack_some(&bytes[..bytes.len() - 1], [8].into_iter()).is_err());
        }
    }

    #[test]
    fn a_segment_that_is_packed_again_has_the_same_rows_and_length() {
        let all = |bytes: &[u8]| unpack(bytes).unwrap().iter().map(shown).collect::<Vec<_>>();
        for version in [VERSION_1, VERSION_2, VERSION] {
            let bytes = packed(version);
            let again = repack(&unpack(&bytes).unwrap()).unwrap();
            assert_eq!(all(&again), all(&bytes), "{version}");
            assert_eq!(*again == bytes, version == VERSION);
        }
        assert!(repack(&[]).is_err());
    }
}
