//! The consistency check: that all columns hold one vector of choice bits.

use rayon::prelude::*;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::{BLOCK_BYTES, COLUMNS, Error, write};
use crate::field::{F128, inner_product};

/// The coefficients of the hash.
pub(crate) struct Challenge(Vec<F128>);

/// The receiver's answer: the hashes of its choice bits and of its columns.
pub(crate) struct Answer {
    bits: F128,
    columns: Vec<F128>,
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

    /// The hash of a column: the sum of chi_b times block b, and the last block as it is.
    fn hash(&self, column: &[F128]) -> F128 {
        let (rows, mask) = column.split_at(self.0.len());
        mask.iter().fold(inner_product(&self.0, rows), |sum, mask| sum + *mask)
    }

    fn hashes(&self, columns: &[F128]) -> Vec<F128> {
        columns.par_chunks_exact(self.0.len() + 1).map(|column| self.hash(column)).collect()
    }
}

impl Answer {
    pub(crate) const BYTES: usize = (1 + COLUMNS) * BLOCK_BYTES;

    pub(crate) fn new(challenge: &Challenge, bits: &[F128], columns: &[F128]) -> Self {
        Self { bits: challenge.hash(bits), columns: challenge.hashes(columns) }
    }

    /// That w~_c = v~_c + Delta_c * u~ in every column c.
    pub(crate) fn verify(&self, challenge: &Challenge, columns: &[F128], delta: u128) -> Result<(), Error> {
        let equal = |(c, (hash, claimed)): (usize, (&F128, &F128))| {
            let bit = Choice::from((delta >> c & 1) as u8);
            let share = u128::conditional_select(&0, &self.bits.0, bit);
            hash.0.ct_eq(&(claimed.0 ^ share))
        };
        let hashes = challenge.hashes(columns);
        let all = hashes.iter().zip(&self.columns).enumerate().map(equal).fold(Choice::from(1), |a, b| a & b);
        if all.into() { Ok(()) } else { Err(Error::Inconsistent) }
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
