//! A receiver that encodes more items than it may (Han, Kim, Lee and Son, "Revisiting OKVS-Based OPRF and PSI:
//! Cryptanalysis and Better Construction", Asiacrypt 2024).
//!
//! With m columns m independent items can be encoded, however few the honest number is. And an item beyond those
//! decodes to its own hash by chance, with probability 2^-l at hashes of l bits: a receiver that tries q items gets
//! q * 2^-l more. At the length that ships there is nothing beyond m to be had by trying; a receiver that instead
//! picks which m items to encode is bounded by [`most_encodable`].

use super::derive::FAILURE_BITS;
use super::plan::BinPlan;
use super::row::{self, RowFunction};
use super::*;
use crate::SessionItem;
use crate::field::F128;

/// The items of an honest receiver.
const ITEMS: usize = 32;

/// A shape without dense columns: short hashes stand in for a small field only as long as nothing is multiplied.
fn shape() -> Shape {
    Shape::new(ITEMS, 1, ITEMS, Shape::derived(ITEMS).sparse(), 0)
}

fn item(number: u64) -> SessionItem {
    SessionItem::new(u128::from(number).to_le_bytes())
}

/// H(x), cut to `bits`.
fn hash(number: u64, bits: u32) -> F128 {
    let mut first = [0; 16];
    first.copy_from_slice(&blake3::hash(&number.to_le_bytes()).as_bytes()[..16]);
    F128(u128::from_le_bytes(first) >> (128 - bits))
}

/// Encodes as many of the items 0, 1, .. as columns allow, then counts which of all `tried` decode to their own hash.
fn overfit(shape: &Shape, bits: u32, tried: u64) -> usize {
    let items: Vec<_> = (0..tried).map(item).collect();
    let mut keys = Vec::new();
    RowFunction::new(&[3; 16]).keys(&items, |key| keys.push(key));
    let columns: Vec<_> = keys.iter().map(|key| row::columns(*key, shape.sparse() as u32)).collect();

    let mut chosen: Vec<usize> = Vec::new();
    let pick =
        |chosen: &[usize]| chosen.iter().map(|&i| (columns[i], keys[i])).unzip::<_, _, Vec<_>, Vec<_>>();
    for candidate in 0..columns.len() {
        chosen.push(candidate);
        let (rows, keys) = pick(&chosen);
        if BinPlan::new(shape, &rows, &keys).is_none() {
            chosen.pop();
        }
        if chosen.len() == shape.columns() {
            break;
        }
    }
    let (rows, chosen_keys) = pick(&chosen);
    let values: Vec<_> = chosen.iter().map(|&i| hash(i as u64, bits)).collect();
    let mut encoding = vec![F128::ZERO; shape.columns()];
    BinPlan::new(shape, &rows, &chosen_keys).unwrap().encode(shape, &chosen_keys, &values, &mut encoding);

    let decode = |i: usize| columns[i].iter().fold(F128::ZERO, |sum, &c| sum + encoding[usize::from(c)]);
    (0..columns.len()).filter(|&i| decode(i) == hash(i as u64, bits)).count()
}

#[test]
fn at_short_hashes_many_more_items_than_columns_are_encoded() {
    let shape = shape();
    let tried = 1 << 16;
    for bits in [8, 10, 12] {
        let encoded = overfit(&shape, bits, tried);
        let by_chance = (tried >> bits) as usize;
        assert!(encoded > shape.columns() + by_chance / 2, "{encoded} at {bits} bits");
        assert!(encoded > 3 * ITEMS, "{encoded} at {bits} bits");
    }
}

#[test]
fn at_the_shipped_length_no_more_items_than_columns_are_encoded() {
    let shape = shape();
    assert_eq!(overfit(&shape, 128, 1 << 16), shape.columns());
}

/// The numbers that a ledger needs: at most so many items can be encoded with 2^60 hashes.
#[test]
fn the_bound_at_the_shipped_length_is_near_the_columns() {
    for (items, at_most) in [(1 << 20, 1.90), (1 << 16, 2.00), (1 << 10, 2.43)] {
        let columns = Shape::derived(items).columns();
        let most = most_encodable(columns, 60, 128);
        assert!(most > columns && (most as f64) < at_most * items as f64, "{items}: {most}");
    }
    // The toy's receiver is within its bound, which at so short a hash is no bound at all.
    assert!(most_encodable(shape().columns(), 16, 8) >= overfit(&shape(), 8, 1 << 16));
}

/// The most items that `columns` columns can be made to encode by whoever computes 2^`query_bits` hashes of
/// `hash_bits` bits, but for a probability of 2^-40.
///
/// A set of n' items has an encoding only if n' equations with random right-hand sides have a solution in m
/// unknowns, with probability 2^(-l (n' - m)) whatever the rows are. So the largest n' that is not excluded is the
/// last with C(q, n') * 2^(-l (n' - m)) > 2^-40 (after Han, Kim, Lee and Son, Asiacrypt 2024), all queries at most.
/// Here C(q, n') is replaced by (e q / n')^n', which is never less.
fn most_encodable(columns: usize, query_bits: u32, hash_bits: u32) -> usize {
    let queries = f64::from(query_bits).exp2() as usize;
    let excluded = |items: usize| {
        let choices = f64::from(query_bits) - (items as f64).log2() + std::f64::consts::LOG2_E;
        let excess = (items - columns) as f64 * f64::from(hash_bits);
        items as f64 * choices - excess <= -FAILURE_BITS
    };
    let (mut low, mut high) = (columns, queries.max(columns));
    // Of the sizes from low to high, only up to high may fail to be excluded, and whether one is changes once.
    while low < high {
        let middle = low.midpoint(high) + 1;
        if middle > columns && excluded(middle) { high = middle - 1 } else { low = middle }
    }
    low
}
