//! What an engine compares.

use std::fmt;

use rayon::prelude::*;
use zeroize::{Zeroize, Zeroizing};

use crate::Error;
use crate::keyed_hash::KeyedHash;

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

/// Digests that one task re-keys.
const DIGESTS_AT_ONCE: usize = 1 << 12;

/// The session items of digests: BLAKE3 of each, keyed with the session's salt and cut to 16 bytes. On whatever rayon pool this
/// runs in. `bytes` gives a digest's bytes.
pub fn session_items<D: Sync>(
    salt: &[u8; 32],
    digests: &[D],
    bytes: impl Fn(&D) -> [u8; 16] + Sync,
) -> Vec<SessionItem> {
    let hash = KeyedHash::new(*salt);
    let mut items = vec![SessionItem([0; 16]); digests.len()];
    items.par_chunks_mut(DIGESTS_AT_ONCE).zip(digests.par_chunks(DIGESTS_AT_ONCE)).for_each(
        |(items, digests)| {
            let inputs = Zeroizing::new(digests.iter().map(&bytes).collect::<Vec<_>>());
            let mut hashes = Zeroizing::new(vec![[0; 16]; items.len()]);
            hash.hash16_to_16(&inputs, &mut hashes);
            items.iter_mut().zip(hashes.iter()).for_each(|(item, hash)| item.0 = *hash);
        },
    );
    items
}

/// Whether two items are equal. Takes a time that depends on the items, and a copy of them.
pub(crate) fn has_repeats(items: &[SessionItem]) -> bool {
    let mut sorted = Zeroizing::new(items.to_vec());
    sorted.par_sort_unstable();
    sorted.par_windows(2).any(|pair| pair[0] == pair[1])
}

/// A caller's set that has passed its checks; wiped when dropped.
pub(crate) struct ItemSet(Zeroizing<Vec<SessionItem>>);

impl ItemSet {
    /// Takes a set that must have `size` items, at most `limit` and no two equal.
    ///
    /// Sorting takes a time that depends on the items; it runs before the first message and only its caller sees it.
    ///
    /// # Errors
    /// [`Error::UnsupportedSize`], [`Error::RepeatedItem`].
    pub(crate) fn new(items: Vec<SessionItem>, size: usize, limit: usize) -> Result<Self, Error> {
        let items = Zeroizing::new(items);
        if items.len() != size || size > limit {
            return Err(Error::UnsupportedSize { size: items.len() });
        }
        if has_repeats(&items) { Err(Error::RepeatedItem) } else { Ok(Self(items)) }
    }

    /// Takes a set that must have `size` items, for an engine that finds repeated ones itself.
    ///
    /// # Errors
    /// [`Error::UnsupportedSize`].
    pub(crate) fn of_size(items: Vec<SessionItem>, size: usize) -> Result<Self, Error> {
        let items = Zeroizing::new(items);
        if items.len() == size { Ok(Self(items)) } else { Err(Error::UnsupportedSize { size: items.len() }) }
    }

    /// The items, in the caller's order.
    pub(crate) fn items(&self) -> &[SessionItem] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_another_size_or_with_a_repeated_item_is_refused() {
        let items = |bytes: &[u8]| bytes.iter().map(|&b| SessionItem::new([b; 16])).collect::<Vec<_>>();
        assert!(ItemSet::new(items(&[3, 1, 2]), 3, 3).is_ok());
        assert!(ItemSet::new(items(&[]), 0, 3).is_ok());
        let error = |bytes, size, limit| ItemSet::new(items(bytes), size, limit).err();
        assert_eq!(error(&[1, 2], 3, 3), Some(Error::UnsupportedSize { size: 2 }));
        assert_eq!(error(&[1, 2], 2, 1), Some(Error::UnsupportedSize { size: 2 }));
        assert_eq!(error(&[1, 2, 1], 3, 3), Some(Error::RepeatedItem));
    }
}
