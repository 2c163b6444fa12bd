//! Tags in ascending order: an order that says nothing of the sender's, since tags are pseudorandom, and in which the
//! receiver finds its matches by reading both lists once.

use std::ops::Range;

use rayon::prelude::*;
use zerocopy::FromZeros;

#[cfg(test)]
use crate::check_switch::Check;
use crate::output::{PackedOutput, TAG_BYTES};
use crate::wiped::Wiped;
use crate::{Error, MessageKind};

/// Entries in one bucket on average: few, since it is cheaper to scatter entries than to compare them.
const BUCKET: usize = 32;

/// A message with more than this many tags for each own one is searched and not read.
const MANY_TIMES: usize = 8;

/// The most bits of a bucket's number: scattering to more places at once misses the translation cache.
const MOST_BUCKET_BITS: u32 = 11;

/// Bits of an output's place in an [`Entry`], and so of the number of outputs that can be ordered.
const PLACE_BITS: u32 = 22;

/// The most outputs that can be ordered at once.
pub(crate) const MOST_OUTPUTS: usize = 1 << PLACE_BITS;

/// One output in the order of tags: the first bits of its tag above its place. Small, since moving entries is what sorting costs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, FromZeros)]
struct Entry(u64);

/// Outputs in the ascending order of their tags. The tag is an output's first half.
pub(crate) struct TagOrder(Wiped<Entry>);

impl Entry {
    fn new(tag: &[u8; TAG_BYTES], place: usize) -> Self {
        Self(prefix(tag) << PLACE_BITS | place as u64)
    }

    fn prefix(self) -> u64 {
        self.0 >> PLACE_BITS
    }

    fn place(self) -> usize {
        (self.0 & (MOST_OUTPUTS as u64 - 1)) as usize
    }
}

impl TagOrder {
    /// Of no outputs.
    pub(crate) const EMPTY: Self = Self(Wiped::EMPTY);

    /// Sorts at most [`MOST_OUTPUTS`] outputs: by the first bits into buckets, then each bucket, on whatever rayon pool this runs in. The
    /// time depends on the tags, which are pseudorandom and say nothing of the items.
    pub(crate) fn new(outputs: &[PackedOutput]) -> Self {
        Self::EMPTY.reused(outputs)
    }

    /// Sorts other outputs in the same memory, where they are as many.
    pub(crate) fn reused(self, outputs: &[PackedOutput]) -> Self {
        assert!(outputs.len() <= MOST_OUTPUTS, "the caller cuts larger sets");
        let bits = (outputs.len() / BUCKET).checked_ilog2().unwrap_or(0).min(MOST_BUCKET_BITS);
        let mut entries = self.0.of_len(outputs.len());
        let ends = scatter(outputs, bits, &mut entries);
        cut(&mut entries, &ends).into_par_iter().for_each(|bucket| sort(bucket, outputs));
        Self(entries)
    }

    /// The places of the outputs, in the order of their tags.
    pub(crate) fn places(&self, range: Range<usize>) -> impl Iterator<Item = usize> + '_ {
        self.0[range].iter().map(|entry| entry.place())
    }

    /// Whether two outputs have one tag, which for a pseudorandom function means that two items are equal.
    pub(crate) fn has_repeats(&self, outputs: &[PackedOutput]) -> bool {
        self.0.par_windows(2).any(|pair| {
            pair[0].prefix() == pair[1].prefix() && tag(outputs, pair[0]) == tag(outputs, pair[1])
        })
    }
}

/// Puts entries in the order of their first `bits` bits, and tells where each bucket ends.
fn scatter(outputs: &[PackedOutput], bits: u32, scattered: &mut [Entry]) -> Vec<usize> {
    let bucket = |entry: Entry| (entry.0 >> 1 >> (63 - bits)) as usize;
    let entries = || outputs.iter().enumerate().map(|(place, output)| Entry::new(output.tag(), place));
    let mut ends = vec![0; 1 << bits];
    entries().for_each(|entry| ends[bucket(entry)] += 1);
    let mut sum = 0;
    for end in &mut ends {
        (*end, sum) = (sum, sum + *end);
    }
    for entry in entries() {
        let next = &mut ends[bucket(entry)];
        scattered[*next] = entry;
        *next += 1;
    }
    ends
}

/// The buckets that end where `ends` says.
fn cut<'a>(mut entries: &'a mut [Entry], ends: &[usize]) -> Vec<&'a mut [Entry]> {
    let mut start = 0;
    let lengths = ends.iter().map(|&end| end - std::mem::replace(&mut start, end));
    lengths.map(|length| entries.split_off_mut(..length).unwrap_or_default()).collect()
}

/// Sorts by prefixes, and those that share one by their whole tags.
fn sort(bucket: &mut [Entry], outputs: &[PackedOutput]) {
    bucket.sort_unstable();
    for alike in bucket.chunk_by_mut(|a, b| a.prefix() == b.prefix()).filter(|alike| alike.len() > 1) {
        alike.sort_unstable_by(|a, b| tag(outputs, *a).cmp(tag(outputs, *b)));
    }
}

/// The first bits of a tag, as many as an entry has room for.
fn prefix(tag: &[u8; TAG_BYTES]) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&tag[..8]);
    u64::from_be_bytes(first) >> PLACE_BITS
}

fn tag(outputs: &[PackedOutput], entry: Entry) -> &[u8; TAG_BYTES] {
    outputs[entry.place()].tag()
}

/// Reads a sender's ascending tags against the receiver's own.
pub(crate) struct Merge {
    outputs: Wiped<PackedOutput>,
    own: TagOrder,
    at: usize,
    last: Option<[u8; TAG_BYTES]>,
    read: u32,
    matched: Wiped<bool>,
    matches: Vec<TagMatch>,
}

/// An output of the receiver's whose tag the sender sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TagMatch {
    /// The output's place.
    pub(crate) place: usize,
    /// The tag's place in the sender's list.
    pub(crate) tag_index: u32,
}

impl Merge {
    /// Begins with the receiver's own outputs, [`MOST_OUTPUTS`] at most.
    pub(crate) fn new(outputs: Wiped<PackedOutput>) -> Self {
        let own = TagOrder::new(&outputs);
        let matched = Wiped::new(vec![false; outputs.len()]);
        Self { outputs, own, at: 0, last: None, read: 0, matched, matches: Vec::new() }
    }

    /// The next list begins: its tags ascend from the lowest again.
    pub(crate) fn restart(&mut self) {
        self.at = 0;
        self.last = None;
    }

    /// Reads the next tags.
    ///
    /// # Errors
    /// [`Error::UnorderedTags`] where they do not ascend strictly within a list. A tag of another list that comes again counts
    /// once, and in silence: a refusal would tell the sender whether the receiver has the item.
    pub(crate) fn take(&mut self, tags: &[[u8; TAG_BYTES]]) -> Result<(), Error> {
        let first_ascends = self.last.is_none_or(|last| tags.first().is_none_or(|first| last < *first));
        let all_ascend = tags.is_sorted_by(|a, b| u128::from_be_bytes(*a) < u128::from_be_bytes(*b));
        let unordered = !(first_ascends && all_ascend);
        #[cfg(test)]
        let unordered = unordered && !Check::TagOrder.is_off();
        if unordered {
            return Err(Error::UnorderedTags);
        }
        self.last = tags.last().copied().or(self.last);
        self.merge(tags);
        self.read += tags.len() as u32;
        Ok(())
    }

    fn merge(&mut self, tags: &[[u8; TAG_BYTES]]) {
        match self.own.0.len().checked_mul(MANY_TIMES) {
            Some(many) if many < tags.len() => self.seek(tags),
            _ => self.go_along(tags),
        }
    }

    /// Seeks each of few own tags among many.
    fn seek(&mut self, tags: &[[u8; TAG_BYTES]]) {
        let mut index = 0;
        while let Some(own) = self.own.0.get(self.at) {
            let have = own.prefix();
            index += tags[index..].partition_point(|theirs| prefix(theirs) < have);
            let Some(theirs) = tags.get(index) else { return };
            if prefix(theirs) == have {
                self.look(theirs, index as u32);
                index += 1;
            } else {
                self.at += 1;
            }
        }
    }

    /// Goes through both lists at once. Which of the two moves on is computed and not branched on: it is as good as random,
    /// and a processor would guess it wrong every other time.
    fn go_along(&mut self, tags: &[[u8; TAG_BYTES]]) {
        let mut index = 0;
        while let (Some(theirs), Some(own)) = (tags.get(index), self.own.0.get(self.at)) {
            let (sought, have) = (prefix(theirs), own.prefix());
            if sought == have {
                self.look(theirs, index as u32);
            }
            index += usize::from(sought <= have);
            self.at += usize::from(have < sought);
        }
    }

    /// Looks for a tag among the own ones that have its first bits.
    fn look(&mut self, theirs: &[u8; TAG_BYTES], index: u32) {
        let sought = prefix(theirs);
        let alike = self.own.0[self.at..].iter().take_while(|entry| entry.prefix() == sought);
        let found = { alike }.find(|entry| tag(&self.outputs, **entry) == theirs);
        let Some(place) = found.map(|entry| entry.place()) else { return };
        let repeated = std::mem::replace(&mut self.matched[place], true);
        #[cfg(test)]
        let repeated = repeated && !Check::RepeatedTag.is_off();
        if !repeated {
            self.matches.push(TagMatch { place, tag_index: self.read + index });
        }
    }

    /// The matches, ascending by the tag's place, and the outputs.
    pub(crate) fn finish(self) -> (Vec<TagMatch>, Wiped<PackedOutput>) {
        (self.matches, self.outputs)
    }
}

/// A message's tags.
///
/// # Errors
/// [`Error::WrongCount`] where its bytes are no whole number of tags.
pub(crate) fn tags_of(bytes: &[u8]) -> Result<&[[u8; TAG_BYTES]], Error> {
    match bytes.as_chunks() {
        (tags, []) => Ok(tags),
        _ => Err(Error::WrongCount { kind: MessageKind::Tags }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    use super::*;
    use crate::output::OUTPUT_BYTES;

    fn hashes(count: usize, seed: u64) -> Vec<[u8; OUTPUT_BYTES]> {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut hashes = vec![[0; OUTPUT_BYTES]; count];
        hashes.iter_mut().for_each(|hash| rng.fill_bytes(hash));
        hashes
    }

    fn packed(hashes: Vec<[u8; OUTPUT_BYTES]>) -> Vec<PackedOutput> {
        hashes.into_iter().map(PackedOutput::from).collect()
    }

    fn outputs(count: usize, seed: u64) -> Vec<PackedOutput> {
        packed(hashes(count, seed))
    }

    fn ascending(outputs: &[PackedOutput]) -> Vec<[u8; TAG_BYTES]> {
        TagOrder::new(outputs).places(0..outputs.len()).map(|place| *outputs[place].tag()).collect()
    }

    #[test]
    fn the_order_is_that_of_a_sort() {
        for count in [0, 1, 2, 511, 1023, 1024, 5000, 40_000] {
            let outputs = outputs(count, 1);
            let mut sorted: Vec<_> = outputs.iter().map(|output| *output.tag()).collect();
            sorted.sort_unstable();
            assert_eq!(ascending(&outputs), sorted, "{count}");
        }
    }

    #[test]
    fn tags_that_share_their_first_bytes_are_told_apart() {
        let mut hashes = hashes(9, 2);
        for (hash, last) in hashes.iter_mut().zip([5, 3, 9, 1, 7, 2, 8, 4, 6]) {
            hash[..15].fill(7);
            hash[15] = last;
        }
        let mut outputs = packed(hashes);
        let order = ascending(&outputs);
        assert!(order.iter().map(|tag| tag[15]).eq(1..=9));
        assert!(!TagOrder::new(&outputs).has_repeats(&outputs));
        let mut merge = Merge::new(Wiped::new(outputs.clone()));
        merge.take(&order[2..4]).unwrap();
        let places: Vec<_> = merge.finish().0.iter().map(|found| outputs[found.place].tag()[15]).collect();
        assert_eq!(places, [3, 4]);
        // Few own ones are sought.
        let mut merge = Merge::new(Wiped::new(vec![outputs[3]]));
        merge.take(&order).unwrap();
        assert_eq!(merge.finish().0, [TagMatch { place: 0, tag_index: 0 }]);
        outputs[4] = outputs[2];
        assert!(TagOrder::new(&outputs).has_repeats(&outputs));
    }

    #[test]
    fn tags_out_of_order_are_refused_and_repeated_ones_count_once() {
        let own = outputs(4, 3);
        let order = ascending(&own);
        let take = |tags: &[[u8; TAG_BYTES]]| Merge::new(Wiped::new(own.clone())).take(tags);
        assert_eq!(take(&order), Ok(()));
        assert_eq!(take(&[order[1], order[0]]), Err(Error::UnorderedTags));
        assert_eq!(take(&[order[1], order[1]]), Err(Error::UnorderedTags));
        let mut merge = Merge::new(Wiped::new(own.clone()));
        merge.take(&order).unwrap();
        merge.restart();
        assert_eq!(merge.take(&order[..1]), Ok(()));
        assert_eq!(merge.finish().0.len(), order.len());
    }

    proptest! {
        #[test]
        fn a_merge_is_the_plain_intersection(shared in 0..50_usize, own in 0..50_usize, theirs in 0..900_usize) {
            let all = outputs(shared + own + theirs, 4);
            let mine = [&all[..shared], &all[shared..shared + own]].concat();
            let others = [&all[..shared], &all[shared + own..]].concat();
            let sent = ascending(&others);
            for size in [7, 400] {
                let mut merge = Merge::new(Wiped::new(mine.clone()));
                sent.chunks(size).try_for_each(|tags| merge.take(tags)).unwrap();
                let (matches, _) = merge.finish();
                prop_assert_eq!(matches.len(), shared);
                prop_assert!(matches.iter().all(|m| *mine[m.place].tag() == sent[m.tag_index as usize]));
                prop_assert!(matches.is_sorted_by_key(|m| m.tag_index));
            }
        }
    }
}
