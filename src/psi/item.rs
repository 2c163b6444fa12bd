//! What an engine compares.

use std::fmt;

use rayon::prelude::*;
use zeroize::{DefaultIsZeroes, Zeroizing};

use crate::Error;
use crate::field::F128;
use crate::keyed_hash::KeyedHash;

/// A digest re-keyed for one exchange: 16 bytes. The only thing that an engine accepts.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

    /// One of 2^`bits` places: its last bits, where those of one partition differ as all do.
    fn place(&self, bits: u32) -> usize {
        (u128::from_le_bytes(self.0) >> (128 - bits)) as usize
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
    let mut items = vec![SessionItem::default(); digests.len()];
    items.par_chunks_mut(DIGESTS_AT_ONCE).zip(digests.par_chunks(DIGESTS_AT_ONCE)).for_each(
        |(items, digests)| {
            let element = |digest| F128::from_bytes(bytes(digest));
            let inputs = Zeroizing::new(digests.iter().map(element).collect::<Vec<_>>());
            let mut hashes = Zeroizing::new(vec![F128::ZERO; items.len()]);
            hash.hash_elements(&inputs, &mut hashes);
            items.iter_mut().zip(hashes.iter()).for_each(|(item, hash)| item.0 = hash.to_bytes());
        },
    );
    items
}

/// Places that [`has_repeats`] has for each item: with so many, about one item in sixteen shares its place with another.
const PLACES_PER_ITEM: usize = 16;

/// Whether two items are equal. Takes a time that depends on the items.
pub(crate) fn has_repeats(items: &[SessionItem]) -> bool {
    // Items are pseudorandom, and so are their places: only those that share one need to be compared.
    let bits = (items.len() * PLACES_PER_ITEM).max(64).next_power_of_two().ilog2();
    let (mut taken, mut shared) = (Places::new(bits), Places::new(bits));
    for item in items {
        let place = item.place(bits);
        if !taken.insert(place) {
            shared.insert(place);
        }
    }
    let alike = items.iter().filter(|item| shared.has(item.place(bits))).copied();
    let mut alike = Zeroizing::new(alike.collect::<Vec<_>>());
    alike.sort_unstable_by_key(|item| u128::from_le_bytes(item.0));
    alike.windows(2).any(|pair| pair[0] == pair[1])
}

/// A set of places. What is in it tells of items, so it is wiped.
struct Places(Zeroizing<Vec<u64>>);

impl Places {
    /// Of 2^`bits` places, at least 64.
    fn new(bits: u32) -> Self {
        Self(Zeroizing::new(vec![0; 1 << (bits - 6)]))
    }

    /// Whether the place was free.
    fn insert(&mut self, place: usize) -> bool {
        let (word, bit) = (&mut self.0[place / 64], 1 << (place % 64));
        let free = *word & bit == 0;
        *word |= bit;
        free
    }

    fn has(&self, place: usize) -> bool {
        self.0[place / 64] >> (place % 64) & 1 == 1
    }
}

/// A caller's set that has passed its checks; wiped when dropped.
pub(crate) struct ItemSet(Zeroizing<Vec<SessionItem>>);

impl ItemSet {
    /// Takes a set that must have `size` items, at most `limit` and no two equal.
    ///
    /// Looking for equal ones takes a time that depends on the items; it runs before the first message and only its caller sees it.
    ///
    /// # Errors
    /// [`Error::UnsupportedSize`], [`Error::RepeatedItem`].
    pub(crate) fn new(items: ItemSource, size: usize, limit: usize) -> Result<Self, Error> {
        let items = items.make();
        if items.len() != size || size > limit {
            return Err(Error::UnsupportedSize { size: items.len() });
        }
        if has_repeats(&items) { Err(Error::RepeatedItem) } else { Ok(Self(items)) }
    }

    /// The items, in the caller's order.
    pub(crate) fn items(&self) -> &[SessionItem] {
        &self.0
    }
}

/// An engine's set, at hand or made when the engine comes to it: while its partner has something to do.
pub struct ItemSource(Source);

enum Source {
    Set(Zeroizing<Vec<SessionItem>>),
    Later(Box<dyn FnOnce() -> Zeroizing<Vec<SessionItem>> + Send>),
}

impl ItemSource {
    /// A set that `make` makes, on the pool that the machine runs on.
    pub fn later(make: impl FnOnce() -> Zeroizing<Vec<SessionItem>> + Send + 'static) -> Self {
        Self(Source::Later(Box::new(make)))
    }

    /// The set.
    pub fn make(self) -> Zeroizing<Vec<SessionItem>> {
        match self.0 {
            Source::Set(items) => items,
            Source::Later(make) => make(),
        }
    }

    /// Refuses a set at hand that has not `size` items.
    ///
    /// # Errors
    /// [`Error::UnsupportedSize`].
    pub(crate) fn check_size(&self, size: usize) -> Result<(), Error> {
        match &self.0 {
            Source::Set(items) if items.len() != size => Err(Error::UnsupportedSize { size: items.len() }),
            Source::Set(_) | Source::Later(_) => Ok(()),
        }
    }

    /// The set, which must have `size` items. Whether two are equal is for the engine to find.
    ///
    /// # Errors
    /// [`Error::UnsupportedSize`].
    pub(crate) fn load(self, size: usize) -> Result<ItemSet, Error> {
        let items = self.make();
        if items.len() == size {
            Ok(ItemSet(items))
        } else {
            Err(Error::UnsupportedSize { size: items.len() })
        }
    }
}

impl From<Zeroizing<Vec<SessionItem>>> for ItemSource {
    fn from(items: Zeroizing<Vec<SessionItem>>) -> Self {
        Self(Source::Set(items))
    }
}

impl From<Vec<SessionItem>> for ItemSource {
    fn from(items: Vec<SessionItem>) -> Self {
        Zeroizing::new(items).into()
    }
}

impl fmt::Debug for ItemSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ItemSource(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_that_is_made_later_must_have_its_size_too() {
        let set = || vec![SessionItem::new([1; 16]); 2];
        assert_eq!(ItemSource::from(set()).check_size(3), Err(Error::UnsupportedSize { size: 2 }));
        let later = || ItemSource::later(move || Zeroizing::new(set()));
        assert_eq!(later().check_size(3), Ok(()));
        assert_eq!(later().load(3).err(), Some(Error::UnsupportedSize { size: 2 }));
        assert_eq!(later().load(2).unwrap().items(), set());
    }

    #[test]
    fn items_that_share_a_place_are_told_apart() {
        let items: Vec<_> = (0..100_u128).map(|i| SessionItem::new(i.to_le_bytes())).collect();
        assert!(items.iter().all(|item| item.place(11) == 0));
        assert!(!has_repeats(&items));
        assert!(has_repeats(&[items.as_slice(), &items[7..8]].concat()));
    }

    #[test]
    fn a_set_of_another_size_or_with_a_repeated_item_is_refused() {
        let item = |&byte: &u8| SessionItem::new([byte; 16]);
        let items = |bytes: &[u8]| ItemSource::from(bytes.iter().map(item).collect::<Vec<_>>());
        assert!(ItemSet::new(items(&[3, 1, 2]), 3, 3).is_ok());
        assert!(ItemSet::new(items(&[]), 0, 3).is_ok());
        let error = |bytes, size, limit| ItemSet::new(items(bytes), size, limit).err();
        assert_eq!(error(&[1, 2], 3, 3), Some(Error::UnsupportedSize { size: 2 }));
        assert_eq!(error(&[1, 2], 2, 1), Some(Error::UnsupportedSize { size: 2 }));
        assert_eq!(error(&[1, 2, 1], 3, 3), Some(Error::RepeatedItem));
    }
}
