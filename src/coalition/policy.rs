//! The decision on an offer, as a pure function.

use crate::{Agreement, DayUse, EngineName, MemberId, Offer, Refusal, Roster, Timestamp};

/// One of the two ends of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The one that made the offer.
    Initiator,
    /// The one that answered.
    Responder,
}

/// All that a decision depends on.
#[derive(Debug)]
pub struct OfferContext<'a> {
    /// The offer, its signature verified.
    pub offer: &'a Offer,
    /// This node's member.
    pub own: &'a MemberId,
    /// The member at the other end, by its certificate.
    pub peer: &'a MemberId,
    /// This node's agreement with it, if any.
    pub agreement: Option<&'a Agreement>,
    /// The roster in force.
    pub roster: &'a Roster,
    /// This side's set's size for the offer's kinds and facets, before padding.
    pub own_items: u64,
    /// What the partner has used today.
    pub used: DayUse,
    /// The epoch of this node's salt.
    pub salt_epoch: u32,
    /// Engines that this node runs.
    pub engines: &'a [EngineName],
    /// The time.
    pub now: Timestamp,
}

/// What both sides then do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// This side's padded size.
    pub own_padded: u64,
    /// The partner's padded size.
    pub peer_padded: u64,
}

/// Decides on an offer, on either side: the initiator asks itself before it asks its partner.
///
/// # Errors
/// The refusal to send and to show.
pub fn decide(_context: &OfferContext<'_>) -> Result<Terms, Refusal> {
    unimplemented!()
}

/// Who is the engine's receiver: the one who learns, or, where both do, the one with the smaller padded set; a tie goes to the initiator.
pub fn receiver_of(_offer: &Offer, _responder_padded: u64) -> Side {
    unimplemented!()
}
