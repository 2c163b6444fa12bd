//! What is an object and what stands around objects, and what an object may be that is not what it should be.

use serde_json::Value;

use super::identifiers::MARKINGS;
use super::kept::Kept;
use super::links::NAMED;
use super::types::is_of_versions;
use super::unreadable::{ids, may_name_others};
use crate::import::json_cut::TOO_LONG;
use crate::import::json_value::{Members, list, text};

/// The role of a part: an object.
pub(crate) const OBJECT: u8 = 0;

/// The role of what stands alone, or in a list that does: an object, or a bundle or envelope of no objects.
pub(crate) const ALONE: u8 = 1;

/// The role of what stands so and has a list of objects, which were taken out of it.
pub(crate) const WITH_OBJECTS: u8 = 2;

/// The type of a bundle.
pub(crate) const BUNDLE: &str = "bundle";

/// The type of a marking's definition.
const DEFINITION: &str = "marking-definition";

/// The keys of markings, as they stand in a text. Labels are of many things.
const MARKS: [&str; 2] = ["\"object_marking_refs\"", "\"granular_markings\""];

/// Members that an object has, beside its markings, and no envelope.
const OF_OBJECTS: [&str; 6] = ["type", "pattern", "value", "revoked", "definition", NAMED];

/// Whether a part is no object but what stands around objects: a bundle (STIX 2.1, 8), or an envelope (TAXII 2.1, 3.7), to which other APIs add members
/// of their own. "The property objects is optional", so that either can be without any. What may have been something else is none of them.
pub(crate) fn is_around_objects(role: u8, object: &Kept) -> bool {
    let is_of_envelope = |name: &String| matches!(name.as_str(), "more" | "next");
    match (role, text(object, "type")) {
        (OBJECT, _) => false,
        _ if object.is_partly() => false,
        _ if may_speak_of_others(&within(object)) => false,
        (_, Some(type_name)) => type_name == BUNDLE && !has_objects(object),
        (WITH_OBJECTS, None) => {
            let is_named =
                text(object, "id").is_some_and(|id| id.contains("--") && !id.starts_with("bundle--"));
            let is_object =
                is_named || OF_OBJECTS.iter().chain(&MARKINGS).any(|name| object.contains_key(*name));
            !is_object
        }
        (_, None) => object.keys().all(is_of_envelope),
    }
}

/// The ids of objects that stand in other members than the list of objects, of whatever stands around that list.
pub(crate) fn ids_within(around: &Kept) -> Vec<String> {
    ids(within(around).as_bytes()).collect()
}

/// The members that have others in them, as JSON, but for those that mark the whole.
fn within(object: &Kept) -> String {
    let is_nested = |value: &Value| value.is_object() || value.is_array();
    let nested = object.iter().filter(|(name, value)| is_nested(value) && !MARKINGS.contains(&name.as_str()));
    nested.map(|(name, value)| format!("\"{name}\":{value},")).collect()
}

/// Whether something in a text may mark what is elsewhere, or be marked.
fn may_speak_of_others(text: &str) -> bool {
    may_name_others(text.as_bytes()) || MARKS.iter().any(|name| text.contains(name))
}

/// Whether an object has others in a member that is not read so.
fn has_objects(object: &Members) -> bool {
    match object.get("objects") {
        Some(Value::Object(members)) => !members.is_empty(),
        Some(Value::Array(elements)) => {
            elements.iter().any(|element| element.is_object() || element.is_array() || is_hidden(element))
        }
        objects => objects.is_some_and(is_hidden),
    }
}

/// Whether a value is a text in which objects may be written, or was one that was too long.
pub(crate) fn is_hidden(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains('{') || text == TOO_LONG)
}

/// Whether objects are written in an object as texts, in which nothing is seen.
fn hides_objects(object: &Members) -> bool {
    object.get("objects").is_some_and(is_hidden) || list(object, "objects").iter().any(is_hidden)
}

/// Whether what an object says of others cannot be told from what is there: it may name others, and is not seen to.
pub(crate) fn is_obscure(role: u8, object: &Kept) -> bool {
    let may_name = || may_name_others(object.text().as_bytes());
    match text(object, "type") {
        _ if role == WITH_OBJECTS || hides_objects(object) => true,
        None | Some(BUNDLE) => object.is_partly() || may_name(),
        // Its observables have the narrowest marking of all that are in it.
        Some("observed-data") => false,
        // It may be the newest of any id.
        Some(type_name) if object.may_lack("id") => is_of_versions(type_name) || type_name == DEFINITION,
        Some(_) => has_objects(object) && may_name(),
    }
}

/// The ids of which an object may be the newest without its type saying so, and those of what is in something that is none.
pub(crate) fn obscured(object: &Kept) -> Vec<String> {
    let type_name = text(object, "type").unwrap_or_default();
    if matches!(type_name, "" | BUNDLE) {
        return ids(object.text().as_bytes()).collect();
    }
    let id = text(object, "id").unwrap_or_default();
    let of_id = id.split_once("--").map(|(of_id, _)| of_id.to_ascii_lowercase()).unwrap_or_default();
    let is_another = of_id != type_name && (is_of_versions(&of_id) || of_id == DEFINITION);
    is_another.then(|| id.to_owned()).into_iter().collect()
}
