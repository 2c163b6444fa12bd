//! Words of the code from one row of its generator matrix, and from two: the lightest that a sparse expander could
//! have.

use std::collections::HashMap;

use super::public_bits::{self, PublicBits};
use super::{MEMORY, WEIGHT, convolve, expand, row_scalars};
use crate::field::F128;

const OUTPUTS: usize = 2048;

/// The generator matrix from its other side: words from rows, where the code's use is columns.
struct Rows {
    positions: Vec<Vec<usize>>,
    taps: Vec<u32>,
    scalars: Vec<F128>,
}

impl Rows {
    fn new() -> Self {
        let bits = PublicBits::new();
        let words = |stream| {
            let mut blocks = vec![[0; 16]; OUTPUTS / 4];
            bits.fill(stream, 0, &mut blocks);
            public_bits::words(&blocks).collect::<Vec<_>>()
        };
        let positions = (0..WEIGHT).map(|index| {
            let (start, end) = (index * OUTPUTS / WEIGHT, (index + 1) * OUTPUTS / WEIGHT);
            words(index as u64)
                .iter()
                .map(|word| start + expand::choose(*word, end - start) as usize)
                .collect()
        });
        let mut scalars = vec![[0; 16]; OUTPUTS];
        bits.fill(row_scalars::STREAM, 0, &mut scalars);
        Self {
            positions: positions.collect(),
            taps: words(convolve::STREAM),
            scalars: scalars.into_iter().map(F128::from_bytes).collect(),
        }
    }

    /// How many elements are not zero in the sum of these rows, of 2 * OUTPUTS.
    fn weight(&self, rows: &[usize]) -> usize {
        let mut word = vec![F128::ZERO; OUTPUTS + MEMORY];
        for row in rows {
            // The last section's entry is 1, each before it has one factor more.
            let mut entry = F128::ONE;
            for positions in self.positions.iter().rev() {
                word[positions[*row]] += entry;
                entry = entry * self.scalars[*row];
            }
        }
        for i in (0..OUTPUTS).rev() {
            let taken = (1..MEMORY).filter(|distance| self.taps[i] >> (distance - 1) & 1 == 1);
            let sum = taken.fold(word[i], |sum, distance| sum + word[i + distance]);
            word[i] = sum + word[i + MEMORY];
        }
        rows.len() + word[..OUTPUTS].iter().filter(|element| **element != F128::ZERO).count()
    }

    /// Pairs of rows that cancel out in the section where the convolution of words begins, so that it begins later.
    fn late_pairs(&self) -> Vec<[usize; 2]> {
        let mut at: HashMap<usize, Vec<usize>> = HashMap::new();
        let last = &self.positions[WEIGHT - 1];
        last.iter().enumerate().for_each(|(row, position)| at.entry(*position).or_default().push(row));
        let pairs = at.values().flat_map(|rows| rows.windows(2).map(|pair| [pair[0], pair[1]]));
        pairs.collect()
    }
}

/// A word that begins in the last section but one has at most two sections of zeros. From there on nearly all of
/// its elements are not zero: the rows' scalars spread them over the field. A binary code has half of them at best.
#[test]
fn one_row_or_two_make_no_light_word() {
    let rows = Rows::new();
    let bound = |sections: usize| OUTPUTS - sections * OUTPUTS.div_ceil(WEIGHT) - OUTPUTS / 10;
    for row in 0..OUTPUTS {
        assert!(rows.weight(&[row]) > bound(1), "{row}: {}", rows.weight(&[row]));
    }
    let pairs = rows.late_pairs();
    assert!(pairs.len() > 1000);
    for pair in pairs {
        assert!(rows.weight(&pair) > bound(4), "{pair:?}: {}", rows.weight(&pair));
    }
}
