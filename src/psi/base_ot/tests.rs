//! Both sides against each other, known answers, and messages that were tampered with.

use curve25519_dalek::constants::RISTRETTO_BASEPOINT_POINT;
use curve25519_dalek::traits::Identity;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::*;

pub(crate) const SESSION: [u8; 32] = *b"a session of thirty-two bytes...";

const CHOICES: u128 = 0x0123_4567_89ab_cdef_fedc_ba98_7654_3211;

/// An honest batch.
pub(crate) fn batch(choices: u128, seed: u64) -> (ChosenKeys, KeyPairs) {
    exchange(choices, seed, |_| (), |_| ())
}

/// A batch in which both messages are changed on their way, to ones that the sides still accept.
fn exchange(
    choices: u128,
    seed: u64,
    change_first: impl FnOnce(&mut Vec<u8>),
    change_second: impl FnOnce(&mut Vec<u8>),
) -> (ChosenKeys, KeyPairs) {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let (receiver, mut first) = OtReceiver::new(&SESSION, choices, &mut rng);
    change_first(&mut first);
    let (pairs, mut second) = send(&SESSION, &first, &mut rng).unwrap();
    change_second(&mut second);
    (receiver.finish(&second).unwrap(), pairs)
}

/// The transfers in which the receiver's key is not the one at its choice.
fn broken((chosen, pairs): &(ChosenKeys, KeyPairs)) -> Vec<usize> {
    let agrees = |i: &usize| chosen.keys[*i] == pairs.keys[*i][(chosen.choices >> i & 1) as usize];
    (0..OTS).filter(|i| !agrees(i)).collect()
}

/// Why the sender refuses the receiver's message after a change.
fn refused(change: impl FnOnce(&mut Vec<u8>)) -> Option<Error> {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let (_, mut message) = OtReceiver::new(&SESSION, CHOICES, &mut rng);
    change(&mut message);
    send(&SESSION, &message, &mut rng).err()
}

/// Why the receiver refuses the sender's message after a change.
fn refused_by_receiver(change: impl FnOnce(&mut Vec<u8>)) -> Option<Error> {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let (receiver, first) = OtReceiver::new(&SESSION, CHOICES, &mut rng);
    let (_, mut message) = send(&SESSION, &first, &mut rng).unwrap();
    change(&mut message);
    receiver.finish(&message).err()
}

/// The pair of a transfer.
fn pair(index: usize) -> std::ops::Range<usize> {
    index * PAIR_BYTES..(index + 1) * PAIR_BYTES
}

#[test]
fn the_receiver_has_the_chosen_key_and_not_the_other() {
    for choices in [0, u128::MAX, CHOICES] {
        let (chosen, pairs) = batch(choices, 1);
        assert_eq!(chosen.transcript, pairs.transcript);
        for (i, (key, pair)) in chosen.keys.iter().zip(pairs.keys.iter()).enumerate() {
            let choice = (choices >> i & 1) as usize;
            assert_eq!(*key, pair[choice]);
            assert_ne!(*key, pair[1 - choice]);
        }
    }
}

#[test]
fn no_element_of_the_sender_appears_twice() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let (_, first) = OtReceiver::new(&SESSION, CHOICES, &mut rng);
    let (_, second) = send(&SESSION, &first, &mut rng).unwrap();
    let mut elements = second.as_chunks::<ELEMENT_BYTES>().0.to_vec();
    elements.sort_unstable();
    elements.dedup();
    assert_eq!(elements.len(), 2 * OTS);
}

#[test]
fn no_key_appears_twice() {
    let mut keys = batch(CHOICES, 1).1.keys.as_flattened().to_vec();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 2 * OTS);
}

#[test]
fn batches_do_not_depend_on_the_number_of_threads() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| batch(CHOICES, 1))
    };
    let (one, three) = (run(1), run(3));
    assert_eq!(one.0.keys, three.0.keys);
    assert_eq!(one.1.keys, three.1.keys);
}

#[test]
fn another_length_is_refused() {
    for length in
        [0, 1, 32, 64, RECEIVER_BYTES - 64, RECEIVER_BYTES - 1, RECEIVER_BYTES + 1, RECEIVER_BYTES + 64]
    {
        assert_eq!(refused(|message| message.resize(length, 0)), Some(Error::Length));
    }
    for length in [0, 1, 32, 64, SENDER_BYTES - 64, SENDER_BYTES - 1, SENDER_BYTES + 1, SENDER_BYTES + 64] {
        assert_eq!(refused_by_receiver(|message| message.resize(length, 0)), Some(Error::Length));
    }
}

#[test]
fn the_identity_is_refused_in_every_place() {
    let identity = RistrettoPoint::identity().compress().to_bytes();
    for place in [0, 1, 64, 2 * OTS - 1] {
        let put = |message: &mut Vec<u8>| message[place * 32..][..32].copy_from_slice(&identity);
        assert_eq!(refused(put), Some(Error::Identity));
        // Places 0 and 1 are of one transfer: of the position that was chosen, and of the other.
        assert_eq!(refused_by_receiver(put), Some(Error::Identity));
    }
}

#[test]
fn encodings_that_are_not_canonical_are_refused_in_every_place() {
    // The modulus itself and one more (not reduced), -1 (negative), a field element that is no point's.
    let base = RISTRETTO_BASEPOINT_POINT.compress().to_bytes();
    let mut modulus = [0xff; 32];
    (modulus[0], modulus[31]) = (0xed, 0x7f);
    let with = |mut bytes: [u8; 32], place: usize, value| {
        bytes[place] = value;
        bytes
    };
    let bad = [
        modulus,
        with(modulus, 0, 0xee),
        with(modulus, 0, 0xec),
        [0xff; 32],
        with(base, 31, base[31] | 0x80),
    ];
    for bytes in bad {
        for place in [0, 1, 64, 2 * OTS - 1] {
            let put = |message: &mut Vec<u8>| message[place * 32..][..32].copy_from_slice(&bytes);
            assert_eq!(refused(put), Some(Error::NotCanonical));
            assert_eq!(refused_by_receiver(put), Some(Error::NotCanonical));
        }
    }
}

/// A changed element is refused or breaks both keys of its transfer; the transcripts differ either way.
#[test]
fn every_byte_of_the_receivers_message_counts() {
    let [mut accepted, mut refusals] = [0, 0];
    for index in [0, OTS - 1] {
        for byte in pair(index).step_by(5) {
            for bit in [0, 7] {
                let flip = |message: &mut Vec<u8>| message[byte] ^= 1 << bit;
                if let Some(error) = refused(flip) {
                    assert_eq!(error, Error::NotCanonical);
                    refusals += 1;
                    continue;
                }
                let batch = exchange(CHOICES, 1, flip, |_| ());
                assert_eq!(broken(&batch), [index]);
                assert!(!batch.1.keys[index].contains(&batch.0.keys[index]));
                assert_ne!(batch.0.transcript, batch.1.transcript);
                accepted += 1;
            }
        }
    }
    assert!(accepted > 0 && refusals > 0);
}

/// A changed element is refused, or breaks the receiver's key if it is of the chosen position; the transcripts differ either way.
#[test]
fn every_byte_of_the_senders_message_counts() {
    let [mut accepted, mut refusals] = [0, 0];
    for index in [0, OTS - 1] {
        let choice = (CHOICES >> index & 1) as usize;
        for byte in pair(index).step_by(5) {
            for bit in [0, 7] {
                let flip = |message: &mut Vec<u8>| message[byte] ^= 1 << bit;
                if let Some(error) = refused_by_receiver(flip) {
                    assert_eq!(error, Error::NotCanonical);
                    refusals += 1;
                    continue;
                }
                let batch = exchange(CHOICES, 1, |_| (), flip);
                let position = byte % PAIR_BYTES / ELEMENT_BYTES;
                assert_eq!(broken(&batch), if position == choice { vec![index] } else { vec![] });
                assert_ne!(batch.0.transcript, batch.1.transcript);
                accepted += 1;
            }
        }
    }
    assert!(accepted > 0 && refusals > 0);
}

#[test]
fn reordered_transfers_and_positions_share_no_key() {
    let swap_transfers = |message: &mut Vec<u8>| {
        let (start, end) = message.split_at_mut(PAIR_BYTES);
        start.swap_with_slice(&mut end[..PAIR_BYTES]);
    };
    assert_eq!(broken(&exchange(CHOICES, 1, swap_transfers, |_| ())), [0, 1]);
    let swap_positions = |message: &mut Vec<u8>| message[pair(5)].rotate_left(ELEMENT_BYTES);
    assert_eq!(broken(&exchange(CHOICES, 1, swap_positions, |_| ())), [5]);
}

/// What went wrong elsewhere, where one element served a batch and hashes forgot the index: equal pairs with equal keys.
#[test]
fn a_repeated_pair_gets_other_keys() {
    let repeat = |message: &mut Vec<u8>| message.copy_within(pair(0), PAIR_BYTES);
    let (_, pairs) = exchange(CHOICES, 1, repeat, |_| ());
    assert!(!pairs.keys[1].contains(&pairs.keys[0][0]));
    assert!(!pairs.keys[1].contains(&pairs.keys[0][1]));
    // Fresh exponents are enough for that; the hashes would be too.
    let oracles = Oracles::new(&SESSION);
    let key = |index, position| oracles.key(index, position, &[[1; 32]; 2], &[2; 32], &[3; 32]);
    assert_ne!(key(0, 0), key(1, 0));
    assert_ne!(key(0, 0), key(0, 1));
    assert_ne!(oracles.half_element(0, 0, &[1; 32]), oracles.half_element(1, 0, &[1; 32]));
    assert_ne!(oracles.half_element(0, 0, &[1; 32]), oracles.half_element(0, 1, &[1; 32]));
}

#[test]
fn another_session_shares_no_key() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let (receiver, first) = OtReceiver::new(&SESSION, CHOICES, &mut rng);
    let (pairs, second) = send(&[1; 32], &first, &mut rng).unwrap();
    assert_eq!(broken(&(receiver.finish(&second).unwrap(), pairs)).len(), OTS);
}

/// Why the identity is refused: with that check left out, whoever reads along computes every key.
#[test]
fn with_the_identity_everyone_knows_the_keys() {
    let identity = RistrettoPoint::identity();
    let encoded = identity.compress().to_bytes();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let (receiver, first) = OtReceiver::new(&SESSION, CHOICES, &mut rng);
    let keys = receiver.keys(&[[encoded; 2]; OTS], &[[identity; 2]; OTS]);
    let read = first[pair(0)].as_chunks::<32>().0.as_chunks::<2>().0[0];
    let guesses = [0, 1].map(|j| Oracles::new(&SESSION).key(0, j, &read, &encoded, &encoded));
    assert!(guesses.contains(&keys[0]));
}

#[derive(Debug, PartialEq, serde::Deserialize)]
struct KnownAnswer {
    seed: u64,
    choices: String,
    receiver_message: String,
    sender_message: String,
    transcript: String,
    keys: String,
}

/// With seeded randomness every message and key is known, so a change for speed cannot change the protocol unnoticed.
#[test]
fn batches_are_the_known_ones() {
    let json = include_str!("../../../tests/vectors/psi/base-ot.json");
    let answers: Vec<KnownAnswer> = serde_json::from_str(json).unwrap();
    assert!(!answers.is_empty());
    for answer in answers {
        let mut rng = ChaCha20Rng::seed_from_u64(answer.seed);
        let choices = u128::from_str_radix(&answer.choices, 16).unwrap();
        let (_, first) = OtReceiver::new(&SESSION, choices, &mut rng);
        let (pairs, second) = send(&SESSION, &first, &mut rng).unwrap();
        let hash = |bytes: &[u8]| blake3::hash(bytes).to_string();
        let computed = KnownAnswer {
            seed: answer.seed,
            choices: answer.choices.clone(),
            receiver_message: hash(&first),
            sender_message: hash(&second),
            transcript: data_encoding::HEXLOWER.encode(&pairs.transcript),
            keys: hash(pairs.keys.as_flattened().as_flattened()),
        };
        assert_eq!(computed, answer);
    }
}
