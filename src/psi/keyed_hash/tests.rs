//! Every way to hash against the `blake3` crate.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Hashes on every backend; `compute` gives what the backend yields.
fn on_all<T>(key: [u8; 32], mut compute: impl FnMut(&KeyedHash) -> T) -> Vec<(Backend, T)> {
    let on = |backend| (backend, compute(&KeyedHash::with_backend(key, backend)));
    Backend::available().into_iter().map(on).collect()
}

fn expected<'a>(key: &[u8; 32], inputs: impl IntoIterator<Item = &'a [u8]>) -> Vec<[u8; 32]> {
    inputs.into_iter().map(|input| blake3::keyed_hash(key, input).into()).collect()
}

/// Inputs in numbers on both sides of a group of 8 and of a batch of 16.
fn inputs() -> impl Strategy<Value = Vec<[u8; 32]>> {
    vec(any::<[u8; 32]>(), 0..50)
}

proptest! {
    #[test]
    fn hashes_of_16_bytes_are_those_of_the_crate(key: [u8; 32], inputs in inputs()) {
        let inputs: Vec<_> = inputs.iter().map(|input| halves(input)[0]).collect();
        let expected = expected(&key, inputs.iter().map(|input| &input[..]));
        for (backend, hashes) in on_all(key, |hash| {
            let mut out = vec![[0; 32]; inputs.len()];
            hash.hash16(&inputs, &mut out);
            out
        }) {
            prop_assert_eq!(&hashes, &expected, "{:?}", backend);
        }
        for (backend, hashes) in on_all(key, |hash| {
            let elements: Vec<_> = inputs.iter().map(|input| F128::from_bytes(*input)).collect();
            let mut out = vec![F128::ZERO; inputs.len()];
            hash.hash_elements(&elements, &mut out);
            out
        }) {
            let first: Vec<_> = expected.iter().map(|hash| F128::from_bytes(halves(hash)[0])).collect();
            prop_assert_eq!(&hashes, &first, "{:?}", backend);
        }
    }

    #[test]
    fn hashes_of_32_bytes_are_those_of_the_crate(key: [u8; 32], inputs in inputs()) {
        let expected = expected(&key, inputs.iter().map(|input| &input[..]));
        for (backend, hashes) in on_all(key, |hash| {
            let mut out = vec![[0; 32]; inputs.len()];
            hash.hash32(&inputs, &mut out);
            out
        }) {
            prop_assert_eq!(&hashes, &expected, "{:?}", backend);
        }
        let left: Vec<_> = inputs.iter().map(|input| F128::from_bytes(halves(input)[0])).collect();
        let right: Vec<_> = inputs.iter().map(|input| F128::from_bytes(halves(input)[1])).collect();
        for (backend, hashes) in on_all(key, |hash| {
            let mut out = vec![[0; 32]; inputs.len()];
            hash.hash_pairs(&left, &right, &mut out);
            out
        }) {
            prop_assert_eq!(&hashes, &expected, "{:?}", backend);
        }
    }
}

#[test]
fn every_row_of_a_batch_has_its_own_hash() {
    let inputs: Vec<_> = (0..BATCH as u8).map(|row| [row; 32]).collect();
    for (backend, mut hashes) in on_all([7; 32], |hash| {
        let mut out = vec![[0; 32]; BATCH];
        hash.hash32(&inputs, &mut out);
        out
    }) {
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), BATCH, "{backend:?}");
    }
}

#[test]
#[should_panic(expected = "slices of one length")]
fn slices_of_two_lengths_are_refused() {
    KeyedHash::new([0; 32]).hash_pairs(&[F128::ONE; 2], &[F128::ONE; 2], &mut [[0; 32]; 3]);
}

#[test]
fn debug_shows_no_byte() {
    assert_eq!(format!("{:?}", KeyedHash::new([1; 32])), "KeyedHash(..)");
}
