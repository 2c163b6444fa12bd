//! One row of an import: its fields, in whatever format, to an indicator or a reason.

use std::borrow::Cow;
use std::sync::Arc;

use overlap_indicator::{Context, Indicator, Kind, Reject, Rules, SecretText, Tlp, contains_card_number};
use overlap_store::NewIndicator;

use crate::request::kind;
use crate::rfc3339::parse_rfc3339;

/// The longest kind that is shown as it was written, in bytes.
const LONGEST_SHOWN_KIND: usize = 32;

/// The longest note that is kept, in bytes. A longer one is cut: it is kept with every indicator of its object, for as long as that is there.
pub(crate) const LONGEST_NOTE: usize = 8 * 1024;

/// The longest source that is kept, in bytes; a longer one is cut.
pub(crate) const LONGEST_SOURCE: usize = 1024;

/// What stands at the end of a text that was cut.
const CUT_MARK: &str = " [cut]";

/// Digits at most in a kind that is shown: a card number has at least 13.
const MOST_SHOWN_DIGITS: usize = 8;

/// A row's fields, as they were written. A missing field is none; an empty one too.
#[derive(Default)]
pub(crate) struct RawRow<'a> {
    pub(crate) kind: Option<Cow<'a, str>>,
    pub(crate) value: Cow<'a, str>,
    pub(crate) context: RawContext<'a>,
}

/// What goes with a value, as it was written.
#[derive(Default)]
pub(crate) struct RawContext<'a> {
    pub(crate) tlp: Option<Cow<'a, str>>,
    pub(crate) pap: Option<Cow<'a, str>>,
    pub(crate) source: Option<Cow<'a, str>>,
    pub(crate) first_seen: Option<Cow<'a, str>>,
    pub(crate) last_seen: Option<Cow<'a, str>>,
    pub(crate) expires: Option<Cow<'a, str>>,
    pub(crate) confidence: Option<Cow<'a, str>>,
    pub(crate) note: Option<Cow<'a, str>>,
}

/// What holds for rows that say nothing else.
#[derive(Clone, Debug, Default)]
pub(crate) struct RowDefaults {
    pub(crate) kind: Option<Kind>,
    pub(crate) source: Option<String>,
    pub(crate) tlp: Option<Tlp>,
}

/// A row that was read. What goes with its value is shared with the other values of its object, for they can be thousands and it can be long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReadRow {
    pub(crate) indicator: Indicator,
    pub(crate) raw: SecretText,
    pub(crate) context: Arc<Context>,
    pub(crate) notes: RowNotes,
}

/// What the report counts of a row that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct RowNotes {
    /// No marking was there, nor the event that could have one.
    pub(crate) is_unmarked: bool,
    /// A time or a number beside its value could not be read, and was left out.
    pub(crate) has_left_out: bool,
}

impl From<ReadRow> for NewIndicator {
    fn from(row: ReadRow) -> Self {
        let ReadRow { indicator, raw, context, .. } = row;
        Self { indicator, raw, context: Arc::unwrap_or_clone(context) }
    }
}

/// A row that was refused. It holds nothing of the row's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RowReject {
    pub(crate) kind: Option<String>,
    pub(crate) reason: String,
}

impl RowReject {
    /// A row that has no fields.
    pub(crate) fn unreadable(reason: impl Into<String>) -> Self {
        Self { kind: None, reason: reason.into() }
    }
}

impl RawRow<'_> {
    /// Canonicalises the row.
    pub(crate) fn parse(&self, defaults: &RowDefaults, rules: &Rules) -> Result<ReadRow, RowReject> {
        self.try_parse(defaults, rules)
            .map_err(|reason| RowReject { kind: filled(&self.kind).and_then(shown_kind), reason })
    }

    fn try_parse(&self, defaults: &RowDefaults, rules: &Rules) -> Result<ReadRow, String> {
        let kind = filled(&self.kind).map(kind).transpose()?.or(defaults.kind);
        let indicator = match kind {
            Some(kind) => Indicator::parse(kind, &self.value, rules),
            None => Indicator::detect(&self.value, rules),
        };
        let indicator = indicator.map_err(|reject| reject.to_string())?;
        let context = Arc::new(self.context.read(defaults)?);
        let raw = SecretText::new(self.value.trim());
        Ok(ReadRow { indicator, raw, context, notes: RowNotes::default() })
    }
}

impl RawContext<'_> {
    /// Reads the fields, without the times of sight and the confidence if they cannot be read; says whether one was. An expiry is not left
    /// out: what would end is not to be kept for ever.
    pub(crate) fn read_what_can_be(&self, defaults: &RowDefaults) -> Result<(Context, bool), String> {
        let first_seen = seconds("first_seen", filled(&self.first_seen));
        let last_seen = seconds("last_seen", filled(&self.last_seen));
        let confidence = confidence(filled(&self.confidence));
        let left_out = first_seen.is_err() || last_seen.is_err() || confidence.is_err();
        let rest = RawContext {
            tlp: self.tlp.clone(),
            pap: self.pap.clone(),
            source: self.source.clone(),
            expires: self.expires.clone(),
            note: self.note.clone(),
            ..RawContext::default()
        };
        let rest = rest.read(defaults)?;
        let context = Context {
            first_seen: first_seen.unwrap_or_default(),
            last_seen: last_seen.unwrap_or_default(),
            confidence: confidence.unwrap_or_default(),
            ..rest
        };
        Ok((context, left_out))
    }

    /// Reads every field.
    pub(crate) fn read(&self, defaults: &RowDefaults) -> Result<Context, String> {
        let tlp = filled(&self.tlp).map(|text| text.parse().map_err(|error| format!("tlp: {error}")));
        let pap = filled(&self.pap).map(|text| text.parse().map_err(|error| format!("pap: {error}")));
        let source = filled(&self.source).or(defaults.source.as_deref());
        Ok(Context {
            tlp: tlp.transpose()?.or(defaults.tlp).unwrap_or(Context::default().tlp),
            pap: pap.transpose()?,
            source: shortened(&free_text("source", source)?, LONGEST_SOURCE),
            first_seen: seconds("first_seen", filled(&self.first_seen))?,
            last_seen: seconds("last_seen", filled(&self.last_seen))?,
            expires: seconds("expires", filled(&self.expires))?,
            confidence: confidence(filled(&self.confidence))?,
            note: shortened(&free_text("note", filled(&self.note))?, LONGEST_NOTE),
        })
    }
}

/// The kind as it was written, if it looks like one: where columns are swapped, the value stands there.
pub(crate) fn shown_kind(kind: &str) -> Option<String> {
    let letters = kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_|".contains(&byte));
    let digits = kind.bytes().filter(u8::is_ascii_digit).count();
    (letters && kind.len() <= LONGEST_SHOWN_KIND && digits <= MOST_SHOWN_DIGITS).then(|| kind.to_owned())
}

/// A field with something in it.
pub(crate) fn filled<'a>(field: &'a Option<Cow<'_, str>>) -> Option<&'a str> {
    field.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

fn seconds(column: &str, text: Option<&str>) -> Result<Option<u64>, String> {
    let Some(text) = text else { return Ok(None) };
    let seconds = parse_rfc3339(text);
    seconds.map(Some).ok_or_else(|| format!("{column}: neither an RFC 3339 time nor a date YYYY-MM-DD"))
}

fn confidence(text: Option<&str>) -> Result<Option<u8>, String> {
    let Some(text) = text else { return Ok(None) };
    let number = text.parse().ok().filter(|number| *number <= 100);
    number.map(Some).ok_or_else(|| "confidence: a whole number from 0 to 100".to_owned())
}

/// The text of a column, refused if a card number stands in it.
pub(crate) fn free_text(column: &str, text: Option<&str>) -> Result<String, String> {
    let text = text.unwrap_or_default();
    if contains_card_number(text) {
        return Err(format!("{column}: {}", Reject::CardNumber));
    }
    Ok(text.to_owned())
}

/// A text of at most so many bytes: a longer one is cut, with a mark.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let room = most - CUT_MARK.len();
    let end = (0..=room).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}{CUT_MARK}", text.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_cut_between_characters_and_says_so() {
        let most = 10;
        assert_eq!(shortened("0123456789", most), "0123456789");
        assert_eq!(shortened("0123456789a", most), "0123 [cut]");
        assert_eq!(shortened("012\u{e9}456789", most), "012 [cut]");
        assert!(shortened(&"\u{1F600}".repeat(100), most).len() <= most);
    }

    #[test]
    fn a_card_number_behind_the_cut_is_still_refused() {
        let note = format!("{} 4111 1111 1111 1111", "x".repeat(LONGEST_NOTE));
        let raw = RawContext { note: Some(note.into()), ..RawContext::default() };
        assert!(raw.read(&RowDefaults::default()).is_err_and(|reason| reason.contains("card number")));
    }
}
