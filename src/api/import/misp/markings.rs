//! What an event, an object or an attribute says of its markings: by its tags, and by whom it is distributed to.

use overlap_indicator::Tlp;
use serde_json::Value;

use crate::import::json_value::{Members, object, text};
use crate::import::marking::Marking;

/// Where tags stand: by name, and in the tables that join them, as answers and exports of the database have them.
const TAGS: [&str; 3] = ["Tag", "AttributeTag", "EventTag"];

/// The narrowest marking: what is there and cannot be read may be any.
const UNREADABLE: Marking = Marking { tlp: Some(Tlp::Red), pap: None };

/// The markings of an event, an object or an attribute, without what is around it. One that its organisation gives to nobody else ("Your
/// organisation only", distribution 0 in MISP core format) is red, unless a tag of its own says otherwise.
pub(crate) fn marking_of(members: &Members) -> Marking {
    let tags = TAGS.into_iter().filter_map(|name| members.get(name)).map(of_tags);
    let tagged = tags.fold(Marking::default(), Marking::and);
    let is_own = members.get("distribution").is_some_and(is_zero);
    if is_own && tagged.tlp.is_none() { tagged.and(UNREADABLE) } else { tagged }
}

/// The markings of the event that an attribute names itself, as answers with context have it; none if it names none.
pub(crate) fn of_named_event(members: &Members) -> Option<Marking> {
    match members.get("Event")? {
        Value::Null => None,
        Value::Object(event) => Some(marking_of(event)),
        _ => Some(UNREADABLE),
    }
}

fn of_tags(tags: &Value) -> Marking {
    match tags {
        Value::Null => Marking::default(),
        Value::String(text) if text.is_empty() => Marking::default(),
        Value::Array(tags) => tags.iter().map(of_tag).fold(Marking::default(), Marking::and),
        _ => UNREADABLE,
    }
}

fn of_tag(tag: &Value) -> Marking {
    let name = tag.as_object().and_then(|tag| text(object(tag, "Tag").unwrap_or(tag), "name"));
    name.map_or(UNREADABLE, Marking::of_tag)
}

fn is_zero(value: &Value) -> bool {
    value.as_u64() == Some(0) || value.as_str().is_some_and(|text| text.trim() == "0")
}
