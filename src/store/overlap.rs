//! Overlaps: what exchanges found.

use overlap_coalition::{ExchangeId, MemberId};
use overlap_indicator::{Facet, Kind, SecretText};

use crate::IndicatorId;

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
}

/// Which overlaps.
#[derive(Clone, Debug, Default)]
pub struct OverlapFilter {
    /// With this partner only.
    pub peer: Option<MemberId>,
    /// Of this kind only.
    pub kind: Option<Kind>,
}
