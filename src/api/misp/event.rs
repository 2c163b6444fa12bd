//! Events: what one exchange found at one time.

use overlap_store::OverlapGroup;
use serde::Serialize;

use super::organisation::{OWN, Organisation};
use super::scope::Scope;
use super::tag::Tag;
use crate::rfc3339::rfc3339;

/// Undefined: this node grades nothing.
pub(crate) const THREAT_LEVEL: &str = "4";
/// Completed: an exchange has ended.
pub(crate) const ANALYSIS: &str = "2";
/// The own organisation alone.
pub(crate) const DISTRIBUTION: &str = "0";

/// An event, without its attributes.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Event {
    pub(crate) id: String,
    orgc_id: &'static str,
    org_id: &'static str,
    date: String,
    threat_level_id: &'static str,
    info: String,
    published: bool,
    uuid: String,
    attribute_count: String,
    analysis: &'static str,
    timestamp: String,
    distribution: &'static str,
    proposal_email_lock: bool,
    locked: bool,
    publish_timestamp: String,
    sharing_group_id: &'static str,
    disable_correlation: bool,
    extends_uuid: &'static str,
    protected: Option<bool>,
    #[serde(rename = "Org")]
    org: Organisation,
    #[serde(rename = "Orgc")]
    orgc: Organisation,
    #[serde(rename = "ShadowAttribute")]
    proposals: [(); 0],
    #[serde(rename = "RelatedEvent")]
    related: [(); 0],
    #[serde(rename = "Galaxy")]
    galaxies: [(); 0],
    #[serde(rename = "Object")]
    objects: [(); 0],
    #[serde(rename = "EventReport")]
    reports: [(); 0],
    #[serde(rename = "CryptographicKey")]
    keys: [(); 0],
    #[serde(rename = "Tag")]
    tags: Vec<Tag>,
}

/// What an event is called.
pub(crate) fn info(group: &OverlapGroup) -> String {
    format!("Overlaps with {}", group.peer)
}

fn date(group: &OverlapGroup) -> String {
    // RFC 3339 begins with ten characters of a date.
    rfc3339(group.found).chars().take(10).collect()
}

impl Event {
    /// The event of a group of overlaps.
    pub(crate) fn of(group: &OverlapGroup, scope: &Scope) -> Self {
        Self {
            id: group.number.to_string(),
            orgc_id: OWN,
            org_id: OWN,
            date: date(group),
            threat_level_id: THREAT_LEVEL,
            info: info(group),
            published: true,
            uuid: group.uuid.to_string(),
            attribute_count: group.overlaps.to_string(),
            analysis: ANALYSIS,
            timestamp: group.found.to_string(),
            distribution: DISTRIBUTION,
            proposal_email_lock: false,
            locked: false,
            publish_timestamp: group.found.to_string(),
            sharing_group_id: "0",
            disable_correlation: false,
            extends_uuid: "",
            protected: None,
            org: scope.own.clone(),
            orgc: scope.own.clone(),
            proposals: [],
            related: [],
            galaxies: [],
            objects: [],
            reports: [],
            keys: [],
            tags: Tag::of_event(&group.peer),
        }
    }
}

/// What an attribute says of its event.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct EventBrief {
    id: String,
    org_id: &'static str,
    distribution: &'static str,
    info: String,
    orgc_id: &'static str,
    uuid: String,
    date: String,
    publish_timestamp: String,
    #[serde(rename = "Orgc")]
    orgc: Organisation,
}

impl EventBrief {
    pub(crate) fn of(group: &OverlapGroup, scope: &Scope) -> Self {
        Self {
            id: group.number.to_string(),
            org_id: OWN,
            distribution: DISTRIBUTION,
            info: info(group),
            orgc_id: OWN,
            uuid: group.uuid.to_string(),
            date: date(group),
            publish_timestamp: group.found.to_string(),
            orgc: scope.own.clone(),
        }
    }
}
