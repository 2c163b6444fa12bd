//! Both sides against each other.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::*;
use crate::base_ot::tests::{SESSION, batch};

pub(crate) fn choices(rows: usize, rng: &mut dyn CryptoRng) -> ChoiceBits {
    let mut choices = ChoiceBits::with_capacity(rows);
    (0..rows).for_each(|_| choices.push(rng.next_u32() & 1 == 1));
    choices
}

pub(crate) const DELTA: u128 = 0xfedc_ba98_7654_3210_0123_4567_89ab_cdef;

#[test]
fn every_row_holds_its_choice_times_delta() {
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    for rows in [0, 1, 127, 128, 129, 30_000] {
        let (chosen, pairs) = batch(DELTA, rows as u64);
        let choices = choices(rows, &mut rng);
        let (t, message) = extend_receiver(&SESSION, pairs, &choices, &mut rng);
        let q = extend_sender(&SESSION, &chosen, rows, &message).unwrap();
        assert_eq!((t.len(), q.len()), (rows, rows));
        for (i, (t, q)) in t.iter().zip(q.iter()).enumerate() {
            let bit = choices.words[i / 128].0 >> (i % 128) & 1;
            assert_eq!(q.0 ^ t.0, bit * DELTA);
        }
    }
}
