//! A sender with more items than it sorts at once.

use proptest::prelude::*;

use super::{parameters, parameters_for, receiver, sender, tags_in_order};
use crate::check_switch::{Check, without};
use crate::pair::{End, Engine, VOLE, bytes, intersection, items, message};
use crate::{Error, MATCH_BYTES, MessageKind, Params, Party, SessionItem, TAGS_PER_MESSAGE};

/// Tags that ascend together here: two messages.
const TAGS: usize = 2 * TAGS_PER_MESSAGE;

const BATCHES: Engine = Engine { receiver: small_receiver, sender: small_sender };

fn small_receiver(params: Params, items: Vec<SessionItem>) -> Result<Box<dyn Party>, Error> {
    let parameters = parameters_for(&params)?;
    Ok(Box::new(receiver::Start::new(params, parameters, items.into(), TAGS)))
}

fn small_sender(params: Params, items: Vec<SessionItem>) -> Result<Box<dyn Party>, Error> {
    let parameters = parameters_for(&params)?;
    Ok(Box::new(sender::Start::new(params, parameters, items.into(), TAGS)))
}

/// Two bins and five lists, as the table has it.
#[test]
fn a_sender_with_many_more_items_than_two_bins_hold() {
    let (receiver, sender) = (1 << 16, 280_000);
    assert_eq!(tags_in_order(parameters::parameters(receiver as usize).unwrap(), sender as usize), 1 << 16);
    VOLE.check(&items(0..receiver), &items((100..100 + sender).rev()), true);
}

#[test]
fn sizes_about_a_batch() {
    let batch = TAGS as u64;
    for size in [batch - 1, batch, batch + 1, 2 * batch, 2 * batch + 1, 3 * batch + 4097] {
        // Matches at both ends of the sender's set, which are anywhere in its batches, and one that only the receiver has.
        let receiver = items((0..7).chain(size - 8..size + 1));
        BATCHES.check(&receiver, &items(0..size), true);
        BATCHES.check(&receiver, &items(0..size), false);
    }
    // All of several batches match.
    let size = 3 * batch;
    BATCHES.check(&items(0..size), &items((0..size).rev()), true);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn any_large_sender_gives_the_plain_intersection(
        receiver in proptest::collection::hash_set(0..60_000_u64, 64),
        size in TAGS as u64..60_000,
        prove in any::<bool>(),
    ) {
        BATCHES.check(&items(receiver), &items(0..size), prove);
    }
}

/// Tags ascend within a batch, so equal items in two of them would not show there.
#[test]
fn an_item_repeated_in_another_batch_is_refused_before_anything_is_shown() {
    let mut large = items(0..2 * TAGS as u64);
    large[2 * TAGS - 1] = large[0];
    let [receiver, sender] = BATCHES.run(&items([0, 1]), &large, true, &mut |_, message| {
        assert_ne!(message.kind(), MessageKind::VoleSenderMask);
        vec![message]
    });
    assert_eq!((receiver, sender), (None, Some(Err(Error::RepeatedItem))));
}

/// A run in which the tag of the first match comes again in each later batch, where it stands in order; how often it came,
/// and the ends.
fn repeated_over_batches() -> (usize, [End; 2]) {
    let (receiver, sender) = (items([5]), items(0..3 * TAGS as u64));
    // The same run unhindered shows which tag is the match's.
    let (mut tags, mut proof) = (Vec::new(), Vec::new());
    BATCHES.run(&receiver, &sender, true, &mut |_, sent| {
        match sent.kind() {
            MessageKind::Tags => tags.extend(bytes(&sent)),
            MessageKind::MatchProofs => proof.extend(bytes(&sent)),
            _ => (),
        }
        vec![sent]
    });
    let index = u32::from_be_bytes(proof[..4].try_into().unwrap()) as usize;
    let repeated: [u8; 16] = tags.as_chunks().0[index];
    let (mut at, mut count) = (0, 1);
    let ends = BATCHES.run(&receiver, &sender, true, &mut |_, sent| {
        if sent.kind() != MessageKind::Tags {
            return vec![sent];
        }
        let (mut changed, batch) = (bytes(&sent), at / TAGS);
        at += TAGS_PER_MESSAGE;
        let chunk = changed.as_chunks_mut().0;
        let place = chunk.partition_point(|tag: &[u8; 16]| *tag < repeated);
        // In another batch than its own it takes the place of the next tag, if that is in the same message.
        if batch != index / TAGS && place > 0 && place < chunk.len() {
            chunk[place] = repeated;
            count += 1;
        }
        vec![message(MessageKind::Tags, changed)]
    });
    (count, ends)
}

#[test]
fn a_tag_repeated_in_another_batch_counts_once_and_in_silence() {
    // The sender that sent it is not the one whose proofs were asked for: it may hold that against the receiver.
    let (count, [receiver, _]) = repeated_over_batches();
    assert_eq!((count, receiver.unwrap().unwrap().matches), (3, Some(vec![0])));
}

/// Without the check one item would be counted as several matches.
#[test]
fn without_the_check_a_repeated_tag_counts_an_item_again() {
    let (count, [receiver, _]) = without(&[Check::RepeatedTag], repeated_over_batches);
    assert_eq!((count, receiver.unwrap().unwrap().matches), (3, Some(vec![0; 3])));
}

#[test]
fn a_batch_in_another_order_is_refused() {
    let (receiver, sender) = (items([5]), items(0..2 * TAGS as u64));
    let mut held = Vec::new();
    let ends = BATCHES.run(&receiver, &sender, true, &mut |_, sent| {
        if sent.kind() != MessageKind::Tags {
            return vec![sent];
        }
        held.push(sent);
        // The second message of the first batch comes before the first.
        if held.len() == 1 { Vec::new() } else { std::mem::take(&mut held).into_iter().rev().collect() }
    });
    assert_eq!(ends[0], Some(Err(Error::UnorderedTags)));
}

/// Which batch an item is in is seen by the receiver, from the places of its matches: it must not tell where in the sender's
/// set the item stands.
#[test]
fn batches_do_not_follow_the_order_of_the_senders_set() {
    let size = 4 * TAGS as u64;
    let mut batches = [0; 4];
    BATCHES.run(&items(0..1024), &items(0..size), true, &mut |_, sent| {
        if sent.kind() == MessageKind::MatchProofs {
            for proof in bytes(&sent).as_chunks::<MATCH_BYTES>().0 {
                batches[u32::from_be_bytes(*proof.first_chunk().unwrap()) as usize / TAGS] += 1;
            }
        }
        vec![sent]
    });
    // Expected are 256 in each, with a standard deviation of 14.
    assert!(batches.iter().all(|count| (170..342).contains(count)), "{batches:?}");
    assert_eq!(intersection(&items(0..1024), &items(0..size)).len(), batches.iter().sum::<usize>());
}
