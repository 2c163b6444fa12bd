//! The side that knows the noise.

use rand_core::CryptoRng;
use rayon::prelude::*;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::check::{self, Weights};
use super::{ANSWER_BYTES, CHALLENGE_BYTES, ELEMENT, Error, NoiseChoice, rows};
use crate::expand_convolute::ExpandConvolute;
use crate::field::F128;
use crate::ggm::Ggm;

/// The receiver with all leaves.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct SilentReceiver {
    /// The sender's leaves, with Delta * beta_i added at alpha_i.
    leaves: Vec<F128>,
    choice: NoiseChoice,
    /// c*, the share of the check's mask.
    mask: F128,
    #[zeroize(skip)]
    session: [u8; 32],
}

/// A challenge that the sender has to answer.
pub(crate) struct Challenge {
    /// The seed and x*, as they are sent.
    pub(crate) message: [u8; CHALLENGE_BYTES],
    expected: [u8; ANSWER_BYTES],
}

impl SilentReceiver {
    /// Reads the sender's message. `rows` are the extension's, for the choice's bits.
    pub(crate) fn new(
        session: &[u8; 32],
        choice: NoiseChoice,
        rows: &[F128],
        message: &[u8],
    ) -> Result<Self, Error> {
        let noise = choice.noise;
        assert_eq!(rows.len(), noise.rows(), "the extension was asked for these rows");
        if message.len() != noise.message_len() {
            return Err(Error::MessageLength);
        }
        let elements: Vec<F128> =
            message.as_chunks().0.iter().map(|bytes: &[u8; ELEMENT]| F128::from_bytes(*bytes)).collect();
        let (hidden, taus) = elements.split_at(2 * noise.path_rows());
        let siblings = siblings(session, &choice, rows, hidden);
        let mut leaves = vec![F128::ZERO; noise.shape().len()];
        let known =
            Ggm::new(session).expand_punctured(&noise.shape(), &choice.positions, &siblings, &mut leaves);
        let shares = rows::value_shares(&noise, rows);
        for (i, position) in choice.positions.iter().enumerate() {
            leaves[i * noise.leaves + *position as usize] = taus[i] + known[i] + shares[i];
        }
        Ok(Self { leaves, choice, mask: shares[noise.trees], session: *session })
    }

    /// Draws a challenge, for the sender's message that is now fixed.
    pub(crate) fn challenge(&self, rng: &mut dyn CryptoRng) -> Challenge {
        let mut seed = [0; 16];
        rng.fill_bytes(&mut seed);
        let weights = Weights::new(&self.choice.noise, &self.session, &seed);
        let mut masked = self.choice.mask;
        for ((tree, position), value) in
            weights.trees.iter().zip(&self.choice.positions).zip(&self.choice.values)
        {
            masked += *tree * weights.leaves[*position as usize] * *value;
        }
        let mut message = [0; CHALLENGE_BYTES];
        message[..16].copy_from_slice(&seed);
        message[16..].copy_from_slice(&masked.to_bytes());
        let expected = check::answer(&self.session, self.mask + weights.sum(&self.leaves));
        Challenge { message, expected }
    }

    /// A' and C, of the given length. Nothing of them may be used before the challenge is answered.
    pub(crate) fn expand(mut self, outputs: usize) -> [Zeroizing<Vec<F128>>; 2] {
        let mut c = Zeroizing::new(std::mem::take(&mut self.leaves));
        let mut a = Zeroizing::new(vec![F128::ZERO; outputs]);
        let mut noise = Zeroizing::new(vec![F128::ZERO; outputs]);
        for (i, (position, value)) in self.choice.positions.iter().zip(&self.choice.values).enumerate() {
            let at = i * self.choice.noise.leaves + *position as usize;
            match at.checked_sub(outputs) {
                None => a[at] = *value,
                Some(at) if at < outputs => noise[at] = *value,
                Some(_) => {}
            }
        }
        let (left, right) = c[..2 * outputs].split_at_mut(outputs);
        let code = ExpandConvolute::new(outputs);
        code.encode(&mut *a, &mut *noise);
        code.encode(left, right);
        c.truncate(outputs);
        [a, c]
    }
}

impl Challenge {
    /// Whether the sender's answer is that of a consistent sender.
    pub(crate) fn verify(&self, answer: &[u8; ANSWER_BYTES]) -> Result<(), Error> {
        if bool::from(self.expected.ct_eq(answer)) { Ok(()) } else { Err(Error::Inconsistent) }
    }
}

/// The sums that the rows uncover, one for each level of each tree: those on the side that the path does not take.
fn siblings(
    session: &[u8; 32],
    choice: &NoiseChoice,
    rows: &[F128],
    hidden: &[F128],
) -> Zeroizing<Vec<F128>> {
    let bits = choice.choice_bits();
    let levels = rows.par_iter().zip(hidden.par_chunks_exact(2)).enumerate();
    Zeroizing::new(
        levels
            .map(|(index, (row, hidden))| {
                let right = 0u128.wrapping_sub(!u128::from(bits[index / 64] >> (index % 64)) & 1);
                let chosen = F128(hidden[0].0 ^ (right & (hidden[0].0 ^ hidden[1].0)));
                chosen + rows::row_key(session, index as u64, *row)
            })
            .collect(),
    )
}
