//! What an engine compares.

use std::fmt;

use rand_core::CryptoRng;
use zerocopy::FromZeros;
use zeroize::DefaultIsZeroes;

use crate::field::F128;

/// A digest re-keyed for one exchange: 16 bytes. The only thing that an engine accepts.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, FromZeros)]
pub struct SessionItem([u8; 16]);

// Wiped in one write, where an array of bytes is wiped byte by byte.
impl DefaultIsZeroes for SessionItem {}

impl SessionItem {
    /// Takes an item's bytes.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The item's bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// An item that stands for nothing, to pad a set with.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// The item as an element, of the same bytes.
    pub(crate) fn element(self) -> F128 {
        F128::from_bytes(self.0)
    }
}

impl fmt::Debug for SessionItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionItem(..)")
    }
}
