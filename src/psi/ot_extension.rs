//! SoftSpokenOT with the repetition code.

mod check;
mod generator;
mod transpose;

#[cfg(test)]
mod tests;

use rand_core::CryptoRng;
use rayon::prelude::*;
use subtle::{Choice, ConditionallySelectable};
use zeroize::Zeroizing;

use crate::base_ot::{ChosenKeys, KeyPairs, OTS};
use crate::field::F128;
use check::{Answer, Challenge};

/// Columns of the matrices: one for each base transfer.
const COLUMNS: usize = OTS;

/// Rows in a block, which is one field element of a column.
const BLOCK: usize = 128;

const BLOCK_BYTES: usize = 16;

/// Why the receiver's message was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Error {
    /// A message of another length than the number of rows demands.
    Length,
    /// Columns that do not hold one and the same vector of choice bits.
    Inconsistent,
}

/// The receiver's choice bits, packed; wiped when dropped.
#[derive(Default)]
pub(crate) struct ChoiceBits {
    words: Zeroizing<Vec<F128>>,
    len: usize,
}

impl ChoiceBits {
    /// None yet, with room for `rows`, so that no copy is left behind by growing.
    pub(crate) fn with_capacity(rows: usize) -> Self {
        Self { words: Zeroizing::new(Vec::with_capacity(rows.div_ceil(BLOCK))), len: 0 }
    }

    /// Appends the choice of the next row. Constant time in the choice.
    pub(crate) fn push(&mut self, choice: bool) {
        let place = self.len % BLOCK;
        if place == 0 {
            self.words.push(F128::ZERO);
        }
        if let Some(last) = self.words.last_mut() {
            last.0 |= u128::from(choice) << place;
        }
        self.len += 1;
    }

    /// Appends the choices of the next 128 rows: the coefficients of an element, the constant first.
    pub(crate) fn push_element(&mut self, element: F128) {
        (0..BLOCK).for_each(|i| self.push(element.0 >> i & 1 == 1));
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

/// Bytes of the receiver's message for some rows.
pub(crate) fn message_len(rows: usize) -> usize {
    COLUMNS * blocks(rows) * BLOCK_BYTES + Answer::BYTES
}

/// The receiver: one row t_i for each choice bit u_i, and the message for the sender.
///
/// The seeds are spent: a second extension of them would give away the sum of both choice vectors.
pub(crate) fn extend_receiver(
    session: &[u8; 32],
    seeds: KeyPairs,
    choices: &ChoiceBits,
    rng: &mut dyn CryptoRng,
) -> (Zeroizing<Vec<F128>>, Vec<u8>) {
    let mut bits = Zeroizing::new(choices.words.to_vec());
    bits.push(F128::random(rng));
    let blocks = bits.len();
    let mut message = vec![0; message_len(choices.len)];
    let (corrections, answer) = message.split_at_mut(COLUMNS * blocks * BLOCK_BYTES);
    let mut columns = Zeroizing::new(vec![F128::ZERO; COLUMNS * blocks]);
    columns
        .par_chunks_exact_mut(blocks)
        .zip(corrections.par_chunks_exact_mut(blocks * BLOCK_BYTES))
        .zip(seeds.keys.par_iter().enumerate())
        .for_each(|((column, correction), (c, keys))| {
            generator::expand(session, c, &keys[0], column);
            let mut other = Zeroizing::new(vec![F128::ZERO; blocks]);
            generator::expand(session, c, &keys[1], &mut other);
            let sums =
                column.iter().zip(other.iter()).zip(bits.iter()).map(|((t, other), u)| *t + *other + *u);
            write(correction, sums);
        });
    let challenge = Challenge::new(session, &seeds.transcript, choices.len, corrections);
    Answer::new(&challenge, &bits, &columns).write(answer);
    (transpose::rows(&columns, choices.len), message)
}

/// The sender: one row q_i = t_i + u_i * Delta for each of the receiver's, Delta being the choices of the base
/// transfers.
pub(crate) fn extend_sender(
    session: &[u8; 32],
    seeds: &ChosenKeys,
    rows: usize,
    message: &[u8],
) -> Result<Zeroizing<Vec<F128>>, Error> {
    if message.len() != message_len(rows) {
        return Err(Error::Length);
    }
    let (corrections, answer) = message.split_at(COLUMNS * blocks(rows) * BLOCK_BYTES);
    let columns = corrected(session, seeds, corrections);
    let challenge = Challenge::new(session, &seeds.transcript, rows, corrections);
    Answer::read(answer).verify(&challenge, &columns, seeds.choices)?;
    Ok(transpose::rows(&columns, rows))
}

/// The sender's columns: the generator's where the bit of Delta is 0, and with the correction added where it is 1.
fn corrected(session: &[u8; 32], seeds: &ChosenKeys, corrections: &[u8]) -> Zeroizing<Vec<F128>> {
    let blocks = corrections.len() / (COLUMNS * BLOCK_BYTES);
    let mut columns = Zeroizing::new(vec![F128::ZERO; COLUMNS * blocks]);
    columns
        .par_chunks_exact_mut(blocks)
        .zip(corrections.par_chunks_exact(blocks * BLOCK_BYTES))
        .zip(seeds.keys.par_iter().enumerate())
        .for_each(|((column, correction), (c, key))| {
            generator::expand(session, c, key, column);
            let bit = Choice::from((seeds.choices >> c & 1) as u8);
            for (q, bytes) in column.iter_mut().zip(correction.as_chunks().0) {
                q.0 ^= u128::conditional_select(&0, &u128::from_le_bytes(*bytes), bit);
            }
        });
    columns
}

/// Blocks of a column: those of the rows, and one of random choices that hides the others in the check.
fn blocks(rows: usize) -> usize {
    rows.div_ceil(BLOCK) + 1
}

fn write(into: &mut [u8], elements: impl Iterator<Item = F128>) {
    for (bytes, element) in into.as_chunks_mut().0.iter_mut().zip(elements) {
        *bytes = element.to_bytes();
    }
}

/// The hash from rows to keys of one session.
pub(crate) struct RowHash {
    key: [u8; 32],
}

impl RowHash {
    pub(crate) fn new(session: &[u8; 32]) -> Self {
        Self { key: blake3::derive_key("overlapd psi v1 OT extension row", session) }
    }

    /// The key of a row: for the receiver of t_i, for the sender of q_i (choice 0) or of q_i + Delta (choice 1).
    pub(crate) fn key(&self, index: usize, row: F128) -> [u8; 16] {
        let mut input = Zeroizing::new([0; 32]);
        input[..16].copy_from_slice(&(index as u128).to_le_bytes());
        input[16..].copy_from_slice(&row.to_bytes());
        let hash = Zeroizing::new(<[u8; 32]>::from(blake3::keyed_hash(&self.key, input.as_slice())));
        std::array::from_fn(|i| hash[i])
    }
}
