//! A message that was tampered with is refused, wherever it was touched.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::tests::{DELTA, choices};
use super::*;
use crate::base_ot::tests::{SESSION, batch};

const ROWS: usize = 300;
const COLUMN_BYTES: usize = 4 * BLOCK_BYTES;

/// What the sender says to an honest message after a change.
fn verdict(delta: u128, change: impl FnOnce(&mut Vec<u8>)) -> Option<Error> {
    let (chosen, pairs) = batch(delta, 1);
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let (_, mut message) = extend_receiver(&SESSION, pairs, &choices(ROWS, &mut rng), &mut rng);
    change(&mut message);
    extend_sender(&SESSION, chosen, ROWS, &message).err()
}

#[test]
fn another_length_is_refused() {
    let length = message_len(ROWS);
    assert_eq!(length, COLUMNS * COLUMN_BYTES + 129 * 16);
    for other in
        [0, 1, length - 2064, length - 16, length - 1, length + 1, length + 16, message_len(ROWS + 128)]
    {
        assert_eq!(verdict(DELTA, |message| message.resize(other, 0)), Some(Error::Length));
    }
    assert_eq!(verdict(DELTA, |_| ()), None);
}

/// The corrections of columns where Delta is 0 as well as 1, in the blocks of rows, the padding and the mask; u~; v~.
#[test]
fn every_field_counts() {
    let answer = COLUMNS * COLUMN_BYTES;
    let columns = [0, 4, 5, 127].map(|c| c * COLUMN_BYTES);
    let in_columns = columns.iter().flat_map(|start| [0, 17, 37, 47, 48, 63].map(|byte| start + byte));
    let in_answer = [0, 15, 16, 31, 16 + 16 * 4, 16 + 16 * 5, Answer::BYTES - 1].map(|byte| answer + byte);
    for byte in in_columns.chain(in_answer) {
        for bit in [0, 7] {
            assert_eq!(verdict(DELTA, |message| message[byte] ^= 1 << bit), Some(Error::Inconsistent));
        }
    }
}

#[test]
fn reordered_and_repeated_columns_are_refused() {
    let swap = |from: usize, bytes: usize| {
        move |message: &mut Vec<u8>| message[from..][..2 * bytes].rotate_left(bytes)
    };
    let repeat = |from: usize, bytes: usize| {
        move |message: &mut Vec<u8>| message.copy_within(from..from + bytes, from + bytes)
    };
    let answer = COLUMNS * COLUMN_BYTES;
    for (from, bytes) in
        [(0, COLUMN_BYTES), (0, BLOCK_BYTES), (answer, BLOCK_BYTES), (answer + 16, BLOCK_BYTES)]
    {
        assert_eq!(verdict(DELTA, swap(from, bytes)), Some(Error::Inconsistent));
        assert_eq!(verdict(DELTA, repeat(from, bytes)), Some(Error::Inconsistent));
    }
}

/// Even where Delta is 0 and the corrections are not used, they must be those that were hashed.
#[test]
fn corrections_count_whatever_delta_is() {
    for delta in [0, 1, u128::MAX] {
        assert_eq!(verdict(delta, |message| message[0] ^= 1), Some(Error::Inconsistent));
    }
}

#[test]
fn session_rows_and_base_transfers_are_bound() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let (_, pairs) = batch(DELTA, 1);
    let (_, message) = extend_receiver(&SESSION, pairs, &choices(ROWS, &mut rng), &mut rng);
    let chosen = || batch(DELTA, 1).0;
    let inconsistent = Some(Error::Inconsistent);
    assert_eq!(extend_sender(&[1; 32], chosen(), ROWS, &message).err(), inconsistent);
    assert_eq!(extend_sender(&SESSION, chosen(), ROWS + 1, &message).err(), inconsistent);
    assert_eq!(extend_sender(&SESSION, batch(DELTA, 3).0, ROWS, &message).err(), inconsistent);
    let mut other_transcript = chosen();
    other_transcript.transcript[31] ^= 1;
    assert_eq!(extend_sender(&SESSION, other_transcript, ROWS, &message).err(), inconsistent);
    assert_eq!(extend_sender(&SESSION, chosen(), ROWS, &message).err(), None);
}
