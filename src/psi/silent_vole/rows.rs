//! What the rows of the extension are used for.

use rayon::prelude::*;
use zeroize::Zeroizing;

use super::{Noise, NoiseChoice};
use crate::field::F128;

/// The key that hides a level's sum: a hash of the row, bound to its place and to the session. The receiver has
/// one of the two rows that the sender hashes, and the other differs by the sender's secret Delta: BLAKE3 as a
/// random oracle breaks the correlation.
pub(super) fn row_key(session: &[u8; 32], index: u64, row: F128) -> F128 {
    let mut input = [0; 24];
    input[..8].copy_from_slice(&index.to_le_bytes());
    input[8..].copy_from_slice(&row.to_bytes());
    let hash = Zeroizing::new(<[u8; 32]>::from(blake3::keyed_hash(session, &input)));
    let mut key = [0; 16];
    key.copy_from_slice(&hash[..16]);
    F128::from_bytes(key)
}

/// The sums that the receiver's rows uncover, one for each level of each tree: those on the side that the path
/// does not take.
pub(super) fn uncover(
    session: &[u8; 32],
    choice: &NoiseChoice,
    rows: &[F128],
    hidden: &[F128],
) -> Zeroizing<Vec<F128>> {
    let bits = choice.choice_bits();
    let levels = rows.par_iter().zip(hidden.par_chunks_exact(2)).enumerate();
    let sums = levels.map(|(index, (row, hidden))| {
        // Without a branch: the bit is secret.
        let left = 0u128.wrapping_sub(u128::from(bits[index / 64] >> (index % 64) & 1));
        let chosen = F128(hidden[1].0 ^ (left & (hidden[0].0 ^ hidden[1].0)));
        chosen + row_key(session, index as u64, *row)
    });
    Zeroizing::new(sums.collect())
}

/// The share of each value and, last, of the check's mask: the value's 128 rows, the row of bit i times x^i.
pub(super) fn value_shares(noise: &Noise, rows: &[F128]) -> Zeroizing<Vec<F128>> {
    let rows = rows[noise.path_rows()..].chunks_exact(128);
    Zeroizing::new(rows.map(value_share).collect())
}

/// Horner's rule.
fn value_share(rows: &[F128]) -> F128 {
    rows.iter().rev().fold(F128::ZERO, |sum, row| sum.times_x() + *row)
}
