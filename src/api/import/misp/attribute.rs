//! An attribute: one value with its type, tags and times.

use super::event::{Event, organisation};
use super::markings::{marking_of, of_named_event};
use super::types::{findings, taken_without_to_ids};
use super::written::tagged_kind;
use crate::import::finding::{About, Finding, Found, filled_tags, raw_value, uuid};
use crate::import::json_value::{Members, flag, object, text};
use crate::import::report::Locator;
use crate::import::row::RowReject;
use crate::import::source::{Row, RowRules};

/// Why an attribute was refused that the event gives for people, not for detection.
pub(crate) const NOT_FOR_DETECTION: &str =
    "to_ids is off: its event gives it as context, not as an indicator";

/// The rows of an attribute: two of a composite type, none if it was deleted.
pub(crate) fn rows(members: &Members, line: u64, event: &Event, rules: &RowRules) -> Vec<Row> {
    if flag(members, "deleted") == Some(true) {
        return Vec::new();
    }
    let at = locator(members, line);
    let Some(type_name) = text(members, "type") else {
        return vec![(at, Err(RowReject::unreadable("an attribute without a type")))];
    };
    let about = about(members, type_name, event);
    let findings = match members.get("value").and_then(raw_value) {
        None => vec![Err("an attribute without a value".to_owned())],
        Some(value) => read(members, type_name, &value, rules),
    };
    about.rows(&at, findings, rules)
}

fn read(members: &Members, type_name: &str, value: &str, rules: &RowRules) -> Vec<Finding> {
    if let Some(kind) = tagged_kind(type_name, filled_tags(members)) {
        return vec![Ok(Found::new(kind, value))];
    }
    let findings = findings(type_name, value, rules);
    let off = flag(members, "to_ids") == Some(false) && !taken_without_to_ids(type_name);
    // A reason why the type is never taken says more than one why it is not taken here.
    if off && findings.iter().any(Result::is_ok) {
        return vec![Err(NOT_FOR_DETECTION.to_owned())];
    }
    findings
}

/// What goes with an attribute's values.
pub(crate) fn about(members: &Members, type_name: &str, event: &Event) -> About {
    let own = |name| text(members, name).map(str::to_owned);
    let named = of_named_event(members);
    let marking = event.marking.and(marking_of(members)).and(named.unwrap_or_default());
    let maker = object(members, "Event").and_then(organisation).map(str::to_owned);
    About {
        kind: Some(type_name.to_owned()),
        marking,
        is_unmarked: marking.tlp.is_none() && named.is_none() && !event.is_known,
        source: event.source.clone().or(maker),
        first_seen: own("first_seen"),
        last_seen: own("last_seen"),
        note: own("comment"),
        ..About::default()
    }
}

/// Where an attribute or an object stands.
pub(crate) fn locator(members: &Members, line: u64) -> Locator {
    Locator { line, id: text(members, "uuid").and_then(uuid) }
}
