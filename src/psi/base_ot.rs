//! Base oblivious transfer: 128 random transfers over ristretto255, secure against partners that break the protocol.
//!
//! The endemic transfer of Masny and Rindal ("Endemic Oblivious Transfer", CCS 2019; sections are those of ePrint 2019/706),
//! figure 8 with the Diffie-Hellman key agreement, in two rounds. In each transfer i, for the choice b:
//!
//! | from | sends | ends with |
//! |---|---|---|
//! | receiver | r_0 and r_1, where r_{1-b} is a uniform element and r_b = x * G - H_b(r_{1-b}) | k_b, from x * Y_b |
//! | sender | Y_0 = y_0 * G and Y_1 = y_1 * G | both k_j, from y_j * (r_j + H_j(r_{1-j})) |
//!
//! k_j hashes the session, i, j, r_0, r_1, Y_j and the shared element; H_j hashes the session, i and j with its argument.
//!
//! # What is proven
//!
//! BLAKE3 is a random oracle throughout.
//!
//! - *Against a malicious sender*, without any assumption (claim 4.2): x makes r_b uniform whatever r_{1-b} is, so (r_0, r_1)
//!   says nothing of b, and whether the receiver accepts does not depend on b, since it decodes Y_0 and Y_1. A simulator that
//!   chooses H_j(r_{1-j}) = a_j * G - r_j knows both keys from a_j * Y_j.
//! - *Against a malicious receiver*, under the computational Diffie-Hellman assumption, since keys are hashed (remark D.4),
//!   without rewinding (claim E.1, for two rounds). Of a receiver's questions to H_j(r_{1-j}) the later one is about the position
//!   that it does not get: there r_j was fixed before, and the sum is as uniform as the answer. The reduction guesses which
//!   earlier question holds that position's r, answers with its challenge less that r, and puts its other challenge in the place
//!   of that position's Y. It knows all other exponents. A receiver that tells the key from a random one has asked the key's hash
//!   for the shared element: one of its questions, picked at random, solves the challenge. The loss is the number of questions
//!   to either hash, and of transfers.
//!
//! # A fresh exponent for each key
//!
//! One Y for both positions is the paper's figure 14, under an interactive assumption (definition D.5). One Y for a whole batch is
//! what McQuoid, Rosulek and Roy prove ("Batching Base Oblivious Transfers", Asiacrypt 2021, theorem 9), under an oracle
//! Diffie-Hellman assumption, if each key's hash holds its index; without it a receiver that repeats its pair gets equal keys in
//! two transfers (lemma 1). Here neither is needed: exponents are fresh and all hashes hold the index.
//!
//! # Endemic
//!
//! The ideal functionality lets a malicious side choose the keys that it gets: the receiver its k_b, the sender all k_j. (Here
//! it can do so by trial, over r_b or over y_j.) A malicious receiver neither knows nor influences the keys that it did not
//! choose; a malicious sender does not learn which keys were chosen. Nothing more may be counted on, least of all that
//! keys are uniform; what the extension counts on is told [there](crate::ot_extension).
//!
//! # Time
//!
//! The choices, x and y_j touch constant-time code only: multiplication, hashing into the group, encoding in batches,
//! selection by [`subtle`]. Decoding runs in variable time, on what the other side has sent. Secrets are wiped.

mod oracles;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
mod timing_tests;

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use rand_core::CryptoRng;
use rayon::prelude::*;
use subtle::{Choice, ConditionallySelectable};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use oracles::{Encoded, Oracles, Pair};

/// Transfers in one batch: one for each bit of Delta.
pub(crate) const OTS: usize = 128;

/// Bytes of the receiver's message: r_0 and r_1 of each transfer.
pub(crate) const RECEIVER_BYTES: usize = OTS * PAIR_BYTES;

/// Bytes of the sender's message: Y_0 and Y_1 of each transfer.
pub(crate) const SENDER_BYTES: usize = OTS * PAIR_BYTES;

const ELEMENT_BYTES: usize = 32;
const PAIR_BYTES: usize = 2 * ELEMENT_BYTES;

/// Transfers that share a task and the inversion in which their points are encoded.
const BATCH: usize = 16;

/// What a transfer yields.
pub(crate) type Key = [u8; 32];

/// Half of y_0 and of y_1: see [`Secret`].
type HalfExponents = [Scalar; 2];

/// Why the other side's message was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Error {
    /// A message of another length than the only one that it has.
    Length,
    /// Bytes that are no canonical encoding of an element.
    NotCanonical,
    /// The identity, with which keys would be known to everyone.
    Identity,
}

/// The receiver, between its message and the sender's.
pub(crate) struct OtReceiver {
    oracles: Oracles,
    choices: Zeroizing<u128>,
    secrets: Vec<Secret>,
    pairs: Vec<Pair>,
}

/// What the receiver ends with: of each transfer the key that it chose.
pub(crate) struct ChosenKeys {
    /// Bit i is the choice of transfer i.
    pub(crate) choices: u128,
    pub(crate) keys: Zeroizing<Vec<Key>>,
    /// A hash of the session and both messages, from which every key follows.
    pub(crate) transcript: [u8; 32],
}

/// What the sender ends with: both keys of each transfer.
pub(crate) struct KeyPairs {
    pub(crate) keys: Zeroizing<Vec<[Key; 2]>>,
    /// A hash of the session and both messages, from which every key follows.
    pub(crate) transcript: [u8; 32],
}

/// The receiver's secrets of one transfer.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Secret {
    index: u32,
    choice: u8,
    /// Half of x: encoding the doubles of a batch costs a fraction of encoding each point.
    half_exponent: Scalar,
    /// What r_{1-b} is made from: nobody, this side included, learns its logarithm.
    other: [u8; 64],
}

impl OtReceiver {
    /// Starts a batch; returns the message for the sender. Bit i of `choices` is the choice of transfer i. Boxed, so that
    /// moving the state that holds it moves a pointer: see [`crate::wiped`].
    pub(crate) fn new(session: &[u8; 32], choices: u128, rng: &mut dyn CryptoRng) -> (Box<Self>, Vec<u8>) {
        let oracles = Oracles::new(session);
        let secrets: Vec<_> = (0..OTS as u32).map(|index| Secret::random(index, choices, rng)).collect();
        let batches = secrets.par_chunks(BATCH);
        let pairs: Vec<_> = batches.flat_map_iter(|batch| pairs(&oracles, batch)).collect();
        let message = pairs.as_flattened().as_flattened().to_vec();
        (Box::new(Self { oracles, choices: Zeroizing::new(choices), secrets, pairs }), message)
    }

    /// Takes the sender's message.
    pub(crate) fn finish(self: Box<Self>, message: &[u8]) -> Result<ChosenKeys, Error> {
        let sender = as_pairs(message)?;
        // Both elements of a transfer, so that what is refused says nothing of the choice.
        let elements: Vec<_> = sender.par_iter().map(decode_pair).collect::<Result<_, _>>()?;
        let keys = self.keys(sender, &elements);
        let transcript = self.oracles.transcript(&self.pairs, sender);
        Ok(ChosenKeys { choices: *self.choices, keys, transcript })
    }

    fn keys(&self, sender: &[Pair], elements: &[[RistrettoPoint; 2]]) -> Zeroizing<Vec<Key>> {
        let mut keys = Zeroizing::new(vec![Key::default(); OTS]);
        let batches = self.secrets.par_chunks(BATCH).zip(elements.par_chunks(BATCH));
        keys.par_chunks_mut(BATCH).zip(batches).for_each(|(keys, (secrets, elements))| {
            let shared = encode_doubles(chosen_halves(secrets, elements));
            for ((key, secret), shared) in keys.iter_mut().zip(secrets).zip(shared.iter()) {
                *key = self.key(secret, &sender[secret.index as usize], shared);
            }
        });
        keys
    }

    fn key(&self, secret: &Secret, [zero, one]: &Pair, shared: &Encoded) -> Key {
        let chosen = select(zero, one, Choice::from(secret.choice));
        let pair = &self.pairs[secret.index as usize];
        self.oracles.key(secret.index, secret.choice, pair, &chosen, shared)
    }
}

/// The sender: takes the receiver's message; returns the keys and the message for the receiver.
pub(crate) fn send(
    session: &[u8; 32],
    message: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<(KeyPairs, Vec<u8>), Error> {
    let pairs = as_pairs(message)?;
    let oracles = Oracles::new(session);
    let exponents: Zeroizing<Vec<HalfExponents>> =
        Zeroizing::new((0..OTS).map(|_| [Scalar::random(rng), Scalar::random(rng)]).collect());
    let mut keys = Zeroizing::new(vec![[Key::default(); 2]; OTS]);
    let mut own = vec![Pair::default(); OTS];
    let inputs = pairs.par_chunks(BATCH).zip(exponents.par_chunks(BATCH));
    let outputs = keys.par_chunks_mut(BATCH).zip(own.par_chunks_mut(BATCH));
    inputs.zip(outputs).enumerate().try_for_each(|(batch, ((pairs, exponents), (keys, own)))| {
        let first = (batch * BATCH) as u32;
        let shared = encode_doubles(shared_halves(&oracles, first, pairs, exponents)?);
        own.as_flattened_mut().copy_from_slice(&encode_doubles(own_halves(exponents)));
        for (i, key) in keys.as_flattened_mut().iter_mut().enumerate() {
            let (transfer, j) = (i / 2, i % 2);
            let index = first + transfer as u32;
            *key = oracles.key(index, j as u8, &pairs[transfer], &own[transfer][j], &shared[i]);
        }
        Ok(())
    })?;
    let message = own.as_flattened().as_flattened().to_vec();
    Ok((KeyPairs { keys, transcript: oracles.transcript(pairs, &own) }, message))
}

/// Half of x * Y_b, for each transfer.
fn chosen_halves(secrets: &[Secret], elements: &[[RistrettoPoint; 2]]) -> Zeroizing<Vec<RistrettoPoint>> {
    let half = |(secret, [zero, one]): (&Secret, &[RistrettoPoint; 2])| {
        RistrettoPoint::conditional_select(zero, one, Choice::from(secret.choice)) * secret.half_exponent
    };
    Zeroizing::new(secrets.iter().zip(elements).map(half).collect())
}

/// Half of Y_j, for both positions of each transfer.
fn own_halves(exponents: &[HalfExponents]) -> Zeroizing<Vec<RistrettoPoint>> {
    Zeroizing::new(exponents.as_flattened().iter().map(RistrettoPoint::mul_base).collect())
}

/// Half of y_j * (r_j + H_j(r_{1-j})), for both positions of each transfer.
fn shared_halves(
    oracles: &Oracles,
    first: u32,
    pairs: &[Pair],
    exponents: &[HalfExponents],
) -> Result<Zeroizing<Vec<RistrettoPoint>>, Error> {
    let mut halves = Zeroizing::new(Vec::with_capacity(2 * pairs.len()));
    for (index, (pair, exponents)) in (first..).zip(pairs.iter().zip(exponents)) {
        let elements = decode_pair(pair)?;
        for j in [0, 1] {
            let hash = oracles.half_element(index, j, &pair[usize::from(1 - j)]);
            halves.push((elements[usize::from(j)] + hash + hash) * exponents[usize::from(j)]);
        }
    }
    Ok(halves)
}

/// The elements to send for some transfers, in the order of positions.
fn pairs(oracles: &Oracles, secrets: &[Secret]) -> Vec<Pair> {
    let halves = secrets.iter().map(|secret| RistrettoPoint::from_uniform_bytes(&secret.other)).collect();
    let others = encode_doubles(Zeroizing::new(halves));
    let half = |(secret, other): (&Secret, &Encoded)| {
        let hash = oracles.half_element(secret.index, secret.choice, other);
        RistrettoPoint::mul_base(&secret.half_exponent) - hash
    };
    let halves = secrets.iter().zip(others.iter()).map(half).collect();
    let chosen = encode_doubles(Zeroizing::new(halves));
    let order = |((secret, chosen), other): ((&Secret, &Encoded), &Encoded)| {
        let choice = Choice::from(secret.choice);
        [select(chosen, other, choice), select(other, chosen, choice)]
    };
    secrets.iter().zip(chosen.iter()).zip(others.iter()).map(order).collect()
}

/// `zero` where the choice is 0, `one` where it is 1, in constant time.
fn select(zero: &Encoded, one: &Encoded, choice: Choice) -> Encoded {
    std::array::from_fn(|i| u8::conditional_select(&zero[i], &one[i], choice))
}

/// The encodings of the doubles of `halves`.
fn encode_doubles(halves: Zeroizing<Vec<RistrettoPoint>>) -> Zeroizing<Vec<Encoded>> {
    let doubles = Zeroizing::new(RistrettoPoint::double_and_compress_batch(halves.iter()));
    Zeroizing::new(doubles.iter().map(CompressedRistretto::to_bytes).collect())
}

/// A message as the pairs of its transfers.
fn as_pairs(message: &[u8]) -> Result<&[Pair], Error> {
    if message.len() == OTS * PAIR_BYTES {
        Ok(message.as_chunks().0.as_chunks().0)
    } else {
        Err(Error::Length)
    }
}

/// Both elements of a transfer, of which neither may be wrong.
fn decode_pair(pair: &Pair) -> Result<[RistrettoPoint; 2], Error> {
    Ok([decode(&pair[0])?, decode(&pair[1])?])
}

/// Variable time: what comes from the other side is public.
fn decode(encoded: &Encoded) -> Result<RistrettoPoint, Error> {
    let element = CompressedRistretto(*encoded).decompress().ok_or(Error::NotCanonical)?;
    if element.is_identity() { Err(Error::Identity) } else { Ok(element) }
}

impl Secret {
    /// x is zero no more often than it is any other number that the sender could guess.
    fn random(index: u32, choices: u128, rng: &mut dyn CryptoRng) -> Self {
        let mut other = [0; 64];
        rng.fill_bytes(&mut other);
        Self { index, choice: (choices >> index & 1) as u8, half_exponent: Scalar::random(rng), other }
    }
}

impl Drop for OtReceiver {
    fn drop(&mut self) {
        self.choices.zeroize();
    }
}

impl Drop for ChosenKeys {
    fn drop(&mut self) {
        self.choices.zeroize();
    }
}
