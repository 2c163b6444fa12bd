//! Overlaps on the disk and in memory.
//!
//! Overlaps are packed into segments as indicators are, each segment with one partner. A row holds its own copy of raw and canonical form, so it stays
//! readable when the indicator is withdrawn. Memory has the partner and kinds of each segment, so that a filtered page unseals only
//! segments that it shows, and the set of what is known, so that the exchange that found an overlap first stays.

use std::collections::{BTreeMap, HashSet};

use overlap_coalition::{ExchangeId, MemberId};
use overlap_indicator::{Facet, Kind, SecretText};
use zeroize::Zeroizing;

use crate::codec::{Reader, put_text, reserve_wiped};
use crate::error::damaged;
use crate::{IndicatorId, OverlapFilter, OverlapRow, StoreError};

/// Overlaps in a segment at most.
pub(crate) const OVERLAP_SEGMENT_ROWS: usize = 256;
/// Bytes after which a segment takes no more rows, as for segments of indicators.
const OVERLAP_SEGMENT_BYTES: usize = crate::segment::SEGMENT_BYTES;
const VERSION: u8 = 1;

/// All overlaps, without their texts.
#[derive(Default)]
pub(crate) struct OverlapBook {
    segments: Vec<OverlapSegment>,
    known: HashSet<(u32, IndicatorId, Facet)>,
    partners: BTreeMap<MemberId, Partner>,
    tail_bytes: usize,
}

struct OverlapSegment {
    peer: u32,
    kinds: Vec<Kind>,
}

struct Partner {
    number: u32,
    overlaps: u64,
}

/// A segment that is to be written, and the rows that are new in it.
pub(crate) struct OverlapWrite {
    pub(crate) segment: u32,
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    pub(crate) fresh: Vec<OverlapRow>,
}

impl OverlapBook {
    pub(crate) fn knows(&self, peer: &MemberId, indicator: IndicatorId, facet: Facet) -> bool {
        let partner = self.partners.get(peer);
        partner.is_some_and(|partner| self.known.contains(&(partner.number, indicator, facet)))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    pub(crate) fn counts(&self) -> Vec<(MemberId, u64)> {
        self.partners.iter().map(|(peer, partner)| (peer.clone(), partner.overlaps)).collect()
    }

    /// Segment and row of overlaps from `from` on, in the order in which they were found.
    pub(crate) fn places(
        &self,
        from: (u32, u32),
        filter: &OverlapFilter,
    ) -> impl Iterator<Item = (u32, u32)> {
        let peer = filter.peer.as_ref().map(|peer| self.partners.get(peer).map(|partner| partner.number));
        let kind = filter.kind;
        let segments = self.segments.iter().enumerate().skip(from.0 as usize);
        let meant = segments.filter(move |(_, segment)| peer.is_none_or(|peer| peer == Some(segment.peer)));
        let all = meant.flat_map(move |(number, segment)| {
            let rows = segment.kinds.iter().enumerate();
            let rows = rows.filter(move |(_, has)| kind.is_none_or(|kind| kind == **has));
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
            writes.push(OverlapWrite { segment: next, bytes: read(next)?, fresh: Vec::new() });
            next += 1;
        }
        for row in fresh {
            let full = rows >= OVERLAP_SEGMENT_ROWS
                || writes.last().is_none_or(|last| last.bytes.len() >= OVERLAP_SEGMENT_BYTES);
            if full {
                writes.push(OverlapWrite { segment: next, bytes: header(peer)?, fresh: Vec::new() });
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
            && tail.kinds.len() < OVERLAP_SEGMENT_ROWS
            && self.tail_bytes < OVERLAP_SEGMENT_BYTES;
        takes.then_some(tail.kinds.len())
    }

    /// Takes overlaps that are stored now.
    pub(crate) fn add(&mut self, peer: &MemberId, writes: &[(u32, usize, Vec<OverlapRow>)]) {
        for (segment, bytes, fresh) in writes {
            let number = self.partner(peer, fresh.len() as u64);
            if *segment as usize == self.segments.len() {
                self.segments.push(OverlapSegment { peer: number, kinds: Vec::new() });
            }
            if let Some(last) = self.segments.last_mut() {
                last.kinds.extend(fresh.iter().map(|row| row.kind));
            }
            self.known.extend(fresh.iter().map(|row| (number, row.indicator, row.facet)));
            self.tail_bytes = *bytes;
        }
    }

    /// Takes the segment that comes next from the disk.
    pub(crate) fn load(&mut self, segment: u32, bytes: &[u8]) -> Result<(), StoreError> {
        if segment as usize != self.segments.len() {
            return Err(damaged("a segment of overlaps is missing"));
        }
        let rows = unpack(bytes)?;
        let peer =
            rows.first().map(|row| row.peer.clone()).ok_or(damaged("a segment of overlaps is empty"))?;
        self.add(&peer, &[(segment, bytes.len(), rows)]);
        Ok(())
    }

    fn partner(&mut self, peer: &MemberId, more: u64) -> u32 {
        let number = self.partners.len() as u32;
        let partner = self.partners.entry(peer.clone()).or_insert(Partner { number, overlaps: 0 });
        partner.overlaps += more;
        partner.number
    }
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
    out.extend_from_slice(&row.indicator.0);
    out.extend_from_slice(&row.exchange.0);
    out.extend_from_slice(&row.found.to_le_bytes());
    put_text(out, row.raw.reveal())?;
    put_text(out, row.canonical.reveal())
}

fn row_len(row: &OverlapRow) -> usize {
    2 + 16 + 16 + 8 + 4 + row.raw.reveal().len() + 4 + row.canonical.reveal().len()
}

/// Unpacks a segment of overlaps.
pub(crate) fn unpack(bytes: &[u8]) -> Result<Vec<OverlapRow>, StoreError> {
    let mut reader = Reader::new(bytes);
    if reader.u8()? != VERSION {
        return Err(damaged("a segment of overlaps"));
    }
    let peer: MemberId = reader.text()?.parse().map_err(|_| damaged("a member's id"))?;
    let mut rows = Vec::new();
    while !reader.is_empty() {
        rows.push(unpack_row(&mut reader, &peer)?);
    }
    Ok(rows)
}

fn unpack_row(reader: &mut Reader<'_>, peer: &MemberId) -> Result<OverlapRow, StoreError> {
    Ok(OverlapRow {
        peer: peer.clone(),
        kind: Kind::from_number(reader.u8()?).ok_or(damaged("a kind"))?,
        facet: Facet::from_number(reader.u8()?).ok_or(damaged("a facet"))?,
        indicator: IndicatorId(reader.array()?),
        exchange: ExchangeId(reader.array()?),
        found: reader.u64()?,
        raw: SecretText::new(reader.text()?),
        canonical: SecretText::new(reader.text()?),
    })
}
