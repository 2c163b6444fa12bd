//! Both sides against each other, and known answers.

use data_encoding::HEXLOWER;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::*;
use crate::base_ot::tests::{SESSION, batch};
use crate::wiped::Wiped;

pub(crate) const DELTA: u128 = 0xfedc_ba98_7654_3210_0123_4567_89ab_cdef;

pub(crate) fn choices(rows: usize, rng: &mut dyn CryptoRng) -> ChoiceBits {
    let mut choices = ChoiceBits::with_capacity(rows);
    (0..rows).for_each(|_| choices.push(rng.next_u32() & 1 == 1));
    choices
}

/// Bit `row` of packed bits.
pub(crate) fn choice(bits: &[F128], row: usize) -> bool {
    bits[row / BLOCK].0 >> (row % BLOCK) & 1 == 1
}

struct Extension {
    bits: Vec<bool>,
    t: Wiped<F128>,
    q: Wiped<F128>,
    message: Vec<u8>,
}

/// An honest extension.
fn extension(rows: usize, seed: u64) -> Extension {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let (chosen, pairs) = batch(DELTA, seed);
    let choices = choices(rows, &mut rng);
    let (t, message) = extend_receiver(&SESSION, pairs, &choices, &mut rng);
    let q = extend_sender(&SESSION, chosen, rows, &message).unwrap();
    let blocks = choices.masked(&mut rng);
    let bits = (0..rows).map(|row| choice(&blocks, row)).collect();
    Extension { bits, t, q, message }
}

#[test]
fn every_row_holds_its_choice_times_delta() {
    for rows in [0, 1, 127, 128, 129, 255, 257, 30_000] {
        let Extension { bits, t, q, message } = extension(rows, 5 + rows as u64);
        assert_eq!((t.len(), q.len(), message.len()), (rows, rows, message_len(rows)));
        for ((bit, t), q) in bits.iter().zip(t.iter()).zip(q.iter()) {
            assert_eq!(*q, *t + F128(u128::from(*bit) * DELTA));
        }
    }
}

#[test]
fn keys_match_the_choice_and_not_the_other() {
    let Extension { bits, t, q, .. } = extension(300, 1);
    let hash = RowHash::new(&SESSION);
    for (i, bit) in bits.iter().enumerate() {
        let [zero, one] = [hash.key(i, q[i]), hash.key(i, q[i] + F128(DELTA))];
        let (chosen, other) = if *bit { (one, zero) } else { (zero, one) };
        assert_eq!(hash.key(i, t[i]), chosen);
        assert_ne!(hash.key(i, t[i]), other);
    }
}

#[test]
fn row_keys_depend_on_session_and_index() {
    let key = |session, index| RowHash::new(session).key(index, F128::ONE);
    assert_eq!(key(&SESSION, 1), key(&SESSION, 1));
    assert_ne!(key(&SESSION, 1), key(&SESSION, 2));
    assert_ne!(key(&SESSION, 1), key(&[1; 32], 1));
}

#[test]
fn rows_are_balanced() {
    let Extension { t, q, .. } = extension(4096, 2);
    for rows in [&t, &q] {
        for c in 0..COLUMNS {
            let ones = rows.iter().filter(|row| row.0 >> c & 1 == 1).count() as i32;
            // Six standard deviations of a binomial of 4,096 at one in two.
            assert!((ones - 2048).abs() < 192, "column {c}: {ones}");
        }
    }
}

#[test]
fn an_element_is_pushed_constant_first() {
    let mut choices = ChoiceBits::with_capacity(129);
    choices.push(true);
    choices.push_element(F128(2));
    let bits = choices.masked(&mut ChaCha20Rng::seed_from_u64(1));
    let ones: Vec<_> = (0..choices.len()).filter(|row| choice(&bits, *row)).collect();
    assert_eq!((choices.len(), ones), (129, vec![0, 2]));
}

#[test]
fn columns_do_not_depend_on_the_number_of_threads() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| extension(1000, 3))
    };
    assert_eq!(run(1).message, run(3).message);
}

#[derive(Debug, PartialEq, serde::Deserialize)]
struct KnownAnswer {
    seed: u64,
    rows: usize,
    message: String,
    receiver_rows: String,
    sender_rows: String,
    last_key: String,
}

/// With seeded randomness every message and row is known, so a change for speed cannot change the protocol unnoticed.
#[test]
fn extensions_are_the_known_ones() {
    let json = include_str!("../../../tests/vectors/psi/ot-extension.json");
    let answers: Vec<KnownAnswer> = serde_json::from_str(json).unwrap();
    assert!(!answers.is_empty());
    for answer in answers {
        let Extension { t, q, message, .. } = extension(answer.rows, answer.seed);
        let hash = |rows: &[F128]| {
            let bytes: Vec<_> = rows.iter().flat_map(|row| row.to_bytes()).collect();
            blake3::hash(&bytes).to_string()
        };
        let last = answer.rows - 1;
        let computed = KnownAnswer {
            seed: answer.seed,
            rows: answer.rows,
            message: blake3::hash(&message).to_string(),
            receiver_rows: hash(&t),
            sender_rows: hash(&q),
            last_key: HEXLOWER.encode(&RowHash::new(&SESSION).key(last, t[last])),
        };
        assert_eq!(computed, answer);
    }
}
