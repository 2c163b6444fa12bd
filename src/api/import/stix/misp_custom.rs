//! The objects of its own that MISP's converter writes where it finds no pattern.

use super::object::no;
use crate::import::finding::{About, Finding, Found};
use crate::import::json_value::{Members, text, texts};
use crate::import::misp::written::tagged_kind;
use crate::import::misp::{Event, NOT_FOR_DETECTION, object_rows, taken_without_to_ids, type_findings};
use crate::import::report::Locator;
use crate::import::source::{Row, RowRules};

/// An attribute. Those of late do not say whether `to_ids` is on; where they do, off refuses it as it does in MISP's own format.
pub(crate) fn attribute(members: &Members, rules: &RowRules) -> Vec<Finding> {
    let (Some(type_name), Some(value)) = (text(members, "x_misp_type"), text(members, "x_misp_value")) else {
        return no("an x-misp-attribute without its type or value");
    };
    if let Some(kind) = tagged_kind(type_name, texts(members, "labels")) {
        return vec![Ok(Found::new(kind, value))];
    }
    let findings = type_findings(type_name, value, rules);
    let is_off = |label: &str| label.eq_ignore_ascii_case("misp:to_ids=\"false\"");
    let off = texts(members, "labels").any(is_off) && !taken_without_to_ids(type_name);
    if off && findings.iter().any(Result::is_ok) { no(NOT_FOR_DETECTION) } else { findings }
}

/// An object.
pub(crate) fn object(at: &Locator, mut members: Members, about: About, rules: &RowRules) -> Vec<Row> {
    if members.get("x_misp_attributes").is_some_and(|attributes| !attributes.is_array()) {
        return about.rows(at, no("an x-misp-object whose attributes are no list"), rules);
    }
    let mut object = Members::new();
    for (name, from) in [("name", "x_misp_name"), ("Attribute", "x_misp_attributes")] {
        object.extend(members.remove(from).map(|value| (name.to_owned(), value)));
    }
    let event = Event { marking: about.marking, source: about.source, is_known: true, refused: None };
    let mut rows = object_rows(&object, at.line, &event, rules);
    for (place, _) in &mut rows {
        *place = at.clone();
    }
    rows
}
