//! Attributes: overlaps, one for each own indicator, partner and facet.

use overlap_store::{OverlapGroup, OverlapRow};
use serde::Serialize;

use super::event::EventBrief;
use super::scope::Scope;
use super::sighting::SightingItem;
use super::tag::Tag;
use super::warninglists::Warning;
use crate::import::misp_written::{category_of, written};

/// An attribute.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Attribute {
    pub(crate) id: String,
    event_id: String,
    object_id: &'static str,
    object_relation: Option<&'static str>,
    category: &'static str,
    #[serde(rename = "type")]
    type_name: &'static str,
    to_ids: bool,
    pub(crate) uuid: String,
    timestamp: String,
    distribution: &'static str,
    sharing_group_id: &'static str,
    comment: String,
    deleted: bool,
    disable_correlation: bool,
    first_seen: Option<&'static str>,
    last_seen: Option<&'static str>,
    pub(crate) value: String,
    #[serde(rename = "Tag")]
    tags: Vec<Tag>,
    #[serde(rename = "Event", skip_serializing_if = "Option::is_none")]
    event: Option<EventBrief>,
    #[serde(rename = "Sighting", skip_serializing_if = "Option::is_none")]
    pub(crate) sightings: Option<Vec<SightingItem>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) warnings: Option<Vec<Warning>>,
}

impl Attribute {
    /// The attribute of an overlap, as it stands in its event.
    pub(crate) fn of(row: &OverlapRow, group: &OverlapGroup) -> Self {
        let written = written(row.kind, row.canonical.reveal());
        Self {
            id: row.added.to_string(),
            event_id: group.number.to_string(),
            object_id: "0",
            object_relation: None,
            category: category_of(written.type_name),
            type_name: written.type_name,
            to_ids: true,
            uuid: row.uuid().to_string(),
            timestamp: row.found.to_string(),
            distribution: "0",
            sharing_group_id: "0",
            comment: format!("{} holds what meets it on {}.", row.peer, row.facet),
            deleted: false,
            disable_correlation: false,
            first_seen: None,
            last_seen: None,
            value: written.value.into_owned(),
            tags: Tag::of_overlap(row),
            event: None,
            sightings: None,
            warnings: None,
        }
    }

    /// The attribute, with its event beside it.
    pub(crate) fn alone(row: &OverlapRow, group: &OverlapGroup, scope: &Scope) -> Self {
        let mut attribute = Self::of(row, group);
        attribute.event = Some(EventBrief::of(group, scope));
        attribute
    }

    /// The attribute with its event's tags beside its own.
    pub(crate) fn with_event_tags(mut self, group: &OverlapGroup) -> Self {
        self.tags.extend(Tag::of_event(&group.peer).into_iter().map(Tag::inherited));
        self
    }
}
