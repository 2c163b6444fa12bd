//! Which of the receiver's outputs have a tag among the sender's.

use std::cmp::Ordering;

use rayon::prelude::*;

use crate::output::{MatchProof, Output, Tag};
use crate::tags::DistinctTags;

/// One item that both sides hold, as the receiver sees it.
pub(crate) struct Match {
    /// The item's position in the receiver's own set.
    pub(crate) position: usize,
    /// The tag's place in the sender's list.
    pub(crate) tag_index: u32,
    /// What proves the match to the sender.
    pub(crate) proof: MatchProof,
}

/// The matches, ascending by the tag's place. `outputs[i]` belongs to the item at `positions[i]`.
///
/// Sorting and merging take a time that depends on the receiver's tags. That is fine: a tag is a pseudorandom value
/// that says nothing of its item to anyone without the sender's key, the peer's tags are random to the receiver's
/// items in the same way, and nothing is sent between two comparisons; what a clock could show is about the number
/// of matches, and then only where the partner sees when the receiver ends. A sorted merge rather than a hash map,
/// because the peer chooses the tags and no choice of them makes a merge slow.
pub(crate) fn find_matches(outputs: &[Output], positions: &[u32], theirs: &DistinctTags) -> Vec<Match> {
    let mut own: Vec<(Tag, u32)> = outputs.iter().zip(0..).map(|(output, i)| (output.tag, i)).collect();
    own.par_sort_unstable();
    let mut matches: Vec<Match> = merge(&own, theirs)
        .map(|(i, tag_index)| Match {
            position: positions[i as usize] as usize,
            tag_index,
            proof: outputs[i as usize].proof.clone(),
        })
        .collect();
    own.iter_mut().for_each(|(tag, _)| zeroize::Zeroize::zeroize(&mut tag.0));
    matches.sort_unstable_by_key(|m| m.tag_index);
    matches
}

/// The pairs of (own output, tag's place) with equal tags, of two ascending lists.
fn merge<'a>(own: &'a [(Tag, u32)], theirs: &'a DistinctTags) -> impl Iterator<Item = (u32, u32)> + 'a {
    let theirs = theirs.ascending();
    let mut at = 0;
    own.iter().filter_map(move |&(tag, i)| {
        while theirs.get(at).is_some_and(|t| t.tag < tag) {
            at += 1;
        }
        let found = theirs.get(at).filter(|t| t.tag.cmp(&tag) == Ordering::Equal)?;
        Some((i, found.index))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::output::{MatchProof, TAG_BYTES};
    use crate::tags::ReceivedTags;

    fn tag(n: u8) -> [u8; TAG_BYTES] {
        [n; TAG_BYTES]
    }

    fn output(n: u8) -> Output {
        Output { tag: Tag(tag(n)), proof: MatchProof([!n; 16]) }
    }

    proptest! {
        #[test]
        fn the_merge_is_the_plain_intersection(
            own in proptest::collection::hash_set(any::<u8>(), 0..200),
            theirs in proptest::collection::hash_set(any::<u8>(), 0..200),
        ) {
            let (own, theirs): (Vec<u8>, Vec<u8>) = (own.into_iter().collect(), theirs.into_iter().collect());
            let mut received = ReceivedTags::new(theirs.len());
            if !theirs.is_empty() {
                received.take(&theirs.iter().flat_map(|&n| tag(n)).collect::<Vec<_>>()).unwrap();
            }
            let outputs: Vec<_> = own.iter().map(|&n| output(n)).collect();
            let positions: Vec<u32> = (0..own.len() as u32).map(|i| i + 7).collect();
            let matches = find_matches(&outputs, &positions, &received.distinct().unwrap());

            let expected = theirs.iter().filter_map(|n| own.iter().position(|m| m == n));
            prop_assert!(matches.iter().map(|m| m.position - 7).eq(expected));
            prop_assert!(matches.iter().all(|m| theirs[m.tag_index as usize] == own[m.position - 7]));
            prop_assert!(matches.iter().all(|m| m.proof.0 == [!own[m.position - 7]; 16]));
        }
    }
}
