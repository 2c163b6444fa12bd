//! Overlaps as a bundle of STIX 2.1: the same objects, with the same ids, as over TAXII.

use std::collections::{BTreeSet, HashSet};

use overlap_coalition::MemberId;
use overlap_indicator::Tlp;
use overlap_store::{FoundOverlap, IndicatorId};
use serde::Serialize;
use uuid::Builder;

use super::{ExportFile, peers};
use crate::state::ApiState;
use crate::stix::{Coalition, ExtensionDefinition, IndicatorObject, MarkingDefinition, Sighting, StixObject};

/// A bundle.
pub(super) struct StixBundle {
    coalition: Coalition,
    /// What was written already: 16 bytes for each indicator.
    indicators: HashSet<IndicatorId>,
    members: BTreeSet<MemberId>,
}

impl StixBundle {
    pub(super) fn new(state: &ApiState) -> Self {
        let status = state.daemon().status();
        let coalition = Coalition { name: status.coalition, own: status.member };
        Self { coalition, indicators: HashSet::new(), members: BTreeSet::new() }
    }
}

impl ExportFile for StixBundle {
    fn begin(&mut self) -> String {
        let id = Builder::from_random_bytes(rand::random()).into_uuid();
        let extension = ExtensionDefinition::told_by(self.coalition.own_id());
        let own = self.coalition.identity(&self.coalition.own);
        let markings = Tlp::ALL.into_iter().map(|tlp| StixObject::Marking(MarkingDefinition::of(tlp)));
        let objects =
            [StixObject::Extension(extension), StixObject::Identity(own)].into_iter().chain(markings);
        let objects: Vec<String> = objects.map(|object| json(&object)).collect();
        format!("{{\"type\":\"bundle\",\"id\":\"bundle--{id}\",\"objects\":[\n{}", objects.join(",\n"))
    }

    fn rows(&mut self, rows: &[FoundOverlap]) -> String {
        let mut objects = Vec::new();
        for peer in peers(rows) {
            if self.members.insert(peer.clone()) {
                objects.push(StixObject::Identity(self.coalition.identity(&peer)));
            }
        }
        for FoundOverlap { row, .. } in rows {
            if self.indicators.insert(row.indicator) {
                objects.push(StixObject::Indicator(IndicatorObject::of_overlap(row, &self.coalition)));
            }
            objects.push(StixObject::Sighting(Sighting::of(row, &self.coalition)));
        }
        objects.iter().map(|object| format!(",\n{}", json(object))).collect()
    }

    fn end(&mut self) -> String {
        "\n]}\n".to_owned()
    }
}

/// Strings and numbers always encode.
fn json(object: &impl Serialize) -> String {
    serde_json::to_string(object).unwrap_or_default()
}
