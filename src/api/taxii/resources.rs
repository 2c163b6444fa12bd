//! The resources of TAXII 2.1, sections 3.7, 4 and 5. What is empty is left out: the standard has no empty lists.

use serde::Serialize;
use utoipa::ToSchema;

use super::media::{MEDIA_TYPE, STIX_MEDIA_TYPE};
use crate::stix::StixObject;

/// Bytes in a body that a client may send, as every API root has to say. None is read.
pub(crate) const MAX_CONTENT_LENGTH: u64 = 1_048_576;

/// What the server is (section 4.1.1).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaxiiDiscovery, example = json!({
    "title": "overlapd: police", "description": "Overlaps and own indicators of police in the coalition example.",
    "default": "https://127.0.0.1:7780/taxii2/overlap/", "api_roots": ["https://127.0.0.1:7780/taxii2/overlap/"]
}))]
pub(crate) struct Discovery {
    title: String,
    description: String,
    /// The API root, which is the only one.
    default: String,
    api_roots: [String; 1],
}

impl Discovery {
    pub(crate) fn new(title: String, description: String, api_root: String) -> Self {
        Self { title, description, default: api_root.clone(), api_roots: [api_root] }
    }
}

/// What the API root is (section 4.2.1).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaxiiApiRoot, example = json!({
    "title": "overlapd: police", "description": "Overlaps and own indicators of police in the coalition example.",
    "versions": ["application/taxii+json;version=2.1"], "max_content_length": 1048576
}))]
pub(crate) struct ApiRoot {
    title: String,
    description: String,
    versions: [&'static str; 1],
    /// In bytes.
    max_content_length: u64,
}

impl ApiRoot {
    pub(crate) const fn new(title: String, description: String) -> Self {
        Self { title, description, versions: [MEDIA_TYPE], max_content_length: MAX_CONTENT_LENGTH }
    }
}

/// A collection (section 5.2.1).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaxiiCollection, example = json!({
    "id": "472c94ae-3113-4e3e-a4dd-a9f4ac7471d4", "title": "Overlaps with payments", "description": "What payments holds too.",
    "alias": "overlaps-payments", "can_read": true, "can_write": false, "media_types": ["application/stix+json;version=2.1"]
}))]
pub(crate) struct CollectionResource {
    /// A UUID of version 4.
    id: String,
    title: String,
    description: String,
    /// Stands for the id in paths.
    alias: String,
    can_read: bool,
    can_write: bool,
    media_types: [&'static str; 1],
}

impl CollectionResource {
    pub(crate) const fn new(id: String, alias: String, title: String, description: String) -> Self {
        Self {
            id,
            title,
            description,
            alias,
            can_read: true,
            can_write: false,
            media_types: [STIX_MEDIA_TYPE],
        }
    }
}

/// The collections (section 5.1.1).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaxiiCollections)]
pub(crate) struct Collections {
    /// Own indicators first, then partners by their ids.
    pub(crate) collections: Vec<CollectionResource>,
}

/// A page of objects (section 3.7.1).
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = TaxiiEnvelope)]
pub(crate) struct Envelope {
    /// Whether there are more that match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) more: Option<bool>,
    /// The `next` of the page that follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
    /// STIX 2.1 objects, in the order in which they were added.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub(crate) objects: Vec<StixObject>,
}

/// A page of a manifest (section 5.3.1).
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = TaxiiManifest)]
pub(crate) struct Manifest {
    /// Whether there are more that match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) more: Option<bool>,
    /// The `next` of the page that follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
    /// In the order in which they were added.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) objects: Vec<ManifestRecord>,
}

/// A version of an object, without its content (section 5.3.1).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaxiiManifestRecord)]
pub(crate) struct ManifestRecord {
    pub(crate) id: String,
    /// When it was added to the collection; no two have one date.
    #[schema(format = "date-time")]
    pub(crate) date_added: String,
    /// Its `modified`, or its `created` where it has no other.
    #[schema(format = "date-time")]
    pub(crate) version: String,
    pub(crate) media_type: &'static str,
}

/// A page of an object's versions (section 5.8.1).
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = TaxiiVersions)]
pub(crate) struct Versions {
    /// Whether there are more that match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) more: Option<bool>,
    /// `modified` of each, or `created`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub(crate) versions: Vec<String>,
}
