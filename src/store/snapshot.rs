//! The packed digests that exchanges read, in memory.

use overlap_indicator::{Digest, Facet, Kind, Tlp};

use crate::IndicatorId;

/// What part of the digests an exchange compares.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Of indicators of these kinds.
    pub kinds: Vec<Kind>,
    /// On these facets.
    pub facets: Vec<Facet>,
    /// Of indicators with this marking or a freer one; `None`: any.
    pub tlp_ceiling: Option<Tlp>,
    /// Of indicators that have not expired at this time, in seconds since 1970-01-01T00:00:00Z.
    pub now: u64,
}

/// All digests at one moment; a later import or withdrawal makes another snapshot and leaves this one as it is.
#[derive(Debug)]
pub struct Snapshot {}

impl Snapshot {
    /// The digests of a selection, sorted, each once.
    pub fn digests(&self, _selection: &Selection) -> Vec<Digest> {
        unimplemented!()
    }

    /// The own indicators behind each of `digests` in a selection, with the facet: several indicators can share one digest.
    pub fn holders(&self, _selection: &Selection, _digests: &[Digest]) -> Vec<(IndicatorId, Facet)> {
        unimplemented!()
    }
}
