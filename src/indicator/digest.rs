//! Digests: what is stored for comparison, and all that an exchange ever reads.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::FacetKey;

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
#[derive(Clone)]
pub struct Digester {
    _salt: DigestSalt,
}

impl Digester {
    /// A digester under `salt`.
    pub fn new(_salt: &DigestSalt) -> Self {
        unimplemented!()
    }

    /// `HMAC-SHA256(salt, "overlapd digest v1" || facet name || 0 || key)`, cut to 16 bytes.
    pub fn digest(&self, _facet: &FacetKey) -> Digest {
        unimplemented!()
    }
}
