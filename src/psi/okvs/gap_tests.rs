//! Systems with given structures, through rows that no seed makes.

use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::peel::{GAP_LIMIT, peel};
use super::plan::BinPlan;
use super::row::Columns;
use super::tests::elements;
use super::*;
use crate::field::{F128, add_powers};

fn shape(sparse: usize, dense: usize) -> Shape {
    Shape::new(0, 1, 0, sparse, dense)
}

/// Whether rows can be solved. If so, that random values come out again.
fn solves(shape: &Shape, rows: &[Columns], keys: &[F128]) -> bool {
    let Some(plan) = BinPlan::new(shape, rows, keys) else { return false };
    let values = elements(&mut ChaCha20Rng::seed_from_u64(1), rows.len());
    let mut encoding = vec![F128::ZERO; shape.bin_columns()];
    let fill = Fill::random(&mut ChaCha20Rng::seed_from_u64(3));
    plan.encode(shape, keys, &values, &mut encoding, &|free| fill.elements(0, free));
    let (sparse, dense) = encoding.split_at(shape.sparse());
    let sum = |row: &Columns| row.iter().fold(F128::ZERO, |sum, &column| sum + sparse[usize::from(column)]);
    let mut decoded: Vec<_> = rows.iter().map(sum).collect();
    add_powers(&mut decoded, keys, dense);
    assert!(decoded == values);
    true
}

fn keys(count: usize) -> Vec<F128> {
    elements(&mut ChaCha20Rng::seed_from_u64(2), count)
}

#[test]
fn rows_with_the_same_columns_take_a_dense_column_each_beyond_the_first() {
    for same in 1..=6 {
        let rows = vec![[3, 1, 4]; same];
        for dense in 0..6 {
            assert_eq!(
                solves(&shape(8, dense), &rows, &keys(same)),
                same <= dense + 1,
                "{same} rows, {dense} columns"
            );
        }
    }
}

/// The four triples of a Pasch configuration: every column is in two of them, so they sum to zero.
const PASCH: [Columns; 4] = [[0, 1, 2], [0, 3, 4], [1, 3, 5], [2, 4, 5]];

#[test]
fn a_core_without_equal_rows_is_solved() {
    assert!(!solves(&shape(8, 0), &PASCH, &keys(4)));
    assert!(solves(&shape(8, 1), &PASCH, &keys(4)));
    // All triples of five columns: ten rows, of rank five.
    let triples = (0..5).flat_map(|a| (a + 1..5).flat_map(move |b| (b + 1..5).map(move |c| [a, b, c])));
    let rows: Vec<Columns> = triples.collect();
    assert!(!solves(&shape(5, 4), &rows, &keys(10)));
    assert!(solves(&shape(5, 5), &rows, &keys(10)));
}

#[test]
fn a_core_without_dependent_rows_needs_no_dense_column() {
    // Any three of the four triples of four columns are independent, as are all four; none has a column to itself.
    assert!(solves(&shape(4, 0), &[[0, 1, 2], [0, 1, 3], [0, 2, 3], [1, 2, 3]], &keys(4)));
}

#[test]
fn dependent_rows_with_equal_dense_elements_are_refused() {
    let key = keys(1)[0];
    assert!(!solves(&shape(8, 4), &[[0, 1, 2]; 2], &[key; 2]));
    assert!(!solves(&shape(8, 4), &[[0, 1, 2]; 3], &[F128::ONE, key, key]));
}

/// Pairs of equal rows, each pair on columns of its own.
fn pairs(count: u16) -> Vec<Columns> {
    (0..count).flat_map(|i| [[3 * i, 3 * i + 1, 3 * i + 2]; 2]).collect()
}

#[test]
fn as_many_dependent_rows_are_solved_as_there_are_dense_columns() {
    let shape = shape(1000, 64);
    assert!(solves(&shape, &pairs(64), &keys(128)));
    assert!(!solves(&shape, &pairs(65), &keys(130)));
}

#[test]
fn gaps_above_the_limit_are_refused() {
    let limit = GAP_LIMIT as u16;
    assert_eq!(peel(&pairs(limit), 1000).unwrap().gap.len(), GAP_LIMIT);
    assert!(peel(&pairs(limit + 1), 1000).is_none());
}

#[test]
fn a_large_core_of_full_rank_is_solved() {
    // A ring: row i has columns 2i, 2i + 1, 2i + 2, and a second ring of rows takes the odd columns' solitude.
    let ring = |i: u16| [2 * i, 2 * i + 1, 2 * (i + 1) % 240];
    let second = |i: u16| [2 * i + 1, 2 * (i + 7) % 240, (2 * i + 31) % 240];
    let rows: Vec<Columns> = (0..120).map(ring).chain((0..110).map(second)).collect();
    assert!(solves(&shape(240, 20), &rows, &keys(rows.len())));
}

proptest! {
    /// Dense little systems, in which nearly every row is in the core: as many columns as the rank wants and one less.
    #[test]
    fn a_core_is_solved_exactly_if_the_dense_columns_cover_what_depends(
        rows in proptest::collection::vec(0u16..20, 1..24),
    ) {
        let triples: Vec<Columns> =
            (0..6).flat_map(|a| (a + 1..6).flat_map(move |b| (b + 1..6).map(move |c| [a, b, c]))).collect();
        let rows: Vec<Columns> = rows.iter().map(|&i| triples[usize::from(i)]).collect();
        let dependent = rows.len() - rank(&rows);
        prop_assert!(solves(&shape(6, dependent), &rows, &keys(rows.len())));
        if dependent > 0 {
            prop_assert!(!solves(&shape(6, dependent - 1), &rows, &keys(rows.len())));
        }
    }
}

/// The rank over GF(2) of rows over six columns, as bits.
fn rank(rows: &[Columns]) -> usize {
    let mut basis: Vec<u8> = Vec::new();
    for row in rows {
        let bits = row.iter().fold(0u8, |bits, column| bits | 1 << column);
        let reduced = basis.iter().fold(bits, |bits, other| bits.min(bits ^ other));
        if reduced != 0 {
            basis.push(reduced);
            basis.sort_unstable_by(|a, b| b.cmp(a));
        }
    }
    basis.len()
}
