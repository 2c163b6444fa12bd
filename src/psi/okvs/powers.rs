//! The dense part of rows.

use crate::field::F128;

/// `out[i] += d[i] * p[0] + d[i]^2 * p[1] + ..`: what the dense columns p add to each row.
pub(crate) fn add_powers(out: &mut [F128], d: &[F128], p: &[F128]) {
    if p.is_empty() {
        return;
    }
    for (out, &d) in out.iter_mut().zip(d) {
        *out += p.iter().rev().fold(F128::ZERO, |sum, &p| (sum + p) * d);
    }
}

/// The inverse by Fermat: the power 2^128 - 2. In the few places where it is needed its time does not matter.
pub(crate) fn inverse(a: F128) -> F128 {
    let (mut square, mut product) = (a * a, F128::ONE);
    for _ in 1..128 {
        product = product * square;
        square = square * square;
    }
    product
}
