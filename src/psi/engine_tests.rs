//! Both engines against the plain intersection, and so against each other.

use proptest::prelude::*;

use crate::pair::{Engine, VOLE, VOPRF, intersection, items, params, rngs};
use crate::vole::parameters;
use crate::{Error, Progress, SessionItem, TAGS_PER_MESSAGE};

/// Numbers of filling items: no set under test has any above this.
const FILLING: u64 = 1 << 40;

/// The size that a receiver pads its set to: the next at which `vole` runs.
fn padded_size(size: usize) -> usize {
    (size.max(1)..).find(|size| parameters::parameters(*size).is_some()).unwrap()
}

/// The set with filling items up to a size at which `vole` runs. A caller takes random ones.
fn padded(set: &[SessionItem]) -> Vec<SessionItem> {
    let filling = (padded_size(set.len()) - set.len()) as u64;
    [set, &items(FILLING..FILLING + filling)].concat()
}

/// What both sides learn, in positions of their own sets without filling.
fn overlaps(
    engine: Engine,
    receiver: &[SessionItem],
    sender: &[SessionItem],
    prove: bool,
) -> [Option<Vec<usize>>; 2] {
    let ends = engine.run(&padded(receiver), sender, prove, &mut |_, message| vec![message]);
    let [received, sent] = ends.map(|end| end.unwrap().unwrap().matches);
    assert!(received.iter().flatten().all(|position| *position < receiver.len()), "a filling item matched");
    [received, sent]
}

/// Runs two sets with both engines.
fn agree(receiver: &[SessionItem], sender: &[SessionItem], prove: bool) {
    let plain = [Some(intersection(receiver, sender)), prove.then(|| intersection(sender, receiver))];
    for engine in [VOPRF, VOLE] {
        let sizes = (receiver.len(), sender.len());
        assert_eq!(overlaps(engine, receiver, sender, prove), plain, "{sizes:?}");
    }
}

/// Sets of two sizes, the smaller of which has so many items of the other.
fn sets(receiver: u64, sender: u64, shared: u64) -> [Vec<SessionItem>; 2] {
    let start = receiver - shared.min(receiver);
    // The sender's order has nothing to do with the receiver's.
    [items(0..receiver), items((start..start + sender).rev())]
}

#[test]
fn small_sizes_and_every_overlap() {
    for receiver in [0, 1, 2, 3, 5, 8] {
        for sender in [0, 1, 2, 7, 9] {
            for shared in [0, 1, receiver] {
                let [receiver, sender] = sets(receiver, sender, shared);
                agree(&receiver, &sender, shared != 1);
            }
        }
    }
}

#[test]
fn primes_and_powers_of_two_and_their_neighbours() {
    let primes = [13, 31, 61, 127, 251, 509];
    let neighbours = [4_u64, 5, 6, 7, 8, 9, 10].map(|bits| [(1 << bits) - 1, 1 << bits, (1 << bits) + 1]);
    for (i, size) in (0..).zip(primes.into_iter().chain(neighbours.into_iter().flatten())) {
        let shared = [0, size, size / 2, 1, size - 1][i % 5];
        let [receiver, sender] = sets(size, size + i as u64 % 3 - 1, shared);
        agree(&receiver, &sender, i % 2 == 0);
    }
}

#[test]
fn ratios_from_one_to_ten_thousand() {
    for (small, ratio) in [(50, 2), (20, 10), (5, 100), (2, 1000)] {
        for shared in [0, 1, small] {
            let [one, other] = sets(small, small * ratio, shared);
            agree(&one, &other, shared == small);
        }
        let [other, one] = sets(small * ratio, small, small);
        agree(&other, &one, true);
    }
    for [one, other] in [sets(1, 10_000, 1), sets(10_000, 1, 1)] {
        agree(&one, &other, true);
    }
}

/// Larger than `voprf` has time for here, about the sizes at which the encoding has another number of bins or columns, or
/// travels in another number of messages.
#[test]
fn larger_sets_with_one_engine() {
    for (receiver, sender, shared) in [
        (4096, 4099, 4096),
        (12_289, 3, 2),
        (14_336, 14_000, 7000),
        (53_248, 60_000, 53_248),
        (65_537, 65_536, 1),
        (2, 200_003, 2),
    ] {
        let [receiver, sender] = sets(receiver, sender, shared);
        VOLE.check(&padded(&receiver), &sender, true);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_sets_give_the_plain_intersection(
        receiver in proptest::collection::hash_set(0_u64..150, 0..120),
        sender in proptest::collection::hash_set(0_u64..150, 0..120),
        prove in any::<bool>(),
    ) {
        agree(&items(receiver), &items(sender), prove);
    }

    #[test]
    fn any_items_give_the_plain_intersection(
        receiver in proptest::collection::hash_set(any::<[u8; 16]>(), 0..40),
        others in proptest::collection::hash_set(any::<[u8; 16]>(), 0..40),
        shared in 0..40_usize,
    ) {
        let of = |bytes: [u8; 16]| SessionItem::new(bytes);
        let sender = receiver.iter().copied().take(shared).chain(others.difference(&receiver).copied());
        agree(&receiver.iter().copied().map(of).collect::<Vec<_>>(), &sender.map(of).collect::<Vec<_>>(), true);
    }
}

#[test]
fn one_thread_and_two() {
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let [receiver, sender] = sets(300, 200, 70);
            agree(&receiver, &sender, true);
            let [receiver, sender] = sets(61_440, 1 << 16, 40_000);
            VOLE.check(&receiver, &sender, true);
        });
    }
}

/// The phases of which a side told, in the order in which they began; each goes forward only, to its end.
fn phases(told: &[Progress]) -> Vec<&'static str> {
    let mut latest: Vec<Progress> = Vec::new();
    for progress in told {
        match latest.iter_mut().find(|before| before.phase == progress.phase) {
            Some(before) => {
                assert_eq!(before.total, progress.total, "{before:?} {progress:?}");
                assert!(before.done <= progress.done, "{before:?} {progress:?}");
                *before = *progress;
            }
            None => latest.push(*progress),
        }
    }
    latest.iter().for_each(|progress| assert_eq!(progress.done, progress.total, "{progress:?}"));
    latest.into_iter().map(|progress| progress.phase).collect()
}

#[test]
fn both_sides_tell_of_each_phase_until_it_is_done() {
    let expected: [(Engine, [&[&str]; 2]); 2] = [
        (VOPRF, [&["blind", "evaluate", "unblind", "tags"], &["evaluate", "tags"]]),
        (VOLE, [&["correlate", "encode", "decode", "tags"]; 2]),
    ];
    // Of the larger sets every list takes several messages.
    let several = TAGS_PER_MESSAGE as u64 + 1;
    for (receiver, sender, prove) in [(3, 1, false), (1, 4, true), (several, several, true)] {
        let [receiver, sender] = sets(receiver, sender, 1);
        let receiver = padded(&receiver);
        for (engine, expected) in &expected {
            let params = params(receiver.len(), sender.len(), prove);
            let parties = [
                (engine.receiver)(params.clone(), receiver.clone()).unwrap(),
                (engine.sender)(params, sender.clone()).unwrap(),
            ];
            let sides = crate::pair::run_watched(parties, rngs(), &mut |_, message| vec![message]);
            for ((end, told), expected) in sides.into_iter().zip(expected) {
                assert!(matches!(end, Some(Ok(_))));
                assert_eq!(phases(&told), *expected);
            }
        }
    }
}

/// The error with which a side refuses its own set, be it at once or on the way. The other side never errs.
fn refusal(engine: Engine, receiver: &[SessionItem], sender: &[SessionItem]) -> Option<Error> {
    let params = params(receiver.len(), sender.len(), true);
    let made = (engine.receiver)(params.clone(), receiver.to_vec())
        .and_then(|one| Ok([one, (engine.sender)(params, sender.to_vec())?]));
    match made {
        Err(error) => Some(error),
        Ok(parties) => {
            let ends = crate::pair::run(parties, rngs(), &mut |_, message| vec![message]);
            let mut errors: Vec<_> = ends.into_iter().filter_map(|end| end?.err()).collect();
            assert!(errors.len() < 2);
            errors.pop()
        }
    }
}

#[test]
fn repeated_items_are_refused_by_both_engines_on_both_sides() {
    let mut far = items(0..1024);
    far[1023] = far[0];
    for repeated in [items([5, 5]), items([1, 7, 2, 7]), items([3; 8]), far] {
        for engine in [VOPRF, VOLE] {
            let other = items(0..9);
            assert_eq!(refusal(engine, &repeated, &other), Some(Error::RepeatedItem));
            assert_eq!(refusal(engine, &items(0..8), &repeated), Some(Error::RepeatedItem));
            // Whether or not the other side has it.
            assert_eq!(refusal(engine, &items(5000..5008), &repeated), Some(Error::RepeatedItem));
        }
    }
}
