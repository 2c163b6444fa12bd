//! Oblivious transfer extension: from 128 base transfers to any number of correlated ones, secure against partners that
//! break the protocol.
//!
//! SoftSpokenOT (Roy, "SoftSpokenOT: Quieter OT Extension from Small-Field Silent VOLE in the Minicrypt Model", CRYPTO 2022;
//! sections are those of ePrint 2022/192) over the smallest field, k = 1: the small-field VOLE with two leaves is a base
//! transfer, and the subspace VOLE (section 3.2) has the repetition code. The consistency check is that paper's universal hash
//! (section 4) and not that of Keller, Orsini and Scholl (CRYPTO 2015), in whose proof the paper found a gap (section 4.1).
//!
//! The receiver has a bit u_i for each row, the sender has Delta in GF(2^128). In the base transfers they change roles: the
//! sender has chosen the bits of Delta and has one seed for each of the 128 columns, and the receiver has both.
//!
//! | | receiver | sender |
//! |---|---|---|
//! | column c | t_c = PRG(k_c^0) | q_c = PRG(k_c^{Delta_c}) + Delta_c * d_c |
//! | sent | d_c = PRG(k_c^0) + PRG(k_c^1) + u, then u~ and all v~_c | |
//! | check | u~ = h(u), v~_c = h(t_c) | h(q_c) = v~_c + Delta_c * u~ for every c |
//! | row i | t_i | q_i = t_i + u_i * Delta |
//!
//! h(a) is the sum of chi_b * a_b over the blocks of 128 rows, each taken as a field element, and of one more block as it is. In
//! u that block is random, used nowhere else and hides the others in u~; v~_c tells the sender nothing more, since it
//! follows from q_c, Delta_c and u~.
//!
//! # What the check excludes
//!
//! A receiver may put another vector u^c into each column c: then h(q_c) = h(t_c) + Delta_c * h(u^c). Columns with
//! h(u^c) = u~ pass if v~_c is right. Every other column passes for one value of Delta_c only. So:
//!
//! - Two different vectors have one hash with probability 2^-128 over chi. Where that does not happen, all columns that
//!   pass without a guess hold the same u, and for the others the receiver has guessed Delta_c rightly: it can add
//!   Delta_c * (u^c + u) to t_c itself, and the rows are right for u.
//! - A receiver that guesses g bits of Delta is refused with probability 1 - 2^-g, and knows g bits otherwise: what it gains
//!   later by knowing them, 2^g, it has paid. No check takes this away, and the paper's functionality allows it. For
//!   the same reason a refusal tells the receiver whether its guess was right, so **Delta must never be used again after
//!   a refusal**.
//!
//! # The challenge is a hash
//!
//! chi is a hash of the session, the transcript of the base transfers and all d_c (Fiat and Shamir, CRYPTO 1986). The check is
//! public-coin, and its error is statistical: for each hash that a receiver computes, however it picks what it hashes, s
//! different vectors have s(s-1)/2 pairs to collide, and each of the other s-2 costs at least one guess, so that it
//! gains at most 1.5 * 2^-128. After 2^60 hashes that is 2^-67.
//! The hash has to cover all that fixes each u^c, which is d_c *and both seeds*. A malicious receiver chooses the seeds (next
//! section), but they follow from the messages of the base transfers, whose hash is included.
//!
//! A challenge that the sender chose and sent would have to be answered before the sender uses any row: with its next
//! message, encrypted under keys from the rows, a receiver would see by which keys decrypt what Delta_c is in
//! each wrong column, and a refusal after that comes too late. It would cost one more round, and gain nothing.
//!
//! # Endemic base transfers suffice
//!
//! In the [base transfers](crate::base_ot) a malicious side may choose its own seeds, and no more is needed:
//!
//! - A malicious receiver chooses both seeds of each column and so its t_c. The functionality that the paper realises
//!   lets it: its rows are its own. It follows that **a malicious receiver's rows are not random**. By a few
//!   trials for each column it finds seeds with which rows i and j are equal, and q_i + Delta is then q_j + Delta. Keys from
//!   rows would be equal with them, if they did not depend on the index (Masny and Rindal, CCS 2019, show how extensions
//!   with uniform base transfers in mind go wrong); [`RowHash`] takes it in, and so must everything else that hashes a row.
//! - A malicious sender chooses the seed that it gets and so q_c. The other seed is uniform for it, which hides u.
//! - Each seed is hashed with the session and the column before it is expanded, so that no choice of seeds makes two columns or
//!   two sessions share a stream.
//!
//! # Larger fields
//!
//! k = 2 would halve the d_c at no more generator calls, but its seeds come from trees of four leaves, with a check of their
//! own. The rows needed here, some 30,000, take 480 KB, about one percent of what an exchange of 2^20 by 2^20 items
//! sends. Half of that does not pay for one more protocol.
//!
//! # Time
//!
//! The choice bits, Delta, the seeds and the rows touch constant-time code only: AES by instructions or bit-sliced, BLAKE3, field
//! arithmetic, XOR under masks, a transposition whose steps are fixed. All columns are compared before one verdict.

mod check;
mod choice_bits;
mod generator;
mod row_hash;
mod transpose;

#[cfg(test)]
mod attack_tests;
#[cfg(test)]
mod tamper_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod timing_tests;

use rand_core::CryptoRng;
use rayon::prelude::*;
use subtle::{Choice, ConditionallySelectable};

use crate::base_ot::{ChosenKeys, KeyPairs, OTS};
use crate::field::F128;
use crate::wiped::Wiped;
use check::{Answer, Challenge};
pub(crate) use choice_bits::ChoiceBits;
pub(crate) use row_hash::RowHash;

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
    /// Columns that do not hold one vector of choice bits, or other seeds or another session than this side's. The
    /// sender's Delta is spent.
    Inconsistent,
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
) -> (Wiped<F128>, Vec<u8>) {
    let bits = choices.masked(rng);
    let mut message = vec![0; message_len(choices.len())];
    let (corrections, answer) = message.split_at_mut(COLUMNS * bits.len() * BLOCK_BYTES);
    let columns = correct(session, &seeds, |_| &bits, corrections);
    let challenge = Challenge::new(session, &seeds.transcript, choices.len(), corrections);
    Answer::new(&challenge, &bits, &columns).write(answer);
    (transpose::rows(&columns, choices.len()), message)
}

/// The sender: one row q_i = t_i + u_i * Delta for each of the receiver's. Delta is the choices of the base transfers,
/// bit c the coefficient of x^c.
pub(crate) fn extend_sender(
    session: &[u8; 32],
    seeds: ChosenKeys,
    rows: usize,
    message: &[u8],
) -> Result<Wiped<F128>, Error> {
    if message.len() != message_len(rows) {
        return Err(Error::Length);
    }
    let (corrections, answer) = message.split_at(COLUMNS * blocks(rows) * BLOCK_BYTES);
    let columns = corrected(session, &seeds, corrections);
    let challenge = Challenge::new(session, &seeds.transcript, rows, corrections);
    Ok(Answer::read(answer).verify(&challenge, columns, seeds.choices)?.rows(rows))
}

/// The receiver's columns t_c, one after the other, and the corrections d_c that make every column c hold `bits(c)`.
/// Honest are the same bits for all.
fn correct<'a>(
    session: &[u8; 32],
    seeds: &KeyPairs,
    bits: impl Fn(usize) -> &'a [F128] + Sync,
    corrections: &mut [u8],
) -> Wiped<F128> {
    let blocks = corrections.len() / (COLUMNS * BLOCK_BYTES);
    let mut columns = Wiped::new(vec![F128::ZERO; COLUMNS * blocks]);
    let outputs =
        columns.par_chunks_exact_mut(blocks).zip(corrections.par_chunks_exact_mut(blocks * BLOCK_BYTES));
    outputs.zip(seeds.keys.par_iter().enumerate()).for_each(|((column, correction), (c, keys))| {
        generator::expand(session, c, &keys[0], column);
        let mut other = Wiped::new(vec![F128::ZERO; blocks]);
        generator::expand(session, c, &keys[1], &mut other);
        let terms = column.iter().zip(other.iter()).zip(bits(c));
        write(correction, terms.map(|((t, other), u)| *t + *other + *u));
    });
    columns
}

/// The sender's columns q_c: the generator's, with the correction added where the bit of Delta is 1.
fn corrected(session: &[u8; 32], seeds: &ChosenKeys, corrections: &[u8]) -> Wiped<F128> {
    let blocks = corrections.len() / (COLUMNS * BLOCK_BYTES);
    let mut columns = Wiped::new(vec![F128::ZERO; COLUMNS * blocks]);
    let inputs = corrections.par_chunks_exact(blocks * BLOCK_BYTES).zip(seeds.keys.par_iter()).enumerate();
    columns.par_chunks_exact_mut(blocks).zip(inputs).for_each(|(column, (c, (correction, key)))| {
        generator::expand(session, c, key, column);
        let bit = bit(seeds.choices, c);
        for (q, bytes) in column.iter_mut().zip(correction.as_chunks().0) {
            *q += F128(u128::conditional_select(&0, &u128::from_le_bytes(*bytes), bit));
        }
    });
    columns
}

/// Bit `c` of Delta.
fn bit(delta: u128, c: usize) -> Choice {
    Choice::from((delta >> c & 1) as u8)
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
