//! Tags: markings, and what an overlap was found with.

use overlap_coalition::MemberId;
use overlap_indicator::{Facet, Kind, Pap, Tlp};
use overlap_store::OverlapRow;
use serde::Serialize;

use crate::import::misp_written::kind_tag;
use crate::stix::pap_label;

/// A tag.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Tag {
    pub(crate) name: String,
    colour: &'static str,
    exportable: bool,
    local: bool,
    /// Set on tags that an attribute has from its event.
    #[serde(skip_serializing_if = "Option::is_none")]
    inherited: Option<u8>,
}

/// The colour of tags that are no markings.
const PLAIN: &str = "#3b5b7a";

impl Tag {
    fn new(name: String, colour: &'static str) -> Self {
        Self { name, colour, exportable: true, local: false, inherited: None }
    }

    /// A marking, in the colours that FIRST gives for TLP 2.0.
    pub(crate) fn tlp(tlp: Tlp) -> Self {
        let colour = match tlp {
            Tlp::Clear => "#ffffff",
            Tlp::Green => "#33ff00",
            Tlp::Amber | Tlp::AmberStrict => "#ffc000",
            Tlp::Red => "#ff2b2b",
        };
        Self::new(tlp_name(tlp), colour)
    }

    /// What may be done with it, in the colours of MISP's taxonomy `PAP`.
    fn pap(pap: Pap) -> Self {
        let colour = match pap {
            Pap::Clear => "#ffffff",
            Pap::Green => "#33ff00",
            Pap::Amber => "#ffc000",
            Pap::Red => "#ff0000",
        };
        Self::new(pap_label(pap), colour)
    }

    pub(crate) fn peer(peer: &MemberId) -> Self {
        Self::new(machine("peer", peer.as_str()), PLAIN)
    }

    pub(crate) fn kind(kind: Kind) -> Self {
        Self::new(kind_tag(kind), PLAIN)
    }

    pub(crate) fn facet(facet: Facet) -> Self {
        Self::new(machine("facet", facet.as_str()), PLAIN)
    }

    /// The same tag, as an attribute has it from its event.
    pub(crate) fn inherited(self) -> Self {
        Self { inherited: Some(1), ..self }
    }

    /// The tags of an overlap.
    pub(crate) fn of_overlap(row: &OverlapRow) -> Vec<Self> {
        let others = [Self::kind(row.kind), Self::facet(row.facet)];
        [Self::tlp(marking(row.tlp))].into_iter().chain(row.pap.map(Self::pap)).chain(others).collect()
    }

    /// The tags of what was found with a partner.
    pub(crate) fn of_event(peer: &MemberId) -> Vec<Self> {
        vec![Self::tlp(Tlp::AmberStrict), Self::peer(peer)]
    }
}

/// What a partner holds is for the member that compared lists with it and for nobody else, or for fewer where the own indicator is for fewer.
pub(crate) fn marking(own: Tlp) -> Tlp {
    own.max(Tlp::AmberStrict)
}

pub(crate) fn tlp_name(tlp: Tlp) -> String {
    format!("tlp:{tlp}")
}

/// A machine tag of our namespace. Ids, kinds and facets have no quotation marks.
fn machine(predicate: &str, value: &str) -> String {
    format!("overlapd:{predicate}=\"{value}\"")
}
