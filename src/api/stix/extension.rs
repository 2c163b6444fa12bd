//! What our objects say beyond the standard: an extension (STIX 2.1, section 7.3), since a property of our own on the object itself
//! would be refused by strict readers.

use serde::Serialize;

use super::SPEC_VERSION;
use super::identity::CREATED;

/// The id of the extension; drawn once, at random.
pub(crate) const EXTENSION_ID: &str = "extension-definition--93103207-ead4-4a83-8f87-60e250562af3";

const SCHEMA: &str = "On an indicator: `kind`, what it is in words of overlapd (url, domain, onion, ip, email, phone, wallet, merchant, iban, account, handle, infohash, file-hash, newsgroup), and `value`, its canonical form. On a sighting, besides: `facet`, the key on which the two indicators meet, and `exchange`, the id of the exchange that found it, 32 hex digits.";

/// The definition of the extension.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ExtensionDefinition {
    #[serde(rename = "type")]
    object_type: &'static str,
    spec_version: &'static str,
    id: &'static str,
    created_by_ref: String,
    created: &'static str,
    modified: &'static str,
    name: &'static str,
    description: &'static str,
    schema: &'static str,
    version: &'static str,
    extension_types: [&'static str; 1],
}

impl ExtensionDefinition {
    pub(crate) const TYPE: &'static str = "extension-definition";

    /// The definition, as the member with this identity tells it.
    pub(crate) const fn told_by(identity: String) -> Self {
        Self {
            object_type: Self::TYPE,
            spec_version: SPEC_VERSION,
            id: EXTENSION_ID,
            created_by_ref: identity,
            created: CREATED,
            modified: CREATED,
            name: "overlapd",
            description: "What an indicator is in words of overlapd, and what an overlap was found on.",
            schema: SCHEMA,
            version: "1.0.0",
            extension_types: ["property-extension"],
        }
    }

    pub(crate) const fn id(&self) -> &'static str {
        self.id
    }

    pub(crate) const fn modified(&self) -> &'static str {
        self.modified
    }
}

/// The `extensions` of an indicator or a sighting.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct OverlapExtension {
    #[serde(rename = "extension-definition--93103207-ead4-4a83-8f87-60e250562af3")]
    overlapd: Properties,
}

#[derive(Clone, Debug, Serialize)]
struct Properties {
    extension_type: &'static str,
    kind: &'static str,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    facet: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exchange: Option<String>,
}

impl OverlapExtension {
    pub(crate) const fn of_indicator(kind: &'static str, value: String) -> Self {
        let extension_type = "property-extension";
        Self { overlapd: Properties { extension_type, kind, value, facet: None, exchange: None } }
    }

    pub(crate) fn of_sighting(
        kind: &'static str,
        value: String,
        facet: &'static str,
        exchange: String,
    ) -> Self {
        let mut extension = Self::of_indicator(kind, value);
        (extension.overlapd.facet, extension.overlapd.exchange) = (Some(facet), Some(exchange));
        extension
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_of_the_extension_that_objects_carry() {
        let carried = serde_json::to_value(OverlapExtension::of_indicator("url", String::new())).unwrap();
        assert_eq!(carried.as_object().unwrap().keys().collect::<Vec<_>>(), [EXTENSION_ID]);
    }
}
