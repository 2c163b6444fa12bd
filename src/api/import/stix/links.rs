//! Objects that say something of others: reports and groupings, observations, relationships.

use super::definitions::Definitions;
use super::said::{AllSaid, Seen};
use super::types::is_container;
use crate::import::json_cut::MAX_PART_BYTES;
use crate::import::json_value::{Members, flag, object, text, text_or_number, texts};
use crate::import::marking::{Marking, RED};
use crate::import::misp::taken_without_to_ids;
use crate::rfc3339::parse_rfc3339;

/// OpenCTI's extension of objects.
const OPENCTI: &str = "extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba";

/// Whether a report or grouping names others, which must have their markings before those that they name.
pub(crate) fn names_containers(members: &Members) -> bool {
    texts(members, "object_refs").any(|id| id.split_once("--").is_some_and(|(name, _)| is_container(name)))
}

/// Marks what a report or grouping names; returns whether anything is new. `left_out` says that a member of it was too large to be kept.
pub(crate) fn mark_named(members: &Members, left_out: bool, known: &Definitions, all: &mut AllSaid) -> bool {
    let own = own_marking(members, left_out, known);
    let marking = text(members, "id").map_or(own, |id| all.of(id).marking(own));
    if is_cut_off(members, left_out) {
        all.mark_all(Marking::default(), marking);
        return false;
    }
    let mut is_new = false;
    for id in texts(members, "object_refs") {
        is_new |= all.mark(id, marking);
    }
    is_new
}

/// Marks and dates what an observed-data refers to, and dates what a sighting does.
pub(crate) fn observe(members: &Members, left_out: bool, known: &Definitions, all: &mut AllSaid) {
    if text(members, "type") == Some("sighting") {
        return sight(members, left_out, known, all);
    }
    let id = text(members, "id").unwrap_or_default();
    let must = own_marking(members, left_out, known);
    let instead = all.of(id).instead;
    let context_of = is_context(members).then_some(id);
    let instead = instead_of(must, instead);
    let seen = if is_revoked(members) { Seen::default() } else { observed_at(members) };
    let seen = Seen { tlp: must.and(instead).tlp, ..seen };
    let of_each = all.observation(must, instead, seen, context_of);
    if is_cut_off(members, left_out) {
        all.mark_all(must, instead);
    }
    for id in texts(members, "object_refs") {
        all.observe(id, of_each);
    }
}

/// When an observed-data was observed.
pub(crate) fn observed_at(members: &Members) -> Seen {
    Seen { first: seconds(members, "first_observed"), last: seconds(members, "last_observed"), tlp: None }
}

/// A relationship: MISP's converter bases an indicator on the observed-data that it writes beside it.
pub(crate) fn relate(members: &Members, all: &mut AllSaid) {
    let target = text(members, "target_ref").filter(|target| target.starts_with("observed-data--"));
    let is_based = !is_revoked(members)
        && text(members, "relationship_type") == Some("based-on")
        && text(members, "source_ref").is_some_and(|source| source.starts_with("indicator--"));
    if let Some(target) = target.filter(|_| is_based) {
        all.base_on(target);
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

/// An object's own markings. Where some of them may be what was left out, it is red: so it is where what was left out was not the references
/// alone, or so much is there that the markings had no room.
fn own_marking(members: &Members, left_out: bool, known: &Definitions) -> Marking {
    let own = known.marking_of(members);
    let full = || serde_json::to_string(members).map_or(0, |text| text.len()) > MAX_PART_BYTES / 2;
    let may_be_left_out = left_out && (!is_cut_off(members, left_out) || full());
    if may_be_left_out { own.and(RED) } else { own }
}

/// Whether what it refers to is too much to be kept.
fn is_cut_off(members: &Members, left_out: bool) -> bool {
    left_out && !members.contains_key("object_refs")
}

/// A sighting says when its object was seen, unless it says that it was not.
fn sight(members: &Members, left_out: bool, known: &Definitions, all: &mut AllSaid) {
    let Some(of) = text(members, "sighting_of_ref") else { return };
    let opencti = object(members, "extensions").and_then(|extensions| object(extensions, OPENCTI));
    let negative = flag(members, "x_opencti_negative") == Some(true)
        || opencti.is_some_and(|extension| flag(extension, "negative") == Some(true))
        || text_or_number(members, "count").as_deref() == Some("0")
        || is_revoked(members);
    if !negative {
        let (first, last) = (seconds(members, "first_seen"), seconds(members, "last_seen"));
        let said = all.of(text(members, "id").unwrap_or_default());
        let tlp = said.marking(own_marking(members, left_out, known)).tlp;
        all.see(of, Seen { first, last, tlp });
    }
}

fn is_revoked(members: &Members) -> bool {
    flag(members, "revoked") == Some(true)
}

fn seconds(members: &Members, name: &str) -> u32 {
    let seconds = text(members, name).and_then(parse_rfc3339);
    seconds.and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or_default()
}
