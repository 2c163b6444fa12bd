//! Both machines against each other.

use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::CHUNK;
use crate::pair::{self, End};
use crate::{Params, SessionItem};

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
