//! What the rows of the extension are used for.

use super::{Noise, NoiseChoice};
use crate::field::F128;
use crate::ot_extension::RowHash;
use crate::wiped::Wiped;

/// The keys that hide the sums of each level: those that the receiver has for the choice 0 and for the choice 1.
pub(super) fn level_keys(session: &[u8; 32], noise: &Noise, delta: F128, rows: &[F128]) -> [Wiped<F128>; 2] {
    let (hash, rows) = (RowHash::new(session), &rows[..noise.path_rows()]);
    let other = Wiped::new(rows.iter().map(|row| *row + delta).collect::<Vec<_>>());
    [hash.keys(0, rows), hash.keys(0, &other)]
}

/// The sums that the receiver's rows uncover, one for each level of each tree: those on the side that the path
/// does not take.
pub(super) fn uncover(
    session: &[u8; 32],
    choice: &NoiseChoice,
    rows: &[F128],
    hidden: &[F128],
) -> Wiped<F128> {
    let bits = choice.choice_bits();
    let mut sums = RowHash::new(session).keys(0, &rows[..choice.noise.path_rows()]);
    for ((row, sum), hidden) in sums.iter_mut().enumerate().zip(hidden.as_chunks::<2>().0) {
        // Without a branch: the bit is secret.
        *sum += F128(hidden[1].0 ^ (bits.mask(row) & (hidden[0].0 ^ hidden[1].0)));
    }
    sums
}

/// The share of each value and, last, of the check's mask: the value's 128 rows, the row of bit i times x^i.
pub(super) fn value_shares(noise: &Noise, rows: &[F128]) -> Wiped<F128> {
    let rows = rows[noise.path_rows()..].chunks_exact(128);
    Wiped::new(rows.map(value_share).collect())
}

/// Horner's rule.
fn value_share(rows: &[F128]) -> F128 {
    rows.iter().rev().fold(F128::ZERO, |sum, row| sum.times_x() + *row)
}
