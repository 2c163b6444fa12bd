//! Observables: properties that name indicators, in objects of their own and within the observed-data of STIX 2.0.

use overlap_indicator::Kind;
use serde_json::{Map, Value};

use super::object::no;
use super::terms::{Group, property};
use super::types::Use;
use crate::import::finding::{Finding, card};
use crate::import::json_value::{Members, object, text};
use crate::import::source::RowRules;

/// The extension by which dogesec's telephone numbers say that they are E.164 without its plus.
const DOGESEC_PHONE: &str = "extension-definition--14a97ee2-e666-5ada-a6bd-b7177f79e211";

/// Why an observable is refused that has nothing to compare.
const NOTHING_TO_COMPARE: &str =
    "an observable of this type, or without a value, is no indicator that is compared";

/// The observables that stand in an observed-data (STIX 2.0, part 2, 2.5), with the reasons against those that are wrong. Those that have
/// nothing to compare are what an observation is full of: they are refused only where there is nothing else.
pub(crate) fn within(observed: &Members, rules: &RowRules) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut is_empty = true;
    for members in observables(observed) {
        if Use::of_whole(members) == Use::Taken {
            is_empty = false;
            findings.extend(values(text(members, "type").unwrap_or_default(), members, rules));
        }
    }
    if observed.get("objects").is_some_and(|objects| !objects.is_null() && !objects.is_object()) {
        return no("an observed-data whose `objects` are no object");
    }
    if findings.is_empty() && !is_empty { no(NOTHING_TO_COMPARE) } else { findings }
}

/// The observables that stand in an observed-data.
pub(crate) fn observables(observed: &Members) -> impl Iterator<Item = &Members> {
    object(observed, "objects").into_iter().flat_map(Map::values).filter_map(Value::as_object)
}

/// An observable: each of its properties that names an indicator.
pub(crate) fn observable(type_name: &str, members: &Members, rules: &RowRules) -> Vec<Finding> {
    let findings = values(type_name, members, rules);
    if findings.is_empty() { no(NOTHING_TO_COMPARE) } else { findings }
}

fn values(type_name: &str, members: &Members, rules: &RowRules) -> Vec<Finding> {
    if matches!(type_name, "payment-card" | "x-opencti-payment-card") {
        return vec![card()];
    }
    let group = Group::of_object(members);
    let properties = properties(members);
    let read = properties.iter().filter_map(|(path, value)| property(type_name, path, value, &group, rules));
    let mut findings: Vec<Finding> = read.collect();
    if is_dogesec_phone(members) {
        findings.iter_mut().for_each(with_plus);
    }
    findings
}

/// The texts of an object, and those of its hashes, by their paths.
fn properties(members: &Members) -> Vec<(String, String)> {
    let texts = |members: &Map<String, Value>, prefix: &str| -> Vec<(String, String)> {
        let texts = members
            .iter()
            .filter_map(|(key, value)| Some((format!("{prefix}{key}"), value.as_str()?.to_owned())));
        texts.collect()
    };
    let mut properties = texts(members, "");
    if let Some(hashes) = object(members, "hashes") {
        properties.extend(texts(hashes, "hashes."));
    }
    properties
}

fn is_dogesec_phone(members: &Members) -> bool {
    object(members, "extensions").is_some_and(|extensions| extensions.contains_key(DOGESEC_PHONE))
}

fn with_plus(finding: &mut Finding) {
    if let Ok(found) = finding
        && found.kind == Kind::Phone
        && found.value.starts_with(|first: char| first.is_ascii_digit() && first != '0')
    {
        found.value.insert(0, '+');
    }
}
