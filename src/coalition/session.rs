//! The session salt: what both sides' randomness, and all that they said, make of one exchange.

use overlap_indicator::Digest;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{ExchangeId, MemberId, Nonce};

/// Everything that a session salt depends on.
#[derive(Debug)]
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

/// The salt of one exchange.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SessionSalt([u8; 32]);

impl SessionSalt {
    /// Derives the salt.
    pub fn derive(_inputs: &SessionInputs<'_>) -> Self {
        unimplemented!()
    }

    /// Keyed BLAKE3 of a digest, cut to 16 bytes: a session item.
    pub fn item(&self, _digest: &Digest) -> [u8; 16] {
        unimplemented!()
    }
}
