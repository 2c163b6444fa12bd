//! What is kept in memory of each indicator: all that decides whether it takes part in an exchange.

use std::num::NonZero;

use overlap_indicator::{Context, Kind, Pap, Tlp};

use crate::segment::SEGMENT_ROWS;
use crate::{Hold, IndicatorFilter, IndicatorId};

/// Where an indicator is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) segment: u32,
    pub(crate) row: u16,
}

/// An indicator without its texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RowMeta {
    pub(crate) id: IndicatorId,
    pub(crate) kind: Kind,
    pub(crate) live: bool,
    /// A warning holds it out of exchanges,
    pub(crate) warned: bool,
    /// unless this is set.
    pub(crate) overridden: bool,
    numbers: Numbers,
}

/// What of a context can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Numbers {
    first_seen: PackedTime,
    last_seen: PackedTime,
    expires: PackedTime,
    tlp: Tlp,
    pap: Option<Pap>,
    confidence: Option<u8>,
}

/// A time or none, in 8 bytes: one more than the seconds. The last second there is becomes the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PackedTime(Option<NonZero<u64>>);

impl From<Option<u64>> for PackedTime {
    fn from(time: Option<u64>) -> Self {
        Self(time.and_then(|time| NonZero::new(time.saturating_add(1))))
    }
}

impl From<PackedTime> for Option<u64> {
    fn from(time: PackedTime) -> Self {
        time.0.map(|time| time.get() - 1)
    }
}

impl Numbers {
    const NONE: Self = Self {
        first_seen: PackedTime(None),
        last_seen: PackedTime(None),
        expires: PackedTime(None),
        tlp: Tlp::Red,
        pap: None,
        confidence: None,
    };

    fn of(context: &Context) -> Self {
        Self {
            first_seen: context.first_seen.into(),
            last_seen: context.last_seen.into(),
            expires: context.expires.into(),
            tlp: context.tlp,
            pap: context.pap,
            confidence: context.confidence,
        }
    }

    /// Whether an indicator that has them is marked `ceiling` or freer, and has not expired at `now`.
    fn take_part(&self, ceiling: Tlp, now: u64) -> bool {
        self.tlp <= ceiling && self.expires.0.is_none_or(|expires| expires.get() - 1 > now)
    }

    /// What decides in most cases, in a byte.
    fn status(&self) -> u8 {
        self.tlp.number() | if self.expires.0.is_some() { EXPIRES } else { 0 }
    }
}

impl RowMeta {
    pub(crate) fn new(id: IndicatorId, kind: Kind, context: &Context) -> Self {
        let (warned, overridden) = (false, false);
        Self { id, kind, live: true, warned, overridden, numbers: Numbers::of(context) }
    }

    /// The place of an indicator that was withdrawn.
    pub(crate) fn withdrawn() -> Self {
        let (id, kind) = (IndicatorId([0; 16]), Kind::Url);
        Self { id, kind, live: false, warned: false, overridden: false, numbers: Numbers::NONE }
    }

    /// Whether a warning holds it out.
    pub(crate) fn hold(&self) -> Hold {
        hold(flags(self))
    }

    /// Takes what of a context can change.
    pub(crate) fn set_context(&mut self, context: &Context) {
        self.numbers = Numbers::of(context);
    }

    /// What of the context can change, with empty texts.
    pub(crate) fn context(&self) -> Context {
        let mut context = Context::default();
        self.bring_up_to_date(&mut context);
        context
    }

    /// Puts what may have changed since the row was written into its context.
    pub(crate) fn bring_up_to_date(&self, context: &mut Context) {
        context.first_seen = self.numbers.first_seen.into();
        context.last_seen = self.numbers.last_seen.into();
        context.expires = self.numbers.expires.into();
        context.tlp = self.numbers.tlp;
        context.pap = self.numbers.pap;
        context.confidence = self.numbers.confidence;
    }
}

/// The status of a withdrawn indicator; no marking has this number.
const WITHDRAWN: u8 = 0;
/// Set in the status of an indicator that expires.
const EXPIRES: u8 = 0x80;
/// Set in the status of an indicator that a warning holds out; no marking has a number as high, so such a row is beyond every ceiling.
const HELD: u8 = 0x40;
/// The flags of a row.
const WARNED: u8 = 1;
const OVERRIDDEN: u8 = 2;
/// How many of the last numbers are compared with those of a row that is added: imports repeat themselves.
const RECENT: usize = 4;
/// Numbers after which those that no row refers to are forgotten: every change may leave some.
const MOST_NUMBERS: usize = 2 * SEGMENT_ROWS;

/// The indicators of one segment: 21 bytes each where their contexts repeat, 53 where none does. Ids apart from kinds and
/// statuses: reading all digests looks up their rows in no order, and a byte for each of a million stays in the processor's cache.
#[derive(Clone)]
pub(crate) struct SegmentTable {
    statuses: [u8; SEGMENT_ROWS],
    rows: Vec<TableRow>,
    /// Those that rows refer to, and a few that none does any more.
    numbers: Vec<Numbers>,
}

#[derive(Clone, Copy)]
struct TableRow {
    id: IndicatorId,
    kind: Kind,
    flags: u8,
    numbers: u16,
}

impl Default for SegmentTable {
    fn default() -> Self {
        Self { statuses: [WITHDRAWN; SEGMENT_ROWS], rows: Vec::new(), numbers: Vec::new() }
    }
}

impl SegmentTable {
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn row(&self, row: u16) -> Option<RowMeta> {
        let at = usize::from(row);
        let (TableRow { id, kind, flags, numbers }, status) = (*self.rows.get(at)?, *self.statuses.get(at)?);
        let numbers = *self.numbers.get(usize::from(numbers))?;
        let [warned, overridden] = [WARNED, OVERRIDDEN].map(|flag| flags & flag != 0);
        Some(RowMeta { id, kind, live: status != WITHDRAWN, warned, overridden, numbers })
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = RowMeta> {
        // A segment has 256 rows at most.
        (0..self.rows.len() as u16).filter_map(|row| self.row(row))
    }

    /// Appends a row and says which it is; a segment that is full takes none.
    pub(crate) fn push(&mut self, meta: RowMeta) -> Option<u16> {
        let row = self.rows.len();
        *self.statuses.get_mut(row)? = status(&meta);
        let numbers = self.number_of(meta.numbers);
        self.rows.push(TableRow { id: meta.id, kind: meta.kind, flags: flags(&meta), numbers });
        u16::try_from(row).ok()
    }

    /// Changes a row, if it is there.
    pub(crate) fn change(&mut self, row: u16, change: impl FnOnce(&mut RowMeta)) {
        let Some(mut meta) = self.row(row) else { return };
        change(&mut meta);
        let numbers = self.number_of(meta.numbers);
        let at = usize::from(row);
        if let (Some(row), Some(place)) = (self.rows.get_mut(at), self.statuses.get_mut(at)) {
            *row = TableRow { id: meta.id, kind: meta.kind, flags: flags(&meta), numbers };
            *place = status(&meta);
        }
    }

    /// Gives back memory that is held for rows to come.
    pub(crate) fn shrink_to_fit(&mut self) {
        self.rows.shrink_to_fit();
        self.numbers.shrink_to_fit();
    }

    /// The live rows that a filter takes, from `from` on. Filters that few rows pass are asked of what lies close together.
    pub(crate) fn chosen(&self, from: u16, filter: &IndicatorFilter) -> impl Iterator<Item = u16> {
        let (kind, held, overridden) = (filter.kind, filter.held, filter.overridden);
        let is_held = |status: u8| status & HELD != 0;
        let none_held = held == Some(true) && !self.statuses.iter().any(|status| is_held(*status));
        let rows = if none_held { 0 } else { self.rows.len() };
        let all = self.rows.iter().zip(&self.statuses).take(rows).enumerate().skip(usize::from(from));
        all.filter(move |(_, (row, status))| {
            **status != WITHDRAWN
                && kind.is_none_or(|kind| kind == row.kind)
                && held.is_none_or(|held| held == is_held(**status))
                && (!overridden || row.flags & OVERRIDDEN != 0)
        })
        // A segment has 256 rows at most.
        .map(|(row, _)| row as u16)
    }

    pub(crate) fn takes_part(&self, row: u16, ceiling: Tlp, now: u64) -> bool {
        match self.statuses.get(usize::from(row)) {
            None | Some(&WITHDRAWN) => false,
            Some(status) if status & HELD != 0 => false,
            Some(status) if status & EXPIRES == 0 => *status <= ceiling.number(),
            Some(_) => self.row(row).is_some_and(|meta| meta.numbers.take_part(ceiling, now)),
        }
    }

    /// Whether every row takes part, at whatever time.
    pub(crate) fn takes_part_whole(&self, ceiling: Tlp) -> bool {
        // A status from 1 to the ceiling's is of a live row that does not expire.
        let takes_part = |status: &u8| status.wrapping_sub(1) < ceiling.number();
        self.statuses.iter().take(self.rows.len()).all(takes_part)
    }

    /// Where these numbers are, from now on if they were not.
    fn number_of(&mut self, numbers: Numbers) -> u16 {
        if self.numbers.len() >= MOST_NUMBERS {
            self.forget_unused();
        }
        let recent = self.numbers.len().saturating_sub(RECENT);
        let found = self.numbers.iter().skip(recent).position(|has| *has == numbers);
        let at = found.map_or(self.numbers.len(), |found| recent + found);
        if found.is_none() {
            self.numbers.push(numbers);
        }
        at as u16
    }

    fn forget_unused(&mut self) {
        let all = std::mem::take(&mut self.numbers);
        for at in 0..self.rows.len() {
            let numbers = self.rows.get(at).and_then(|row| all.get(usize::from(row.numbers)).copied());
            let number = numbers.map(|numbers| self.number_of(numbers));
            if let (Some(row), Some(number)) = (self.rows.get_mut(at), number) {
                row.numbers = number;
            }
        }
    }
}

/// What decides in most cases, in a byte.
fn status(meta: &RowMeta) -> u8 {
    match meta.hold() {
        _ if !meta.live => WITHDRAWN,
        Hold::Held => meta.numbers.status() | HELD,
        Hold::Free | Hold::Overridden => meta.numbers.status(),
    }
}

fn flags(meta: &RowMeta) -> u8 {
    (if meta.warned { WARNED } else { 0 }) | if meta.overridden { OVERRIDDEN } else { 0 }
}

fn hold(flags: u8) -> Hold {
    match flags {
        0 => Hold::Free,
        WARNED => Hold::Held,
        _ => Hold::Overridden,
    }
}

/// What a row's context becomes when the indicator is imported again: the earliest first sight, the latest last sight, the narrower
/// of each marking, and the newer statement of expiry and confidence where there is one. Importing an expired indicator without an
/// expiry makes it current again. Source and note stay the first import's.
pub(crate) fn merged(old: &Context, new: &Context, now: u64) -> Context {
    let either = |a: Option<u64>, b: Option<u64>, pick: fn(u64, u64) -> u64| match (a, b) {
        (Some(a), Some(b)) => Some(pick(a, b)),
        (a, b) => a.or(b),
    };
    Context {
        tlp: old.tlp.max(new.tlp),
        pap: old.pap.max(new.pap),
        source: old.source.clone(),
        first_seen: either(old.first_seen, new.first_seen, u64::min),
        last_seen: either(old.last_seen, new.last_seen, u64::max),
        expires: new.expires.or(old.expires.filter(|expires| *expires > now)),
        confidence: new.confidence.or(old.confidence),
        note: old.note.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_a_table_is_20_bytes() {
        assert_eq!(size_of::<TableRow>(), 20);
    }

    #[test]
    fn a_table_remembers_every_change() {
        let mut table = SegmentTable::default();
        let context = |last_seen| Context { last_seen: Some(last_seen), ..Context::default() };
        for row in 0..SEGMENT_ROWS {
            let meta = RowMeta::new(IndicatorId([row as u8; 16]), Kind::Email, &context(row as u64));
            assert_eq!(table.push(meta), Some(row as u16));
        }
        assert_eq!(table.push(RowMeta::withdrawn()), None);
        let mut wanted: Vec<u64> = (0..SEGMENT_ROWS as u64).collect();
        for change in 0..5 * MOST_NUMBERS {
            let row = change * 7 % SEGMENT_ROWS;
            wanted[row] = change as u64 % 300;
            table.change(row as u16, |meta| meta.set_context(&context(wanted[row])));
            assert!(table.numbers.len() <= MOST_NUMBERS);
        }
        for (row, wanted) in wanted.iter().enumerate() {
            let meta = table.row(row as u16).unwrap();
            assert_eq!((meta.id.0[0], meta.context().last_seen), (row as u8, Some(*wanted)));
        }
    }

    #[test]
    fn merging_keeps_the_narrower_marking_and_the_wider_span() {
        let old = Context {
            tlp: Tlp::Green,
            pap: Some(Pap::Amber),
            source: "a".into(),
            first_seen: Some(10),
            last_seen: Some(20),
            expires: Some(100),
            confidence: Some(5),
            note: "n".into(),
        };
        let new = Context {
            tlp: Tlp::Red,
            pap: None,
            source: "b".into(),
            first_seen: Some(5),
            last_seen: Some(15),
            expires: None,
            confidence: None,
            note: String::new(),
        };
        let wanted = Context { tlp: Tlp::Red, first_seen: Some(5), ..old.clone() };
        assert_eq!(merged(&old, &new, 50), wanted);
        assert_eq!(merged(&old, &Context { pap: Some(Pap::Red), ..new.clone() }, 50).pap, Some(Pap::Red));
        assert_eq!(merged(&old, &new, 100).expires, None);
        assert_eq!(merged(&old, &Context { expires: Some(60), ..new }, 50).expires, Some(60));
    }

    #[test]
    fn takes_part_until_it_expires() {
        let context = Context { tlp: Tlp::Amber, expires: Some(100), ..Context::default() };
        let mut table = SegmentTable::default();
        table.push(RowMeta::new(IndicatorId([1; 16]), Kind::Url, &context));
        assert!(table.takes_part(0, Tlp::Red, 99));
        assert!(!table.takes_part(0, Tlp::Red, 100));
        assert!(table.takes_part(0, Tlp::Amber, 0));
        assert!(!table.takes_part(0, Tlp::Green, 0));
        assert_eq!(table.row(0).unwrap().context().expires, Some(100));
    }
}
