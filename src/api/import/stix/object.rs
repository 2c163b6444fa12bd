//! A STIX object: the rows that it makes.

use std::ops::Not;

use overlap_indicator::Tlp;
use serde_json::Value;

use super::Known;
use super::around::BUNDLE;
use super::definitions::opencti_observable;
use super::identifiers::Standing;
use super::kept::Kept;
use super::links::{is_context, observed_at};
use super::misp_custom;
use super::observable::{observable, observables, within};
use super::own::extension;
use super::pattern::Pattern;
use super::said::{self, Said, Seen};
use super::terms::pattern_values;
use crate::import::finding::{About, Finding, uuid};
use crate::import::json_cut::TOO_LONG;
use crate::import::json_value::{Members, list, text, text_or_number, texts};
use crate::import::marking::Marking;
use crate::import::misp::NOT_FOR_DETECTION;
use crate::import::report::Locator;
use crate::import::row::RowReject;
use crate::import::source::{Row, RowRules};
use crate::rfc3339::rfc3339;

/// Why an object is refused that its author has taken back.
const REVOKED: &str = "its author has revoked it";

/// Why the later of two objects is refused.
const OTHER_CONTENT: &str = "the id was there before with other content: the first is kept";

/// Why objects of one id are refused of which one cannot be read, or says in words that cannot be read when it was modified.
const UNKNOWN_VERSION: &str =
    "which of its id is the newest cannot be told: one of them cannot be read, or its `modified` is no time";

/// What the types of an indicator can be (STIX 2.1, 10.8); in STIX 2.0 they stand among its labels.
const BENIGN: &str = "benign";
const OTHER_INDICATOR_TYPES: [&str; 6] =
    ["anomalous-activity", "anonymization", "attribution", "compromised", "malicious-activity", "unknown"];

/// The rows of an object.
pub(crate) fn rows(line: u64, object: Kept, known: &Known, rules: &RowRules) -> Vec<Row> {
    let at = locator(&object, line);
    let Some(type_name) = text(&object, "type") else {
        return vec![(at, Err(RowReject::unreadable("an object without a type")))];
    };
    let refusal = match known.identifiers.standing(&object) {
        Standing::Superseded => return Vec::new(),
        Standing::WithOtherContent => Some(OTHER_CONTENT),
        Standing::OfUnknownVersion => Some(UNKNOWN_VERSION),
        Standing::Current if object.is_partly() => Some("larger than a mebibyte"),
        Standing::Revoked => Some(REVOKED),
        Standing::Current => None,
    };
    if let Some(reason) = refusal {
        return vec![(at, Err(reject(&object, reason)))];
    }
    known.count_unknown_markings(&object);
    let about = about(&object, known, rules);
    if type_name == "x-misp-object" {
        return misp_custom::object(&at, object.members, about, rules);
    }
    let findings = findings(type_name, &object, known, rules);
    about.rows(&at, findings, rules)
}

fn findings(type_name: &str, members: &Members, known: &Known, rules: &RowRules) -> Vec<Finding> {
    let id = text(members, "id").unwrap_or_default();
    let context = match type_name {
        "indicator" => return indicator(members, rules),
        BUNDLE => {
            return no("a bundle is read where it stands alone or in a list, and has a list of objects");
        }
        "x-misp-attribute" => return misp_custom::attribute(members, rules),
        "observed-data" if !is_context(members) => None,
        "observed-data" if known.said.is_base(id) => Some(said::Context::BesideIndicator),
        "observed-data" => Some(said::Context::ForPeople),
        _ => known.said.context(&known.said.of(id)),
    };
    let findings = match type_name {
        "observed-data" => within(members, rules),
        type_name => observable(type_name, members, rules),
    };
    match context {
        Some(said::Context::BesideIndicator) => Vec::new(),
        // A reason why the type is never taken says more than one why it is not taken here.
        Some(said::Context::ForPeople) if findings.iter().any(Result::is_ok) => no(NOT_FOR_DETECTION),
        _ => findings,
    }
}

/// Where an object stands. An id is shown only if it has the form of one (STIX 2.1, 2.9).
pub(crate) fn locator(members: &Members, line: u64) -> Locator {
    Locator { line, id: text(members, "id").and_then(shown_id) }
}

/// An id in the form that ids have, or none: what else stands in its place is not shown.
pub(crate) fn shown_id(id: &str) -> Option<String> {
    let (type_name, name) = id.split_once("--")?;
    let plain = type_name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    let name = uuid(name)?;
    (plain && type_name.len() <= 64).then(|| format!("{type_name}--{name}"))
}

fn reject(members: &Members, reason: &str) -> RowReject {
    let kind = text(members, "type").map(str::to_owned);
    About { kind, ..About::default() }.reject(reason)
}

fn about(members: &Members, known: &Known, rules: &RowRules) -> About {
    let own = |name| text(members, name).map(str::to_owned);
    let said = said_of(members, known);
    let default = rules.default_tlp();
    let marking = said.marking(known.definitions.marking_of(members));
    let marking = marking.and(marking_within(members, known, marking.tlp.unwrap_or(default)));
    let tlp = marking.tlp.unwrap_or(default);
    let (first, last) = times(said.seen, tlp);
    let in_extension = || opencti_observable(members).and_then(|extension| text(extension, "description"));
    About {
        kind: own("type"),
        marking,
        source: known.definitions.source_of(members),
        first_seen: own("first_seen").or(first),
        last_seen: own("last_seen").or(last),
        expires: own("valid_until"),
        confidence: text_or_number(members, "confidence"),
        note: own("description")
            .or_else(|| own("name"))
            .or_else(|| own("x_opencti_description"))
            .or_else(|| own("x_misp_comment"))
            .or_else(|| in_extension().map(str::to_owned)),
        ..About::default()
    }
}

/// The markings of the observables that stand in an observed-data, and what others say of them: it is of all of them, so the narrowest holds.
/// Those that nobody marks have the observation's own, so that a marked one does not speak for them.
fn marking_within(members: &Members, known: &Known, own: Tlp) -> Marking {
    if text(members, "type") != Some("observed-data") {
        return Marking::default();
    }
    let marking = |observable: &Members| {
        let said = known.said.of(text(observable, "id").unwrap_or_default());
        said.marking(known.definitions.marking_of(observable))
    };
    let markings: Vec<Marking> = observables(members).map(marking).collect();
    let all = markings.iter().copied().fold(Marking::default(), Marking::and);
    let is_partly = all.tlp.is_some() && markings.iter().any(|marking| marking.tlp.is_none());
    Marking { tlp: all.tlp.max(is_partly.then_some(own)), ..all }
}

/// What other objects say of an object. An observed-data that has its observables in it says for them what it says itself.
fn said_of(members: &Members, known: &Known) -> Said {
    let mut said = known.said.of(text(members, "id").unwrap_or_default());
    if text(members, "type") == Some("observed-data") {
        said.seen = observed_at(members);
    }
    said
}

/// When an indicator was seen, as far as those may know who know the indicator.
fn times(seen: Seen, tlp: Tlp) -> (Option<String>, Option<String>) {
    let told = |seconds: u32| (seconds > 0 && seen.tlp <= Some(tlp)).then(|| rfc3339(seconds.into()));
    (told(seen.first), told(seen.last))
}

/// The only finding: why there is none.
pub(crate) fn no(reason: &str) -> Vec<Finding> {
    vec![Err(reason.to_owned())]
}

fn indicator(members: &Members, rules: &RowRules) -> Vec<Finding> {
    if is_benign(members) {
        return no("its author says that it is benign");
    }
    if text(members, "pattern_type").is_some_and(|pattern_type| pattern_type != "stix") {
        return no("its pattern is in another language than STIX");
    }
    if let Some(found) = extension(members, rules) {
        return vec![Ok(found)];
    }
    match members.get("pattern").and_then(Value::as_str) {
        Some(TOO_LONG) => no("the pattern is longer than 65536 bytes: write several indicators"),
        Some(pattern) => pattern_findings(pattern, rules),
        None => no("an indicator without a pattern"),
    }
}

/// Whether an indicator is of no type but the one that means no harm.
fn is_benign(members: &Members) -> bool {
    let only = |name: &str| {
        texts(members, name).any(|word| word == BENIGN)
            && !texts(members, name).any(|word| OTHER_INDICATOR_TYPES.contains(&word))
    };
    let has_types = list(members, "indicator_types").is_empty().not();
    only(if has_types { "indicator_types" } else { "labels" })
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
