//! Overlaps as STIX sightings.

use overlap_indicator::Tlp;
use overlap_store::OverlapRow;
use serde::Serialize;

use super::{Coalition, IndicatorObject, MarkingDefinition, OverlapExtension, SPEC_VERSION, milliseconds};

/// An overlap (STIX 2.1, section 5.2): the partner holds what meets the own indicator on a facet.
///
/// What a partner holds is for the member that compared lists with it and for nobody else: a sighting is marked TLP:AMBER+STRICT, or
/// as the indicator is where that is narrower: the marking that is narrower is a later version, by a millisecond.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sighting {
    #[serde(rename = "type")]
    object_type: &'static str,
    spec_version: &'static str,
    id: String,
    created_by_ref: String,
    created: String,
    modified: String,
    description: String,
    first_seen: String,
    last_seen: String,
    count: u32,
    sighting_of_ref: String,
    where_sighted_refs: [String; 1],
    object_marking_refs: [&'static str; 1],
    extensions: OverlapExtension,
}

impl Sighting {
    pub(crate) const TYPE: &'static str = "sighting";

    /// The sighting that an overlap is.
    pub(crate) fn of(row: &OverlapRow, coalition: &Coalition) -> Self {
        let created = row.found.saturating_mul(1_000);
        let found = milliseconds(created);
        let marking = row.tlp.max(Tlp::AmberStrict);
        let (kind, facet) = (row.kind.as_str(), row.facet.as_str());
        let canonical = row.canonical.reveal().to_owned();
        Self {
            object_type: Self::TYPE,
            spec_version: SPEC_VERSION,
            id: format!("{}--{}", Self::TYPE, row.uuid()),
            created_by_ref: coalition.own_id(),
            created: found.clone(),
            modified: milliseconds(created.saturating_add(u64::from(marking == Tlp::Red))),
            description: format!("{} holds an indicator with the same {facet}.", row.peer),
            first_seen: found.clone(),
            last_seen: found,
            count: 1,
            sighting_of_ref: IndicatorObject::id_of(row.indicator),
            where_sighted_refs: [coalition.id_of(&row.peer)],
            object_marking_refs: [MarkingDefinition::id_of(marking)],
            extensions: OverlapExtension::of_sighting(kind, canonical, facet, row.exchange.to_string()),
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn modified(&self) -> &str {
        &self.modified
    }
}
