//! What every store must do.

use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::*;
use crate::SessionItem;
use crate::field::F128;

pub(crate) fn items(rng: &mut ChaCha20Rng, count: usize) -> Vec<SessionItem> {
    let mut item = || {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        SessionItem::new(bytes)
    };
    (0..count).map(|_| item()).collect()
}

pub(crate) fn elements(rng: &mut ChaCha20Rng, count: usize) -> Vec<F128> {
    (0..count).map(|_| F128::random(rng)).collect()
}

/// Encodes random values for random items under `shape`: what was grouped, the values, and the masked encoding less
/// its mask.
pub(crate) fn encoded(shape: &Shape, seed: u64) -> (Grouped, Vec<F128>, Vec<F128>) {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let items = items(&mut rng, shape.items());
    let grouped = Grouped::within_capacity(shape, &[7; 16], &items).unwrap();
    let plan = Plan::new(&grouped).unwrap();
    let values = elements(&mut rng, items.len());
    let mask = elements(&mut rng, shape.columns());
    let mut encoding = mask.clone();
    let fill = Fill::random(&mut rng);
    plan.encode(&grouped, &values, &mut encoding, &|bin, free| fill.elements(bin, free));
    encoding.iter_mut().zip(&mask).for_each(|(column, mask)| *column += *mask);
    (grouped, values, encoding)
}

pub(crate) fn decode(grouped: &Grouped, encoding: &[F128]) -> Vec<F128> {
    let mut out = vec![F128::ZERO; grouped.keys().len()];
    for (bin, columns) in encoding.chunks(grouped.shape().bin_columns()).enumerate() {
        decode_bin(grouped, bin, columns, &mut out[grouped.bin(bin)]);
    }
    out
}

fn round_trip(shape: &Shape, seed: u64) {
    let (grouped, values, encoding) = encoded(shape, seed);
    assert!(decode(&grouped, &encoding) == values, "{shape:?}, seed {seed}");
}

#[test]
fn items_decode_to_their_values() {
    for items in [0, 1, 2, 3, 5, 7, 8, 15, 16, 17, 31, 97, 127, 128, 129, 1009, 1023, 1024, 1025, 4096, 65537]
    {
        round_trip(&Shape::derived(items), items as u64);
    }
}

proptest! {
    #[test]
    fn any_number_of_items_decodes_to_its_values(count in 0usize..3000, seed: u64) {
        round_trip(&Shape::derived(count), seed);
    }

    #[test]
    fn any_number_of_bins_decodes_to_its_values(count in 1usize..3000, bins in 1usize..40, seed: u64) {
        round_trip(&Shape::derived_with_bins(count, bins, bins), seed);
    }
}

#[test]
fn grouping_keeps_each_item_once_under_its_key() {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let items = items(&mut rng, 40_000);
    let shape = Shape::derived_with_bins(40_000, 7, 7);
    let grouped = Grouped::new(&shape, &[9; 16], &items);
    let mut order = grouped.order().to_vec();
    for bin in 0..shape.bins() {
        assert!(grouped.order()[grouped.bin(bin)].is_sorted());
        assert!(grouped.keys()[grouped.bin(bin)].iter().all(|key| row::bin(*key, &shape) == bin));
    }
    let mut keys = Vec::new();
    row::RowFunction::new(&[9; 16]).keys(&items, |key| keys.push(key));
    assert!(order.iter().zip(grouped.keys()).all(|(&place, key)| keys[place as usize] == *key));
    order.sort_unstable();
    assert!(order.iter().enumerate().all(|(i, &place)| i == place as usize));
}

#[test]
fn a_bin_that_is_too_full_is_refused() {
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let items = items(&mut rng, 100);
    let largest = |bins| {
        let grouped = Grouped::new(&Shape::new(100, bins, 100, 300, 4), &[9; 16], &items);
        (0..bins).map(|bin| grouped.bin(bin).len()).max().unwrap()
    };
    let result =
        |capacity| Grouped::within_capacity(&Shape::new(100, 5, capacity, 300, 4), &[9; 16], &items).err();
    assert_eq!(result(largest(5)), None);
    assert_eq!(result(largest(5) - 1), Some(TooFull));
}

#[test]
fn items_that_cannot_be_solved_are_refused() {
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let items = items(&mut rng, 1000);
    // Fewer sparse columns than the rank of so many rows wants: 1.09 an item.
    let grouped = Grouped::within_capacity(&Shape::new(1000, 1, 1000, 1010, 8), &[9; 16], &items).unwrap();
    assert_eq!(Plan::new(&grouped).err(), Some(Unsolvable));
}

/// Bare, and masked as it is sent.
#[test]
fn other_items_decode_to_something_else() {
    let mut rng = ChaCha20Rng::seed_from_u64(60);
    let shape = Shape::derived(1000);
    let (grouped, values, mut encoding) = encoded(&shape, 6);
    assert!(!encoding.contains(&F128::ZERO), "free columns are filled");
    let others = Grouped::new(&shape, &[7; 16], &items(&mut rng, 1000));
    assert!(decode(&others, &encoding).iter().zip(&values).all(|(decoded, value)| decoded != value));
    let mask = elements(&mut rng, shape.columns());
    encoding.iter_mut().zip(&mask).for_each(|(column, mask)| *column += *mask);
    let mut decoded = [decode(&grouped, &encoding), decode(&others, &encoding)].concat();
    decoded.sort_unstable_by_key(|value| value.0);
    assert!(decoded.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn a_side_that_only_decodes_may_have_more_items_than_the_shape() {
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let shape = Shape::derived(100);
    let mask = elements(&mut rng, shape.columns());
    let many = items(&mut rng, 70_000);
    let all = Grouped::new(&shape, &[7; 16], &many);
    let some = Grouped::new(&shape, &[7; 16], &many[69_000..]);
    assert!(decode(&all, &mask)[69_000..] == decode(&some, &mask));
}

#[test]
fn every_column_counts() {
    let shape = Shape::derived_with_bins(200, 3, 3);
    let (grouped, values, encoding) = encoded(&shape, 8);
    let mut seen = 0;
    for column in 0..shape.columns() {
        let mut changed = encoding.clone();
        changed[column].0 ^= 1 << (column % 128);
        let decoded = decode(&grouped, &changed);
        seen += usize::from(decoded != values);
        let (bin, within) = (column / shape.bin_columns(), column % shape.bin_columns());
        let differs = |place: usize| decoded[place] != values[place];
        assert!((0..200).filter(|place| !grouped.bin(bin).contains(place)).all(|place| !differs(place)));
        assert!(within < shape.sparse() || grouped.bin(bin).all(differs), "a dense column is in each row");
    }
    // A sparse column that no item touches is the exception.
    assert!(seen * 2 > shape.columns());
}

#[test]
fn one_thread_and_two_do_the_same() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let (grouped, _, encoding) = encoded(&Shape::derived_with_bins(50_000, 5, 5), 10);
            (grouped.order().to_vec(), decode(&grouped, &encoding), encoding)
        })
    };
    assert!(run(1) == run(2));
}
