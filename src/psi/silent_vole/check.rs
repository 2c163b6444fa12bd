//! The weights and the hash of the consistency check.

use std::ops::Add;

use rayon::prelude::*;
use zeroize::Zeroize;

use super::{ANSWER_BYTES, Noise, NoiseChoice};
use crate::field::{self, F128};

/// The weights that a seed gives: that of leaf j of tree i is `trees[i] * leaves[j]`.
pub(super) struct Weights {
    pub(super) trees: Vec<F128>,
    pub(super) leaves: Vec<F128>,
}

impl Weights {
    /// Both lists from one stream of BLAKE3, a random oracle.
    pub(super) fn new(noise: &Noise, session: &[u8; 32], seed: &[u8; 16]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("overlapd psi v1 weights of the correlation check");
        hasher.update(session);
        hasher.update(seed);
        let mut stream = hasher.finalize_xof();
        let mut elements = |count| {
            let mut bytes = vec![[0; 16]; count];
            stream.fill(bytes.as_flattened_mut());
            bytes.into_iter().map(F128::from_bytes).collect()
        };
        Self { trees: elements(noise.trees), leaves: elements(noise.leaves) }
    }

    /// The weighted sum of all leaves, tree after tree.
    pub(super) fn sum(&self, leaves: &[F128]) -> F128 {
        let trees = leaves.par_chunks_exact(self.leaves.len()).enumerate();
        trees.map(|(i, leaves)| self.sum_of_tree(i, leaves)).reduce(|| F128::ZERO, Add::add)
    }

    /// One tree's part of it.
    pub(super) fn sum_of_tree(&self, i: usize, leaves: &[F128]) -> F128 {
        self.trees[i] * field::inner_product(&self.leaves, leaves)
    }

    /// The weighted sum of the noise.
    pub(super) fn sum_of_noise(&self, choice: &NoiseChoice) -> F128 {
        let noise = self.trees.iter().zip(&choice.positions).zip(&choice.values);
        noise.fold(F128::ZERO, |sum, ((tree, position), value)| {
            sum + *tree * self.leaves[*position as usize] * *value
        })
    }
}

/// The hash of what both sides must have the same of.
pub(super) fn answer(session: &[u8; 32], mut sum: F128) -> [u8; ANSWER_BYTES] {
    let mut hasher = blake3::Hasher::new_derive_key("overlapd psi v1 answer of the correlation check");
    hasher.update(session);
    hasher.update(&sum.to_bytes());
    sum.zeroize();
    hasher.finalize().into()
}
