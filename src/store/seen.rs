//! Which overlaps somebody has looked at: a bit for each, 256 bits a segment of the overlap book.
//!
//! A million marks are 125 kB in memory and some 4,000 small values on the disk. A mark is the node's, not one reader's: whoever triages
//! an overlap has done it for all. Marks of a segment are stored under its number and read after the segments.

use crate::added::row_at;
use crate::database::Batch;
use crate::error::damaged;
use crate::overlap_book::OVERLAP_SEGMENT_ROWS;
use crate::{StoreError, keys};

/// Words of 64 bits for the rows of a segment.
const WORDS: usize = OVERLAP_SEGMENT_ROWS / 64;

/// The marks of a segment.
type Bits = [u64; WORDS];

/// The marks of all overlaps.
#[derive(Default)]
pub(crate) struct SeenMarks {
    segments: Vec<Bits>,
    seen: u64,
}

/// Segments whose marks change, with all their marks as they are then.
pub(crate) struct MarkChange {
    segments: Vec<(u32, Bits)>,
    /// How many marks change.
    pub(crate) changed: u64,
}

impl SeenMarks {
    /// Whether the overlap at a slot is marked.
    pub(crate) fn is_seen(&self, slot: u64) -> bool {
        let (segment, row) = row_at(slot);
        has(&self.of(segment), row)
    }

    /// How many are marked.
    pub(crate) fn count(&self) -> u64 {
        self.seen
    }

    /// Whether any of the first `rows` overlaps of a segment is marked, or is not.
    pub(crate) fn any(&self, segment: u32, rows: usize, seen: bool) -> bool {
        let marked = count_ones(&self.of(segment));
        if seen { marked > 0 } else { marked < rows as u32 }
    }

    /// What changes where these overlaps are marked, or no longer are. Slots ascend.
    pub(crate) fn plan(&self, slots: impl Iterator<Item = u64>, seen: bool) -> MarkChange {
        let mut change = MarkChange { segments: Vec::new(), changed: 0 };
        for slot in slots {
            let (segment, row) = row_at(slot);
            if change.segments.last().is_none_or(|(last, _)| *last != segment) {
                change.segments.push((segment, self.of(segment)));
            }
            // The line above has pushed one where there was none.
            let Some((_, bits)) = change.segments.last_mut() else { continue };
            if has(bits, row) != seen {
                flip(bits, row);
                change.changed += 1;
            }
        }
        change.segments.retain(|(segment, bits)| *bits != self.of(*segment));
        change
    }

    /// Takes marks that are stored now.
    pub(crate) fn take(&mut self, change: MarkChange) {
        for (segment, bits) in change.segments {
            self.set(segment, bits);
        }
    }

    /// Takes the marks of a segment from the disk. `rows` is how many overlaps the segment has.
    pub(crate) fn load(&mut self, segment: u32, plain: &[u8], rows: usize) -> Result<(), StoreError> {
        let bad = || damaged("marks of overlaps");
        let bytes: &[u8; WORDS * 8] = plain.try_into().map_err(|_| bad())?;
        let (words, _) = bytes.as_chunks::<8>();
        let mut bits = Bits::default();
        bits.iter_mut().zip(words).for_each(|(word, bytes)| *word = u64::from_le_bytes(*bytes));
        if (rows..OVERLAP_SEGMENT_ROWS).any(|row| has(&bits, row as u32)) {
            return Err(bad());
        }
        self.set(segment, bits);
        Ok(())
    }

    fn of(&self, segment: u32) -> Bits {
        self.segments.get(segment as usize).copied().unwrap_or_default()
    }

    fn set(&mut self, segment: u32, bits: Bits) {
        let at = segment as usize;
        if at >= self.segments.len() {
            self.segments.resize(at + 1, Bits::default());
        }
        if let Some(old) = self.segments.get_mut(at) {
            self.seen = self.seen - u64::from(count_ones(old)) + u64::from(count_ones(&bits));
            *old = bits;
        }
    }
}

impl MarkChange {
    /// Puts the marks into `batch`; a segment without any has no value.
    pub(crate) fn put(&self, batch: &mut Batch) {
        for (segment, bits) in &self.segments {
            let key = keys::numbered(keys::OVERLAPS_SEEN, *segment);
            match count_ones(bits) {
                0 => batch.remove(key),
                _ => batch.put(key, bits.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>()),
            }
        }
    }
}

fn has(bits: &Bits, row: u32) -> bool {
    bits.get(row as usize / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
}

fn flip(bits: &mut Bits, row: u32) {
    if let Some(word) = bits.get_mut(row as usize / 64) {
        *word ^= 1 << (row % 64);
    }
}

fn count_ones(bits: &Bits) -> u32 {
    bits.iter().map(|word| word.count_ones()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::added::slot_of;

    fn marked(slots: &[u64]) -> SeenMarks {
        let mut marks = SeenMarks::default();
        marks.take(marks.plan(slots.iter().copied(), true));
        marks
    }

    #[test]
    fn marks_are_set_and_taken_back() {
        let mut marks = marked(&[0, 63, 64, 255, slot_of(3, 7)]);
        assert_eq!(marks.count(), 5);
        assert!(marks.is_seen(255) && marks.is_seen(slot_of(3, 7)) && !marks.is_seen(1));
        let change = marks.plan([63, 65].into_iter(), false);
        assert_eq!(change.changed, 1);
        marks.take(change);
        assert_eq!((marks.count(), marks.is_seen(63)), (4, false));
    }

    #[test]
    fn a_mark_that_is_there_changes_nothing() {
        let marks = marked(&[5]);
        let change = marks.plan([5].into_iter(), true);
        assert_eq!((change.changed, change.segments.len()), (0, 0));
    }

    #[test]
    fn whole_segments_can_be_passed_over() {
        let marks = marked(&(0..10).collect::<Vec<_>>());
        assert!(!marks.any(0, 10, false) && marks.any(0, 11, false) && marks.any(0, 10, true));
        assert!(marks.any(1, 1, false) && !marks.any(1, 1, true));
    }

    #[test]
    fn a_value_with_marks_of_no_row_is_damage() {
        let mut marks = SeenMarks::default();
        let mut plain = vec![0; 32];
        plain[0] = 0b11;
        marks.load(0, &plain, 2).unwrap();
        assert_eq!(marks.count(), 2);
        assert!(marks.load(0, &plain, 1).is_err());
        assert!(marks.load(0, &plain[..31], 256).is_err());
    }
}
