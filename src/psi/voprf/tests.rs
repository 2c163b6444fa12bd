//! Both machines against each other.

use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::{CHUNK, MAX_ITEMS};
use crate::pair::{self, End};
use crate::{Error, Params, SessionItem};

pub(crate) fn params(receiver_size: usize, sender_size: usize, prove_matches: bool) -> Params {
    Params { exchange: *b"an exchange's id", partition: 3, receiver_size, sender_size, prove_matches }
}

/// Items with the given numbers.
pub(crate) fn items(numbers: impl IntoIterator<Item = u64>) -> Vec<SessionItem> {
    let item = |n: u64| {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&n.to_le_bytes());
        SessionItem::new(bytes)
    };
    numbers.into_iter().map(item).collect()
}

pub(crate) fn rngs() -> [ChaCha20Rng; 2] {
    [ChaCha20Rng::seed_from_u64(1), ChaCha20Rng::seed_from_u64(2)]
}

/// Runs two sets, with `between` on the way.
pub(crate) fn run(
    receiver: &[SessionItem],
    sender: &[SessionItem],
    prove: bool,
    between: pair::Between<'_>,
) -> [End; 2] {
    let params = params(receiver.len(), sender.len(), prove);
    let parties = [
        super::receiver(params.clone(), receiver.to_vec()).unwrap(),
        super::sender(params, sender.to_vec()).unwrap(),
    ];
    pair::run(parties, rngs(), between)
}

/// Positions in `own` of the items that `other` has too.
pub(crate) fn intersection(own: &[SessionItem], other: &[SessionItem]) -> Vec<usize> {
    let other: std::collections::HashSet<_> = other.iter().collect();
    (0..own.len()).filter(|&i| other.contains(&own[i])).collect()
}

/// Runs two sets unhindered, and compares with the plain intersection.
fn check(receiver: &[SessionItem], sender: &[SessionItem], prove: bool) {
    let [r, s] = run(receiver, sender, prove, &mut |_, message| vec![message]);
    assert_eq!(r.unwrap().unwrap().matches, Some(intersection(receiver, sender)));
    assert_eq!(s.unwrap().unwrap().matches, prove.then(|| intersection(sender, receiver)));
}

#[test]
fn small_sizes_and_every_overlap() {
    for receiver in [0, 1, 2, 3, 7, 31] {
        for sender in [0, 1, 2, 3, 13] {
            for shift in [0, 1, 100] {
                let (receiver, sender) = (items(0..receiver), items((0..sender).map(|n| n + shift)));
                check(&receiver, &sender, true);
                check(&receiver, &sender, false);
            }
        }
    }
}

#[test]
fn sizes_about_a_message() {
    let chunk = CHUNK as u64;
    for size in [chunk - 1, chunk, chunk + 1] {
        check(&items(0..size), &items(5..20), true);
        check(&items(5..20), &items(0..size), true);
    }
    // All match, so that the match proofs fill a message exactly, and need an empty one to end.
    check(&items(0..chunk), &items((0..chunk).rev()), true);
    check(&items(0..chunk + 1), &items((0..chunk + 1).rev()), true);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_sets_give_the_plain_intersection(
        receiver in proptest::collection::hash_set(0_u64..150, 0..120),
        sender in proptest::collection::hash_set(0_u64..150, 0..120),
        prove in any::<bool>(),
    ) {
        check(&items(receiver), &items(sender), prove);
    }
}

#[test]
fn bad_sets_are_refused_before_the_first_message() {
    let too_many = Error::UnsupportedSize { size: MAX_ITEMS + 1 };
    let refused = |receiver, sender, items: Vec<SessionItem>| {
        let params = params(receiver, sender, true);
        [super::receiver(params.clone(), items.clone()).err(), super::sender(params, items).err()]
    };
    assert_eq!(refused(MAX_ITEMS + 1, 1, items(0..1))[1], Some(too_many.clone()));
    assert_eq!(refused(1, MAX_ITEMS + 1, items(0..1))[0], Some(too_many));
    let other_size = Some(Error::UnsupportedSize { size: 2 });
    assert_eq!(refused(3, 3, items(0..2)), [other_size.clone(), other_size]);
    let repeated = Some(Error::RepeatedItem);
    assert_eq!(refused(3, 3, items([5, 6, 5])), [repeated.clone(), repeated]);
}

#[derive(serde::Deserialize)]
struct KnownAnswer {
    receiver: u64,
    sender: u64,
    shared: u64,
    prove_matches: bool,
    messages: usize,
    transcript: String,
}

/// With seeded randomness every message is known, so a change for speed cannot change the protocol unnoticed.
#[test]
fn transcripts_are_the_known_ones() {
    let json = include_str!("../../../tests/vectors/psi/voprf-transcripts.json");
    let answers: Vec<KnownAnswer> = serde_json::from_str(json).unwrap();
    assert!(!answers.is_empty());
    for answer in answers {
        let receiver = items(0..answer.receiver);
        let start = answer.receiver - answer.shared;
        let sender = items(start..start + answer.sender);
        let (mut hasher, mut messages) = (blake3::Hasher::new(), 0);
        run(&receiver, &sender, answer.prove_matches, &mut |_, message| {
            let bytes = super::adversary_tests::bytes(&message);
            hasher.update(format!("{:?} {}:", message.kind(), bytes.len()).as_bytes());
            hasher.update(&bytes);
            messages += 1;
            vec![message]
        });
        assert_eq!((messages, hasher.finalize().to_string()), (answer.messages, answer.transcript));
    }
}
