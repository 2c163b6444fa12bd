//! The facts that a decision on an offer needs, brought together for the pure function that decides.

use overlap_coalition::{
    Accept, DayUse, MemberId, Offer, OfferContext, Refusal, RefusalCode, Side, Terms, decide_accept,
    decide_offer, decide_own_size,
};

use crate::Partner;
use crate::engine;
use crate::fault::Fault;
use crate::inner::{Inner, off_thread};
use crate::live::Live;

/// Everything that a decision depends on but the offer.
pub(crate) struct Facts<'a> {
    pub(crate) live: &'a Live,
    pub(crate) peer: &'a MemberId,
    pub(crate) partner: Option<&'a Partner>,
    pub(crate) side: Side,
}

impl Facts<'_> {
    /// Decides on an offer, on either side, as far as that needs nothing of this side's set.
    ///
    /// # Errors
    /// [`Fault::Refused`] with the policy's refusal.
    pub(crate) async fn decide_offer(&self, inner: &Inner, offer: &Offer) -> Result<(), Fault> {
        let used = day_use(inner, self.peer).await?;
        decide_offer(&self.context(inner, offer, used)).map_err(fault_of)?;
        engine::check_sizes(offer.engine, 0, offer.padded_size).map_err(Fault::Refused)
    }

    /// Decides whether this side's set of `own_items` may take part.
    ///
    /// # Errors
    /// [`Fault::Refused`] with the policy's refusal.
    pub(crate) fn decide_own_size(
        &self,
        inner: &Inner,
        offer: &Offer,
        own_items: u64,
    ) -> Result<Terms, Fault> {
        let context = self.context(inner, offer, DayUse::default());
        let terms = decide_own_size(&context, own_items).map_err(fault_of)?;
        self.fits(offer, terms)
    }

    /// Decides, as the initiator, on the accept that answered an offer.
    ///
    /// # Errors
    /// [`Fault::Refused`] with the policy's refusal.
    pub(crate) fn decide_accept(
        &self,
        inner: &Inner,
        (offer, offer_bytes): (&Offer, &[u8]),
        accept: &Accept,
    ) -> Result<Terms, Fault> {
        let context = self.context(inner, offer, DayUse::default());
        let terms = decide_accept(&context, offer_bytes, accept).map_err(fault_of)?;
        self.fits(offer, terms)
    }

    fn fits(&self, offer: &Offer, terms: Terms) -> Result<Terms, Fault> {
        let fits: Result<(), Refusal> =
            engine::check_sizes(offer.engine, terms.own_padded, terms.peer_padded);
        fits.map(|()| terms).map_err(Fault::Refused)
    }

    fn context<'b>(&'b self, inner: &Inner, offer: &'b Offer, used: DayUse) -> OfferContext<'b> {
        OfferContext {
            side: self.side,
            offer,
            own: &self.live.config.own,
            peer: self.peer,
            agreement: self.partner.map(|partner| &partner.agreement),
            roster: self.live.roster(),
            used,
            salt_epoch: inner.store.snapshot().epoch(),
            engines: &self.live.config.engines,
            now: inner.clock.now(),
        }
    }
}

/// What no honest node offers or accepts is more than a refusal.
fn fault_of(refusal: Refusal) -> Fault {
    match refusal.code {
        RefusalCode::Document | RefusalCode::Protocol => {
            Fault::Peer { code: refusal.code, what: refusal.sentence }
        }
        _ => Fault::Refused(refusal),
    }
}

async fn day_use(inner: &Inner, peer: &MemberId) -> Result<DayUse, Fault> {
    let (store, peer, now) = (inner.store.clone(), peer.clone(), inner.clock.now());
    Ok(off_thread(move || store.day_use(&peer, now)).await??)
}
