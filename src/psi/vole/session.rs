//! The hashes of one run: each has the run and a label in its key, so that none means anything elsewhere.

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::Params;
#[cfg(test)]
use crate::check_switch::Check;
use crate::field::F128;
use crate::keyed_hash::KeyedHash;

/// Bytes of the seed of an encoding's rows.
pub(crate) const SEED_BYTES: usize = 16;

/// Bytes of the salt of the items' hash.
pub(crate) const SALT_BYTES: usize = 32;

/// Bytes of a commitment to the sender's mask.
pub(crate) const COMMITMENT_BYTES: usize = 32;

/// Names one run in every hash.
pub(crate) struct Session([u8; 32]);

impl Session {
    /// Both sides derive the same from what they have agreed on.
    pub(crate) fn new(params: &Params) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("overlapd psi v1 vole session");
        hasher.update(&params.exchange);
        hasher.update(&params.partition.to_be_bytes());
        hasher.update(&(params.receiver_size as u64).to_be_bytes());
        hasher.update(&(params.sender_size as u64).to_be_bytes());
        hasher.update(&[u8::from(params.prove_matches)]);
        Self(*hasher.finalize().as_bytes())
    }

    /// What the blocks beneath are bound to.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The hash H of items into the field. It is keyed with the salt that the sender shows when the correlation stands, and
    /// with the seed of the receiver's rows, which is fixed before.
    pub(crate) fn item_hash(&self, salt: &[u8; SALT_BYTES], seed: &[u8; SEED_BYTES]) -> KeyedHash {
        let mut hasher = blake3::Hasher::new_derive_key("overlapd psi v1 vole hash of items");
        hasher.update(&self.0);
        hasher.update(salt);
        hasher.update(seed);
        KeyedHash::new(*hasher.finalize().as_bytes())
    }
}

/// The sender's mask ws and what hides it in its commitment. Secret until it is opened.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct SenderMask {
    mask: F128,
    blind: [u8; 16],
}

impl SenderMask {
    /// A uniform one.
    pub(crate) fn random(rng: &mut dyn CryptoRng) -> Self {
        let mut blind = [0; 16];
        rng.fill_bytes(&mut blind);
        Self { mask: F128::random(rng), blind }
    }

    /// The mask.
    pub(crate) fn mask(&self) -> F128 {
        self.mask
    }

    /// The hash that binds the sender to the mask and hides it: a random oracle on it and 128 random bits.
    pub(crate) fn commitment(&self, session: &Session) -> [u8; COMMITMENT_BYTES] {
        let mut hasher = blake3::Hasher::new_derive_key("overlapd psi v1 vole mask of the sender");
        hasher.update(session.bytes());
        hasher.update(&self.opening());
        *hasher.finalize().as_bytes()
    }

    /// What opens the commitment.
    pub(crate) fn opening(&self) -> [u8; 32] {
        let mut opening = [0; 32];
        opening[..16].copy_from_slice(&self.mask.to_bytes());
        opening[16..].copy_from_slice(&self.blind);
        opening
    }

    /// The mask that was committed to, if this opens the commitment.
    pub(crate) fn open(
        opening: &[u8; 32],
        session: &Session,
        commitment: &[u8; COMMITMENT_BYTES],
    ) -> Option<F128> {
        let (mut mask, mut blind) = ([0; 16], [0; 16]);
        mask.copy_from_slice(&opening[..16]);
        blind.copy_from_slice(&opening[16..]);
        let opened = Self { mask: F128::from_bytes(mask), blind };
        let opens = bool::from(opened.commitment(session).ct_eq(commitment));
        #[cfg(test)]
        let opens = opens || Check::Mask.is_off();
        opens.then_some(opened.mask)
    }
}
