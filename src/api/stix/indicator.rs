//! Own indicators as STIX indicators.

use overlap_indicator::{Kind, SecretText, Tlp};
use overlap_store::{IndicatorId, IndicatorRow, OverlapRow};
use serde::Serialize;

use super::pattern::pattern;
use super::{Coalition, MarkingDefinition, OverlapExtension, SPEC_VERSION, milliseconds};

/// An own indicator (STIX 2.1, section 4.7).
///
/// An id and a `modified` name one content for ever (section 3.6), and rows have no history. So the object has only what never
/// changes of a row, and its marking, which can only become narrower: each marking is a later version than the freer one, by a millisecond.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct IndicatorObject {
    #[serde(rename = "type")]
    object_type: &'static str,
    spec_version: &'static str,
    id: String,
    created_by_ref: String,
    created: String,
    modified: String,
    name: String,
    description: String,
    pattern: String,
    pattern_type: &'static str,
    pattern_version: &'static str,
    valid_from: String,
    object_marking_refs: [&'static str; 1],
    extensions: OverlapExtension,
}

impl IndicatorObject {
    pub(crate) const TYPE: &'static str = "indicator";

    /// An own indicator as it is marked now.
    pub(crate) fn of_own(row: &IndicatorRow, coalition: &Coalition) -> Self {
        Self::new(row.id, row.kind, &row.canonical, row.imported, row.context.tlp, coalition)
    }

    /// The own indicator of an overlap, as it was marked when the overlap was found.
    pub(crate) fn of_overlap(row: &OverlapRow, coalition: &Coalition) -> Self {
        Self::new(row.indicator, row.kind, &row.canonical, row.imported, row.tlp, coalition)
    }

    fn new(
        id: IndicatorId,
        kind: Kind,
        canonical: &SecretText,
        imported: u64,
        tlp: Tlp,
        coalition: &Coalition,
    ) -> Self {
        let canonical = canonical.reveal();
        let created = imported.saturating_mul(1_000);
        Self {
            object_type: Self::TYPE,
            spec_version: SPEC_VERSION,
            id: Self::id_of(id),
            created_by_ref: coalition.own_id(),
            created: milliseconds(created),
            modified: milliseconds(created.saturating_add(version(tlp))),
            name: canonical.to_owned(),
            description: format!("An indicator of the kind {kind} that {} holds.", coalition.own),
            pattern: pattern(kind, canonical),
            pattern_type: "stix",
            pattern_version: SPEC_VERSION,
            valid_from: milliseconds(created),
            object_marking_refs: [MarkingDefinition::id_of(tlp)],
            extensions: OverlapExtension::of_indicator(kind.as_str(), canonical.to_owned()),
        }
    }

    /// The id of an own indicator's object.
    pub(crate) fn id_of(id: IndicatorId) -> String {
        format!("{}--{}", Self::TYPE, id.uuid())
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn modified(&self) -> &str {
        &self.modified
    }
}

/// Milliseconds from `created` to the version that has this marking; markings are numbered from the freest.
const fn version(tlp: Tlp) -> u64 {
    tlp.number() as u64 - 1
}
