//! The side that knows Delta.

use rand_core::CryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::check::{self, Weights};
use super::{ANSWER_BYTES, CHALLENGE_BYTES, Noise, rows};
use crate::expand_convolute::ExpandConvolute;
use crate::field::F128;
use crate::ggm::{Ggm, Tree};
use crate::wiped::Wiped;

/// The sender with its trees expanded.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct SilentSender {
    pub(super) leaves: Vec<F128>,
    /// b*, the share of the check's mask.
    mask: F128,
    delta: F128,
    #[zeroize(skip)]
    session: [u8; 32],
    #[zeroize(skip)]
    noise: Noise,
}

impl SilentSender {
    /// Expands the trees, and makes the message for the receiver. `rows` are the extension's. Boxed, so that moving the
    /// state that holds it moves a pointer: see [`crate::wiped`].
    pub(crate) fn new(
        session: &[u8; 32],
        noise: Noise,
        delta: F128,
        rows: &[F128],
        rng: &mut dyn CryptoRng,
    ) -> (Box<Self>, Vec<u8>) {
        assert_eq!(rows.len(), noise.rows(), "the extension was asked for these rows");
        let mut leaves = vec![F128::ZERO; noise.shape().len()];
        let roots: Wiped<F128> = Wiped::new((0..noise.trees).map(|_| F128::random(rng)).collect());
        let trees = Ggm::new(session).expand(&noise.shape(), &roots, &mut leaves);
        let shares = rows::value_shares(&noise, rows);
        let message = message(session, &noise, delta, rows, &trees, &shares);
        let mask = shares[noise.trees];
        (Box::new(Self { leaves, mask, delta, session: *session, noise }), message)
    }

    /// The answer to the receiver's challenge. A receiver gets one: each lets it check guesses of Delta.
    pub(crate) fn answer(&self, challenge: &[u8; CHALLENGE_BYTES]) -> [u8; ANSWER_BYTES] {
        let ([seed, masked], _) = challenge.as_chunks() else { unreachable!("a challenge is two elements") };
        let weights = Weights::new(&self.noise, &self.session, seed);
        check::answer(&self.session, self.sum(&weights, F128::from_bytes(*masked)))
    }

    /// y, what both sides must have the same of.
    pub(super) fn sum(&self, weights: &Weights, masked: F128) -> F128 {
        self.mask + self.delta * masked + weights.sum(&self.leaves)
    }

    /// B. Nothing of it may be sent, in any form, before the receiver has accepted.
    #[expect(clippy::boxed_local, reason = "out of its box it would leave a copy of Delta there")]
    pub(crate) fn expand(mut self: Box<Self>) -> Wiped<F128> {
        let outputs = self.noise.outputs;
        let mut vector = Wiped::new(std::mem::take(&mut self.leaves));
        let (left, right) = vector[..2 * outputs].split_at_mut(outputs);
        ExpandConvolute::new(outputs).encode(left, right);
        vector[outputs..].zeroize();
        vector.truncate(outputs);
        vector.shrink_to_fit();
        vector
    }
}

/// For each tree and level the hidden sums of left and right children, then tau of each tree.
fn message(
    session: &[u8; 32],
    noise: &Noise,
    delta: F128,
    rows: &[F128],
    trees: &[Tree],
    shares: &[F128],
) -> Vec<u8> {
    let mut message = Vec::with_capacity(noise.message_len());
    let levels = trees.iter().flat_map(|tree| &tree.sums);
    let [zero, one] = rows::level_keys(session, noise, delta, rows);
    for ((zero, one), [left, right]) in zero.iter().zip(one.iter()).zip(levels) {
        // A path that goes left, by choice 0, needs the right sum, and the other way round.
        message.extend((*left + *one).to_bytes());
        message.extend((*right + *zero).to_bytes());
    }
    for (tree, share) in trees.iter().zip(shares) {
        message.extend((tree.total + *share).to_bytes());
    }
    message
}
