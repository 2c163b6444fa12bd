//! The random oracles of the base transfers, each bound to the session, the transfer and the position.

use curve25519_dalek::ristretto::RistrettoPoint;
use zeroize::Zeroizing;

use super::Key;

/// An encoded element.
pub(crate) type Encoded = [u8; 32];

/// r_0 and r_1 of one transfer, or Y_0 and Y_1.
pub(crate) type Pair = [Encoded; 2];

/// The oracles of one session, with the session hashed already.
pub(crate) struct Oracles {
    element: blake3::Hasher,
    key: blake3::Hasher,
    transcript: blake3::Hasher,
}

impl Oracles {
    pub(crate) fn new(session: &[u8; 32]) -> Self {
        let oracle = |context| {
            let mut hasher = blake3::Hasher::new_derive_key(context);
            hasher.update(session);
            hasher
        };
        Self {
            element: oracle("overlapd psi v1 base OT hash to the group"),
            key: oracle("overlapd psi v1 base OT key"),
            transcript: oracle("overlapd psi v1 base OT transcript"),
        }
    }

    /// Half of H_j(r). The oracle into the group is defined as twice the hash of RFC 9380, appendix B, which is as uniform:
    /// so an element less it can be encoded as the double of a difference of halves.
    pub(crate) fn half_element(&self, index: u32, position: u8, other: &Encoded) -> RistrettoPoint {
        let mut uniform = Zeroizing::new([0; 64]);
        let mut hasher = self.element.clone();
        hasher.update(&index.to_be_bytes()).update(&[position]).update(other);
        hasher.finalize_xof().fill(uniform.as_mut_slice());
        RistrettoPoint::from_uniform_bytes(&uniform)
    }

    /// The key of a position: a hash of all that both sides said of it, and of what they share.
    pub(crate) fn key(
        &self,
        index: u32,
        position: u8,
        pair: &Pair,
        sender: &Encoded,
        shared: &Encoded,
    ) -> Key {
        let mut hasher = Zeroizing::new(self.key.clone());
        hasher.update(&index.to_be_bytes()).update(&[position]);
        hasher.update(pair.as_flattened()).update(sender).update(shared);
        hasher.finalize().into()
    }

    /// A hash of both messages. With the session it fixes every key, whether or not anyone can compute it.
    pub(crate) fn transcript(&self, receiver: &[Pair], sender: &[Pair]) -> [u8; 32] {
        let mut hasher = self.transcript.clone();
        hasher.update(receiver.as_flattened().as_flattened()).update(sender.as_flattened().as_flattened());
        hasher.finalize().into()
    }
}
