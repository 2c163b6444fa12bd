//! Both machines against each other.

use proptest::prelude::*;

use super::{CHUNK, MAX_ITEMS};
use crate::pair::{VOPRF, check_transcripts, items, params};
use crate::{Error, SessionItem};

#[test]
fn small_sizes_and_every_overlap() {
    for receiver in [0, 1, 2, 3, 7, 31] {
        for sender in [0, 1, 2, 3, 13] {
            for shift in [0, 1, 100] {
                let (receiver, sender) = (items(0..receiver), items((0..sender).map(|n| n + shift)));
                VOPRF.check(&receiver, &sender, true);
                VOPRF.check(&receiver, &sender, false);
            }
        }
    }
}

#[test]
fn sizes_about_a_message() {
    let chunk = CHUNK as u64;
    for size in [chunk - 1, chunk, chunk + 1] {
        VOPRF.check(&items(0..size), &items(5..20), true);
        VOPRF.check(&items(5..20), &items(0..size), true);
    }
    // All match, so that the match proofs fill a message exactly, and need an empty one to end.
    VOPRF.check(&items(0..chunk), &items((0..chunk).rev()), true);
    VOPRF.check(&items(0..chunk + 1), &items((0..chunk + 1).rev()), true);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_sets_give_the_plain_intersection(
        receiver in proptest::collection::hash_set(0_u64..150, 0..120),
        sender in proptest::collection::hash_set(0_u64..150, 0..120),
        prove in any::<bool>(),
    ) {
        VOPRF.check(&items(receiver), &items(sender), prove);
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

#[test]
fn transcripts_are_the_known_ones() {
    check_transcripts(VOPRF, include_str!("../../../tests/vectors/psi/voprf-transcripts.json"));
}
