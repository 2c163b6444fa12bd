//! The consistency check: that all columns hold one vector of choice bits. See the module above for what it proves.

use rayon::prelude::*;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::{BLOCK_BYTES, COLUMNS, Error, bit, transpose, write};
use crate::field::{F128, inner_product};
use crate::wiped::Wiped;

/// The coefficients chi of the hash, one for each block of rows. Independent ones: with powers of a single one, two vectors
/// would collide with a probability that grows with the number of blocks.
pub(crate) struct Challenge(Vec<F128>);

/// Columns that have passed the check. Only [`Answer::verify`] makes them.
pub(crate) struct Checked(Wiped<F128>);

/// The receiver's answer: u~ and all v~_c.
pub(crate) struct Answer {
    pub(super) bits: F128,
    pub(super) columns: Vec<F128>,
}

impl Challenge {
    /// The Fiat-Shamir challenge: a hash of everything that fixes the choice bits of every column.
    pub(crate) fn new(session: &[u8; 32], transcript: &[u8; 32], rows: usize, corrections: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("overlapd psi v1 OT extension challenge");
        hasher.update(session).update(transcript).update(&(rows as u64).to_be_bytes()).update(corrections);
        let mut bytes = vec![0; (super::blocks(rows) - 1) * BLOCK_BYTES];
        hasher.finalize_xof().fill(&mut bytes);
        Self(bytes.as_chunks().0.iter().map(|bytes| F128::from_bytes(*bytes)).collect())
    }

    /// h of a column: the sum of chi_b times block b, and the last block as it is, for it has to hide the others.
    pub(super) fn hash(&self, column: &[F128]) -> F128 {
        let (rows, mask) = column.split_at(self.0.len());
        mask.iter().fold(inner_product(&self.0, rows), |sum, mask| sum + *mask)
    }

    fn hashes(&self, columns: &[F128]) -> Vec<F128> {
        columns.par_chunks_exact(self.0.len() + 1).map(|column| self.hash(column)).collect()
    }
}

impl Checked {
    /// The sender's rows.
    pub(crate) fn rows(&self, rows: usize) -> Wiped<F128> {
        transpose::rows(&self.0, rows)
    }
}

impl Answer {
    pub(crate) const BYTES: usize = (1 + COLUMNS) * BLOCK_BYTES;

    pub(crate) fn new(challenge: &Challenge, bits: &[F128], columns: &[F128]) -> Self {
        Self { bits: challenge.hash(bits), columns: challenge.hashes(columns) }
    }

    /// That h(q_c) = v~_c + Delta_c * u~ in every column c. Constant time: the verdict alone depends on Delta.
    pub(crate) fn verify(
        &self,
        challenge: &Challenge,
        columns: Wiped<F128>,
        delta: u128,
    ) -> Result<Checked, Error> {
        let equal = |(c, (hash, claimed)): (usize, (&F128, &F128))| {
            let share = F128(u128::conditional_select(&0, &self.bits.0, bit(delta, c)));
            hash.0.ct_eq(&(*claimed + share).0)
        };
        // With the receiver's message they are Delta, bit by bit.
        let hashes = Wiped::new(challenge.hashes(&columns));
        let all = hashes.iter().zip(&self.columns).enumerate().map(equal).fold(Choice::from(1), |a, b| a & b);
        if all.into() { Ok(Checked(columns)) } else { Err(Error::Inconsistent) }
    }

    pub(crate) fn read(bytes: &[u8]) -> Self {
        let (bits, columns) = bytes.split_at(BLOCK_BYTES);
        let elements =
            |bytes: &[u8]| bytes.as_chunks().0.iter().map(|b| F128::from_bytes(*b)).collect::<Vec<_>>();
        Self { bits: elements(bits)[0], columns: elements(columns) }
    }

    pub(crate) fn write(&self, into: &mut [u8]) {
        write(into, [self.bits].into_iter().chain(self.columns.iter().copied()));
    }
}
