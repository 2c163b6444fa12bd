//! Digests: what is stored for comparison, and all that an exchange ever reads.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::FacetKey;

/// Separates digests from every other use of the salt, and from another version's.
const DOMAIN: &[u8] = b"overlapd digest v1";

/// The coalition's salt of one epoch, 32 bytes.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct DigestSalt([u8; 32]);

impl DigestSalt {
    /// Takes the salt's 32 bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The salt's bytes, to hash or to seal.
    pub fn expose_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for DigestSalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestSalt(..)")
    }
}

/// A facet, salted and hashed to 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 16]);

impl Digest {
    /// Takes a digest's bytes back from the store.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The digest's bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(..)")
    }
}

/// Makes digests under one salt.
///
/// The salt's two HMAC blocks are hashed once, here; a digest of a short key then costs two more.
#[derive(Clone)]
pub struct Digester {
    keyed: Hmac<Sha256>,
}

impl Digester {
    /// A digester under `salt`.
    pub fn new(salt: &DigestSalt) -> Self {
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        block[..salt.0.len()].copy_from_slice(&salt.0);
        // RFC 2104, section 2: a key shorter than the block is padded with zeros.
        let keyed = Hmac::new(&block);
        block.zeroize();
        Self { keyed }
    }

    /// `HMAC-SHA256(salt, "overlapd digest v1" || facet name || 0 || key)`, cut to 16 bytes.
    pub fn digest(&self, facet: &FacetKey) -> Digest {
        let mut mac = self.keyed.clone();
        mac.update(DOMAIN);
        mac.update(facet.facet.as_str().as_bytes());
        mac.update(&[0]);
        mac.update(facet.key.reveal().as_bytes());
        let full: [u8; 32] = mac.finalize().into_bytes().into();
        let mut cut = [0; 16];
        cut.copy_from_slice(&full[..16]);
        Digest(cut)
    }
}

impl fmt::Debug for Digester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digester(..)")
    }
}
