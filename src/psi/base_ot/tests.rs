//! Both sides against each other.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::*;

pub(crate) const SESSION: [u8; 32] = *b"a session of thirty-two bytes...";

/// An honest batch.
pub(crate) fn batch(choices: u128, seed: u64) -> (ChosenKeys, KeyPairs) {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let (receiver, first) = OtReceiver::new(&SESSION, choices, &mut rng);
    let (pairs, second) = send(&SESSION, &first, &mut rng).unwrap();
    (receiver.finish(&second).unwrap(), pairs)
}

#[test]
fn the_receiver_has_the_chosen_key_and_not_the_other() {
    for choices in [0, u128::MAX, 0x0123_4567_89ab_cdef_fedc_ba98_7654_3211] {
        let (chosen, pairs) = batch(choices, 1);
        assert_eq!(chosen.transcript, pairs.transcript);
        for (i, (key, pair)) in chosen.keys.iter().zip(pairs.keys.iter()).enumerate() {
            let choice = (choices >> i & 1) as usize;
            assert_eq!(*key, pair[choice]);
            assert_ne!(*key, pair[1 - choice]);
        }
    }
}
