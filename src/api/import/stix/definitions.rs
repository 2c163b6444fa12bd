//! What objects refer to: markings and identities.

use std::collections::HashMap;

use overlap_indicator::{Pap, Tlp};
use serde_json::Value;

use super::kept::Kept;
use crate::import::error::ImportError;
use crate::import::json_value::{Members, filled, list, object, text};
use crate::import::marking::{Marking, RED};
use crate::rfc3339::parse_micros;

/// Definitions that are remembered. A feed has some dozen.
const MAX_DEFINITIONS: usize = 50_000;

/// The longest id of a definition, in bytes: STIX has a type's name and a UUID. What has a longer one defines nothing.
const MAX_ID_BYTES: usize = 128;

/// The longest name of an identity that is kept, in bytes.
const MAX_NAME_BYTES: usize = 256;

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

/// The extension in which OpenCTI's observables have what they have no property for: their author and their description.
const OPENCTI_OBSERVABLE: &str = "extension-definition--f93e2c80-4231-4f9a-af8b-95c9bd566a82";

/// The extension in which OpenCTI writes what it knows of each object, beside what the object says.
pub(crate) const OPENCTI_OBJECT: &str = "extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba";

/// Whether an extension does not change what a marking means.
fn is_plain_extension(id: &String) -> bool {
    id == OPENCTI_OBJECT || id == TLP_2_EXTENSION
}

/// The definitions of a file, as far as it was read.
#[derive(Debug, Default)]
pub(crate) struct Definitions {
    /// None of those that are defined in words that nobody here knows.
    markings: HashMap<String, Option<Marking>>,
    identities: HashMap<String, Identity>,
}

#[derive(Debug)]
struct Identity {
    /// Microseconds since 1970; 0 where there is no time.
    modified: u64,
    name: String,
}

impl Definitions {
    /// Remembers what an object defines.
    pub(crate) fn learn(&mut self, object: &Kept) -> Result<(), ImportError> {
        let Some(id) = text(object, "id").filter(|id| id.len() <= MAX_ID_BYTES).map(key) else {
            return Ok(());
        };
        match text(object, "type") {
            Some("marking-definition") => {
                let of_what_is_left = |read: Marking| if object.is_partly() { read.and(RED) } else { read };
                let marking = marking(object).map(of_what_is_left);
                // A definition has no versions: of two the narrower holds.
                let known = self.markings.entry(id).or_insert(Some(Marking::default()));
                *known = known.zip(marking).map(|(known, read)| known.and(read));
            }
            Some("identity") => self.learn_identity(id, object),
            _ => (),
        }
        if self.markings.len() + self.identities.len() > MAX_DEFINITIONS {
            return Err(ImportError::TooManyDefinitions(MAX_DEFINITIONS));
        }
        Ok(())
    }

    fn learn_identity(&mut self, id: String, members: &Members) {
        let modified = text(members, "modified").and_then(parse_micros).unwrap_or_default();
        if self.identities.get(&id).is_some_and(|known| known.modified > modified) {
            return;
        }
        let name = text(members, "name").filter(|name| name.len() <= MAX_NAME_BYTES);
        let identity = Identity { modified, name: name.unwrap_or_default().to_owned() };
        self.identities.insert(id, identity);
    }

    /// There is a definition of this id that cannot be read.
    pub(crate) fn obscure(&mut self, id: &str) {
        let id = key(id);
        let may_be_one = id.starts_with("marking-definition--") && id.len() <= MAX_ID_BYTES;
        let has_room = self.markings.len() + self.identities.len() < MAX_DEFINITIONS;
        if may_be_one && (has_room || self.markings.contains_key(&id)) {
            self.markings.insert(id, None);
        }
    }

    /// The markings of an object itself. One that nobody defines, or that cannot be read, may be any, so it is the narrowest.
    pub(crate) fn marking_of(&self, members: &Members) -> Marking {
        let by_reference = marking_refs(members).map(|id| id.and_then(|id| self.marking(id)).unwrap_or(RED));
        let by_label = elements(members, "labels").map(|label| match label {
            Some(Value::Null) => Marking::default(),
            Some(Value::String(label)) if label.trim().is_empty() => Marking::default(),
            label => label.and_then(filled).map_or(RED, Marking::of_tag),
        });
        by_reference.chain(by_label).fold(Marking::default(), Marking::and)
    }

    /// The markings of an object that nobody defines, or nobody here understands.
    pub(crate) fn unknown_markings<'a>(&'a self, members: &'a Members) -> impl Iterator<Item = &'a str> {
        marking_refs(members).flatten().filter(|id| self.marking(id).is_none())
    }

    /// The name of an object's author.
    pub(crate) fn source_of(&self, members: &Members) -> Option<String> {
        let in_extension = || text(opencti_observable(members)?, "created_by_ref");
        let author = text(members, "created_by_ref").or_else(in_extension)?;
        let name = &self.identities.get(&key(author))?.name;
        Some(name.clone()).filter(|name| !name.is_empty())
    }

    fn marking(&self, id: &str) -> Option<Marking> {
        let id = &key(id);
        let constant = TLP_IDS.iter().find(|(known, _)| known == id);
        match constant {
            Some((_, tlp)) => Some(Marking { tlp: Some(*tlp), pap: None }),
            None => self.markings.get(id).copied().flatten(),
        }
    }
}

/// An id as it is compared: some tools write it in capitals.
fn key(id: &str) -> String {
    id.to_ascii_lowercase()
}

/// What OpenCTI says of an observable beside its properties.
pub(crate) fn opencti_observable(members: &Members) -> Option<&Members> {
    object(object(members, "extensions")?, OPENCTI_OBSERVABLE)
}

/// The markings of the whole object and of its parts (STIX 2.1, 7.2.3): what marks a part marks the indicator that is made of it. None stands
/// for what is there and refers to nothing: it was meant to restrict, and nobody here knows how far.
fn marking_refs(members: &Members) -> impl Iterator<Item = Option<&str>> {
    let whole = elements(members, "object_marking_refs").map(|id| filled(id?));
    let granular = elements(members, "granular_markings").filter_map(|marking| {
        let Some(marking) = marking.and_then(Value::as_object) else { return Some(None) };
        match text(marking, "marking_ref") {
            // A granular marking may say the language instead.
            None if marking.contains_key("lang") && !marking.contains_key("marking_ref") => None,
            reference => Some(reference),
        }
    });
    whole.chain(granular)
}

/// Whether a definition has nothing in another form than is read here.
fn is_in_known_forms(members: &Members) -> bool {
    let is_none_or = |name: &str, is_form: fn(&Value) -> bool| {
        members.get(name).is_none_or(|value| value.is_null() || is_form(value))
    };
    let is_word = |(name, value): (&String, &Value)| {
        value.is_string() && ["tlp", "pap", "statement"].iter().any(|known| name.eq_ignore_ascii_case(known))
    };
    is_none_or("definition_type", Value::is_string)
        && is_none_or("x_opencti_definition_type", Value::is_string)
        && is_none_or("extensions", Value::is_object)
        && is_none_or("definition", Value::is_object)
        && object(members, "definition").is_none_or(|definition| definition.iter().all(is_word))
}

/// The elements of a list; one that is none if something else stands in its place.
fn elements<'a>(members: &'a Members, name: &str) -> impl Iterator<Item = Option<&'a Value>> {
    let is_no_list = members.get(name).is_some_and(|value| !value.is_array() && !value.is_null());
    list(members, name).iter().map(Some).chain(is_no_list.then_some(None))
}

/// What a definition means, in the words of STIX 2.1, of the extension for TLP 2.0, and of OpenCTI. One that says that it is a TLP or a PAP and
/// not which is the narrowest. None if it is neither, nor a statement, which is for people, and no more: it restricts, and nobody here knows how far.
fn marking(members: &Members) -> Option<Marking> {
    let tagged = |prefix: &str, word: &str| Marking::of_tag(&format!("{prefix}:{word}"));
    let tlp_2 = object(members, "extensions").and_then(|extensions| object(extensions, TLP_2_EXTENSION));
    let by_extension = tlp_2.and_then(|extension| text(extension, "tlp_2_0")).map(|word| tagged("tlp", word));
    let definition = object(members, "definition");
    let tlp_1 = definition.and_then(|definition| text(definition, "tlp")).map(|word| tagged("tlp", word));
    let statement = definition.and_then(|definition| text(definition, "statement"));
    let opencti = text(members, "x_opencti_definition");
    let named = [opencti, text(members, "name"), statement];
    let named = Marking::of_tags(named.into_iter().flatten());
    let Marking { tlp, pap } = [by_extension, tlp_1].into_iter().flatten().fold(named, Marking::and);
    let types = || {
        ["definition_type", "x_opencti_definition_type"].into_iter().filter_map(|name| text(members, name))
    };
    let is_a = |word: &str| types().any(|name| name.eq_ignore_ascii_case(word));
    let means_tlp = tlp_2.is_some() || is_a("tlp");
    let read =
        Marking { tlp: tlp.or(means_tlp.then_some(Tlp::Red)), pap: pap.or(is_a("pap").then_some(Pap::Red)) };
    let is_known =
        |name: &str| ["tlp", "pap", "statement"].iter().any(|known| name.eq_ignore_ascii_case(known));
    let is_extended =
        object(members, "extensions").is_some_and(|extensions| !extensions.keys().all(is_plain_extension));
    let is_statement = is_a("statement") || statement.is_some();
    let is_known = types().all(is_known) && !is_extended && is_in_known_forms(members);
    (is_known && (read != Marking::default() || is_statement)).then_some(read)
}
