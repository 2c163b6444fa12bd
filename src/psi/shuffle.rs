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

/// Very many random numbers from one key.
struct Draws {
    fill: Fill,
    drawn: Wiped<F128>,
    /// Numbers used of those drawn, and how often there were new ones.
    used: usize,
    refills: usize,
}

impl Draws {
    fn random(rng: &mut dyn CryptoRng) -> Self {
        let drawn = Wiped::zeroed(DRAWN_AT_ONCE);
        Self { fill: Fill::random(rng), drawn, used: 4 * DRAWN_AT_ONCE, refills: 0 }
    }

    fn next(&mut self) -> u32 {
        if self.used == 4 * DRAWN_AT_ONCE {
            self.refill();
        }
        let (element, at) = (self.drawn[self.used / 4], self.used % 4);
        self.used += 1;
        (element.0 >> (32 * at)) as u32
    }

    /// Draws each of the numbers, below `bound`: by a scaled product, so some may be likelier than others by `bound` / 2^32.
    fn fill_below(&mut self, bound: u16, numbers: &mut [u16]) {
        for numbers in numbers.chunks_mut(4 * DRAWN_AT_ONCE) {
            self.refill();
            for (numbers, element) in numbers.chunks_mut(4).zip(&*self.drawn) {
                for (number, at) in numbers.iter_mut().zip(0..) {
                    let drawn = (element.0 >> (32 * at)) as u32;
                    *number = ((u64::from(drawn) * u64::from(bound)) >> 32) as u16;
                }
            }
        }
        self.used = 4 * DRAWN_AT_ONCE;
    }

    fn refill(&mut self) {
        self.fill.elements(self.refills, &mut self.drawn);
        self.refills += 1;
        self.used = 0;
    }
}

/// The most parts that a set is cut into, so that a part's number fits.
pub(crate) const MOST_PARTS: usize = u16::MAX as usize;

/// A set's positions in parts of one size, the last one smaller, and otherwise uniformly random.
pub(crate) struct RandomParts {
    part_of: Wiped<u16>,
    size: usize,
}

impl RandomParts {
    /// Parts of `size` positions of the numbers below `n`; of which there are [`MOST_PARTS`] at most.
    ///
    /// Each position draws a part. Then positions that are drawn at random leave parts that have too many, for those that have too few.
    /// Nothing of it prefers a position, and a distribution of cuts that no exchange of two positions changes is the uniform
    /// one, since every cut into parts of these sizes comes from every other by such exchanges.
    pub(crate) fn new(n: usize, size: usize, rng: &mut dyn CryptoRng) -> Self {
        let mut draws = Draws::random(rng);
        let mut part_of = Wiped::zeroed(n);
        let parts = n.div_ceil(size).min(MOST_PARTS);
        draws.fill_below(parts as u16, &mut part_of);
        let mut cut = Self { part_of, size };
        cut.even_out(&mut draws);
        cut
    }

    /// How many parts there are.
    pub(crate) fn len(&self) -> usize {
        self.part_of.len().div_ceil(self.size)
    }

    /// The part of each position.
    pub(crate) fn part_of(&self) -> &[u16] {
        &self.part_of
    }

    /// The positions, part by part, and ascending within.
    pub(crate) fn positions(&self) -> Wiped<u32> {
        let mut ends: Vec<usize> = (0..self.part_of.len()).step_by(self.size).collect();
        let mut positions = Wiped::zeroed(self.part_of.len());
        for (&part, position) in self.part_of.iter().zip(0..) {
            let end = &mut ends[usize::from(part)];
            positions[*end] = position;
            *end += 1;
        }
        positions
    }

    fn even_out(&mut self, draws: &mut Draws) {
        let n = self.part_of.len();
        let mut missing = vec![self.size as i64; self.len()];
        if let Some(last) = missing.last_mut() {
            *last -= (self.len() * self.size - n) as i64;
        }
        self.part_of.iter().for_each(|&part| missing[usize::from(part)] -= 1);
        for to in 0..missing.len() {
            while missing[to] > 0 {
                let position = below(n as u32, || draws.next()) as usize;
                let from = usize::from(self.part_of[position]);
                if missing[from] < 0 {
                    self.part_of[position] = to as u16;
                    missing[from] += 1;
                    missing[to] -= 1;
                }
            }
        }
    }
}

fn shuffle<T>(values: &mut [T], mut draw: impl FnMut() -> u32) {
    for last in (1..values.len()).rev() {
        values.swap(last, below(last as u32 + 1, &mut draw) as usize);
    }
}

/// A uniform number below `bound`, which is not 0. The low half of the product says whether a draw would favour
/// some numbers (Lemire, "Fast random integer generation in an interval", 2019, algorithm 5).
fn below(bound: u32, mut draw: impl FnMut() -> u32) -> u32 {
    loop {
        let product = u64::from(draw()) * u64::from(bound);
        // The remainder is smaller than the bound, so most draws need no division.
        if product as u32 >= bound || product as u32 >= bound.wrapping_neg() % bound {
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
    fn parts_have_every_number_once_and_their_sizes() {
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        for (n, size) in [(0, 4), (1, 4), (4, 4), (5, 4), (1000, 64), (1024, 64), (9, 1), (100_000, 4096)] {
            let parts = RandomParts::new(n, size, &mut rng);
            let mut positions = parts.positions();
            assert_eq!(parts.len(), n.div_ceil(size));
            for (part, positions) in positions.chunks(size).enumerate() {
                assert!(positions.is_sorted());
                assert!(positions.iter().all(|&at| usize::from(parts.part_of()[at as usize]) == part));
            }
            positions.sort_unstable();
            assert!(positions.iter().copied().eq(0..n as u32));
        }
    }

    /// How often each cut comes in so many, which are all cuts if each comes as often as the others: within six standard deviations.
    fn each_cut_is_about_as_frequent(n: usize, size: usize, cuts: usize) {
        const MANY: usize = 60_000;
        let mut rng = ChaCha20Rng::seed_from_u64(4);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..MANY {
            *counts.entry(RandomParts::new(n, size, &mut rng).part_of().to_vec()).or_insert(0) += 1;
        }
        let (expected, share) = (MANY as f64 / cuts as f64, 1.0 / cuts as f64);
        let most_off = 6.0 * (expected * (1.0 - share)).sqrt();
        assert_eq!(counts.len(), cuts);
        assert!(counts.values().all(|&count| (f64::from(count) - expected).abs() < most_off), "{counts:?}");
    }

    #[test]
    fn every_cut_is_about_as_frequent() {
        each_cut_is_about_as_frequent(4, 2, 6);
        each_cut_is_about_as_frequent(5, 2, 30);
        each_cut_is_about_as_frequent(6, 2, 90);
        each_cut_is_about_as_frequent(5, 4, 5);
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
