//! Own indicators as STIX indicators.

use overlap_indicator::{Kind, Pap, SecretText, Tlp};
use overlap_store::{IndicatorId, IndicatorRow, OverlapRow};
use serde::Serialize;

use super::pattern::pattern;
use super::{Coalition, MarkingDefinition, OverlapExtension, SPEC_VERSION, milliseconds};

/// An own indicator (STIX 2.1, section 4.7).
///
/// An id and a `modified` name one content for ever (section 3.6), and rows have no history. So the object has only what never
/// changes of a row, and its markings, which can only become narrower: each pair of them is a version of its own, later by some
/// milliseconds than those that are freer. STIX has no property for PAP; the label is the one by which MISP's converters tell it.
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
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<[String; 1]>,
    object_marking_refs: [&'static str; 1],
    extensions: OverlapExtension,
}

impl IndicatorObject {
    pub(crate) const TYPE: &'static str = "indicator";

    /// An own indicator as it is marked now.
    pub(crate) fn of_own(row: &IndicatorRow, coalition: &Coalition) -> Self {
        Self::new(
            row.id,
            row.kind,
            &row.canonical,
            row.imported,
            Markings::of(row.context.tlp, row.context.pap),
            coalition,
        )
    }

    /// The own indicator of an overlap, as the overlap is marked.
    pub(crate) fn of_overlap(row: &OverlapRow, coalition: &Coalition) -> Self {
        Self::new(
            row.indicator,
            row.kind,
            &row.canonical,
            row.imported,
            Markings::of(row.tlp, row.pap),
            coalition,
        )
    }

    fn new(
        id: IndicatorId,
        kind: Kind,
        canonical: &SecretText,
        imported: u64,
        markings: Markings,
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
            modified: milliseconds(created.saturating_add(markings.version())),
            name: canonical.to_owned(),
            description: format!("An indicator of the kind {kind} that {} holds.", coalition.own),
            pattern: pattern(kind, canonical),
            pattern_type: "stix",
            pattern_version: SPEC_VERSION,
            valid_from: milliseconds(created),
            labels: markings.pap.map(|pap| [pap_label(pap)]),
            object_marking_refs: [MarkingDefinition::id_of(markings.tlp)],
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

/// How far an indicator may be told, and what may be done with it.
#[derive(Clone, Copy)]
struct Markings {
    tlp: Tlp,
    pap: Option<Pap>,
}

impl Markings {
    const fn of(tlp: Tlp, pap: Option<Pap>) -> Self {
        Self { tlp, pap }
    }

    /// Milliseconds from `created` to the version that has them: five for each step of TLP, and one for each of PAP, of which none is the first.
    fn version(self) -> u64 {
        let steps = u64::from(self.tlp.number()) - 1;
        let pap =
            self.pap.map_or(0, |pap| 1 + Pap::ALL.iter().take_while(|other| **other < pap).count() as u64);
        steps * (1 + Pap::ALL.len() as u64) + pap
    }
}

/// The tag of MISP's taxonomy `PAP`.
pub(crate) fn pap_label(pap: Pap) -> String {
    format!("PAP:{}", pap.as_str().to_ascii_uppercase())
}
