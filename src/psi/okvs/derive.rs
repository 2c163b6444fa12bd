//! The sizes that a number of items needs, from the paper's formulas.
//!
//! A table in the code holds the results, because both sides must have the very same numbers and logarithms are not
//! the same to the last bit everywhere. These functions make the table and check it.

use super::Shape;
use super::shape::{SPARSE_LIMIT, WEIGHT};

/// An exchange's items cannot be encoded under a seed with a probability below 2^-40.
pub(super) const FAILURE_BITS: f64 = 40.0;

/// The expansion at which, with many items, solving goes from never to always (section 4.2, equation 2, w = 3).
const TRANSITION: f64 = 1.223;

/// The bits of failure at which all lines of figure 4 meet over [`TRANSITION`].
const TRANSITION_BITS: f64 = -9.2;

impl Shape {
    /// The fewest bins that the limits allow, which need the fewest columns.
    pub(crate) fn derived(items: usize) -> Self {
        let fewest = (items as f64 * TRANSITION / SPARSE_LIMIT as f64).ceil().max(1.0) as usize;
        let fits = |bins: &usize| sizes(items, *bins, *bins).1 <= SPARSE_LIMIT;
        // Ends: with a bin for each item or so nothing is near the limit.
        let bins = (fewest..).find(fits).unwrap_or(fewest);
        Self::derived_with_bins(items, bins, bins)
    }

    /// For items in `bins` bins, where the whole exchange has `all_bins`.
    pub(crate) fn derived_with_bins(items: usize, bins: usize, all_bins: usize) -> Self {
        let (capacity, sparse, dense) = sizes(items, bins, all_bins);
        Self::new(items, bins, capacity, sparse, dense)
    }
}

/// A bin's capacity, sparse and dense columns.
fn sizes(items: usize, bins: usize, all_bins: usize) -> (usize, usize, usize) {
    // Half of the allowed failures for bins that are too full, half for bins without a solution.
    let bits = FAILURE_BITS + 1.0 + (all_bins as f64).log2();
    let capacity = capacity(items, bins, bits);
    let sparse = ((expansion(capacity, bits) * capacity as f64).ceil() as usize).max(WEIGHT);
    (capacity, sparse, dense(sparse, bits).min(capacity))
}

/// The fewest items per bin that are exceeded with a probability of at most `2^-bits`.
fn capacity(items: usize, bins: usize, bits: f64) -> usize {
    let (mut low, mut high) = (items.div_ceil(bins), items);
    while low < high {
        let middle = low.midpoint(high);
        if log2_load_tail(items, bins, middle + 1) <= -bits { high = middle } else { low = middle + 1 }
    }
    low
}

/// A bound from above for the logarithm of the probability that a bin has `load` items or more, of a load above the
/// mean.
///
/// The load is binomial. Its first term is at most sqrt(n / (2 pi k (n - k))) * 2^(-n D(k/n || p)) (MacWilliams and
/// Sloane, "The Theory of Error-Correcting Codes", chapter 10, lemma 7), and each further term is less than the one
/// before by at least the ratio of the first two, so the sum is at most that of a geometric series.
fn log2_load_tail(items: usize, bins: usize, load: usize) -> f64 {
    // The likeliest bin: see `row::bin`.
    let p = (2f64.powi(32) / bins as f64).ceil() / 2f64.powi(32);
    let (n, k) = (items as f64, load as f64);
    if load >= items {
        return if load > items { f64::NEG_INFINITY } else { n * p.log2() };
    }
    let divergence = k * (k / (n * p)).log2() + (n - k) * ((n - k) / (n * (1.0 - p))).log2();
    let root = 0.5 * (n / (2.0 * std::f64::consts::PI * k * (n - k))).log2();
    let ratio = (n - k) * p / ((k + 1.0) * (1.0 - p));
    root - divergence - (1.0 - ratio).log2()
}

/// Sparse columns per item, so that peeling stops at a large core with a probability of at most `2^-bits`: the line of
/// section 4.2 through (1.223, -9.2) with the slope of equation 3.
pub(crate) fn expansion(items: usize, bits: f64) -> f64 {
    TRANSITION + (bits - TRANSITION_BITS) / slope(items)
}

/// Bits of failure per unit of expansion: equation 3. Fitted from 2^6 items up.
fn slope(items: usize) -> f64 {
    let weight = (WEIGHT as f64).log2();
    let items = (items.max(1) as f64).log2();
    let exponent = 0.555 * items + 0.093 * weight.powi(3) - 1.01 * weight.powi(2) + 2.925 * weight - 0.133;
    exponent.exp2()
}

/// Dense columns, so that small cores, mostly rows with the same columns, are solved: at the end of section 4.2, but
/// rounded up where the paper rounds down.
fn dense(sparse: usize, bits: f64) -> usize {
    (bits / ((WEIGHT as f64 - 2.0) * (sparse as f64).log2())).ceil() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `tests/vectors/psi/okvs.py sizes` computes them.
    #[test]
    fn sizes_are_the_known_ones() {
        let known = [
            (16, 1, 16, 54, 8),
            (64, 1, 64, 142, 6),
            (1 << 10, 1, 1024, 1470, 4),
            (1 << 16, 2, 33_695, 42_259, 3),
            (1 << 20, 21, 51_588, 64_445, 3),
            (1 << 22, 83, 52_270, 65_336, 3),
        ];
        for (items, bins, capacity, sparse, dense) in known {
            assert_eq!(Shape::derived(items), Shape::new(items, bins, capacity, sparse, dense));
        }
    }

    /// Against the binomial distribution summed up.
    #[test]
    fn the_bound_of_a_load_is_above_it_and_near() {
        for (items, bins) in [(20, 3), (100, 7), (1000, 2)] {
            let p = 1.0 / bins as f64;
            let mut term = (1.0 - p).powi(items);
            let mut terms = vec![term];
            for k in 0..items {
                term *= f64::from(items - k) / f64::from(k + 1) * p / (1.0 - p);
                terms.push(term);
            }
            for load in items as usize / bins + 2..=items as usize {
                let exact = terms[load..].iter().sum::<f64>().log2();
                let bound = log2_load_tail(items as usize, bins, load);
                assert!(
                    exact <= bound + 1e-6 && bound < exact + 3.5,
                    "{items} in {bins}, {load}: {exact}, {bound}"
                );
            }
        }
    }

    #[test]
    fn more_bins_in_the_exchange_need_more_columns() {
        let alone = Shape::derived_with_bins(1 << 20, 21, 21);
        let one_of_many = Shape::derived_with_bins(1 << 20, 21, 21 << 4);
        assert!(one_of_many.capacity() > alone.capacity() && one_of_many.columns() > alone.columns());
        assert_eq!(Shape::derived(0).columns(), 3);
    }
}
