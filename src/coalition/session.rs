//! The session salt: what both sides' randomness, and all that they said, make of one exchange.

use std::fmt;

use overlap_indicator::Digest;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::hashing::FieldHash;
use crate::{ExchangeId, MemberId, Nonce};

/// Everything that a session salt depends on.
pub struct SessionInputs<'a> {
    /// The exchange.
    pub exchange: ExchangeId,
    /// Who began.
    pub initiator: &'a MemberId,
    /// Who answered.
    pub responder: &'a MemberId,
    /// The initiator's nonce, opened.
    pub initiator_nonce: &'a Nonce,
    /// The responder's nonce.
    pub responder_nonce: &'a Nonce,
    /// The initiator's hello, as it was sent.
    pub initiator_hello: &'a [u8],
    /// The responder's hello, as it was sent.
    pub responder_hello: &'a [u8],
    /// The offer's bytes.
    pub offer: &'a [u8],
    /// The accept's bytes.
    pub accept: &'a [u8],
    /// TLS exporter (RFC 8446, 7.5) with label `overlapd exchange v1`, 32 bytes.
    pub exporter: &'a [u8; 32],
}

// By hand: the exporter is a secret of the connection.
impl fmt::Debug for SessionInputs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionInputs").field("exchange", &self.exchange).finish_non_exhaustive()
    }
}

/// The salt of one exchange.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SessionSalt([u8; 32]);

impl SessionSalt {
    /// Derives the salt: SHA-256 over a label and every input, in the order of [`SessionInputs`]' fields, each with its length.
    pub fn derive(inputs: &SessionInputs<'_>) -> Self {
        let hash = FieldHash::new("overlapd session salt v1")
            .bytes(&inputs.exchange.0)
            .bytes(inputs.initiator.as_str().as_bytes())
            .bytes(inputs.responder.as_str().as_bytes())
            .bytes(&inputs.initiator_nonce.0)
            .bytes(&inputs.responder_nonce.0)
            .bytes(inputs.initiator_hello)
            .bytes(inputs.responder_hello)
            .bytes(inputs.offer)
            .bytes(inputs.accept)
            .bytes(inputs.exporter);
        Self(hash.finish())
    }

    /// What names the exchange in the hashes of its engine: SHA-256 over a label and the salt, so bound to all that the salt
    /// is.
    pub fn engine_id(&self) -> [u8; 32] {
        FieldHash::new("overlapd engine run v1").bytes(&self.0).finish()
    }

    /// The key of the hash that makes session items, for whoever makes very many at once.
    pub fn key(&self) -> &[u8; 32] {
        &self.0
    }

    /// Keyed BLAKE3 of a digest, cut to 16 bytes: a session item.
    pub fn item(&self, digest: &Digest) -> [u8; 16] {
        let hash = blake3::keyed_hash(&self.0, digest.as_bytes());
        let mut item = [0; 16];
        item.copy_from_slice(&hash.as_bytes()[..16]);
        item
    }
}

impl fmt::Debug for SessionSalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSalt(..)")
    }
}
