//! Objects that say something of others: reports and groupings, observations, relationships.

use serde_json::Value;

use super::definitions::{Definitions, OPENCTI_OBJECT};
use super::identifiers::{Identifiers, is_revoked};
use super::kept::Kept;
use super::said::{AllSaid, Said, Seen};
use super::types::is_container;
use crate::import::json_value::{Members, filled, flag, object, text, text_or_number, texts};
use crate::import::marking::{Marking, RED};
use crate::import::misp::taken_without_to_ids;
use crate::rfc3339::parse_rfc3339;

/// The member in which reports, groupings and observations name others.
pub(crate) const NAMED: &str = "object_refs";

/// Whether a report or grouping names others, which must have their markings before those that they name.
pub(crate) fn names_containers(members: &Members) -> bool {
    texts(members, NAMED).any(|id| id.split_once("--").is_some_and(|(name, _)| is_container(name)))
}

/// Marks what a report or grouping names; returns whether anything is new.
pub(crate) fn mark_named(container: &Kept, known: &Definitions, all: &mut AllSaid) -> bool {
    let own = own_marking(container, known);
    let marking = text(container, "id").map_or(own, |id| all.of(id).marking(own));
    if may_name_more(container) {
        all.mark_all(Marking::default(), marking);
    }
    let mut is_new = false;
    for id in texts(container, NAMED) {
        is_new |= all.mark(id, marking);
    }
    is_new
}

/// Marks and dates what an observed-data refers to, and dates what a sighting does.
pub(crate) fn observe(observation: &Kept, known: &Definitions, all: &mut AllSaid) {
    if text(observation, "type") == Some("sighting") {
        return sight(observation, known, all);
    }
    let id = text(observation, "id").unwrap_or_default();
    let Said { must, instead, .. } = all.of(id);
    let must = own_marking(observation, known).and(must);
    let context_of = is_context(observation).then_some(id);
    let instead = instead_of(must, instead);
    let seen = if is_revoked(observation) { Seen::default() } else { observed_at(observation) };
    let seen = Seen { tlp: must.and(instead).tlp, ..seen };
    let of_each = all.observation(must, instead, seen, context_of);
    if may_name_more(observation) {
        all.mark_all(must, instead);
    }
    for id in texts(observation, NAMED) {
        all.observe(id, of_each);
    }
}

/// When an observed-data was observed.
pub(crate) fn observed_at(members: &Members) -> Seen {
    Seen { first: seconds(members, "first_observed"), last: seconds(members, "last_observed"), tlp: None }
}

/// What a relationship is called by which MISP's converter bases an indicator on the observed-data that it writes beside it.
pub(crate) const BASED_ON: &str = "based-on";

/// Takes what a relationship bases on an observed-data, if it is an indicator and in the file: what no indicator says is not passed over.
pub(crate) fn base(relationship: &Members, known: &Identifiers, all: &mut AllSaid) {
    let refers = |name, to| text(relationship, name).filter(|id| id.starts_with(to));
    let indicator = refers("source_ref", "indicator--").filter(|id| known.has(id));
    if let (Some(_), Some(observed)) = (indicator, refers("target_ref", "observed-data--"))
        && !is_revoked(relationship)
    {
        all.base_on(observed);
    }
}

/// Whether MISP's converter says that an observed-data is context. It writes what is for detection as an indicator, and all the rest so; the
/// types for which off says nothing, and the objects that are read together, are taken as they are from MISP itself.
pub(crate) fn is_context(members: &Members) -> bool {
    let said = |name: &str| {
        let mut labels = texts(members, "labels").filter_map(|label| label.strip_prefix(name));
        labels.next().map(|word| word.trim_matches('"').to_owned())
    };
    match (said("misp:type="), said("misp:name=")) {
        (Some(type_name), _) => !taken_without_to_ids(&type_name),
        (None, Some(name)) => !name.ends_with("-account"),
        (None, None) => false,
    }
}

/// Where an object is not marked itself.
fn instead_of(own: Marking, instead: Marking) -> Marking {
    Marking { tlp: instead.tlp.filter(|_| own.tlp.is_none()), pap: instead.pap.filter(|_| own.pap.is_none()) }
}

/// Whether an object may name more than is seen: something was left out, or a name stands in a form that names have not.
fn may_name_more(object: &Kept) -> bool {
    let is_odd = |named: &Value| named.as_array().is_none_or(|ids| ids.iter().any(|id| filled(id).is_none()));
    object.is_partly() || object.get(NAMED).is_some_and(|named| !named.is_null() && is_odd(named))
}

/// An object's own markings. It is red where some of them may be what was left out.
fn own_marking(object: &Kept, known: &Definitions) -> Marking {
    let own = known.marking_of(object);
    if object.may_lack_more_than(NAMED) { own.and(RED) } else { own }
}

/// A sighting says when its object was seen, unless it says that it was not.
fn sight(sighting: &Kept, known: &Definitions, all: &mut AllSaid) {
    let Some(of) = text(sighting, "sighting_of_ref") else { return };
    let opencti = object(sighting, "extensions").and_then(|extensions| object(extensions, OPENCTI_OBJECT));
    let negative = flag(sighting, "x_opencti_negative") == Some(true)
        || opencti.is_some_and(|extension| flag(extension, "negative") == Some(true))
        || text_or_number(sighting, "count").as_deref() == Some("0")
        || is_revoked(sighting);
    if !negative {
        let (first, last) = (seconds(sighting, "first_seen"), seconds(sighting, "last_seen"));
        let said = all.of(text(sighting, "id").unwrap_or_default());
        let own = known.marking_of(sighting);
        let own = if sighting.is_partly() { own.and(RED) } else { own };
        let tlp = said.marking(own).tlp;
        all.see(of, Seen { first, last, tlp });
    }
}

fn seconds(members: &Members, name: &str) -> u32 {
    let seconds = text(members, name).and_then(parse_rfc3339);
    seconds.and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or_default()
}
