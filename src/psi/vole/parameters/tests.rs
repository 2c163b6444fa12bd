use serde::Deserialize;

use super::super::{MOST_TAGS_IN_ORDER, tags_in_order};
use super::*;
use crate::TAGS_PER_MESSAGE;

const PARTITIONS: f64 = MAX_PARTITIONS as f64;
const LARGEST: usize = (1 << 20) + (1 << 13);

/// What `lpn_estimates.py` computed.
#[derive(Deserialize)]
struct Estimates {
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    items: usize,
    bins: usize,
    capacity: usize,
    sparse: usize,
    dense: usize,
    charge: usize,
    columns: usize,
    vole_length: usize,
    trees: usize,
    leaves: usize,
    depth: u32,
    security: f64,
}

fn estimates() -> Vec<Row> {
    let json = include_str!("../../../../tests/vectors/psi/parameters.json");
    serde_json::from_str::<Estimates>(json).unwrap().rows
}

/// Rows of one scalar have no binary relation while they are fewer than the states of the windows that they read: a window
/// of the convolution has 24 unknowns in each of 21 sections.
#[test]
fn no_code_is_so_long_that_rows_of_one_scalar_are_dependent() {
    use crate::expand_convolute::{MEMORY, SCALARS, WEIGHT};
    let longest = TABLE.iter().map(Parameters::vole_length).max().unwrap();
    assert!(longest.div_ceil(SCALARS) < MEMORY * WEIGHT);
}

#[test]
fn every_row_is_the_one_computed() {
    let estimates = estimates();
    assert_eq!(estimates.len(), TABLE.len());
    for (row, found) in TABLE.iter().zip(estimates) {
        let Row { items, bins, capacity, sparse, dense, charge, .. } = found;
        assert_eq!(*row, Parameters { items, bins, capacity, sparse, dense, charge });
        assert_eq!(row.columns(), found.columns);
        assert_eq!(row.vole_length(), found.vole_length);
        assert_eq!((TREES, row.leaves(), row.depth()), (found.trees, found.leaves, found.depth));
        assert!(found.security >= 128.0);
    }
}

#[test]
fn the_ladder_and_nothing_else() {
    let steps: Vec<usize> =
        (1..=1usize << 20).filter(|n| *n < 16 || n.is_multiple_of((1 << n.ilog2()) / 8)).collect();
    let rows: Vec<usize> = TABLE.iter().map(|row| row.items).collect();
    assert_eq!(rows[..rows.len() - 1], steps);
    assert_eq!(rows.last(), Some(&LARGEST));
    for n in 0..=1usize << 11 {
        assert_eq!(parameters(n).map(|row| row.items), steps.contains(&n).then_some(n));
    }
    for absent in [(1 << 20) - 1, (1 << 20) + 1, LARGEST - 1, LARGEST + 1, 1 << 21, usize::MAX] {
        assert_eq!(parameters(absent), None);
    }
}

#[test]
fn bins_overflow_with_negligible_probability_and_waste_no_room() {
    for row in &TABLE {
        let security = 40.0 + (row.bins as f64 * PARTITIONS).log2();
        let tail = |above| log2_binomial_tail(row.items as u64, row.bins as f64, above);
        assert!(tail(row.capacity as u64) <= -security, "{row:?}");
        assert!(row.bins == 1 || tail(row.capacity as u64 - 1) > -security, "{row:?}");
        assert!(row.items.div_ceil(row.bins) <= 1 << 16);
    }
}

/// Raghuraman and Rindal, section 4.2, for rows with three ones.
#[test]
fn the_columns_are_those_of_the_fits() {
    for row in &TABLE {
        let security = 40.0 + (row.bins as f64 * PARTITIONS).log2();
        let items = row.capacity.max(64) as f64;
        let w = 3f64.log2();
        let slope = (0.555 * items.log2() + 0.093 * w.powi(3) - 1.01 * w.powi(2) + 2.925 * w - 0.133).exp2();
        let expansion = (security + 9.2) / slope + 1.223;
        assert_eq!(row.sparse, (expansion * items).ceil() as usize, "{row:?}");
        assert_eq!(row.dense, (security / (expansion * items).log2()).ceil() as usize, "{row:?}");
    }
}

/// The charge is the last n' at which C(2^60, n') * 2^(-128 (n' - m)) is more than 2^-40.
#[test]
fn the_charge_is_the_bound_on_overfitting() {
    for row in &TABLE {
        // The logarithm of C(2^60, n'), each factor (2^60 - i) / (i + 1) for itself.
        let sets: f64 = (0..row.charge).map(|i| ((60f64.exp2() - i as f64) / (i + 1) as f64).log2()).sum();
        let surplus = (row.charge - row.columns()) as f64;
        let next = ((60f64.exp2() - row.charge as f64) / (row.charge + 1) as f64).log2();
        assert!(sets - 128.0 * surplus > -40.0, "{row:?}");
        assert!(sets + next - 128.0 * (surplus + 1.0) <= -40.0, "{row:?}");
    }
}

#[test]
fn every_tree_has_room_for_its_leaves_and_all_for_the_noise() {
    for row in &TABLE {
        assert!(row.vole_length() >= row.columns());
        assert!(TREES * row.leaves() >= 2 * row.vole_length());
        assert!(TREES * (row.leaves() - 1) < 2 * row.vole_length());
        assert!(row.leaves() <= 1 << row.depth() && row.leaves() > 1 << (row.depth() - 1));
    }
}

#[test]
fn partitions_by_size() {
    assert_eq!(partitions(0, 0), Some(1));
    assert_eq!(partitions(1 << 20, 1 << 22), Some(1));
    assert_eq!(partitions((1 << 20) + 1, 0), Some(2));
    assert_eq!(partitions(0, (1 << 22) + 1), Some(2));
    assert_eq!(partitions(1 << 26, 1 << 28), Some(64));
    assert_eq!(partitions((1 << 26) + 1, 0), None);
    assert_eq!(partitions(0, (1 << 28) + 1), None);
    assert_eq!(partitions(u64::MAX, u64::MAX), None);
}

#[test]
fn a_receiver_s_partition_has_a_row() {
    assert_eq!(receiver_partition(1000, 1), None);
    assert_eq!(receiver_partition(1024, 1), parameters(1024));
    assert_eq!(receiver_partition((2 << 20) + 1, 2), None);
    for count in 2..=64u32 {
        assert_eq!(receiver_partition(u64::from(count) << 20, count), parameters(LARGEST));
        for receiver in [1, 64, 1000, 1 << 17, 9 << 17, 2 << 20] {
            let row = receiver_partition(receiver, count).unwrap();
            let tail = log2_binomial_tail(receiver, f64::from(count), row.items as u64);
            assert!(tail <= -50.0, "{receiver} in {count}: {tail}");
        }
    }
}

#[test]
fn partitions_overflow_with_negligible_probability() {
    for count in [2u32, 3, 7, 16, 33, 64] {
        for scale in 0..23 {
            let items = u64::from(count) << scale;
            let most = sender_partition(items, count);
            let tail = log2_binomial_tail(items, f64::from(count), most);
            assert!(tail <= -50.0, "{items} in {count}: {tail}");
        }
        let full = log2_binomial_tail(u64::from(count) << 20, f64::from(count), LARGEST as u64);
        assert!(full <= -50.0, "{count}: {full}");
    }
    assert_eq!(sender_partition(12_345, 1), 12_345);
}

/// log2 Pr[Bin(n, 1/one_in) > above], term by term from the first; `above` is at least the mean.
fn log2_binomial_tail(n: u64, one_in: f64, above: u64) -> f64 {
    if above >= n {
        return f64::NEG_INFINITY;
    }
    let (k, all) = ((above + 1) as f64, n as f64);
    let choose = log2_factorial(all) - log2_factorial(k) - log2_factorial(all - k);
    let first = choose - k * one_in.log2() + (all - k) * (1.0 - 1.0 / one_in).log2();
    let (mut term, mut total) = (1.0, 0.0);
    for k in above + 1..=n {
        total += term;
        term *= (n - k) as f64 / ((k + 1) as f64 * (one_in - 1.0));
        if term < total * 1e-18 {
            break;
        }
    }
    first + total.log2()
}

/// Stirling's series for log2 x!, exactly where x is small.
fn log2_factorial(x: f64) -> f64 {
    if x < 32.0 {
        return (1..=x as u32).map(|i| f64::from(i).log2()).sum();
    }
    let series = 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3)) + 1.0 / (1260.0 * x.powi(5));
    let natural = x * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI * x).ln() + series;
    natural / std::f64::consts::LN_2
}

#[test]
fn sets_of_about_one_size_make_one_list_and_a_far_larger_one_several() {
    for parameters in &TABLE {
        let (bins, items) = (parameters.shape().bins(), parameters.items);
        assert!(tags_in_order(parameters, items) >= items && bins << 16 <= MOST_TAGS_IN_ORDER);
        assert!(tags_in_order(parameters, bins << 16) >= bins << 16);
        assert_eq!(tags_in_order(parameters, (bins << 16) + 1), bins << 15);
        assert_eq!(tags_in_order(parameters, 0), TAGS_PER_MESSAGE);
    }
}
