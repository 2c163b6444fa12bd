//! Exchanges in memory: their order, so that pages need no scan.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use overlap_coalition::{ExchangeId, MemberId};

use crate::StoreError;
use crate::error::damaged;

/// Which exchanges there are, in the order in which they began.
#[derive(Default)]
pub(crate) struct ExchangeIndex {
    order: Vec<ExchangeId>,
    sequence: HashMap<ExchangeId, u64>,
    by_peer: BTreeMap<MemberId, Vec<u64>>,
    /// Those that have a receipt: many may have none.
    receipts: BTreeSet<u64>,
    receipts_by_peer: BTreeMap<MemberId, BTreeSet<u64>>,
}

/// An exchange on the disk.
pub(crate) struct Indexed {
    pub(crate) sequence: u64,
    pub(crate) id: ExchangeId,
    pub(crate) peer: MemberId,
    pub(crate) has_receipt: bool,
}

impl ExchangeIndex {
    /// Builds the index of what is on the disk.
    pub(crate) fn load(mut found: Vec<Indexed>) -> Result<Self, StoreError> {
        found.sort_unstable_by_key(|of| of.sequence);
        let mut index = Self::default();
        for Indexed { sequence, id, peer, has_receipt } in found {
            if sequence != index.len() {
                return Err(damaged("an exchange is missing"));
            }
            index.push(id, &peer, has_receipt);
        }
        Ok(index)
    }

    pub(crate) fn len(&self) -> u64 {
        self.order.len() as u64
    }

    pub(crate) fn sequence(&self, id: ExchangeId) -> Option<u64> {
        self.sequence.get(&id).copied()
    }

    /// The exchange that began last.
    pub(crate) fn push(&mut self, id: ExchangeId, peer: &MemberId, has_receipt: bool) {
        let sequence = self.len();
        self.order.push(id);
        self.sequence.insert(id, sequence);
        self.by_peer.entry(peer.clone()).or_default().push(sequence);
        self.set_receipt(id, peer, has_receipt);
    }

    /// Takes whether an exchange has a receipt now.
    pub(crate) fn set_receipt(&mut self, id: ExchangeId, peer: &MemberId, has_receipt: bool) {
        let Some(sequence) = self.sequence(id) else { return };
        let of_peer = self.receipts_by_peer.entry(peer.clone()).or_default();
        for receipts in [&mut self.receipts, of_peer] {
            if has_receipt {
                receipts.insert(sequence)
            } else {
                receipts.remove(&sequence)
            };
        }
    }

    /// Exchanges with a receipt before `before` in the order, the newest first.
    pub(crate) fn receipts_before(
        &self,
        before: u64,
        peer: Option<&MemberId>,
        most: usize,
    ) -> Vec<(u64, ExchangeId)> {
        let all = match peer {
            None => Some(&self.receipts),
            Some(peer) => self.receipts_by_peer.get(peer),
        };
        let newest = all.into_iter().flat_map(|all| all.range(..before).rev()).take(most);
        newest.filter_map(|sequence| Some((*sequence, *self.order.get(*sequence as usize)?))).collect()
    }

    /// Exchanges from `from` on, the oldest first.
    pub(crate) fn oldest_from(&self, from: u64, most: usize) -> Vec<ExchangeId> {
        self.order.iter().skip(from as usize).take(most).copied().collect()
    }

    /// Exchanges before `before` in the order, the newest first.
    pub(crate) fn newest_before(
        &self,
        before: u64,
        peer: Option<&MemberId>,
        most: usize,
    ) -> Vec<(u64, ExchangeId)> {
        let with_id = |sequence: u64| Some((sequence, *self.order.get(sequence as usize)?));
        match peer {
            None => (0..before.min(self.len())).rev().take(most).filter_map(with_id).collect(),
            Some(peer) => {
                let all = self.by_peer.get(peer).map_or(&[][..], Vec::as_slice);
                let end = all.partition_point(|sequence| *sequence < before);
                all.iter().take(end).rev().take(most).filter_map(|sequence| with_id(*sequence)).collect()
            }
        }
    }
}
