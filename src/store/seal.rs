//! Sealing at rest: AES-256-GCM under a key from a file.
//!
//! Every sealed value has a key of its own: HKDF-SHA256 (RFC 5869) of the seal key and 24 random bytes that stand before the
//! ciphertext. A key made so seals one value, so the nonce is constant; two of 2^48 values share a key with probability
//! 2^-97, whatever happened between restarts. (Random 96-bit nonces under one key would end at 2^32 values, NIST SP 800-38D, 8.3,
//! which a node that writes a thousand times a second reaches in weeks.) The associated data names the place of the value, so
//! that a value moved elsewhere does not open.

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::StoreError;
use crate::error::damaged;

/// Random bytes before each sealed value.
const SALT_LEN: usize = 24;
/// AES-GCM's tag after it.
const TAG_LEN: usize = 16;
/// How much longer a value is when it is sealed.
#[cfg(test)]
const OVERHEAD: usize = SALT_LEN + TAG_LEN;

/// The key that seals values and digests at rest, 32 bytes.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SealKey([u8; 32]);

impl SealKey {
    /// Takes the key's bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(..)")
    }
}

/// Seals and opens values under one seal key.
#[derive(Clone)]
pub(crate) struct Sealer {
    root: Prk,
    random: SystemRandom,
}

struct Bytes32;

impl KeyType for Bytes32 {
    fn len(&self) -> usize {
        32
    }
}

impl Sealer {
    pub(crate) fn new(key: &SealKey) -> Self {
        let root = Salt::new(HKDF_SHA256, b"overlapd store v1").extract(&key.0);
        Self { root, random: SystemRandom::new() }
    }

    /// A value that tells this key from others and says nothing else about it.
    pub(crate) fn fingerprint(&self) -> Result<[u8; 32], StoreError> {
        Ok(*self.derive(&[b"fingerprint"])?)
    }

    /// Seals `plain` for `place`.
    pub(crate) fn seal(&self, place: &[&[u8]], plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut salt = [0; SALT_LEN];
        self.fill_random(&mut salt)?;
        let mut out = Vec::with_capacity(SALT_LEN + plain.len() + TAG_LEN);
        out.extend_from_slice(&salt);
        out.extend_from_slice(plain);
        let (nonce, aad) = (constant_nonce(), Aad::from(joined(place)));
        let tag = self
            .value_key(&salt)?
            .seal_in_place_separate_tag(nonce, aad, &mut out[SALT_LEN..])
            .map_err(|_| too_long())?;
        out.extend_from_slice(tag.as_ref());
        Ok(out)
    }

    /// Opens what was sealed for `place`.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it was changed, or sealed for another place or under another key.
    pub(crate) fn open(&self, place: &[&[u8]], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let (salt, body) = sealed.split_at_checked(SALT_LEN).ok_or(damaged("a sealed value is cut short"))?;
        let mut plain = Zeroizing::new(body.to_vec());
        let (nonce, aad) = (constant_nonce(), Aad::from(joined(place)));
        let len = self
            .value_key(salt)?
            .open_in_place(nonce, aad, &mut plain)
            .map_err(|_| damaged("a sealed value does not open"))?
            .len();
        plain.truncate(len);
        Ok(plain)
    }

    /// Fills `bytes` from the system's randomness.
    pub(crate) fn fill_random(&self, bytes: &mut [u8]) -> Result<(), StoreError> {
        self.random.fill(bytes).map_err(|_| std::io::Error::other("no randomness").into())
    }

    fn value_key(&self, salt: &[u8]) -> Result<LessSafeKey, StoreError> {
        let key = self.derive(&[b"value", salt])?;
        UnboundKey::new(&AES_256_GCM, &*key).map(LessSafeKey::new).map_err(|_| too_long())
    }

    fn derive(&self, info: &[&[u8]]) -> Result<Zeroizing<[u8; 32]>, StoreError> {
        let mut out = Zeroizing::new([0; 32]);
        let derived = self.root.expand(info, Bytes32).and_then(|okm| okm.fill(&mut *out));
        derived.map_err(|_| too_long()).map(|()| out)
    }
}

/// The tag of a sealed value: 16 bytes that no other sealing has.
pub(crate) fn tag_of(sealed: &[u8]) -> u128 {
    sealed.last_chunk().map_or(0, |tag: &[u8; TAG_LEN]| u128::from_le_bytes(*tag))
}

fn joined(place: &[&[u8]]) -> Vec<u8> {
    place.concat()
}

fn constant_nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

/// ring refuses only lengths that nothing here reaches.
fn too_long() -> StoreError {
    std::io::Error::other("a value is too long to seal").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(byte: u8) -> Sealer {
        Sealer::new(&SealKey::new([byte; 32]))
    }

    #[test]
    fn opens_what_it_sealed_and_nothing_else() {
        let sealed = sealer(1).seal(&[b"here"], b"value").unwrap();
        assert_eq!(sealed.len(), 5 + OVERHEAD);
        assert_eq!(&**sealer(1).open(&[b"here"], &sealed).unwrap(), b"value");
        assert!(sealer(1).open(&[b"there"], &sealed).is_err());
        assert!(sealer(2).open(&[b"here"], &sealed).is_err());
        for at in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[at] ^= 1;
            assert!(sealer(1).open(&[b"here"], &bad).is_err(), "byte {at}");
            assert!(sealer(1).open(&[b"here"], &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn no_two_sealings_are_alike() {
        let sealer = sealer(1);
        let (a, b) = (sealer.seal(&[b"p"], b"value").unwrap(), sealer.seal(&[b"p"], b"value").unwrap());
        assert_ne!(a[..SALT_LEN], b[..SALT_LEN]);
        assert_ne!(a[SALT_LEN..], b[SALT_LEN..]);
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", SealKey::new([7; 32])), "SealKey(..)");
    }
}
