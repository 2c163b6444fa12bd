//! The receiver's noise, which is its secret.

use rand_core::CryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::Noise;
use crate::field::F128;
use crate::ot_extension::ChoiceBits;

/// Where the noise is and its values.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct NoiseChoice {
    /// alpha_i, a position in block i.
    pub(super) positions: Vec<u32>,
    /// beta_i, none of them zero.
    pub(super) values: Vec<F128>,
    /// beta*, the mask of the check.
    pub(super) mask: F128,
    #[zeroize(skip)]
    pub(super) noise: Noise,
}

impl NoiseChoice {
    /// Uniform positions and values. Boxed, so that moving the state that holds them moves a pointer: see [`crate::wiped`].
    pub(crate) fn random(noise: Noise, rng: &mut dyn CryptoRng) -> Box<Self> {
        let positions = (0..noise.trees).map(|_| position(noise.leaves, rng)).collect();
        let values = (0..noise.trees).map(|_| nonzero(rng)).collect();
        Box::new(Self { positions, values, mask: F128::random(rng), noise })
    }

    /// The choices of the extension, row after row.
    pub(crate) fn choice_bits(&self) -> ChoiceBits {
        let mut bits = ChoiceBits::with_capacity(self.noise.rows());
        for position in &self.positions {
            (0..self.noise.depth).rev().for_each(|level| bits.push(position >> level & 1 == 1));
        }
        self.values.iter().chain([&self.mask]).for_each(|value| bits.push_element(*value));
        bits
    }
}

/// A uniform position: 64 random bits choose one of at most 2^31, which is uniform but for 2^-33.
fn position(leaves: usize, rng: &mut dyn CryptoRng) -> u32 {
    ((u128::from(rng.next_u64()) * leaves as u128) >> 64) as u32
}

fn nonzero(rng: &mut dyn CryptoRng) -> F128 {
    loop {
        let value = F128::random(rng);
        if value != F128::ZERO {
            return value;
        }
    }
}
