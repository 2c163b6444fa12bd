//! Overlaps: what exchanges found.

use overlap_coalition::{ExchangeId, MemberId};
use overlap_indicator::{Facet, Kind, Pap, SecretText, Tlp};
use uuid::Uuid;

use crate::IndicatorId;
use crate::uuids::overlap_uuid;

/// An own indicator that a partner holds too, on one facet.
#[derive(Clone, Debug)]
pub struct OverlapRow {
    /// The partner.
    pub peer: MemberId,
    /// The own indicator.
    pub indicator: IndicatorId,
    /// Its kind.
    pub kind: Kind,
    /// On which facet.
    pub facet: Facet,
    /// The own indicator as it was first written.
    pub raw: SecretText,
    /// Its canonical form.
    pub canonical: SecretText,
    /// The exchange that found it first.
    pub exchange: ExchangeId,
    /// When, in seconds since 1970-01-01T00:00:00Z.
    pub found: u64,
    /// How far the own indicator may be told: as it was marked when the overlap was found (red before markings were kept), or as it is
    /// marked now where that is narrower.
    pub tlp: Tlp,
    /// What may be done with it: the narrower of what was said when the overlap was found and of what is said now.
    pub pap: Option<Pap>,
    /// When the own indicator was imported, in seconds; when the overlap was found where that was before such times were kept.
    pub imported: u64,
    /// When the overlap was added, in microseconds since 1970-01-01T00:00:00Z: later than every overlap before it, by
    /// [`ADDED_STEP`](crate::ADDED_STEP) at least, whatever the clock did. Known for overlaps that were read.
    pub added: u64,
    /// Whether it is the first, with this partner, of its indicator. Known for overlaps that were read.
    pub is_first: bool,
}

impl OverlapRow {
    /// The UUID under which tools outside know it.
    pub fn uuid(&self) -> Uuid {
        overlap_uuid(&self.peer, self.indicator, self.facet)
    }
}
