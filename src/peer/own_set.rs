//! This side's set: what of the store's digests takes part, and how an exchange sees it.

use std::sync::Arc;

use overlap_coalition::{Digest, Offer, SessionSalt, digests_made_anew};
use overlap_psi::{Arrangement, ItemSet};
use overlap_store::{Digests, IndicatorId, Selection, Snapshot};

use crate::Partner;
use crate::fault::Fault;
use crate::inner::{Inner, off_thread};
use crate::live::Live;

/// This side's set in one exchange.
pub(crate) struct OwnSet {
    snapshot: Arc<Snapshot>,
    selection: Selection,
    digests: Digests,
    #[cfg(test)]
    claimed: Option<u64>,
}

impl OwnSet {
    /// Selects the digests of the kinds and facets of an offer that may be told to the partner.
    ///
    /// # Errors
    /// [`Fault::Refused`] where the digests are no longer of the offer's epoch, [`Fault::Internal`].
    pub(crate) async fn select(
        inner: &Inner,
        live: &Live,
        partner: &Partner,
        offer: &Offer,
    ) -> Result<Self, Fault> {
        let selection = Selection {
            kinds: offer.kinds.clone(),
            facets: offer.facets.clone(),
            tlp_ceiling: partner.tlp_ceiling,
            now: inner.clock.now().0,
        };
        let snapshot = inner.store.snapshot();
        // Policy let the offer pass a moment ago, and the salt may have changed since: digests of two epochs never meet.
        if snapshot.epoch() != Some(offer.salt_epoch) {
            return Err(Fault::Refused(digests_made_anew(&live.config.own)));
        }
        #[cfg(test)]
        let claimed = inner.tap.claimed();
        off_thread(move || {
            let digests = snapshot.select(&selection);
            Self {
                snapshot,
                selection,
                digests,
                #[cfg(test)]
                claimed,
            }
        })
        .await
    }

    /// Its size before padding.
    pub(crate) fn len(&self) -> u64 {
        let len = self.digests.len() as u64;
        #[cfg(test)]
        let len = self.claimed.unwrap_or(len);
        len
    }

    /// Session items: one for each digest at the digest's position, then random ones up to `padded`.
    pub(crate) fn items(&self, salt: &SessionSalt, padded: usize, arrangement: Arrangement<'_>) -> ItemSet {
        // There is a digest at every position.
        let digest = |at| self.digests.get(at).map_or([0; 16], |digest| *digest.as_bytes());
        ItemSet::of_digests(salt.key(), self.digests.len(), digest, (padded, &mut rand::rng()), arrangement)
    }

    /// The digests at these positions; a position among the padding stands for none.
    pub(crate) fn digests_at(&self, positions: &[usize]) -> Vec<Digest> {
        positions.iter().filter_map(|position| self.digests.get(*position).copied()).collect()
    }

    /// The own indicators behind digests, with the facet of each.
    pub(crate) fn holders(&self, digests: &[Digest]) -> Vec<(IndicatorId, overlap_coalition::Facet)> {
        self.snapshot.holders(&self.selection, digests)
    }
}
