//! What an object of STIX or MISP says that an indicator is, before it is canonicalised.

use std::borrow::Cow;

use overlap_indicator::{Indicator, Kind, Reject};
use overlap_store::NewIndicator;
use serde_json::Value;

use super::json_cut::TOO_LONG;
use super::json_value::{Members, list, text};
use super::marking::Marking;
use super::report::Locator;
use super::row::{RawRow, RowReject, shown_kind};
use super::source::{Row, RowRules};

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
    pub(crate) source: Option<String>,
    pub(crate) first_seen: Option<String>,
    pub(crate) last_seen: Option<String>,
    pub(crate) expires: Option<String>,
    pub(crate) confidence: Option<String>,
    pub(crate) note: Option<String>,
}

impl About {
    /// The row of a finding.
    pub(crate) fn row(&self, at: Locator, finding: Finding, rules: &RowRules) -> Row {
        let read = finding.and_then(|found| self.read(found, rules));
        (at, read.map_err(|reason| self.reject(reason)))
    }

    /// A reject of this object's type.
    pub(crate) fn reject(&self, reason: impl Into<String>) -> RowReject {
        RowReject { kind: self.kind.as_deref().and_then(shown_kind), reason: reason.into() }
    }

    fn read(&self, found: Found, rules: &RowRules) -> Result<NewIndicator, String> {
        if found.value == TOO_LONG {
            return Err("the value is longer than 65536 bytes".to_owned());
        }
        let text = |text: &Option<String>| text.as_deref().map(|text| Cow::Owned(text.to_owned()));
        let row = RawRow {
            kind: Some(Cow::Borrowed(found.kind.as_str())),
            value: Cow::Owned(found.value),
            tlp: self.marking.tlp.map(|tlp| Cow::Borrowed(tlp.as_str())),
            pap: self.marking.pap.map(|pap| Cow::Borrowed(pap.as_str())),
            source: text(&self.source),
            first_seen: text(&self.first_seen),
            last_seen: text(&self.last_seen),
            expires: text(&self.expires),
            confidence: text(&self.confidence),
            note: text(&self.note),
        };
        row.parse(&rules.defaults, &rules.rules).map_err(|reject| reject.reason)
    }
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
