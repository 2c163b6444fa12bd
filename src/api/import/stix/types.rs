//! What an object is for, by its type.

use serde_json::Value;

use super::kept::Kept;
use super::links::{BASED_ON, NAMED};
use crate::import::json_value::{Members, text};

/// Types that stand around indicators and are none: domain objects, relationships and meta objects of STIX 2.1, and OpenCTI's.
const AROUND: [&str; 29] = [
    "attack-pattern",
    "campaign",
    "course-of-action",
    "incident",
    "infrastructure",
    "intrusion-set",
    "location",
    "malware",
    "malware-analysis",
    "note",
    "opinion",
    "threat-actor",
    "tool",
    "vulnerability",
    "extension-definition",
    "language-content",
    "channel",
    "event",
    "narrative",
    "data-component",
    "data-source",
    "task",
    "feedback",
    "weakness",
    "exploit",
    "procedure",
    "persona",
    // Observables that only refer to others, which are in the file themselves (STIX 2.1, 6.5 to 6.12).
    "email-message",
    "network-traffic",
];

/// Beginnings of such types: MITRE's ATT&CK and Attack Flow.
const AROUND_PREFIXES: [&str; 2] = ["x-mitre-", "attack-"];

/// The member by which a file can be compared.
const HASHES: &str = "hashes";

/// What an object is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// It makes indicators, or is refused.
    Taken,
    /// It marks what it names in `object_refs`: a report, a grouping, one of OpenCTI's cases.
    Container,
    /// It says when something was seen, and how what was seen is marked.
    Observation,
    /// It is a relationship that bases one object on another.
    Basis,
    /// It defines a marking or an author.
    Definition,
    /// It says nothing of indicators.
    Around,
}

impl Use {
    /// What an object is for.
    pub(crate) fn of(object: &Kept) -> Self {
        // Its hashes may be what was left out.
        if is_file(object) && object.may_lack(HASHES) { Self::Taken } else { Self::of_whole(object) }
    }

    /// What an object is for of which nothing was left out.
    pub(crate) fn of_whole(members: &Members) -> Self {
        match text(members, "type").unwrap_or_default() {
            name if is_container(name) => Self::Container,
            "observed-data" | "sighting" => Self::Observation,
            "relationship" if text(members, "relationship_type") == Some(BASED_ON) => Self::Basis,
            "relationship" => Self::Around,
            "marking-definition" | "identity" => Self::Definition,
            around if AROUND.contains(&around) => Self::Around,
            around if AROUND_PREFIXES.iter().any(|prefix| around.starts_with(prefix)) => Self::Around,
            _ if is_file(members) && members.get(HASHES).is_none_or(Value::is_null) => Self::Around,
            _ => Self::Taken,
        }
    }
}

/// Whether objects of a type have versions (STIX 2.1, 3.6). Observables have none, and their ids are made of what they say, so that two authors
/// have one: what both say holds together.
pub(crate) fn is_of_versions(type_name: &str) -> bool {
    is_container(type_name)
        || matches!(type_name, "indicator" | "observed-data" | "sighting" | "relationship")
        || type_name.starts_with("x-misp-")
}

/// Whether objects of a type mark those that they name.
pub(crate) fn is_container(type_name: &str) -> bool {
    matches!(type_name, "report" | "grouping" | "case-incident" | "case-rfi" | "case-rft")
}

/// Whether an observed-data has its observables in it, as those of STIX 2.0 do, or had more of them than can be kept.
pub(crate) fn has_observables_within(observation: &Kept) -> bool {
    let may_have_had = observation.may_lack(NAMED);
    text(observation, "type") == Some("observed-data")
        && (observation.get("objects").is_some_and(|objects| !objects.is_null()) || may_have_had)
}

fn is_file(members: &Members) -> bool {
    matches!(text(members, "type"), Some("file" | "artifact"))
}
