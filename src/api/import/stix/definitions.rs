//! What objects refer to: markings and identities.

use std::collections::HashMap;

use overlap_indicator::Tlp;
use serde_json::Value;

use crate::import::error::ImportError;
use crate::import::json_value::{Members, filled, list, object, text, texts};
use crate::import::marking::Marking;

/// Definitions that are remembered. A feed has some dozen.
const MAX_DEFINITIONS: usize = 50_000;

/// The longest name of an identity that is kept, in bytes.
const MAX_NAME_BYTES: usize = 512;

/// Markings that need no definition: the four of STIX 2.1, 7.2.1.4 ("TLP"), the five of the extension for TLP 2.0 (OASIS,
/// cti-stix-common-objects), and the one by which OpenCTI writes TLP:AMBER+STRICT.
const TLP_IDS: [(&str, Tlp); 10] = [
    ("marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", Tlp::Clear),
    ("marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", Tlp::Green),
    ("marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", Tlp::Amber),
    ("marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", Tlp::Red),
    ("marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", Tlp::Clear),
    ("marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb", Tlp::Green),
    ("marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421", Tlp::Amber),
    ("marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", Tlp::AmberStrict),
    ("marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1", Tlp::Red),
    ("marking-definition--826578e1-40ad-459f-bc73-ede076f81f37", Tlp::AmberStrict),
];

/// The extension by which a marking definition is one of TLP 2.0.
const TLP_2_EXTENSION: &str = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";

/// The definitions of a file, as far as it was read.
#[derive(Debug, Default)]
pub(crate) struct Definitions {
    markings: HashMap<String, Marking>,
    identities: HashMap<String, String>,
}

impl Definitions {
    /// Remembers what an object defines.
    pub(crate) fn learn(&mut self, members: &Members) -> Result<(), ImportError> {
        let Some(id) = text(members, "id") else { return Ok(()) };
        match text(members, "type") {
            Some("marking-definition") => {
                self.markings.insert(id.to_owned(), marking(members));
            }
            Some("identity") => {
                let name = text(members, "name").filter(|name| name.len() <= MAX_NAME_BYTES);
                self.identities.insert(id.to_owned(), name.unwrap_or_default().to_owned());
            }
            _ => (),
        }
        if self.markings.len() + self.identities.len() > MAX_DEFINITIONS {
            return Err(ImportError::TooManyDefinitions(MAX_DEFINITIONS));
        }
        Ok(())
    }

    /// Whether all that an object refers to is known.
    pub(crate) fn know_all_of(&self, members: &Members) -> bool {
        marking_refs(members).all(|id| self.marking(id).is_some())
            && text(members, "created_by_ref").is_none_or(|id| self.identities.contains_key(id))
    }

    /// The markings of an object. One that nobody defines may be any, so it is the narrowest.
    pub(crate) fn marking_of(&self, members: &Members) -> Marking {
        let red = Marking { tlp: Some(Tlp::Red), pap: None };
        let by_reference = marking_refs(members).map(|id| self.marking(id).unwrap_or(red));
        by_reference.fold(Marking::of_tags(texts(members, "labels")), Marking::and)
    }

    /// The name of an object's author.
    pub(crate) fn source_of(&self, members: &Members) -> Option<String> {
        let name = self.identities.get(text(members, "created_by_ref")?)?;
        Some(name.clone()).filter(|name| !name.is_empty())
    }

    fn marking(&self, id: &str) -> Option<Marking> {
        let constant = TLP_IDS.iter().find(|(known, _)| *known == id);
        match constant {
            Some((_, tlp)) => Some(Marking { tlp: Some(*tlp), pap: None }),
            None => self.markings.get(id).copied(),
        }
    }
}

/// The markings of the whole object and of its parts (STIX 2.1, 7.2.3): what marks a part marks the indicator that is made of it.
fn marking_refs(members: &Members) -> impl Iterator<Item = &str> {
    let granular = list(members, "granular_markings").iter().filter_map(Value::as_object);
    let granular = granular.filter_map(|marking| text(marking, "marking_ref"));
    // A reference that is no text refers to nothing that is known.
    let whole = list(members, "object_marking_refs").iter().map(|id| filled(id).unwrap_or_default());
    whole.chain(granular)
}

/// What a definition means, in the words of STIX 2.1, of the extension for TLP 2.0, and of OpenCTI.
fn marking(members: &Members) -> Marking {
    let tagged = |prefix: &str, word: &str| Marking::of_tag(&format!("{prefix}:{word}"));
    let tlp_2 = object(members, "extensions")
        .and_then(|extensions| text(object(extensions, TLP_2_EXTENSION)?, "tlp_2_0"))
        .map(|word| tagged("tlp", word));
    let definition = object(members, "definition");
    let tlp_1 = definition.and_then(|definition| text(definition, "tlp")).map(|word| tagged("tlp", word));
    let statement = definition.and_then(|definition| text(definition, "statement"));
    let named = [text(members, "x_opencti_definition"), text(members, "name"), statement];
    let named = Marking::of_tags(named.into_iter().flatten());
    [tlp_2, tlp_1].into_iter().flatten().fold(named, Marking::and)
}
