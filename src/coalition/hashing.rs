//! Hashes over several fields, so encoded that different fields never give the same bytes.

use sha2::{Digest as _, Sha256};

/// SHA-256 over a label and fields, each preceded by its length (8 bytes, big-endian).
///
/// The encoding is injective for a fixed sequence of calls; a caller that writes a list writes its length first.
pub(crate) struct FieldHash(Sha256);

impl FieldHash {
    /// Begins with a label, which separates this use from every other.
    pub(crate) fn new(label: &str) -> Self {
        Self(Sha256::new()).bytes(label.as_bytes())
    }

    /// Adds a field of bytes.
    pub(crate) fn bytes(mut self, field: &[u8]) -> Self {
        self.0.update((field.len() as u64).to_be_bytes());
        self.0.update(field);
        self
    }

    /// Adds a number, as a field of 8 bytes, big-endian.
    pub(crate) fn number(self, number: u64) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    /// Adds a list: the number of its items, then each.
    pub(crate) fn list<'a>(self, items: impl ExactSizeIterator<Item = &'a [u8]>) -> Self {
        let start = self.number(items.len() as u64);
        items.fold(start, Self::bytes)
    }

    /// The hash.
    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// SHA-256 of one string of bytes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_cut_elsewhere_hash_differently() {
        let cut = |a: &[u8], b: &[u8]| FieldHash::new("label").bytes(a).bytes(b).finish();
        assert_ne!(cut(b"ab", b"c"), cut(b"a", b"bc"));
        assert_ne!(FieldHash::new("labela").finish(), FieldHash::new("label").bytes(b"a").finish());
    }

    #[test]
    fn a_list_is_not_its_items() {
        let list = FieldHash::new("label").list([b"a".as_slice(), b"b"].into_iter()).finish();
        let items = FieldHash::new("label").bytes(b"a").bytes(b"b").finish();
        assert_ne!(list, items);
    }
}
