//! Sealing at rest: AES-256-GCM under a key from a file.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

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
