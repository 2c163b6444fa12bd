//! What this node tells as STIX 2.1 objects, always the same for the same rows, to the byte.
//!
//! | object | stands for | its id is made of |
//! |---|---|---|
//! | `identity` | a member, this node's own or a partner | coalition and member |
//! | `marking-definition` | a marking of TLP 2.0 | fixed by OASIS |
//! | `indicator` | an own indicator | the row's id, a keyed hash |
//! | `sighting` | an overlap: the partner has met the indicator too | partner, indicator and facet |
//! | `extension-definition` | what our extension adds to the two before | fixed |
//!
//! Ids are UUIDs of version 5 in a namespace of our own (STIX 2.1, section 2.9: any namespace but that of the
//! standard's own observables), so that whoever pulls a second time makes no duplicates.

mod extension;
mod identity;
mod indicator;
mod marking;
mod pattern;
mod sighting;
mod timestamp;

use serde::Serialize;

pub(crate) use self::extension::{EXTENSION_ID, ExtensionDefinition, OverlapExtension};
pub(crate) use self::identity::{Coalition, Identity};
pub(crate) use self::indicator::{IndicatorObject, pap_label};
pub(crate) use self::marking::MarkingDefinition;
pub(crate) use self::pattern::pattern;
pub(crate) use self::sighting::Sighting;
pub(crate) use self::timestamp::{microseconds, milliseconds, parse_timestamp};

/// The version of the standard that every object follows.
pub(crate) const SPEC_VERSION: &str = "2.1";

/// A STIX object.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum StixObject {
    Extension(ExtensionDefinition),
    Identity(Identity),
    Indicator(IndicatorObject),
    Marking(MarkingDefinition),
    Sighting(Sighting),
}

impl StixObject {
    /// Its `type`.
    pub(crate) const fn type_name(&self) -> &'static str {
        match self {
            StixObject::Extension(_) => ExtensionDefinition::TYPE,
            StixObject::Identity(_) => Identity::TYPE,
            StixObject::Indicator(_) => IndicatorObject::TYPE,
            StixObject::Marking(_) => MarkingDefinition::TYPE,
            StixObject::Sighting(_) => Sighting::TYPE,
        }
    }

    /// Its `id`.
    pub(crate) fn id(&self) -> &str {
        match self {
            StixObject::Extension(object) => object.id(),
            StixObject::Identity(object) => object.id(),
            StixObject::Indicator(object) => object.id(),
            StixObject::Marking(object) => object.id(),
            StixObject::Sighting(object) => object.id(),
        }
    }

    /// Its version: `modified`, or `created` where it has no other (TAXII 2.1, section 3.4.1).
    pub(crate) fn version(&self) -> &str {
        match self {
            StixObject::Extension(object) => object.modified(),
            StixObject::Identity(object) => object.modified(),
            StixObject::Indicator(object) => object.modified(),
            StixObject::Marking(object) => object.created(),
            StixObject::Sighting(object) => object.modified(),
        }
    }
}

#[cfg(test)]
mod tests;
