//! A sender that tests a guess of the receiver's whole set on the masked encoding that it gets.
//!
//! The sender can take the encoding of the guess off. If the guess is right, what is left is A' = G e, which must look
//! random. Elimination takes the columns of the expander that come after a short prefix out of its rows. What is
//! left of an output is then a sum of the left half's noise and of that which the right half has in the prefix. With a
//! binary expander it is a sum of the values themselves: elements of a space over GF(2) of no more dimensions than there
//! are values. These must be fewer than the field has bits; with more of them some can be guessed to be elsewhere.
//! A wrong guess leaves elements of the whole field.
//!
//! Over the field the same elimination has multiples of the values, and one of them is enough to fill it.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::item_values;
use super::parameters::parameters;
use super::session::Session;
use crate::SessionItem;
use crate::expand_convolute::{ExpandConvolute, Rows};
use crate::field::{self, F128};
use crate::okvs::{Grouped, Plan, Shape};
use crate::pair::{items, params};

/// The receiver's items.
const ITEMS: usize = 512;

/// Blocks of noise: half of them, with those of the prefix, are fewer than 128.
const BLOCKS: usize = 192;

/// Columns of the expander that are left: enough outputs to fill the field.
const PREFIX: usize = 160;

const SEED: [u8; 16] = [3; 16];
const SALT: [u8; 32] = [4; 32];

fn shape() -> Shape {
    parameters(ITEMS).unwrap().shape()
}

/// A': the code's output for regular noise.
fn mask(rows: Rows, seed: u64) -> Vec<F128> {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let outputs = shape().columns();
    let mut noise = vec![F128::ZERO; 2 * outputs];
    for block in noise.chunks_mut((2 * outputs).div_ceil(BLOCKS)) {
        let position = rng.next_u64() as usize % block.len();
        block[position] = F128::random(&mut rng);
    }
    let (left, right) = noise.split_at_mut(outputs);
    let code = ExpandConvolute::new(outputs);
    code.convolve(right);
    code.expand(rows, left, right);
    left.to_vec()
}

/// Adds the encoding of a set, as the receiver makes it but for columns that no item determines: they stay as they are.
fn add_encoding(set: &[SessionItem], into: &mut [F128]) {
    let hash = Session::new(&params(ITEMS, 1, false)).item_hash(&SALT, &SEED);
    let grouped = Grouped::within_capacity(&shape(), &SEED, set).unwrap();
    let values = item_values(&hash, grouped.keys());
    Plan::new(&grouped).unwrap().encode(&grouped, &values, into, &|_, _| ());
}

/// The expander's matrix, row by row, with room for one column more.
fn expander(rows: Rows) -> Vec<Vec<F128>> {
    let outputs = shape().columns();
    let code = ExpandConvolute::new(outputs);
    let mut matrix = vec![vec![F128::ZERO; outputs + 1]; outputs];
    for column in 0..outputs {
        let (mut left, mut unit) = (vec![F128::ZERO; outputs], vec![F128::ZERO; outputs]);
        unit[column] = F128::ONE;
        code.expand(rows, &mut left, &unit);
        matrix.iter_mut().zip(left).for_each(|(row, entry)| row[column] = entry);
    }
    matrix
}

/// The outputs, in combinations in which the expander has no column from [`PREFIX`] on.
fn combinations(rows: Rows, outputs: &[F128]) -> Vec<F128> {
    let mut matrix = expander(rows);
    matrix.iter_mut().zip(outputs).for_each(|(row, output)| row[outputs.len()] = *output);
    for column in PREFIX..outputs.len() {
        let Some(pivot) = matrix.iter().position(|row| row[column] != F128::ZERO) else { continue };
        let pivot = matrix.swap_remove(pivot);
        let scale = pivot[column].inverse();
        for row in matrix.iter_mut().filter(|row| row[column] != F128::ZERO) {
            let factor = row[column] * scale;
            // In the prefix nothing is asked of the rows.
            field::add_scaled(&mut row[column..], factor, &pivot[column..]);
        }
    }
    matrix.into_iter().map(|row| row[outputs.len()]).collect()
}

/// The dimension over GF(2) of what elements span.
fn rank(elements: &[F128]) -> usize {
    let mut basis: Vec<u128> = Vec::new();
    for element in elements {
        let rest = basis.iter().fold(element.0, |rest, b| rest.min(rest ^ b));
        if rest != 0 {
            basis.push(rest);
            basis.sort_unstable_by(|a, b| b.cmp(a));
        }
    }
    basis.len()
}

/// The ranks that the sender finds for the receiver's set and for one that has an eighth of other items.
fn ranks(rows: Rows) -> [usize; 2] {
    let set = items(0..ITEMS as u64);
    let wrong = items(64..64 + ITEMS as u64);
    let mut sent = mask(rows, 1);
    add_encoding(&set, &mut sent);
    [set, wrong].map(|guess| {
        let mut left = sent.clone();
        add_encoding(&guess, &mut left);
        rank(&combinations(rows, &left))
    })
}

#[test]
fn with_a_binary_expander_a_guess_of_the_receiver_s_set_can_be_tested() {
    let [right, wrong] = ranks(Rows::Binary);
    assert!(right <= BLOCKS / 2 + PREFIX.div_ceil(2 * shape().columns() / BLOCKS) + 1, "{right}");
    assert_eq!(wrong, 128);
}

#[test]
fn with_scaled_rows_a_right_guess_looks_like_a_wrong_one() {
    assert_eq!(ranks(Rows::Scaled), [128; 2]);
}
