//! What an event says of all its attributes.

use super::markings::marking_of;
use crate::import::json_cut::Frame;
use crate::import::json_value::{Members, members, object, text};
use crate::import::marking::Marking;
use crate::import::row::{LONGEST_SOURCE, free_text, shortened};
use overlap_indicator::Tlp;

/// An event, without its attributes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Event {
    /// Its tags' markings, which its attributes have too.
    pub(crate) marking: Marking,
    /// The organisation that made it.
    pub(crate) source: Option<String>,
    /// Whether the file has it: attributes alone can come without.
    pub(crate) is_known: bool,
    /// Why it cannot be read, and with it none of its attributes.
    pub(crate) refused: Option<String>,
}

impl Event {
    /// Reads the members that were kept of an event.
    pub(crate) fn read(frame: &Frame) -> Self {
        let members = match members(&frame.kept()) {
            Ok(members) => members,
            Err(reason) => return Self { refused: Some(reason.to_owned()), ..Self::default() },
        };
        let mut event = Self::of(&members);
        if !frame.left_out.is_nothing() {
            // Its tags may be what was too large.
            event.marking.tlp = Some(Tlp::Red);
        }
        event
    }

    fn of(members: &Members) -> Self {
        let name = organisation(members);
        // Looked at once, for an event can have a million attributes.
        let source = free_text("source", name);
        Self {
            marking: marking_of(members),
            is_known: true,
            refused: source.as_ref().err().cloned(),
            source: source.ok().map(|name| shortened(&name, LONGEST_SOURCE)).filter(|name| !name.is_empty()),
        }
    }
}

/// The name of the organisation that made an event.
pub(crate) fn organisation(event: &Members) -> Option<&str> {
    text(object(event, "Orgc").or_else(|| object(event, "Org"))?, "name")
}
