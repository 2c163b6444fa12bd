//! A STIX object: the rows that it makes.

use overlap_indicator::Kind;
use serde_json::{Map, Value};

use super::definitions::Definitions;
use super::own::extension;
use super::pattern::Pattern;
use super::terms::{Group, pattern_values, property};
use crate::import::finding::{About, Finding, Found, card, uuid};
use crate::import::json_value::{Members, flag, object, text, text_or_number, texts};
use crate::import::misp::written::tagged_kind;
use crate::import::misp::{object_rows, type_findings};
use crate::import::report::Locator;
use crate::import::row::RowReject;
use crate::import::source::{Row, RowRules};
use crate::import::waiting::Part;

/// Types that stand around indicators and are none: domain objects, relationships and meta objects of STIX 2.1, and OpenCTI's.
const AROUND: [&str; 30] = [
    "attack-pattern",
    "campaign",
    "course-of-action",
    "grouping",
    "identity",
    "incident",
    "infrastructure",
    "intrusion-set",
    "location",
    "malware",
    "malware-analysis",
    "note",
    "opinion",
    "report",
    "threat-actor",
    "tool",
    "vulnerability",
    "relationship",
    "sighting",
    "marking-definition",
    "extension-definition",
    "language-content",
    "channel",
    "event",
    "narrative",
    "data-component",
    "data-source",
    "case-incident",
    "task",
    "feedback",
];

/// The extension by which dogesec's telephone numbers say that they are E.164 without its plus.
const DOGESEC_PHONE: &str = "extension-definition--14a97ee2-e666-5ada-a6bd-b7177f79e211";

/// Whether an object can make rows.
pub(crate) fn is_taken(members: &Members) -> bool {
    let type_name = text(members, "type").unwrap_or_default();
    let observed = type_name == "observed-data" && object(members, "objects").is_none();
    !observed && !AROUND.contains(&type_name)
}

/// The rows of an object.
pub(crate) fn rows(part: &Part, members: &Members, known: &Definitions, rules: &RowRules) -> Vec<Row> {
    if !is_taken(members) {
        return Vec::new();
    }
    let at = locator(members, part.line);
    let Some(type_name) = text(members, "type") else {
        return vec![(at, Err(RowReject::unreadable("an object without a type")))];
    };
    if part.left_out {
        return vec![(at, Err(reject(members, "larger than a mebibyte")))];
    }
    if type_name == "x-misp-object" {
        return misp_object(&at, members, known, rules);
    }
    let about = about(members, known);
    let findings = match type_name {
        "indicator" => indicator(members, rules),
        "x-misp-attribute" => misp_attribute(members, rules),
        "observed-data" => no("observables within observed-data are of STIX 2.0: convert the file to 2.1"),
        type_name => observable(type_name, members, rules),
    };
    about.rows(&at, findings, rules)
}

/// Where an object stands. An id is shown only if it has the form of one (STIX 2.1, 2.9).
pub(crate) fn locator(members: &Members, line: u64) -> Locator {
    let id = text(members, "id").and_then(|id| {
        let (type_name, name) = id.split_once("--")?;
        let plain = type_name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        let name = uuid(name)?;
        (plain && type_name.len() <= 64).then(|| format!("{type_name}--{name}"))
    });
    Locator { line, id }
}

/// A reject of an object.
pub(crate) fn reject(members: &Members, reason: &str) -> RowReject {
    let kind = text(members, "type").map(str::to_owned);
    About { kind, ..About::default() }.reject(reason)
}

fn about(members: &Members, known: &Definitions) -> About {
    let own = |name| text(members, name).map(str::to_owned);
    About {
        kind: own("type"),
        marking: known.marking_of(members),
        source: known.source_of(members),
        first_seen: own("first_seen"),
        last_seen: own("last_seen"),
        expires: own("valid_until"),
        confidence: text_or_number(members, "confidence"),
        note: own("description")
            .or_else(|| own("name"))
            .or_else(|| own("x_opencti_description"))
            .or_else(|| own("x_misp_comment")),
        ..About::default()
    }
}

fn no(reason: &str) -> Vec<Finding> {
    vec![Err(reason.to_owned())]
}

fn indicator(members: &Members, rules: &RowRules) -> Vec<Finding> {
    if flag(members, "revoked") == Some(true) {
        return no("its author has revoked it");
    }
    if text(members, "pattern_type").is_some_and(|pattern_type| pattern_type != "stix") {
        return no("its pattern is in another language than STIX");
    }
    if let Some(found) = extension(members, rules) {
        return vec![Ok(found)];
    }
    match members.get("pattern").and_then(Value::as_str) {
        Some(pattern) => pattern_findings(pattern, rules),
        None => no("an indicator without a pattern"),
    }
}

/// What a pattern says; why it says nothing, if it does not.
pub(crate) fn pattern_findings(pattern: &str, rules: &RowRules) -> Vec<Finding> {
    let pattern = match Pattern::parse(pattern) {
        Ok(pattern) => pattern,
        Err(error) => return no(&error.to_string()),
    };
    let findings = pattern_values(&pattern, rules);
    if findings.is_empty() {
        return no("no comparison of the pattern names an indicator with = or IN");
    }
    findings
}

/// An observable: each of its properties that names an indicator.
fn observable(type_name: &str, members: &Members, rules: &RowRules) -> Vec<Finding> {
    if flag(members, "revoked") == Some(true) {
        return no("its author has revoked it");
    }
    let group = Group::of_object(members);
    let properties = properties(members);
    let read = properties.iter().filter_map(|(path, value)| property(type_name, path, value, &group, rules));
    let mut findings: Vec<Finding> = read.collect();
    if matches!(type_name, "payment-card" | "x-opencti-payment-card") {
        return vec![card()];
    }
    if is_dogesec_phone(members) {
        findings.iter_mut().for_each(with_plus);
    }
    if findings.is_empty() {
        return no("an observable of this type, or without a value, is no indicator that is compared");
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

/// An attribute that MISP's converter found no pattern for.
fn misp_attribute(members: &Members, rules: &RowRules) -> Vec<Finding> {
    match (text(members, "x_misp_type"), text(members, "x_misp_value")) {
        (Some(type_name), Some(value)) => match tagged_kind(type_name, texts(members, "labels")) {
            Some(kind) => vec![Ok(Found::new(kind, value))],
            None => type_findings(type_name, value, rules),
        },
        _ => no("an x-misp-attribute without its type or value"),
    }
}

/// An object that MISP's converter found no pattern for.
fn misp_object(at: &Locator, members: &Members, known: &Definitions, rules: &RowRules) -> Vec<Row> {
    let mut object = Members::new();
    for (name, from) in [("name", "x_misp_name"), ("Attribute", "x_misp_attributes")] {
        object.extend(members.get(from).map(|value| (name.to_owned(), value.clone())));
    }
    let about = about(members, known);
    let event = crate::import::misp::Event {
        marking: about.marking,
        source: about.source,
        is_known: true,
        refused: None,
    };
    let mut rows = object_rows(&object, at.line, &event, rules);
    for (place, _) in &mut rows {
        *place = at.clone();
    }
    rows
}
