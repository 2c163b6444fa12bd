//! What an engine compares.

use std::fmt;

use zeroize::Zeroize;

/// A digest re-keyed for one exchange: 16 bytes. The only thing that an engine accepts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Zeroize)]
pub struct SessionItem([u8; 16]);

impl SessionItem {
    /// Takes an item's bytes.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The item's bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for SessionItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionItem(..)")
    }
}
