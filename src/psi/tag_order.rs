//! Tags in ascending order: an order that says nothing of the sender's, since tags are pseudorandom, and in which the
//! receiver finds its matches by reading both lists once.

use rayon::prelude::*;
use zeroize::{Zeroize, ZeroizeOnDrop};

#[cfg(test)]
use crate::check_switch::Check;
use crate::output::{OUTPUT_BYTES, TAG_BYTES};
use crate::{Error, MessageKind};

/// Entries in one bucket on average: few enough to be sorted within the first-level cache.
const BUCKET: usize = 512;

/// The most bits of a bucket's number: scattering to more places at once misses the translation cache.
const MOST_BUCKET_BITS: u32 = 12;

/// One output in the order of tags: the tag's first eight bytes, as a number, and the output's place.
#[derive(Clone, Copy, Default, Zeroize)]
pub(crate) struct Entry {
    prefix: u64,
    pub(crate) place: u32,
}

/// Outputs in the ascending order of their tags. The tag is an output's first half.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct TagOrder(Vec<Entry>);

impl TagOrder {
    /// Sorts: by the first bits into buckets, then each bucket, on whatever rayon pool this runs in. There are fewer than
    /// 2^32 outputs. The time depends on the tags, which are pseudorandom and say nothing of the items.
    pub(crate) fn new(outputs: &[[u8; OUTPUT_BYTES]]) -> Self {
        let bits = (outputs.len() / BUCKET).checked_ilog2().unwrap_or(0).min(MOST_BUCKET_BITS);
        let (mut entries, ends) = scatter(outputs, bits);
        let mut rest = entries.as_mut_slice();
        let mut buckets = Vec::with_capacity(ends.len());
        let mut start = 0;
        for end in ends {
            let (bucket, after) = rest.split_at_mut(end - start);
            buckets.push(bucket);
            (rest, start) = (after, end);
        }
        buckets.into_par_iter().for_each(|bucket| {
            bucket.sort_unstable_by(|a, b| {
                a.prefix.cmp(&b.prefix).then_with(|| tag(outputs, a).cmp(tag(outputs, b)))
            });
        });
        Self(entries)
    }

    /// The outputs, ascending.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// Whether two outputs have one tag, which for a pseudorandom function means that two items are equal.
    pub(crate) fn has_repeats(&self, outputs: &[[u8; OUTPUT_BYTES]]) -> bool {
        self.0
            .par_windows(2)
            .any(|pair| pair[0].prefix == pair[1].prefix && tag(outputs, &pair[0]) == tag(outputs, &pair[1]))
    }
}

/// Entries in the order of their first `bits` bits, and where each bucket ends.
fn scatter(outputs: &[[u8; OUTPUT_BYTES]], bits: u32) -> (Vec<Entry>, Vec<usize>) {
    let bucket = |prefix: u64| (prefix >> 1 >> (63 - bits)) as usize;
    let mut ends = vec![0; 1 << bits];
    outputs.iter().for_each(|output| ends[bucket(prefix(output))] += 1);
    let mut sum = 0;
    for end in &mut ends {
        (*end, sum) = (sum, sum + *end);
    }
    let mut entries = vec![Entry::default(); outputs.len()];
    for (output, place) in outputs.iter().zip(0..) {
        let prefix = prefix(output);
        let next = &mut ends[bucket(prefix)];
        entries[*next] = Entry { prefix, place };
        *next += 1;
    }
    (entries, ends)
}

fn prefix(output: &[u8]) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&output[..8]);
    u64::from_be_bytes(first)
}

fn tag<'a>(outputs: &'a [[u8; OUTPUT_BYTES]], entry: &Entry) -> &'a [u8] {
    &outputs[entry.place as usize][..TAG_BYTES]
}

/// Reads a sender's ascending tags against the receiver's own.
pub(crate) struct Merge {
    outputs: Vec<[u8; OUTPUT_BYTES]>,
    own: TagOrder,
    at: usize,
    last: Option<[u8; TAG_BYTES]>,
    read: u32,
    matched: Vec<bool>,
    matches: Vec<TagMatch>,
}

/// An output of the receiver's whose tag the sender sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TagMatch {
    /// The output's place.
    pub(crate) place: u32,
    /// The tag's place in the sender's list.
    pub(crate) tag_index: u32,
}

impl Merge {
    /// Begins with the receiver's own outputs.
    pub(crate) fn new(outputs: Vec<[u8; OUTPUT_BYTES]>) -> Self {
        let own = TagOrder::new(&outputs);
        let matched = vec![false; outputs.len()];
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
    /// [`Error::UnorderedTags`] where they do not ascend strictly within a list; [`Error::RepeatedTag`] where one of
    /// another list comes again and matches again. So no item of the receiver's is claimed twice.
    pub(crate) fn take(&mut self, tags: &[[u8; TAG_BYTES]]) -> Result<(), Error> {
        for tag in tags {
            let unordered = self.last.is_some_and(|last| last >= *tag);
            #[cfg(test)]
            let unordered = unordered && !Check::TagOrder.is_off();
            if unordered {
                return Err(Error::UnorderedTags);
            }
            self.last = Some(*tag);
            self.seek(tag)?;
            self.read += 1;
        }
        Ok(())
    }

    fn seek(&mut self, theirs: &[u8; TAG_BYTES]) -> Result<(), Error> {
        let sought = prefix(theirs);
        let own = self.own.entries();
        while own.get(self.at).is_some_and(|entry| entry.prefix < sought) {
            self.at += 1;
        }
        let alike = own[self.at..].iter().take_while(|entry| entry.prefix == sought);
        let found = { alike }.find(|entry| tag(&self.outputs, entry) == theirs);
        let Some(entry) = found else { return Ok(()) };
        let place = entry.place;
        let repeated = std::mem::replace(&mut self.matched[place as usize], true);
        #[cfg(test)]
        let repeated = repeated && !Check::RepeatedTag.is_off();
        if repeated {
            return Err(Error::RepeatedTag);
        }
        self.matches.push(TagMatch { place, tag_index: self.read });
        Ok(())
    }

    /// The matches, ascending by the tag's place, and the outputs.
    pub(crate) fn finish(self) -> (Vec<TagMatch>, Vec<[u8; OUTPUT_BYTES]>) {
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

    fn outputs(count: usize, seed: u64) -> Vec<[u8; OUTPUT_BYTES]> {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut outputs = vec![[0; OUTPUT_BYTES]; count];
        outputs.iter_mut().for_each(|output| rng.fill_bytes(output));
        outputs
    }

    fn tag_of(output: &[u8; OUTPUT_BYTES]) -> [u8; TAG_BYTES] {
        output[..TAG_BYTES].try_into().unwrap()
    }

    fn ascending(outputs: &[[u8; OUTPUT_BYTES]]) -> Vec<[u8; TAG_BYTES]> {
        TagOrder::new(outputs).entries().iter().map(|entry| tag_of(&outputs[entry.place as usize])).collect()
    }

    #[test]
    fn the_order_is_that_of_a_sort() {
        for count in [0, 1, 2, 511, 1023, 1024, 5000, 40_000] {
            let outputs = outputs(count, 1);
            let mut sorted: Vec<_> = outputs.iter().map(tag_of).collect();
            sorted.sort_unstable();
            assert_eq!(ascending(&outputs), sorted, "{count}");
        }
    }

    #[test]
    fn tags_that_share_their_first_bytes_are_told_apart() {
        let mut outputs = outputs(9, 2);
        for (output, last) in outputs.iter_mut().zip([5, 3, 9, 1, 7, 2, 8, 4, 6]) {
            output[..15].fill(7);
            output[15] = last;
        }
        let order = ascending(&outputs);
        assert!(order.iter().map(|tag| tag[15]).eq(1..=9));
        assert!(!TagOrder::new(&outputs).has_repeats(&outputs));
        let mut merge = Merge::new(outputs.clone());
        merge.take(&order[2..4]).unwrap();
        let places: Vec<_> = merge.finish().0.iter().map(|found| outputs[found.place as usize][15]).collect();
        assert_eq!(places, [3, 4]);
        outputs[4] = outputs[2];
        assert!(TagOrder::new(&outputs).has_repeats(&outputs));
    }

    #[test]
    fn tags_out_of_order_or_repeated_are_refused() {
        let own = outputs(4, 3);
        let order = ascending(&own);
        let take = |tags: &[[u8; TAG_BYTES]]| Merge::new(own.clone()).take(tags);
        assert_eq!(take(&order), Ok(()));
        assert_eq!(take(&[order[1], order[0]]), Err(Error::UnorderedTags));
        assert_eq!(take(&[order[1], order[1]]), Err(Error::UnorderedTags));
        let mut merge = Merge::new(own.clone());
        merge.take(&order).unwrap();
        merge.restart();
        assert_eq!(merge.take(&order[..1]), Err(Error::RepeatedTag));
    }

    proptest! {
        #[test]
        fn a_merge_is_the_plain_intersection(shared in 0..50_usize, own in 0..50_usize, theirs in 0..50_usize) {
            let all = outputs(shared + own + theirs, 4);
            let mine = [&all[..shared], &all[shared..shared + own]].concat();
            let others = [&all[..shared], &all[shared + own..]].concat();
            let mut merge = Merge::new(mine.clone());
            let sent = ascending(&others);
            sent.chunks(7).try_for_each(|tags| merge.take(tags)).unwrap();
            let (matches, _) = merge.finish();
            prop_assert_eq!(matches.len(), shared);
            prop_assert!(matches.iter().all(|m| tag_of(&mine[m.place as usize]) == sent[m.tag_index as usize]));
            prop_assert!(matches.is_sorted_by_key(|m| m.tag_index));
        }
    }
}
