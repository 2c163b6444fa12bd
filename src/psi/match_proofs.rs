//! The receiver's proofs of its matches, through which the sender learns.

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;

#[cfg(test)]
use crate::check_switch::Check;
use crate::matching::Match;
use crate::output::{MatchProof, PROOF_BYTES};
use crate::wiped::Wiped;
use crate::{Error, Message, MessageKind, Outcome, Party, Turn, party};

/// Proofs in one [`Message::MatchProofs`]: 80 KiB. A message with fewer, perhaps none, ends the list.
pub const PROOFS_PER_MESSAGE: usize = 4096;

/// Bytes of one match: the tag's place and the proof.
pub const MATCH_BYTES: usize = 4 + PROOF_BYTES;

/// The messages that prove `matches`, which are ascending by the tag's place: so their order says nothing of the
/// receiver's.
pub(crate) fn encode(matches: &[Match]) -> Vec<Message> {
    let full = matches.chunks_exact(PROOFS_PER_MESSAGE);
    let rest = full.remainder();
    full.chain([rest]).map(encode_one).collect()
}

fn encode_one(matches: &[Match]) -> Message {
    let entry = |m: &Match| {
        let mut bytes = [0; MATCH_BYTES];
        bytes[..4].copy_from_slice(&m.tag_index.to_be_bytes());
        bytes[4..].copy_from_slice(&m.proof.0);
        bytes
    };
    Message::MatchProofs(matches.iter().flat_map(entry).collect())
}

/// The sender's last state in every engine: its tags are sent, proofs of matches come.
pub(crate) struct TakeProofs(ProofChecker);

impl TakeProofs {
    /// `proofs[i]` is due for the tag that was sent at place `i`, and belongs to the item at `positions[i]`; the receiver has
    /// `receiver_size` items.
    pub(crate) fn new(proofs: Vec<MatchProof>, positions: Wiped<u32>, receiver_size: usize) -> Self {
        Self(ProofChecker::new(proofs, positions, receiver_size))
    }
}

impl Party for TakeProofs {
    fn advance(mut self: Box<Self>, incoming: Option<Message>, _: &mut dyn CryptoRng) -> Result<Turn, Error> {
        let ended = match party::due(incoming)? {
            Message::MatchProofs(proofs) => self.0.take(&proofs)?,
            other => return Err(party::unexpected(MessageKind::MatchProofs, &other)),
        };
        if !ended {
            return Ok(Turn::Receive(self));
        }
        Ok(Turn::Done(Outcome { matches: Some(self.0.matched()) }, Vec::new()))
    }
}

/// The sender's check of proofs against those of the outputs whose tags it sent.
struct ProofChecker {
    /// In the order in which the tags were sent.
    proofs: Vec<MatchProof>,
    /// The position in the sender's own set of each.
    positions: Wiped<u32>,
    /// The first place that may still be proven.
    next_index: usize,
    /// The receiver's set's size: it cannot prove more matches than it has items.
    left: usize,
    matched: Vec<usize>,
}

impl ProofChecker {
    fn new(proofs: Vec<MatchProof>, positions: Wiped<u32>, receiver_size: usize) -> Self {
        Self { proofs, positions, next_index: 0, left: receiver_size, matched: Vec::new() }
    }

    /// Checks one message; true where it ends the list.
    ///
    /// # Errors
    /// [`Error::WrongCount`] for a length that no message has or more matches than the receiver has items;
    /// [`Error::BadMatchProof`] for a wrong proof, a place that has no tag, or places that do not ascend.
    fn take(&mut self, bytes: &[u8]) -> Result<bool, Error> {
        let (entries, rest) = bytes.as_chunks::<MATCH_BYTES>();
        let wrong_count = Error::WrongCount { kind: MessageKind::MatchProofs };
        if !rest.is_empty() || entries.len() > PROOFS_PER_MESSAGE {
            return Err(wrong_count);
        }
        self.left = self.left.checked_sub(entries.len()).ok_or(wrong_count)?;
        entries.iter().try_for_each(|entry| self.check(entry))?;
        Ok(entries.len() < PROOFS_PER_MESSAGE)
    }

    /// Places must ascend, so each is proven once at most. The proof is compared in constant time: how far a guess
    /// agrees stays unknown, and a wrong one ends the run.
    fn check(&mut self, entry: &[u8; MATCH_BYTES]) -> Result<(), Error> {
        let [i0, i1, i2, i3, proof @ ..] = *entry;
        let index = u32::from_be_bytes([i0, i1, i2, i3]) as usize;
        let due = self.proofs.get(index).ok_or(Error::BadMatchProof)?;
        let proven = bool::from(due.ct_eq(&MatchProof(proof)));
        #[cfg(test)]
        let proven = proven || Check::MatchProof.is_off();
        if index < self.next_index || !proven {
            return Err(Error::BadMatchProof);
        }
        self.next_index = index + 1;
        self.matched.push(self.positions[index] as usize);
        Ok(())
    }

    /// The positions in the sender's own set that were proven, ascending.
    fn matched(mut self) -> Vec<usize> {
        self.matched.sort_unstable();
        self.matched
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proofs(n: usize) -> Vec<MatchProof> {
        (0..n).map(|i| MatchProof([i as u8; 16])).collect()
    }

    fn checker(n: usize) -> ProofChecker {
        ProofChecker::new(proofs(n), Wiped::new((0..n as u32).rev().collect()), n)
    }

    fn matches(indices: impl IntoIterator<Item = usize>) -> Vec<Match> {
        let one = |i: usize| Match { position: i, tag_index: i as u32, proof: MatchProof([i as u8; 16]) };
        indices.into_iter().map(one).collect()
    }

    fn bytes(indices: impl IntoIterator<Item = usize>) -> Vec<u8> {
        match encode(&matches(indices)).swap_remove(0) {
            Message::MatchProofs(bytes) => bytes,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn good_proofs_yield_own_positions() {
        let mut checker = checker(5);
        assert_eq!(checker.take(&bytes([0, 3])), Ok(true));
        assert_eq!(checker.matched(), [1, 4]);
    }

    #[test]
    fn a_list_always_ends_with_a_short_message() {
        for (n, messages) in [(0, 1), (1, 1), (PROOFS_PER_MESSAGE, 2), (PROOFS_PER_MESSAGE + 1, 2)] {
            let encoded = encode(&matches(0..n));
            assert_eq!(encoded.len(), messages, "{n}");
            let mut checker = checker(n);
            let ends: Vec<_> = encoded
                .iter()
                .map(|m| match m {
                    Message::MatchProofs(bytes) => checker.take(bytes).unwrap(),
                    other => panic!("{other:?}"),
                })
                .collect();
            assert_eq!(ends.iter().position(|&end| end), Some(messages - 1));
            assert_eq!(checker.matched().len(), n);
        }
    }

    #[test]
    fn bad_proofs_are_refused() {
        let mut flipped = bytes([2]);
        flipped[MATCH_BYTES - 1] ^= 1;
        let mut another_place = bytes([2]);
        another_place[3] = 3;
        for wrong in [flipped, another_place, bytes([1, 1]), bytes([2, 1]), bytes([5])] {
            assert_eq!(checker(5).take(&wrong), Err(Error::BadMatchProof));
        }
    }

    #[test]
    fn a_place_proven_in_an_earlier_message_is_refused() {
        let mut checker = checker(PROOFS_PER_MESSAGE + 1);
        assert_eq!(checker.take(&bytes(0..PROOFS_PER_MESSAGE)), Ok(false));
        assert_eq!(checker.take(&bytes([3])), Err(Error::BadMatchProof));
    }

    #[test]
    fn wrong_lengths_and_too_many_are_refused() {
        let wrong = Err(Error::WrongCount { kind: MessageKind::MatchProofs });
        assert_eq!(checker(5).take(&bytes([1])[1..]), wrong);
        assert_eq!(checker(5).take(&[0; MATCH_BYTES * (PROOFS_PER_MESSAGE + 1)]), wrong);
        let mut one_item = ProofChecker::new(proofs(5), Wiped::new((0..5).collect()), 1);
        assert_eq!(one_item.take(&bytes([1, 2])), wrong);
    }
}
