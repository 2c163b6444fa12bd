//! The side that knows the noise.

use std::ops::Add;
use std::sync::{Mutex, PoisonError};

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::check::{self, Weights};
use super::{ANSWER_BYTES, CHALLENGE_BYTES, Error, Noise, NoiseChoice, rows};
#[cfg(test)]
use crate::check_switch::Check;
use crate::expand_convolute::{ExpandConvolute, Pair};
use crate::field::F128;
use crate::ggm::Ggm;
use crate::wiped::Wiped;

/// The receiver with all leaves.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct SilentReceiver {
    /// Of all 2K positions the noise, and the sender's leaf plus Delta times the noise.
    pub(super) pairs: Vec<Pair>,
}

/// A' and C side by side, of which nothing may be used before the sender has answered the challenge.
pub(crate) struct Unchecked(Wiped<Pair>);

/// That the sender's answer to the challenge was right. Only [`Challenge::verify`] makes it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Verified(());

/// A challenge that the sender has to answer.
pub(crate) struct Challenge {
    /// The seed and x*, as they are sent.
    pub(crate) message: [u8; CHALLENGE_BYTES],
    expected: [u8; ANSWER_BYTES],
}

impl SilentReceiver {
    /// Reads the sender's message, and draws a challenge for it. `rows` are the extension's, for the choice's bits.
    pub(crate) fn new(
        session: &[u8; 32],
        choice: Box<NoiseChoice>,
        rows: &[F128],
        message: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(Self, Challenge), Error> {
        let noise = choice.noise;
        assert_eq!(rows.len(), noise.rows(), "the extension was asked for these rows");
        if message.len() != noise.message_len() {
            return Err(Error::MessageLength);
        }
        let elements: Vec<_> = message.as_chunks().0.iter().map(|bytes| F128::from_bytes(*bytes)).collect();
        let (hidden, taus) = elements.split_at(2 * noise.path_rows());
        let siblings = rows::uncover(session, &choice, rows, hidden);
        let shares = rows::value_shares(&noise, rows);
        let unknown: Zeroizing<Vec<_>> =
            Zeroizing::new(taus.iter().zip(shares.iter()).map(|(tau, share)| *tau + *share).collect());
        let mut seed = [0; 16];
        rng.fill_bytes(&mut seed);
        let weights = Weights::new(&noise, session, &seed);
        let (pairs, sum) = leaves(session, &choice, &siblings, &unknown, &weights);
        let expected = check::answer(session, shares[noise.trees] + sum);
        let message = challenge(&seed, choice.mask + weights.sum_of_noise(&choice));
        Ok((Self { pairs }, Challenge { message, expected }))
    }

    /// Expands while the answer to the challenge is on its way.
    pub(crate) fn expand(mut self) -> Unchecked {
        let mut pairs = Wiped::new(std::mem::take(&mut self.pairs));
        let outputs = pairs.len() / 2;
        let (left, right) = pairs.split_at_mut(outputs);
        ExpandConvolute::new(outputs).encode(left, right);
        right.zeroize();
        pairs.truncate(outputs);
        pairs.shrink_to_fit();
        Unchecked(pairs)
    }
}

impl Unchecked {
    /// What may be used, now that the challenge is answered.
    pub(crate) fn accept(self, _: Verified) -> Wiped<Pair> {
        self.0
    }
}

impl Challenge {
    /// Whether the sender's answer is that of a consistent sender.
    pub(crate) fn verify(&self, answer: &[u8; ANSWER_BYTES]) -> Result<Verified, Error> {
        let right = bool::from(self.expected.ct_eq(answer));
        #[cfg(test)]
        let right = right || Check::Correlation.is_off();
        if right { Ok(Verified(())) } else { Err(Error::Inconsistent) }
    }
}

fn challenge(seed: &[u8; 16], masked: F128) -> [u8; CHALLENGE_BYTES] {
    let mut message = [0; CHALLENGE_BYTES];
    message[..16].copy_from_slice(seed);
    message[16..].copy_from_slice(&masked.to_bytes());
    message
}

/// Expands the trees, and puts into each the leaf that it misses: `unknown` and all others of the tree. Returns
/// noise and leaves side by side, and the leaves' weighted sum, which is taken while they are in the cache.
fn leaves(
    session: &[u8; 32],
    choice: &NoiseChoice,
    siblings: &[F128],
    unknown: &[F128],
    weights: &Weights,
) -> (Vec<Pair>, F128) {
    let noise = &choice.noise;
    let mut pairs = vec![Pair::default(); 2 * noise.outputs];
    let blocks: Vec<_> = blocks(&mut pairs, noise).into_iter().map(Mutex::new).collect();
    let complete = |i: usize, leaves: &mut [F128], known: F128| {
        let position = choice.positions[i] as usize;
        leaves[position] = unknown[i] + known;
        // Each block is one tree's, so there is nothing to wait for.
        let mut block = blocks[i].lock().unwrap_or_else(PoisonError::into_inner);
        block.iter_mut().zip(&*leaves).for_each(|(pair, leaf)| pair.0[1] = *leaf);
        if let Some(pair) = block.get_mut(position) {
            pair.0[0] = choice.values[i];
        }
        weights.sum_of_tree(i, leaves)
    };
    let sums = Ggm::new(session).expand_punctured(&noise.shape(), &choice.positions, siblings, complete);
    drop(blocks);
    (pairs, sums.into_iter().fold(F128::ZERO, Add::add))
}

/// The part of the vector that is each tree's. Positions above 2K have no place in it.
fn blocks<'a>(mut pairs: &'a mut [Pair], noise: &Noise) -> Vec<&'a mut [Pair]> {
    let mut next = || pairs.split_off_mut(..noise.leaves.min(pairs.len())).unwrap_or_default();
    (0..noise.trees).map(|_| next()).collect()
}
