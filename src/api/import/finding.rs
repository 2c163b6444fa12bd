//! What an object of STIX or MISP says that an indicator is, before it is canonicalised.

use std::borrow::Cow;
use std::sync::Arc;

use overlap_indicator::{Context, Indicator, Kind, Reject, SecretText};
use serde_json::Value;

use super::json_cut::TOO_LONG;
use super::json_value::{Members, list, text};
use super::marking::Marking;
use super::report::Locator;
use super::row::{RawContext, ReadRow, RowNotes, RowReject, shown_kind};
use super::source::{Row, RowRules};

/// Values of one object that are taken. A pattern has some, a list of a feed some thousands.
pub(crate) const MOST_VALUES: usize = 10_000;

/// The longest name of a platform, code of a bank or symbol of a coin, in bytes; one has 64 at most. A longer one is none, since it is repeated
/// with each of the values beside it.
pub(crate) const LONGEST_BESIDE: usize = 256;

/// A value with its kind, or why it is none.
pub(crate) type Finding = Result<Found, String>;

/// A value that may be an indicator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) kind: Kind,
    pub(crate) value: String,
}

impl Found {
    /// A value of a kind.
    pub(crate) fn new(kind: Kind, value: impl Into<String>) -> Self {
        Self { kind, value: value.into() }
    }

    /// A host's name: an onion service or a domain.
    pub(crate) fn host(value: impl Into<String>) -> Self {
        let value = value.into();
        let name = value.trim().trim_end_matches('.').to_ascii_lowercase();
        let kind = if name.ends_with(".onion") { Kind::Onion } else { Kind::Domain };
        Self { kind, value }
    }

    /// An address or a host's name, where the source does not say which.
    pub(crate) fn host_or_ip(value: impl Into<String>, row: &RowRules) -> Self {
        let value = value.into();
        match Indicator::parse(Kind::Ip, &value, &row.rules) {
            Ok(_) => Self::new(Kind::Ip, value),
            Err(_) => Self::host(value),
        }
    }

    /// A telephone number. E.164 without its plus is read too, where the number is none without it.
    pub(crate) fn phone(value: impl Into<String>, row: &RowRules) -> Self {
        let value = value.into();
        let digits = value.trim().starts_with(|first: char| matches!(first, '1'..='9'));
        if digits && Indicator::parse(Kind::Phone, &value, &row.rules).is_err() {
            return Self::new(Kind::Phone, format!("+{}", value.trim()));
        }
        Self::new(Kind::Phone, value)
    }
}

/// What goes with all the values of an object.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    /// The object's type, for the list of rejects.
    pub(crate) kind: Option<String>,
    pub(crate) marking: Marking,
    /// Whether neither a marking nor what could have marked it is there.
    pub(crate) is_unmarked: bool,
    pub(crate) source: Option<String>,
    pub(crate) first_seen: Option<String>,
    pub(crate) last_seen: Option<String>,
    pub(crate) expires: Option<String>,
    pub(crate) confidence: Option<String>,
    pub(crate) note: Option<String>,
}

impl About {
    /// The rows of an object's findings, with what the object says of them all.
    pub(crate) fn rows(&self, at: &Locator, findings: Vec<Finding>, rules: &RowRules) -> Vec<Row> {
        let context = self.context(rules);
        let read = read_all(findings, &context, rules, |reason| self.reject(reason));
        read.into_iter().map(|row| (at.clone(), row)).collect()
    }

    /// A reject of this object's type.
    pub(crate) fn reject(&self, reason: impl Into<String>) -> RowReject {
        RowReject { kind: self.kind.as_deref().and_then(shown_kind), reason: reason.into() }
    }

    fn context(&self, rules: &RowRules) -> Shared {
        let text = |text: &'_ Option<String>| text.clone().map(Cow::Owned);
        let raw = RawContext {
            tlp: self.marking.tlp.map(|tlp| Cow::Borrowed(tlp.as_str())),
            pap: self.marking.pap.map(|pap| Cow::Borrowed(pap.as_str())),
            source: text(&self.source),
            first_seen: text(&self.first_seen),
            last_seen: text(&self.last_seen),
            expires: text(&self.expires),
            confidence: text(&self.confidence),
            note: text(&self.note),
        };
        let (context, has_left_out) = raw.read_what_can_be(&rules.defaults)?;
        Ok((Arc::new(context), RowNotes { is_unmarked: self.is_unmarked, has_left_out }))
    }
}

/// What goes with all the findings of one object or row, or why it cannot be read.
pub(crate) type Shared = Result<(Arc<Context>, RowNotes), String>;

/// Canonicalises the findings of one object or row. Those beyond the most that are taken are one reject.
pub(crate) fn read_all(
    findings: Vec<Finding>,
    shared: &Shared,
    rules: &RowRules,
    reject: impl Fn(String) -> RowReject,
) -> Vec<Result<ReadRow, RowReject>> {
    let too_many = findings.len().saturating_sub(MOST_VALUES);
    let taken = findings.into_iter().take(MOST_VALUES);
    let read = taken.map(|finding| finding.and_then(|found| read(found, shared, rules)).map_err(&reject));
    let mut rows: Vec<_> = read.collect();
    if too_many > 0 {
        rows.push(Err(reject(format!("more than {MOST_VALUES} values: the last {too_many} are not taken"))));
    }
    rows
}

fn read(found: Found, shared: &Shared, rules: &RowRules) -> Result<ReadRow, String> {
    if found.value == TOO_LONG {
        return Err("the value is longer than 65536 bytes".to_owned());
    }
    let indicator = Indicator::parse(found.kind, &found.value, &rules.rules);
    let indicator = indicator.map_err(|reject| reject.to_string())?;
    let (context, notes) = shared.clone()?;
    Ok(ReadRow { indicator, raw: SecretText::new(found.value.trim()), context, notes })
}

/// What a number of a payment card is: refused whatever it holds, and never shown.
pub(crate) fn card() -> Finding {
    Err(Reject::CardNumber.to_string())
}

/// A UUID (RFC 9562), in lower case, or none: what else stands in its place is not shown.
pub(crate) fn uuid(text: &str) -> Option<String> {
    let text = text.trim();
    let hex = text.split('-').map(str::len).eq([8, 4, 4, 4, 12])
        && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    hex.then(|| text.to_ascii_lowercase())
}

/// The value of a member as it is written: a text, or a number as its digits.
pub(crate) fn raw_value(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The names of the tags of a MISP object: of each only the name is reliable.
pub(crate) fn filled_tags(members: &Members) -> impl Iterator<Item = &str> {
    list(members, "Tag").iter().filter_map(|tag| text(tag.as_object()?, "name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_most_values_is_one_reject_with_their_number() {
        let found = |n: usize| Ok(Found::host(format!("d{n}.example")));
        let about = About { note: Some("n".repeat(60_000)), ..About::default() };
        let rows =
            about.rows(&Locator::of_line(1), (0..MOST_VALUES + 3).map(found).collect(), &RowRules::default());
        let (last, taken) = rows.split_last().unwrap();
        assert_eq!(
            (taken.len(), taken.iter().filter(|(_, row)| row.is_ok()).count()),
            (MOST_VALUES, MOST_VALUES)
        );
        assert!(last.1.as_ref().is_err_and(|reject| reject.reason.contains("the last 3 are not taken")));
        let contexts = taken.iter().filter_map(|(_, row)| Some(&row.as_ref().ok()?.context));
        let shared = taken[0].1.as_ref().map(|row| row.context.clone()).unwrap();
        assert!(contexts.clone().all(|context| Arc::ptr_eq(context, &shared)), "one text for all the values");
    }
}
