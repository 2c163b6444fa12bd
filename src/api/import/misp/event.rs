//! What an event says of all its attributes.

use crate::import::finding::filled_tags;
use crate::import::json_cut::Frame;
use crate::import::json_value::{Members, members, object, text};
use crate::import::marking::Marking;
use overlap_indicator::Tlp;

/// An event, without its attributes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Event {
    /// Its tags' markings, which its attributes have too.
    pub(crate) marking: Marking,
    /// The organisation that made it.
    pub(crate) source: Option<String>,
    /// Why it cannot be read, and with it none of its attributes.
    pub(crate) refused: Option<&'static str>,
}

impl Event {
    /// Reads the members that were kept of an event.
    pub(crate) fn read(frame: &Frame) -> Self {
        let members = match members(&frame.kept()) {
            Ok(members) => members,
            Err(reason) => return Self { refused: Some(reason), ..Self::default() },
        };
        let mut event = Self::of(&members);
        if frame.left_out {
            // Its tags may be what was too large.
            event.marking.tlp = Some(Tlp::Red);
        }
        event
    }

    fn of(members: &Members) -> Self {
        let organisation = object(members, "Orgc").or_else(|| object(members, "Org"));
        Self {
            marking: Marking::of_tags(filled_tags(members)),
            source: organisation.and_then(|organisation| text(organisation, "name")).map(str::to_owned),
            refused: None,
        }
    }
}
