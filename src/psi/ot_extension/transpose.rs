//! From columns of bits to rows.

use rayon::prelude::*;
use zeroize::Zeroize;

use super::{BLOCK, COLUMNS};
use crate::field::F128;
use crate::wiped::Wiped;

/// 128 words of 128 bits, each as its low and its high half.
type Square = [[u64; 2]; BLOCK];

/// The first `rows` rows of a matrix of 128 columns of equal length.
pub(crate) fn rows(columns: &[F128], rows: usize) -> Wiped<F128> {
    let blocks = columns.len() / COLUMNS;
    let mut transposed = Wiped::new(vec![F128::ZERO; rows]);
    transposed.par_chunks_mut(BLOCK).enumerate().for_each(|(b, rows)| {
        let mut square: Square = std::array::from_fn(|c| {
            let word = columns[c * blocks + b].0;
            [word as u64, (word >> 64) as u64]
        });
        transpose(&mut square);
        for (row, [low, high]) in rows.iter_mut().zip(&square) {
            row.0 = u128::from(*low) | u128::from(*high) << 64;
        }
        square.zeroize();
    });
    transposed
}

/// Transposes a square of bits by swapping ever smaller quarters (Warren, "Hacker's Delight", 7-3).
fn transpose(square: &mut Square) {
    let (upper, lower) = square.split_at_mut(BLOCK / 2);
    for (a, b) in upper.iter_mut().zip(lower) {
        std::mem::swap(&mut a[1], &mut b[0]);
    }
    swap_quarters::<32>(square, 0x0000_0000_ffff_ffff);
    swap_quarters::<16>(square, 0x0000_ffff_0000_ffff);
    swap_quarters::<8>(square, 0x00ff_00ff_00ff_00ff);
    swap_quarters::<4>(square, 0x0f0f_0f0f_0f0f_0f0f);
    swap_quarters::<2>(square, 0x3333_3333_3333_3333);
    swap_quarters::<1>(square, 0x5555_5555_5555_5555);
}

/// In each square of twice `WIDTH`, swaps the upper words' high bits with the lower words' low bits, which `mask` shows.
fn swap_quarters<const WIDTH: usize>(square: &mut Square, mask: u64) {
    for square in square.chunks_exact_mut(2 * WIDTH) {
        let (upper, lower) = square.split_at_mut(WIDTH);
        for (a, b) in upper.as_flattened_mut().iter_mut().zip(lower.as_flattened_mut()) {
            let swapped = (*a >> WIDTH ^ *b) & mask;
            *a ^= swapped << WIDTH;
            *b ^= swapped;
        }
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn every_bit_lands_where_it_should() {
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        let blocks = 3;
        let columns: Vec<_> = (0..COLUMNS * blocks).map(|_| F128::random(&mut rng)).collect();
        for n in [0, 1, 127, 128, 129, 300] {
            let rows = rows(&columns, n);
            assert_eq!(rows.len(), n);
            for (i, row) in rows.iter().enumerate() {
                for c in 0..COLUMNS {
                    assert_eq!(row.0 >> c & 1, columns[c * blocks + i / 128].0 >> (i % 128) & 1);
                }
            }
        }
    }
}
