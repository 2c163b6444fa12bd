//! Sightings as MISP tells them.

use overlap_store::{
    OverlapGroup, OverlapRow, PageRequest, SightingFilter, SightingKind, SightingRow, StoreError,
};
use serde::Serialize;
use uuid::Uuid;

use super::attribute::Attribute;
use super::event::EventBrief;
use super::organisation::{OWN, Organisation};
use super::scope::{Scope, at};

/// Sightings at most that an attribute has beside it: whoever wants more asks for sightings.
const BESIDE_AN_ATTRIBUTE: usize = 100;

/// A sighting. Its attribute is the first overlap of the own indicator; where there is none, the indicator's UUID stands for it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SightingItem {
    id: String,
    attribute_id: String,
    event_id: String,
    org_id: &'static str,
    date_sighting: String,
    uuid: String,
    source: String,
    #[serde(rename = "type")]
    kind: String,
    attribute_uuid: String,
    #[serde(rename = "Organisation")]
    organisation: Organisation,
    #[serde(rename = "Attribute", skip_serializing_if = "Option::is_none")]
    attribute: Option<Box<Attribute>>,
    #[serde(rename = "Event", skip_serializing_if = "Option::is_none")]
    event: Option<EventBrief>,
}

impl SightingItem {
    /// A sighting of what an overlap is of, if there is one.
    pub(crate) fn of(row: &SightingRow, overlap: Option<(Uuid, u64, &OverlapGroup)>, scope: &Scope) -> Self {
        let number = |number: Option<u64>| number.map_or_else(|| "0".to_owned(), |number| number.to_string());
        let uuid = overlap.map_or_else(|| row.indicator.uuid(), |(uuid, ..)| uuid);
        Self {
            id: (u64::from(row.number) + 1).to_string(),
            attribute_id: number(overlap.map(|(_, added, _)| added)),
            event_id: number(overlap.map(|(.., group)| u64::from(group.number))),
            org_id: OWN,
            date_sighting: row.at.to_string(),
            uuid: row.uuid().to_string(),
            source: row.source.clone(),
            kind: row.kind.number().to_string(),
            attribute_uuid: uuid.to_string(),
            organisation: scope.own.clone(),
            attribute: None,
            event: None,
        }
    }

    /// The sighting of an indicator, whose overlaps are looked up.
    pub(crate) fn looked_up(
        row: &SightingRow,
        groups: &[OverlapGroup],
        with: Beside,
        scope: &Scope,
    ) -> Result<Self, StoreError> {
        let first = scope.store.overlap_uuids_of(row.indicator).into_iter().next();
        let overlap = first.and_then(|(uuid, added)| Some((uuid, added, at(groups, added)?)));
        let mut item = Self::of(row, overlap, scope);
        if let Some((.., group)) = overlap {
            item.event = with.event.then(|| EventBrief::of(group, scope));
            // Only this has the value, which is on the disk.
            if with.attribute {
                let overlaps = scope.store.overlaps_of(row.indicator)?;
                item.attribute = overlaps.first().map(|overlap| Attribute::of(overlap, group).into());
            }
        }
        Ok(item)
    }
}

/// What is told beside a sighting.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Beside {
    pub(crate) attribute: bool,
    pub(crate) event: bool,
}

/// The sightings of the indicator that an overlap is of, the first of them.
pub(crate) fn of_overlap(
    scope: &Scope,
    overlap: &OverlapRow,
    group: &OverlapGroup,
) -> Result<Vec<SightingItem>, StoreError> {
    let filter = SightingFilter { indicator: Some(overlap.indicator), ..SightingFilter::default() };
    let page = PageRequest { limit: BESIDE_AN_ATTRIBUTE, after: None };
    let rows = scope.store.sightings(&filter, &page)?.rows;
    Ok(rows
        .iter()
        .map(|row| SightingItem::of(row, Some((overlap.uuid(), overlap.added, group)), scope))
        .collect())
}

/// What MISP's `type` says.
pub(crate) fn kind(number: u64) -> Option<SightingKind> {
    u8::try_from(number).ok().and_then(SightingKind::from_number)
}
