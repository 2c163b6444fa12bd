//! Attacks that succeed where a check is left out, and fail where it stands.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::tests::{DELTA, choices};
use super::*;
use crate::base_ot::tests::{SESSION, batch};
use crate::wiped::Wiped;

const ROWS: usize = 256;
const BLOCKS: usize = 3;

/// Columns where the bit of Delta is 0 and 1.
const ZERO: usize = 4;
const ONE: usize = 5;

/// A receiver that follows the protocol but for the vectors in its columns.
struct Cheat {
    chosen: ChosenKeys,
    pairs: KeyPairs,
    /// For each column the bits that it holds.
    bits: Vec<Vec<F128>>,
    corrections: Vec<u8>,
    columns: Wiped<F128>,
}

impl Cheat {
    /// `bits` says what a column holds in place of the honest bits.
    fn new(bits: impl Fn(usize, &mut [F128])) -> Self {
        let (chosen, pairs) = batch(DELTA, 1);
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let honest = choices(ROWS, &mut rng).masked(&mut rng).to_vec();
        let mut all = vec![honest; COLUMNS];
        all.iter_mut().enumerate().for_each(|(c, own)| bits(c, own));
        let mut corrections = vec![0; COLUMNS * BLOCKS * BLOCK_BYTES];
        let columns = correct(&SESSION, &pairs, |c| &all[c], &mut corrections);
        Self { chosen, pairs, bits: all, corrections, columns }
    }

    /// The challenge of the protocol.
    fn challenge(&self) -> Challenge {
        Challenge::new(&SESSION, &self.pairs.transcript, ROWS, &self.corrections)
    }

    /// The answer for the bits of column `honest`.
    fn answer(&self, challenge: &Challenge, honest: usize) -> Answer {
        Answer::new(challenge, &self.bits[honest], &self.columns)
    }

    /// The sender's columns, with no check.
    fn sender_columns(&self) -> Wiped<F128> {
        corrected(&SESSION, &self.chosen, &self.corrections)
    }

    fn verdict(&self, challenge: &Challenge, answer: &Answer) -> Result<(), Error> {
        answer.verify(challenge, self.sender_columns(), DELTA).map(drop)
    }

    /// Delta, from which of two keys the sender uses for row `c`, for each column c.
    ///
    /// The keys stand for a message that decrypts under one of them: that is all that the receiver sees.
    fn delta_from_keys(&self) -> u128 {
        let t = transpose::rows(&self.columns, ROWS);
        let q = transpose::rows(&self.sender_columns(), ROWS);
        let hash = RowHash::new(&SESSION);
        let learn = |c: usize| {
            let seen = [F128::ZERO, F128(DELTA)].map(|delta| hash.key(c, q[c] + delta));
            let with = hash.key(c, t[c] + F128(1 << c));
            let without = hash.key(c, t[c]);
            assert!(seen.contains(&with) != seen.contains(&without));
            u128::from(seen.contains(&with)) << c
        };
        (0..COLUMNS).map(learn).sum()
    }
}

/// Column c differs from the others in row c: whether the sender's key is that of t_c or of t_c + x^c tells Delta_c.
fn one_row_each(c: usize, bits: &mut [F128]) {
    bits[0] += F128(1 << c);
}

#[test]
fn without_the_check_a_receiver_learns_delta() {
    assert_eq!(Cheat::new(one_row_each).delta_from_keys(), DELTA);
}

#[test]
fn the_check_catches_it() {
    let cheat = Cheat::new(one_row_each);
    let challenge = cheat.challenge();
    assert_eq!(cheat.verdict(&challenge, &cheat.answer(&challenge, 0)), Err(Error::Inconsistent));
}

/// What remains possible: a wrong column passes for one value of its bit of Delta, and the receiver has to guess it.
#[test]
fn a_wrong_column_passes_only_with_its_bit_of_delta_guessed() {
    for column in [ZERO, ONE] {
        let cheat = Cheat::new(|c, bits| bits[0] += F128(u128::from(c == column)));
        let challenge = cheat.challenge();
        let difference = challenge.hash(&cheat.bits[column]) + challenge.hash(&cheat.bits[0]);
        let verdict = |guess: bool| {
            let mut answer = cheat.answer(&challenge, 0);
            answer.columns[column] += if guess { difference } else { F128::ZERO };
            cheat.verdict(&challenge, &answer)
        };
        let right = DELTA >> column & 1 == 1;
        assert_eq!(verdict(right), Ok(()));
        assert_eq!(verdict(!right), Err(Error::Inconsistent));
    }
}

/// With the challenge known before the corrections, the receiver finds vectors of one hash: it adds chi_1 to block 0 and
/// chi_0 to block 1 of a column, which it then uses with no guess.
#[test]
fn a_challenge_that_does_not_hash_the_corrections_is_fooled() {
    let known = Challenge::new(&SESSION, &[0; 32], ROWS, &[]);
    let chi: Vec<_> = [[1, 0, 0], [0, 1, 0]].map(|unit| known.hash(&unit.map(F128))).to_vec();
    let cheat = Cheat::new(|c, bits| {
        if c == ONE {
            bits[0] += chi[1];
            bits[1] += chi[0];
        }
    });
    assert_ne!(cheat.bits[ONE], cheat.bits[0]);
    assert_eq!(cheat.verdict(&known, &cheat.answer(&known, 0)), Ok(()));
    let challenge = cheat.challenge();
    assert_eq!(cheat.verdict(&challenge, &cheat.answer(&challenge, 0)), Err(Error::Inconsistent));
}

/// Without the random block, u~ tells which of two vectors of choice bits the receiver has.
#[test]
fn without_the_mask_the_answer_tells_the_choices() {
    let candidates = [0, 1].map(|bit| vec![F128(bit), F128::ZERO, F128::ZERO]);
    let recognised = |mask: F128| {
        let mut bits = candidates[1].clone();
        bits[2] = mask;
        let cheat = Cheat::new(|_, own| own.copy_from_slice(&bits));
        let challenge = cheat.challenge();
        let answer = cheat.answer(&challenge, 0);
        candidates.iter().position(|candidate| challenge.hash(candidate) == answer.bits)
    };
    assert_eq!(recognised(F128::ZERO), Some(1));
    assert_eq!(recognised(F128::random(&mut ChaCha20Rng::seed_from_u64(4))), None);
}

/// A receiver that picks its seeds, as endemic transfers let it, makes two of its rows equal by about two trials a column. The
/// keys that it must not know would be equal too if they did not depend on the index.
#[test]
fn chosen_seeds_make_rows_equal_but_no_keys() {
    let (_, mut pairs) = batch(DELTA, 1);
    for (c, keys) in pairs.keys.iter_mut().enumerate() {
        let unequal = |seed: &[u8; 32]| {
            let mut block = [F128::ZERO];
            generator::expand(&SESSION, c, seed, &mut block);
            (block[0].0 ^ block[0].0 >> 1) & 1 == 1
        };
        while unequal(&keys[0]) {
            keys[0][0] = keys[0][0].wrapping_add(1);
        }
    }
    let mut corrections = vec![0; COLUMNS * BLOCK_BYTES];
    let t = transpose::rows(&correct(&SESSION, &pairs, |_| &[F128::ZERO], &mut corrections), 2);
    assert_eq!(t[0], t[1]);
    let hash = RowHash::new(&SESSION);
    let unknown = [0, 1].map(|i| hash.key(i, t[i] + F128(DELTA)));
    assert_ne!(unknown[0], unknown[1]);
}
