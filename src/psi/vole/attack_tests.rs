//! What each check is needed for: with it switched off an attack succeeds, and with it on the same attack is found.
//!
//! That the extension's check keeps a receiver from Delta is shown in [`crate::ot_extension`], and what encodings of more
//! items than a receiver has would give it in [`crate::okvs`].

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::parameters;
use crate::check_switch::{Check, without};
use crate::field::F128;
use crate::pair::{self, End, VOLE, bytes, intersection, items, message, params};
use crate::{Error, MATCH_BYTES, Message, MessageKind, SessionItem};

use MessageKind::*;

const NOTHING: [Vec<usize>; 2] = [Vec::new(), Vec::new()];

/// Sets of 16 and 16 items that share 8.
fn sets() -> [Vec<SessionItem>; 2] {
    [items(0..16), items(8..24)]
}

/// A run of [`sets`] in which the receiver draws from a seed.
fn run(seed: u64, between: &mut dyn FnMut(Message) -> Vec<Message>) -> [End; 2] {
    let [own, other] = sets();
    let parties = [
        super::receiver(params(16, 16, true), own).unwrap(),
        super::sender(params(16, 16, true), other).unwrap(),
    ];
    let rngs = [100 + seed, 2].map(ChaCha20Rng::seed_from_u64);
    pair::run(parties, rngs, &mut |_, sent| between(sent))
}

/// The matches of both sides.
fn matches(ends: [End; 2]) -> [Vec<usize>; 2] {
    ends.map(|end| end.unwrap().unwrap().matches.unwrap())
}

fn right() -> [Vec<usize>; 2] {
    let [own, other] = sets();
    [intersection(&own, &other), intersection(&other, &own)]
}

fn element(bytes: &[u8]) -> F128 {
    F128::from_bytes(bytes.try_into().unwrap())
}

/// A sender that has decided on w before the receiver's part of it is known: it computes with this w, and opens what
/// makes the receiver's w the same. It knows its own part, which an honest run of the same sender has shown.
fn sender_that_chooses_the_mask(chosen: F128, seed: u64) -> [End; 2] {
    let mut own = F128::ZERO;
    run(seed, &mut |sent| {
        if sent.kind() == VoleSenderMask {
            own = element(&bytes(&sent)[..16]);
        }
        vec![sent]
    });
    let mut theirs = F128::ZERO;
    run(seed, &mut |sent| {
        vec![match sent {
            Message::VoleReceiverMask(mask) => {
                theirs = F128::from_bytes(mask);
                Message::VoleReceiverMask((chosen + own).to_bytes())
            }
            Message::VoleSenderMask(mut opening) => {
                opening[..16].copy_from_slice(&(chosen + theirs).to_bytes());
                Message::VoleSenderMask(opening)
            }
            other => other,
        }]
    })
}

/// w keeps a sender from choosing what its function yields. With the commitment unchecked it does choose: matches come out
/// right with a w that no part of the receiver's is in, be it 0.
#[test]
fn the_commitment_keeps_the_sender_from_choosing_the_mask() {
    for (chosen, seed) in [(F128::ZERO, 1), (F128::ZERO, 2), (F128(12_345), 3)] {
        let attack = || sender_that_chooses_the_mask(chosen, seed);
        assert_eq!(attack(), [Some(Err(Error::BadMask)), None]);
        assert_eq!(matches(without(&[Check::Mask], attack)), right());
    }
}

/// A tree in whose block any wrong leaf goes into nearly all outputs: in the half of the noise that the code convolves, as
/// far as possible from its end.
const TREE: usize = parameters::TREES / 2;

/// A wrong sum for the left children of a tree's root: it hurts the receivers whose noise is in the right half of that
/// tree's block.
fn wrong_first_sum(seed: u64) -> [End; 2] {
    let noise = parameters::parameters(16).unwrap().noise();
    run(seed, &mut |sent| {
        let mut changed = bytes(&sent);
        if sent.kind() == VoleTrees {
            changed[32 * noise.depth * TREE] ^= 1;
        }
        vec![message(sent.kind(), changed)]
    })
}

/// With the correlation unchecked a sender reads the receiver's noise from the number of matches, bit by bit and at no risk.
/// With the check every wrong guess ends the run.
#[test]
fn the_correlation_check_keeps_the_noise_from_the_sender() {
    let mut hurt = 0;
    for seed in 0..12 {
        let checked = wrong_first_sum(seed);
        let unchecked = without(&[Check::Correlation], || wrong_first_sum(seed));
        if checked[0] == Some(Err(Error::BadCorrelation)) {
            assert_eq!(matches(unchecked), NOTHING);
            hurt += 1;
        } else {
            assert_eq!(matches(unchecked), right());
            assert_eq!(matches(checked), right());
        }
    }
    // Twelve coins do not all fall alike.
    assert!((1..12).contains(&hurt), "{hurt}");
}

/// A wrong tau is wrong at the noise position, wherever that is: the run never survives it, and unchecked it would end with
/// every match lost, so that what a sender learns depends on its guess of the position.
#[test]
fn the_correlation_check_finds_a_wrong_tau() {
    let noise = parameters::parameters(16).unwrap().noise();
    let wrong_tau = || {
        run(1, &mut |sent| {
            let mut changed = bytes(&sent);
            if sent.kind() == VoleTrees {
                changed[noise.message_len() - 16 * (noise.trees - TREE)] ^= 1;
            }
            vec![message(sent.kind(), changed)]
        })
    };
    assert_eq!(wrong_tau(), [Some(Err(Error::BadCorrelation)), None]);
    assert_eq!(matches(without(&[Check::Correlation], wrong_tau)), NOTHING);
}

/// A run in which the sender's tags are changed.
fn tags_changed(change: impl Fn(&mut [[u8; 16]], usize)) -> [End; 2] {
    // The first match's place, from a run unhindered.
    let mut place = 0;
    run(1, &mut |sent| {
        if sent.kind() == MatchProofs {
            place = u32::from_be_bytes(bytes(&sent)[..4].try_into().unwrap()) as usize;
        }
        vec![sent]
    });
    run(1, &mut |sent| {
        let mut changed = bytes(&sent);
        if sent.kind() == Tags {
            change(changed.as_chunks_mut().0, place);
        }
        vec![message(sent.kind(), changed)]
    })
}

/// One tag in several places would make several matches of one item, and the count of matches would say nothing of the
/// sender's set. Either of two checks keeps it from that within a list; over several lists, see [`super::batch_tests`].
#[test]
fn strict_order_and_matching_once_keep_a_tag_from_counting_twice() {
    let repeat = || tags_changed(|tags, place| tags[place + 1] = tags[place]);
    assert_eq!(repeat()[0], Some(Err(Error::UnorderedTags)));
    let unordered = without(&[Check::TagOrder], repeat);
    let found = unordered[0].clone().unwrap().unwrap().matches.unwrap();
    assert!(found.windows(2).all(|pair| pair[0] < pair[1]), "no item twice");
    let [receiver, _] = without(&[Check::TagOrder, Check::RepeatedTag], repeat);
    assert!(receiver.unwrap().unwrap().matches.unwrap().len() > found.len());
}

/// Without the order a tag after a larger one would be passed over in silence.
#[test]
fn the_order_of_tags_shows_what_a_merge_would_miss() {
    let last_first = || tags_changed(|tags, _| tags.rotate_right(1));
    assert_eq!(last_first()[0], Some(Err(Error::UnorderedTags)));
    let [receiver, _] = without(&[Check::TagOrder], last_first);
    assert!(receiver.unwrap().unwrap().matches.unwrap().len() < 8);
}

/// A receiver that claims a match for every tag of the sender's, without a proof.
#[test]
fn proofs_keep_a_receiver_from_claiming_items_that_it_has_not() {
    let claim_all = || {
        run(1, &mut |sent| {
            let claim = |place: u32| [&place.to_be_bytes()[..], &[0; MATCH_BYTES - 4]].concat();
            let claims = (0..16).flat_map(claim).collect();
            vec![if sent.kind() == MatchProofs { Message::MatchProofs(claims) } else { sent }]
        })
    };
    assert_eq!(claim_all()[1], Some(Err(Error::BadMatchProof)));
    let [_, sender] = matches(without(&[Check::MatchProof], claim_all));
    assert!(sender.into_iter().eq(0..16));
}

/// The salt and the seed are in the hash of items on both sides: a run in which the two sides hold different ones finds
/// nothing, so a receiver cannot prepare an encoding for hashes that it computed before it had the salt.
#[test]
fn an_encoding_for_another_salt_matches_nothing() {
    let ends = run(1, &mut |sent| {
        let mut changed = bytes(&sent);
        if sent.kind() == VoleSalt {
            changed[32..].fill(0);
        }
        vec![message(sent.kind(), changed)]
    });
    assert_eq!(matches(ends), NOTHING);
    // And nothing else of the run differs.
    let [own, other] = sets();
    VOLE.check(&own, &other, true);
}
