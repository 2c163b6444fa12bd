//! TLP 2.0 as OASIS defines it for STIX 2.1.

use overlap_indicator::Tlp;
use serde::Serialize;

use super::SPEC_VERSION;

/// When OASIS made all five.
const CREATED: &str = "2022-10-01T00:00:00.000Z";

/// A marking of TLP 2.0: exactly the object of the extension "TLP 2.0" in OASIS' common object repository, with no property more, as it has
/// to be wherever it is told.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct MarkingDefinition {
    #[serde(rename = "type")]
    object_type: &'static str,
    spec_version: &'static str,
    id: &'static str,
    created: &'static str,
    name: &'static str,
    extensions: Tlp2Extension,
}

#[derive(Clone, Debug, Serialize)]
struct Tlp2Extension {
    #[serde(rename = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d")]
    tlp: Tlp2,
}

#[derive(Clone, Debug, Serialize)]
struct Tlp2 {
    extension_type: &'static str,
    tlp_2_0: &'static str,
}

impl MarkingDefinition {
    pub(crate) const TYPE: &'static str = "marking-definition";

    /// The object of a marking.
    pub(crate) const fn of(tlp: Tlp) -> Self {
        let tlp_2_0 = Tlp2 { extension_type: "property-extension", tlp_2_0: tlp.as_str() };
        Self {
            object_type: Self::TYPE,
            spec_version: SPEC_VERSION,
            id: Self::id_of(tlp),
            created: CREATED,
            name: match tlp {
                Tlp::Clear => "TLP:CLEAR",
                Tlp::Green => "TLP:GREEN",
                Tlp::Amber => "TLP:AMBER",
                Tlp::AmberStrict => "TLP:AMBER+STRICT",
                Tlp::Red => "TLP:RED",
            },
            extensions: Tlp2Extension { tlp: tlp_2_0 },
        }
    }

    /// The id of a marking.
    pub(crate) const fn id_of(tlp: Tlp) -> &'static str {
        match tlp {
            Tlp::Clear => "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
            Tlp::Green => "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
            Tlp::Amber => "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
            Tlp::AmberStrict => "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
            Tlp::Red => "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
        }
    }

    pub(crate) const fn id(&self) -> &'static str {
        self.id
    }

    pub(crate) const fn created(&self) -> &'static str {
        self.created
    }
}
