//! Secret orders.

use rand_core::CryptoRng;

use crate::field::F128;
use crate::okvs::Fill;
use crate::wiped::Wiped;

/// The numbers below `n` in a uniformly random order (Fisher and Yates; Knuth, volume 2, algorithm 3.4.2P).
///
/// `n` is a set's size, which [`crate::voprf::MAX_ITEMS`] keeps far below 2^32.
pub(crate) fn random_order(n: usize, rng: &mut dyn CryptoRng) -> Wiped<u32> {
    let mut order = Wiped::new((0..n as u32).collect::<Vec<_>>());
    shuffle(&mut order, || rng.next_u32());
    order
}

/// Elements drawn at once.
const DRAWN_AT_ONCE: usize = 256;

/// Very many random numbers from one key, which can be drawn on any thread.
pub(crate) struct Draws {
    fill: Fill,
    drawn: Wiped<F128>,
    /// Numbers used of those drawn, and how often there were new ones.
    used: usize,
    refills: usize,
}

impl Draws {
    pub(crate) fn random(rng: &mut dyn CryptoRng) -> Self {
        Self {
            fill: Fill::random(rng),
            drawn: Wiped::new(vec![F128::ZERO; DRAWN_AT_ONCE]),
            used: 0,
            refills: 0,
        }
    }

    fn next(&mut self) -> u32 {
        let place = self.used % (4 * DRAWN_AT_ONCE);
        if place == 0 {
            self.fill.elements(self.refills, &mut self.drawn);
            self.refills += 1;
        }
        self.used += 1;
        (self.drawn[place / 4].0 >> (32 * (place % 4))) as u32
    }
}

/// The numbers below `n` in batches of `size`, the last one smaller: each batch uniformly random, and ascending within. It is
/// for sets whose order in a batch does not show: shuffling a batch's number for each of them, and reading them in turn, is
/// kinder to the cache than [`random_order`].
pub(crate) fn random_batches(n: usize, size: usize, mut draws: Draws) -> Wiped<u32> {
    let mut batch_of = Wiped::new((0..n).map(|i| (i / size) as u16).collect::<Vec<_>>());
    shuffle(&mut batch_of, || draws.next());
    let mut ends: Vec<usize> = (0..n).step_by(size).collect();
    let mut order = Wiped::new(vec![0; n]);
    for (&batch, i) in batch_of.iter().zip(0..) {
        let end = &mut ends[usize::from(batch)];
        order[*end] = i;
        *end += 1;
    }
    order
}

fn shuffle<T>(values: &mut [T], mut draw: impl FnMut() -> u32) {
    for last in (1..values.len()).rev() {
        values.swap(last, below(last as u32 + 1, &mut draw) as usize);
    }
}

/// A uniform number below `bound`, which is not 0. The low half of the product says whether a draw would favour
/// some numbers (Lemire, "Fast random integer generation in an interval", 2019, algorithm 5).
fn below(bound: u32, mut draw: impl FnMut() -> u32) -> u32 {
    let biased = bound.wrapping_neg() % bound;
    loop {
        let product = u64::from(draw()) * u64::from(bound);
        if product as u32 >= biased {
            return (product >> 32) as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn every_number_appears_once() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        for n in [0, 1, 2, 3, 1000] {
            let mut order = random_order(n, &mut rng);
            order.sort_unstable();
            assert!(order.iter().copied().eq(0..n as u32));
        }
    }

    #[test]
    fn batches_have_every_number_once_and_their_sizes() {
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        for (n, size) in [(0, 4), (1, 4), (4, 4), (5, 4), (1000, 64), (1024, 64)] {
            let mut order = random_batches(n, size, Draws::random(&mut rng));
            assert!(order.chunks(size).all(<[u32]>::is_sorted));
            order.sort_unstable();
            assert!(order.iter().copied().eq(0..n as u32));
        }
    }

    #[test]
    fn every_batch_of_two_in_four_is_about_as_frequent() {
        let mut rng = ChaCha20Rng::seed_from_u64(4);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..6000 {
            *counts.entry(random_batches(4, 2, Draws::random(&mut rng))[..2].to_vec()).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        // Six standard deviations of a binomial of 6,000 at one in six.
        assert!(counts.values().all(|&c| (1000_i32 - c).abs() < 174), "{counts:?}");
    }

    #[test]
    fn every_order_of_three_is_about_as_frequent() {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..6000 {
            *counts.entry(random_order(3, &mut rng).to_vec()).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        // Six standard deviations of a binomial of 6,000 at one in six.
        assert!(counts.values().all(|&c| (1000_i32 - c).abs() < 174), "{counts:?}");
    }
}
