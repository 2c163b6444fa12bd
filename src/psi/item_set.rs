//! The sets that engines take.

use std::fmt;
use std::ops::Range;
use std::slice::IterMut;

use rand_core::CryptoRng;
use rayon::prelude::*;
use zeroize::Zeroizing;

use crate::field::F128;
use crate::keyed_hash::KeyedHash;
use crate::scatter::{put, split};
use crate::shuffle::RandomParts;
use crate::wiped::Wiped;
use crate::{Error, SessionItem};

/// Digests that are re-keyed at once: they stay in the cache.
const DIGESTS_AT_ONCE: usize = 1 << 12;

/// An engine's set; wiped when dropped.
pub struct ItemSet {
    items: Wiped<SessionItem>,
    /// Whether no two are equal, as far as that follows from how the set was made.
    distinct: bool,
}

impl ItemSet {
    /// The session items of `count` digests: BLAKE3 of each, keyed with the session's salt and cut to 16 bytes. Behind them come
    /// random items, up to `padded`. All are then arranged as an engine asks for them. On whatever rayon pool this runs in.
    /// `digest` gives the bytes of the digest at a position.
    ///
    /// Where digests ascend, no two items are equal but with a probability of n^2 / 2^129, and nobody needs to look.
    pub fn of_digests(
        salt: &[u8; 32],
        count: usize,
        digest: impl Fn(usize) -> [u8; 16] + Sync,
        (padded, rng): (usize, &mut dyn CryptoRng),
        arrangement: Arrangement<'_>,
    ) -> Self {
        let hash = KeyedHash::new(*salt);
        let mut padding = Wiped::new(Vec::with_capacity(padded.saturating_sub(count)));
        padding.extend((count..padded).map(|_| SessionItem::random(rng)));
        let mut items = Wiped::zeroed(padded.max(count));
        let ascend = arrangement.tasks(&mut items).into_par_iter().map(|mut task| {
            let mut ascend = true;
            while let Some(positions) = task.next_positions() {
                let own = positions.start.min(count)..positions.end.min(count);
                // With the next one, so that all pairs are compared.
                let digests = (own.start..count.min(own.end + 1)).map(|at| F128::from_bytes(digest(at)));
                let digests = Wiped::new(digests.collect::<Vec<_>>());
                let mut hashes = Wiped::zeroed(own.len());
                hash.hash_elements(&digests[..own.len()], &mut hashes);
                ascend &= digests.is_sorted_by(|a, b| a.to_bytes() < b.to_bytes());
                let padding = &padding[positions.start.max(count) - count..positions.end.max(count) - count];
                let hashes = hashes.iter().map(|hash| SessionItem::new(hash.to_bytes()));
                task.put(positions.start, hashes.chain(padding.iter().copied()));
            }
            ascend
        });
        // All of them, however many do not ascend: the others have their items to make.
        let distinct = ascend.reduce(|| true, |a, b| a & b);
        Self { items, distinct }
    }

    /// The items, in the order that they are arranged in.
    pub fn items(&self) -> &[SessionItem] {
        &self.items
    }

    fn arranged(self, parts: &RandomParts) -> Self {
        let mut items = Wiped::zeroed(self.items.len());
        for mut task in Arrangement(Some(parts)).tasks(&mut items) {
            let positions = task.left.clone();
            task.put(positions.start, self.items[positions].iter().copied());
        }
        Self { items, distinct: self.distinct }
    }

    /// Refuses a set that has not `size` items.
    ///
    /// # Errors
    /// [`Error::UnsupportedSize`].
    pub(crate) fn of_size(self, size: usize) -> Result<Self, Error> {
        if self.items.len() == size {
            Ok(self)
        } else {
            Err(Error::UnsupportedSize { size: self.items.len() })
        }
    }

    /// Refuses a set in which two items are equal. Where it has to look it takes a time that depends on the items.
    ///
    /// # Errors
    /// [`Error::RepeatedItem`].
    pub(crate) fn distinct(self) -> Result<Self, Error> {
        if self.distinct || !has_repeats(&self.items) { Ok(self) } else { Err(Error::RepeatedItem) }
    }
}

impl From<Vec<SessionItem>> for ItemSet {
    fn from(items: Vec<SessionItem>) -> Self {
        Self { items: Wiped::new(items), distinct: false }
    }
}

impl fmt::Debug for ItemSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ItemSet({} items)", self.items.len())
    }
}

/// The order that an engine asks for: the caller's own, or random parts, each in the caller's order.
#[derive(Clone, Copy)]
pub struct Arrangement<'a>(Option<&'a RandomParts>);

/// The most tasks that make a set: each has a place of its own in each part.
const MOST_TASKS: usize = 128;

impl<'a> Arrangement<'a> {
    /// The caller's order.
    pub const CALLERS: Arrangement<'static> = Arrangement(None);

    /// The tasks that fill a set.
    fn tasks<'i>(self, items: &'i mut [SessionItem]) -> Vec<Task<'i>>
    where
        'a: 'i,
    {
        let all = items.len();
        let size = all.div_ceil(MOST_TASKS).next_multiple_of(DIGESTS_AT_ONCE).max(DIGESTS_AT_ONCE);
        let ranges: Vec<_> = (0..all).step_by(size).map(|start| start..all.min(start + size)).collect();
        let counts: Vec<_> = ranges.iter().map(|range| self.counts(range.clone())).collect();
        let part_of = self.0.map(RandomParts::part_of);
        let places = split(&counts, items);
        ranges.into_iter().zip(places).map(|(left, places)| Task { left, part_of, places }).collect()
    }

    /// How many of these positions are in each part.
    fn counts(self, positions: Range<usize>) -> Vec<usize> {
        let Some(parts) = self.0 else { return vec![positions.len()] };
        let mut counts = vec![0; parts.len()];
        parts.part_of()[positions].iter().for_each(|&part| counts[usize::from(part)] += 1);
        counts
    }
}

impl fmt::Debug for Arrangement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Arrangement(in parts)" } else { "Arrangement(the caller's)" })
    }
}

/// Positions of a set, and the places of their items.
struct Task<'a> {
    left: Range<usize>,
    part_of: Option<&'a [u16]>,
    places: Vec<IterMut<'a, SessionItem>>,
}

impl Task<'_> {
    fn next_positions(&mut self) -> Option<Range<usize>> {
        let start = self.left.start;
        self.left.start = self.left.end.min(start + DIGESTS_AT_ONCE);
        (!(start..self.left.start).is_empty()).then_some(start..self.left.start)
    }

    /// Puts the items of positions from `first` on where they belong.
    fn put(&mut self, first: usize, items: impl Iterator<Item = SessionItem>) {
        match self.part_of {
            None => items.for_each(|item| put(&mut self.places[0], item)),
            Some(part_of) => {
                let parts = part_of[first..].iter();
                items.zip(parts).for_each(|(item, &part)| put(&mut self.places[usize::from(part)], item));
            }
        }
    }
}

/// An engine's set, at hand or made when the engine comes to it: while its partner has something to do.
pub struct ItemSource(Source);

enum Source {
    Set(ItemSet),
    Later(Box<dyn FnOnce(Arrangement<'_>) -> ItemSet + Send>),
}

impl ItemSource {
    /// A set that `make` makes and arranges, on the pool that the machine runs on.
    pub fn later(make: impl FnOnce(Arrangement<'_>) -> ItemSet + Send + 'static) -> Self {
        Self(Source::Later(Box::new(make)))
    }

    /// The set, in the caller's order.
    pub fn make(self) -> ItemSet {
        match self.0 {
            Source::Set(set) => set,
            Source::Later(make) => make(Arrangement::CALLERS),
        }
    }

    /// The set of `size` items in parts of that many positions.
    ///
    /// # Errors
    /// [`Error::UnsupportedSize`] where it is of another size.
    pub(crate) fn make_in(self, parts: &RandomParts) -> Result<ItemSet, Error> {
        let size = parts.part_of().len();
        match self.0 {
            Source::Set(set) => Ok(set.of_size(size)?.arranged(parts)),
            Source::Later(make) => make(Arrangement(Some(parts))).of_size(size),
        }
    }

    /// Refuses a set at hand that has not `size` items.
    ///
    /// # Errors
    /// [`Error::UnsupportedSize`].
    pub(crate) fn check_size(&self, size: usize) -> Result<(), Error> {
        match &self.0 {
            Source::Set(set) if set.items.len() != size => {
                Err(Error::UnsupportedSize { size: set.items.len() })
            }
            Source::Set(_) | Source::Later(_) => Ok(()),
        }
    }
}

impl<T: Into<ItemSet>> From<T> for ItemSource {
    fn from(set: T) -> Self {
        Self(Source::Set(set.into()))
    }
}

impl From<Zeroizing<Vec<SessionItem>>> for ItemSet {
    fn from(mut items: Zeroizing<Vec<SessionItem>>) -> Self {
        std::mem::take(&mut *items).into()
    }
}

impl fmt::Debug for ItemSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ItemSource(..)")
    }
}

/// Places that [`has_repeats`] has for each item: with so many, about one item in sixteen shares its place with another.
const PLACES_PER_ITEM: usize = 16;

/// Whether two items are equal. Takes a time that depends on the items.
pub(crate) fn has_repeats(items: &[SessionItem]) -> bool {
    // Items are pseudorandom, and so are their places: only those that share one need to be compared.
    let bits = (items.len() * PLACES_PER_ITEM).max(64).next_power_of_two().ilog2();
    let (mut taken, mut shared) = (Places::new(bits), Places::new(bits));
    for item in items {
        let place = place(item, bits);
        if !taken.insert(place) {
            shared.insert(place);
        }
    }
    let alike_ones = items.iter().filter(|item| shared.has(place(item, bits))).copied();
    let mut alike = Wiped::new(Vec::with_capacity(alike_ones.clone().count()));
    alike.extend(alike_ones);
    alike.sort_unstable_by_key(|item| item.element().0);
    alike.windows(2).any(|pair| pair[0] == pair[1])
}

/// One of 2^`bits` places: the item's last bits, where those of one partition differ as all do.
fn place(item: &SessionItem, bits: u32) -> usize {
    (item.element().0 >> (128 - bits)) as usize
}

/// A set of places. What is in it tells of items, so it is wiped.
struct Places(Wiped<u64>);

impl Places {
    /// Of 2^`bits` places, at least 64.
    fn new(bits: u32) -> Self {
        Self(Wiped::zeroed(1 << (bits - 6)))
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

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    const SALT: [u8; 32] = [7; 32];

    fn set(bytes: &[u8]) -> ItemSet {
        bytes.iter().map(|&byte| SessionItem::new([byte; 16])).collect::<Vec<_>>().into()
    }

    fn of_digests(digests: &[u8], padded: usize) -> ItemSet {
        let rng = &mut ChaCha20Rng::seed_from_u64(1);
        ItemSet::of_digests(&SALT, digests.len(), |at| [digests[at]; 16], (padded, rng), Arrangement::CALLERS)
    }

    #[test]
    fn a_set_of_another_size_or_with_a_repeated_item_is_refused() {
        assert!(set(&[3, 1, 2]).of_size(3).is_ok());
        assert!(set(&[]).of_size(0).is_ok());
        assert_eq!(set(&[1, 2]).of_size(3).err(), Some(Error::UnsupportedSize { size: 2 }));
        assert!(set(&[3, 1, 2]).distinct().is_ok());
        assert_eq!(set(&[1, 2, 1]).distinct().err(), Some(Error::RepeatedItem));
    }

    #[test]
    fn an_item_is_the_keyed_hash_of_its_digest() {
        let (set, many) = (of_digests(&[1, 2, 9], 5), of_digests(&[9; 70], 0));
        let hash = |digest: u8| blake3::keyed_hash(&SALT, &[digest; 16]);
        let own: Vec<_> = [1, 2, 9].iter().map(|&digest| hash(digest)).collect();
        assert_eq!(set.items().len(), 5);
        assert!(set.items().iter().zip(&own).all(|(item, hash)| item.as_bytes() == &hash.as_bytes()[..16]));
        assert!(many.items().iter().all(|item| item == &set.items()[2]) && many.items().len() == 70);
    }

    #[test]
    fn digests_that_ascend_are_distinct_and_others_are_looked_at() {
        assert!(of_digests(&[1, 2, 9], 4).distinct);
        assert!(of_digests(&[], 4).distinct);
        let unordered = of_digests(&[2, 1], 2);
        assert!(!unordered.distinct && unordered.distinct().is_ok());
        let at_a_seam = |at| (at as u128 - u128::from(at == DIGESTS_AT_ONCE)).to_be_bytes();
        let rng = &mut ChaCha20Rng::seed_from_u64(2);
        let repeated =
            ItemSet::of_digests(&SALT, 2 * DIGESTS_AT_ONCE, at_a_seam, (0, rng), Arrangement::CALLERS);
        assert_eq!(repeated.distinct().err(), Some(Error::RepeatedItem));
        assert_eq!(of_digests(&[1, 1], 2).distinct().err(), Some(Error::RepeatedItem));
    }

    #[test]
    fn a_set_that_is_made_later_is_made_when_it_is_asked_for() {
        assert_eq!(ItemSource::from(set(&[1, 1])).check_size(3), Err(Error::UnsupportedSize { size: 2 }));
        let later = ItemSource::later(|_| set(&[1, 2]));
        assert_eq!(later.check_size(3), Ok(()));
        assert_eq!(later.make().items(), set(&[1, 2]).items());
    }

    #[test]
    fn a_set_in_parts_has_the_same_items_part_by_part() {
        let rng = &mut ChaCha20Rng::seed_from_u64(3);
        let digest = |at: usize| (at as u128).to_be_bytes();
        for (count, padded, size) in [(0, 0, 4), (5, 9, 4), (20_000, 21_000, 4096), (9000, 9000, 1 << 15)] {
            let parts = RandomParts::new(padded, size, rng);
            let later = move |arrangement: Arrangement<'_>| {
                let rng = &mut ChaCha20Rng::seed_from_u64(4);
                ItemSet::of_digests(&SALT, count, digest, (padded, rng), arrangement)
            };
            let callers = later(Arrangement::CALLERS);
            let expected: Vec<_> = parts.positions().iter().map(|&at| callers.items()[at as usize]).collect();
            assert_eq!(ItemSource::later(later).make_in(&parts).unwrap().items(), expected);
            assert_eq!(ItemSource::from(callers).make_in(&parts).unwrap().items(), expected);
            let other = RandomParts::new(padded + 1, size, rng);
            assert!(ItemSource::later(later).make_in(&other).is_err());
        }
    }

    #[test]
    fn items_that_share_a_place_are_told_apart() {
        let items: Vec<_> = (0..100_u128).map(|i| SessionItem::new(i.to_le_bytes())).collect();
        assert!(items.iter().all(|item| place(item, 11) == 0));
        assert!(!has_repeats(&items));
        assert!(has_repeats(&[items.as_slice(), &items[7..8]].concat()));
    }
}
