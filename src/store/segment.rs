//! Segments: indicators packed by the hundred, one sealed value each.
//!
//! A row per key costs sled more than the row itself, so rows are packed. A segment's rows keep their places for good: appended rows follow,
//! and a withdrawn row leaves an empty place, its value gone from the segment. The place of a row, segment and number within it, is
//! therefore its place in the order of import.

use overlap_indicator::{Context, Kind, Pap, SecretText, Tlp};
use zeroize::Zeroizing;

use crate::codec::{Reader, put_text, reserve_wiped};
use crate::error::damaged;
use crate::{Hold, IndicatorId, IndicatorRow, StoreError};

/// Rows in a segment at most: a page of a hundred rows unseals one or two, a withdrawal rewrites one.
pub(crate) const SEGMENT_ROWS: usize = 256;
/// Bytes in a segment at most, unless one row alone is longer: 17 of them fit in the largest message that sled keeps in its log.
pub(crate) const SEGMENT_BYTES: usize = 56 << 10;

const VERSION: u8 = 1;
const WITHDRAWN: u8 = 0;
const LIVE: u8 = 1;
/// Live, and the raw text is the canonical form.
const LIVE_RAW_IS_CANONICAL: u8 = 2;
/// Where a confidence is not known; others go to 100.
const NO_CONFIDENCE: u8 = 255;
/// The byte of the markings: TLP in its low half, PAP in the high one, where rows from before PAP have nothing.
const TLP_BITS: u8 = 0x0F;
const PAP_SHIFT: u32 = 4;
const NO_PAP: u8 = 0;
/// Bytes of what of a context can change.
const CONTEXT_NUMBERS: usize = 2 + 3 * 8;
/// Where a time is not known.
const NO_TIME: u64 = u64::MAX;

/// Rows of one segment, packed.
pub(crate) struct PackedRows(Zeroizing<Vec<u8>>);

impl PackedRows {
    pub(crate) fn new() -> Self {
        Self(Zeroizing::new(vec![VERSION]))
    }

    pub(crate) fn from_bytes(bytes: Zeroizing<Vec<u8>>) -> Result<Self, StoreError> {
        if bytes.first() == Some(&VERSION) { Ok(Self(bytes)) } else { Err(damaged("a segment")) }
    }

    pub(crate) fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        self.0
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn push_withdrawn(&mut self) {
        self.0.push(WITHDRAWN);
    }

    pub(crate) fn push(&mut self, row: &IndicatorRow) -> Result<(), StoreError> {
        let (raw, canonical) = (row.raw.reveal(), row.canonical.reveal());
        reserve_wiped(&mut self.0, packed_len(row));
        let out = &mut *self.0;
        out.push(if raw == canonical { LIVE_RAW_IS_CANONICAL } else { LIVE });
        out.push(row.kind.number());
        out.extend_from_slice(&row.id.0);
        out.extend_from_slice(&row.imported.to_le_bytes());
        put_context_numbers(out, &row.context);
        put_text(out, &row.context.source)?;
        put_text(out, &row.context.note)?;
        put_text(out, canonical)?;
        if raw == canonical { Ok(()) } else { put_text(out, raw) }
    }
}

/// The most bytes that a row takes.
pub(crate) fn packed_len(row: &IndicatorRow) -> usize {
    const NUMBERS: usize = 2 + 16 + 8 + CONTEXT_NUMBERS + 4 * 4;
    let context = row.context.source.len() + row.context.note.len();
    NUMBERS + context + row.raw.reveal().len() + row.canonical.reveal().len()
}

/// A row where it lies in its segment.
pub(crate) struct PackedRow<'a> {
    pub(crate) id: IndicatorId,
    pub(crate) kind: Kind,
    /// Without its texts.
    pub(crate) context: Context,
    pub(crate) imported: u64,
    source: &'a str,
    note: &'a str,
    raw: &'a str,
    pub(crate) canonical: &'a str,
}

impl PackedRow<'_> {
    pub(crate) fn to_row(&self) -> IndicatorRow {
        let (source, note) = (self.source.to_owned(), self.note.to_owned());
        IndicatorRow {
            id: self.id,
            kind: self.kind,
            raw: SecretText::new(self.raw),
            canonical: SecretText::new(self.canonical),
            context: Context { source, note, ..self.context.clone() },
            imported: self.imported,
            added: 0,
            hold: Hold::Free,
        }
    }
}

/// Unpacks the rows of a segment; `None` is a withdrawn one.
pub(crate) fn unpack(bytes: &[u8]) -> Result<Vec<Option<IndicatorRow>>, StoreError> {
    rows_in(bytes)?.map(|row| Ok(row?.as_ref().map(PackedRow::to_row))).collect()
}

/// The rows of a segment where they lie, so that whoever wants their numbers copies no texts.
pub(crate) fn rows_in(
    bytes: &[u8],
) -> Result<impl Iterator<Item = Result<Option<PackedRow<'_>>, StoreError>>, StoreError> {
    let mut reader = reader_of(bytes)?;
    Ok(std::iter::from_fn(move || (!reader.is_empty()).then(|| row_in(&mut reader))))
}

/// Unpacks the rows that have these numbers, ascending, those that are there and not withdrawn. The others are passed over.
pub(crate) fn unpack_some(
    bytes: &[u8],
    wanted: impl Iterator<Item = u16>,
) -> Result<Vec<(u16, IndicatorRow)>, StoreError> {
    let mut reader = reader_of(bytes)?;
    let (mut next, mut rows) = (0, Vec::new());
    for row in wanted {
        while next < row && !reader.is_empty() {
            skip_row(&mut reader)?;
            next += 1;
        }
        if next == row && !reader.is_empty() {
            rows.extend(row_in(&mut reader)?.map(|packed| (row, packed.to_row())));
            next += 1;
        }
    }
    Ok(rows)
}

fn reader_of(bytes: &[u8]) -> Result<Reader<'_>, StoreError> {
    let mut reader = Reader::new(bytes);
    if reader.u8()? == VERSION { Ok(reader) } else { Err(damaged("a segment")) }
}

fn skip_row(reader: &mut Reader<'_>) -> Result<(), StoreError> {
    let state = reader.u8()?;
    if state == WITHDRAWN {
        return Ok(());
    }
    // Kind, id, time of import, and what of the context can change.
    reader.take(1 + 16 + 8 + CONTEXT_NUMBERS)?;
    let texts = if state == LIVE { 4 } else { 3 };
    (0..texts).try_for_each(|_| reader.skip_text())
}

fn row_in<'a>(reader: &mut Reader<'a>) -> Result<Option<PackedRow<'a>>, StoreError> {
    let state = reader.u8()?;
    if state == WITHDRAWN {
        return Ok(None);
    }
    let kind = Kind::from_number(reader.u8()?).ok_or_else(|| damaged("a kind"))?;
    let id = IndicatorId(reader.array()?);
    let imported = reader.u64()?;
    let context = context_numbers(reader)?;
    let (source, note, canonical) = (reader.text()?, reader.text()?, reader.text()?);
    let raw = match state {
        LIVE => reader.text()?,
        LIVE_RAW_IS_CANONICAL => canonical,
        _ => return Err(damaged("a row's state")),
    };
    Ok(Some(PackedRow { id, kind, context, imported, source, note, raw, canonical }))
}

/// Appends what of a context can change: [`CONTEXT_NUMBERS`] bytes.
pub(crate) fn put_context_numbers(out: &mut Vec<u8>, context: &Context) {
    out.push(context.tlp.number() | context.pap.map_or(NO_PAP, Pap::number) << PAP_SHIFT);
    out.push(context.confidence.unwrap_or(NO_CONFIDENCE));
    for time in [context.first_seen, context.last_seen, context.expires] {
        out.extend_from_slice(&time.unwrap_or(NO_TIME).to_le_bytes());
    }
}

/// Reads what [`put_context_numbers`] wrote; source and note are empty.
pub(crate) fn context_numbers(reader: &mut Reader<'_>) -> Result<Context, StoreError> {
    let markings = reader.u8()?;
    let tlp = Tlp::from_number(markings & TLP_BITS).ok_or_else(|| damaged("a TLP marking"))?;
    let pap = match markings >> PAP_SHIFT {
        NO_PAP => None,
        number => Some(Pap::from_number(number).ok_or_else(|| damaged("a PAP marking"))?),
    };
    let confidence = Some(reader.u8()?).filter(|confidence| *confidence != NO_CONFIDENCE);
    let mut time = || reader.u64().map(|time| Some(time).filter(|time| *time != NO_TIME));
    let (first_seen, last_seen, expires) = (time()?, time()?, time()?);
    Ok(Context { tlp, pap, confidence, first_seen, last_seen, expires, ..Context::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpacks_the_rows_that_are_wanted_and_no_other() {
        let mut packed = PackedRows::new();
        for number in 0..7_u8 {
            let canonical = format!("c{number}");
            let raw = if number % 2 == 0 { canonical.clone() } else { format!("Raw {number}") };
            let row = IndicatorRow {
                id: IndicatorId([number; 16]),
                kind: Kind::Email,
                raw: SecretText::new(raw),
                canonical: SecretText::new(canonical),
                context: Context { note: "n".repeat(number.into()), ..Context::default() },
                imported: number.into(),
                added: 0,
                hold: Hold::Free,
            };
            packed.push(&row).unwrap();
            packed.push_withdrawn();
        }
        let bytes = packed.into_bytes();
        let all = unpack(&bytes).unwrap();
        assert_eq!(all.len(), 14);
        for wanted in [&[][..], &[0], &[12], &[2, 4, 5, 10], &[3], &[6, 13, 14, 300]] {
            let some = unpack_some(&bytes, wanted.iter().copied()).unwrap();
            let shown = |row: &IndicatorRow| (row.id, row.raw.reveal().to_owned(), row.context.clone());
            let some: Vec<_> = some.iter().map(|(at, row)| (*at, shown(row))).collect();
            let same = |at: &u16| Some((*at, shown(all.get(usize::from(*at))?.as_ref()?)));
            assert_eq!(some, wanted.iter().filter_map(same).collect::<Vec<_>>(), "{wanted:?}");
        }
        let cut = bytes.get(..bytes.len() - 5).unwrap();
        assert!(unpack_some(cut, [13].into_iter()).is_err());
    }
}
