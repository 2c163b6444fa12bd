//! What is kept in memory of each indicator, 48 bytes: all that decides whether it takes part in an exchange.

use std::num::NonZero;

use overlap_indicator::{Context, Kind, Tlp};

use crate::segment::SEGMENT_ROWS;
use crate::{IndicatorId, IndicatorRow};

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
    first_seen: PackedTime,
    last_seen: PackedTime,
    expires: PackedTime,
    pub(crate) kind: Kind,
    tlp: Tlp,
    confidence: Option<u8>,
    pub(crate) live: bool,
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

impl RowMeta {
    pub(crate) fn of(row: &IndicatorRow) -> Self {
        let mut meta = Self {
            id: row.id,
            first_seen: PackedTime(None),
            last_seen: PackedTime(None),
            expires: PackedTime(None),
            kind: row.kind,
            tlp: row.context.tlp,
            confidence: None,
            live: true,
        };
        meta.set_context(&row.context);
        meta
    }

    /// The place of an indicator that was withdrawn.
    pub(crate) fn withdrawn() -> Self {
        Self {
            id: IndicatorId([0; 16]),
            first_seen: PackedTime(None),
            last_seen: PackedTime(None),
            expires: PackedTime(None),
            kind: Kind::Url,
            tlp: Tlp::Red,
            confidence: None,
            live: false,
        }
    }

    /// Takes what of a context can change.
    pub(crate) fn set_context(&mut self, context: &Context) {
        self.first_seen = context.first_seen.into();
        self.last_seen = context.last_seen.into();
        self.expires = context.expires.into();
        self.tlp = context.tlp;
        self.confidence = context.confidence;
    }

    /// What of the context can change, with empty texts.
    pub(crate) fn context(&self) -> Context {
        let mut context = Context::default();
        self.bring_up_to_date(&mut context);
        context
    }

    /// Puts what may have changed since the row was written into its context.
    pub(crate) fn bring_up_to_date(&self, context: &mut Context) {
        context.first_seen = self.first_seen.into();
        context.last_seen = self.last_seen.into();
        context.expires = self.expires.into();
        context.tlp = self.tlp;
        context.confidence = self.confidence;
    }

    /// Whether it is there, marked `ceiling` or freer, and has not expired at `now`.
    pub(crate) fn takes_part(&self, ceiling: Tlp, now: u64) -> bool {
        self.live && self.tlp <= ceiling && self.expires.0.is_none_or(|expires| expires.get() - 1 > now)
    }

    /// What decides in most cases, in a byte.
    fn status(&self) -> u8 {
        match (self.live, self.expires.0) {
            (false, _) => WITHDRAWN,
            (true, None) => self.tlp.number(),
            (true, Some(_)) => self.tlp.number() | EXPIRES,
        }
    }
}

/// The status of a withdrawn indicator; no marking has this number.
const WITHDRAWN: u8 = 0;
/// Set in the status of an indicator that expires.
const EXPIRES: u8 = 0x80;

/// The indicators of one segment, with a byte of each side by side: reading all digests looks up their rows in no order, and a
/// byte for each of a million stays in the processor's cache.
#[derive(Clone)]
pub(crate) struct SegmentTable {
    statuses: [u8; SEGMENT_ROWS],
    rows: Vec<RowMeta>,
}

impl Default for SegmentTable {
    fn default() -> Self {
        Self { statuses: [WITHDRAWN; SEGMENT_ROWS], rows: Vec::new() }
    }
}

impl SegmentTable {
    pub(crate) fn rows(&self) -> &[RowMeta] {
        &self.rows
    }

    /// Appends a row and says which it is; a segment that is full takes none.
    pub(crate) fn push(&mut self, meta: RowMeta) -> Option<u16> {
        let row = self.rows.len();
        *self.statuses.get_mut(row)? = meta.status();
        self.rows.push(meta);
        u16::try_from(row).ok()
    }

    /// Changes a row, if it is there.
    pub(crate) fn change(&mut self, row: u16, change: impl FnOnce(&mut RowMeta)) {
        let at = usize::from(row);
        if let (Some(meta), Some(status)) = (self.rows.get_mut(at), self.statuses.get_mut(at)) {
            change(meta);
            *status = meta.status();
        }
    }

    pub(crate) fn takes_part(&self, row: u16, ceiling: Tlp, now: u64) -> bool {
        let at = usize::from(row);
        match self.statuses.get(at) {
            None | Some(&WITHDRAWN) => false,
            Some(status) if status & EXPIRES == 0 => *status <= ceiling.number(),
            Some(_) => self.rows.get(at).is_some_and(|meta| meta.takes_part(ceiling, now)),
        }
    }
}

/// What a row's context becomes when the indicator is imported again: the earliest first sight, the latest last sight, the narrower
/// marking, and the newer statement of expiry and confidence where there is one. Importing an expired indicator without an
/// expiry makes it current again. Source and note stay the first import's.
pub(crate) fn merged(old: &Context, new: &Context, now: u64) -> Context {
    let either = |a: Option<u64>, b: Option<u64>, pick: fn(u64, u64) -> u64| match (a, b) {
        (Some(a), Some(b)) => Some(pick(a, b)),
        (a, b) => a.or(b),
    };
    Context {
        tlp: old.tlp.max(new.tlp),
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
    fn is_48_bytes() {
        assert_eq!(size_of::<RowMeta>(), 48);
    }

    #[test]
    fn merging_keeps_the_narrower_marking_and_the_wider_span() {
        let old = Context {
            tlp: Tlp::Green,
            source: "a".into(),
            first_seen: Some(10),
            last_seen: Some(20),
            expires: Some(100),
            confidence: Some(5),
            note: "n".into(),
        };
        let new = Context {
            tlp: Tlp::Red,
            source: "b".into(),
            first_seen: Some(5),
            last_seen: Some(15),
            expires: None,
            confidence: None,
            note: String::new(),
        };
        let wanted = Context { tlp: Tlp::Red, first_seen: Some(5), ..old.clone() };
        assert_eq!(merged(&old, &new, 50), wanted);
        assert_eq!(merged(&old, &new, 100).expires, None);
        assert_eq!(merged(&old, &Context { expires: Some(60), ..new }, 50).expires, Some(60));
    }

    #[test]
    fn takes_part_until_it_expires() {
        let mut meta = RowMeta { live: true, ..RowMeta::withdrawn() };
        meta.set_context(&Context { tlp: Tlp::Amber, expires: Some(100), ..Context::default() });
        assert!(meta.takes_part(Tlp::Red, 99));
        assert!(!meta.takes_part(Tlp::Red, 100));
        assert!(meta.takes_part(Tlp::Amber, 0));
        assert!(!meta.takes_part(Tlp::Green, 0));
        assert_eq!(meta.context().expires, Some(100));
    }
}
