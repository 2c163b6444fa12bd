//! Base oblivious transfer: 128 random transfers over ristretto255, secure against partners that break the protocol.
//!
//! The endemic transfer of Masny and Rindal ("Endemic Oblivious Transfer", CCS 2019, figure 8) with one element of the
//! sender for the whole batch, as McQuoid, Rosulek and Roy allow it ("Batching Base Oblivious Transfers", Asiacrypt
//! 2021). In each transfer i, for the choice b:
//!
//! | from | sends | ends with |
//! |---|---|---|
//! | receiver | r_0 and r_1, where r_{1-b} is a uniform element and r_b = x * G - H_b(r_{1-b}) | k_b, from x * Y |
//! | sender | Y = y * G, the same for all i | both k_j, from y * (r_j + H_j(r_{1-j})) |
//!
//! k_j hashes the session, i, j, r_0, r_1, Y and the shared element; H_j hashes the session, i and j with its argument.
//!
//! # What is proven
//!
//! BLAKE3 is a random oracle throughout.
//!
//! - *Against a malicious sender*, without any assumption: x makes r_b uniform whatever r_{1-b} is, so (r_0, r_1) says
//!   nothing of b, and whether the receiver accepts Y does not depend on b. A simulator that chooses
//!   H_j(r_{1-j}) = a_j * G - r_j knows both keys from a_j * Y.
//! - *Against a malicious receiver*, under the gap Diffie-Hellman assumption (computing a * Y from a * G and Y is hard
//!   even with an oracle that tells whether an answer is right), which the [`voprf`](crate::voprf) engine rests on too.
//!   A receiver that knows the logarithm of r_j + H_j(r_{1-j}) has fixed r_j after it asked for H_j(r_{1-j}). Of its two
//!   questions the later one is thus about the position that it does not get: there the sum is as uniform as the answer.
//!   The reduction guesses which earlier question holds that position's r and answers with its challenge, blinded
//!   afresh and less that r. It recognises by the oracle each question to the key's hash that holds a right element, which
//!   keeps the answers consistent with keys whose elements it can't compute. The first such question at a position that the
//!   receiver should not have solves the challenge. The loss is the number of hash questions in one transfer; the number
//!   of transfers costs nothing.
//!
//! With a y of its own for each position of each transfer, as the paper's figure has it, the assumption needs no oracle. It
//! would cost 255 more multiplications by G and 8 KiB, and decoding 128 elements.
//!
//! # One element for the batch
//!
//! Reusing Y is where implementations went wrong: if the key does not depend on i, a receiver that repeats its pair gets
//! equal keys in two transfers, and if H_j does not, it can relate them. Here all hashes do, so the argument above covers
//! the batch, and a test repeats pairs. y is used for one batch only.
//!
//! # Endemic
//!
//! The ideal functionality lets a malicious side choose the keys that it gets: the receiver its k_b, the sender all k_j. (Here
//! it can do so by trial, over r_b or over y.) A malicious receiver neither knows nor influences the keys that it did not
//! choose; a malicious sender does not learn which keys were chosen. Nothing more may be counted on, least of all that
//! keys are uniform; what the extension counts on is told [there](crate::ot_extension).
//!
//! # Time
//!
//! The choices, x and y touch constant-time code only: multiplication, hashing into the group, encoding in batches,
//! selection by [`subtle`]. Decoding runs in variable time, on what the other side has sent. Secrets are wiped.

mod oracles;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
mod timing_tests;

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoBasepointTable, RistrettoPoint};
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

/// Bytes of the sender's message: Y.
pub(crate) const SENDER_BYTES: usize = ELEMENT_BYTES;

const ELEMENT_BYTES: usize = 32;
const PAIR_BYTES: usize = 2 * ELEMENT_BYTES;

/// Transfers that share a task and the inversion in which their points are encoded.
const BATCH: usize = 16;

/// What a transfer yields.
pub(crate) type Key = [u8; 32];

/// Why the other side's message was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Error {
    /// A message of another length than the only one that it has.
    Length,
    /// Bytes that are no canonical encoding of an element.
    NotCanonical,
    /// The identity, with which both keys would be known to everyone.
    Identity,
}

/// The receiver, between its message and the sender's.
pub(crate) struct OtReceiver {
    oracles: Oracles,
    choices: u128,
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
    /// Starts a batch; returns the message for the sender. Bit i of `choices` is the choice of transfer i.
    pub(crate) fn new(session: &[u8; 32], choices: u128, rng: &mut dyn CryptoRng) -> (Self, Vec<u8>) {
        let oracles = Oracles::new(session);
        let secrets: Vec<_> = (0..OTS as u32).map(|index| Secret::random(index, choices, rng)).collect();
        let batches = secrets.par_chunks(BATCH);
        let pairs: Vec<_> = batches.flat_map_iter(|batch| pairs(&oracles, batch)).collect();
        let message = pairs.as_flattened().as_flattened().to_vec();
        (Self { oracles, choices, secrets, pairs }, message)
    }

    /// Takes the sender's message.
    pub(crate) fn finish(self, message: &[u8]) -> Result<ChosenKeys, Error> {
        let sender: &Encoded = message.try_into().map_err(|_| Error::Length)?;
        let keys = self.keys(sender, &decode(sender)?);
        let transcript = self.oracles.transcript(&self.pairs, sender);
        Ok(ChosenKeys { choices: self.choices, keys, transcript })
    }

    fn keys(&self, sender: &Encoded, element: &RistrettoPoint) -> Zeroizing<Vec<Key>> {
        // The table costs as much as 35 multiplications and saves two thirds of each of the 128.
        let table = RistrettoBasepointTable::create(element);
        let mut keys = Zeroizing::new(vec![Key::default(); OTS]);
        let batches = self.secrets.par_chunks(BATCH).zip(self.pairs.par_chunks(BATCH));
        keys.par_chunks_mut(BATCH).zip(batches).for_each(|(keys, (secrets, pairs))| {
            let halves = secrets.iter().map(|secret| &secret.half_exponent * &table).collect();
            let shared = encode_doubles(Zeroizing::new(halves));
            for (i, secret) in secrets.iter().enumerate() {
                keys[i] = self.oracles.key(secret.index, secret.choice, &pairs[i], sender, &shared[i]);
            }
        });
        keys
    }
}

/// The sender: takes the receiver's message; returns the keys and the message for the receiver.
pub(crate) fn send(
    session: &[u8; 32],
    message: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<(KeyPairs, Vec<u8>), Error> {
    if message.len() != RECEIVER_BYTES {
        return Err(Error::Length);
    }
    let pairs: &[Pair] = message.as_chunks().0.as_chunks().0;
    let oracles = Oracles::new(session);
    let half_exponent = Zeroizing::new(Scalar::random(rng));
    let half = RistrettoPoint::mul_base(&half_exponent);
    let own = (half + half).compress().to_bytes();
    let mut keys = Zeroizing::new(vec![[Key::default(); 2]; OTS]);
    let batches = keys.par_chunks_mut(BATCH).zip(pairs.par_chunks(BATCH)).enumerate();
    batches.try_for_each(|(batch, (keys, pairs))| {
        let first = (batch * BATCH) as u32;
        let shared = encode_doubles(shared_halves(&oracles, first, pairs, &half_exponent)?);
        for (i, index) in (0..keys.len()).zip(first..) {
            keys[i] = [0, 1].map(|j| oracles.key(index, j, &pairs[i], &own, &shared[2 * i + usize::from(j)]));
        }
        Ok(())
    })?;
    Ok((KeyPairs { keys, transcript: oracles.transcript(pairs, &own) }, own.to_vec()))
}

/// Half of y * (r_j + H_j(r_{1-j})), for both positions of each transfer.
fn shared_halves(
    oracles: &Oracles,
    first: u32,
    pairs: &[Pair],
    half_exponent: &Scalar,
) -> Result<Zeroizing<Vec<RistrettoPoint>>, Error> {
    let mut halves = Zeroizing::new(Vec::with_capacity(2 * pairs.len()));
    for (index, pair) in (first..).zip(pairs) {
        for j in 0..2 {
            let hash = oracles.half_element(index, j, &pair[usize::from(1 - j)]);
            halves.push((decode(&pair[usize::from(j)])? + hash + hash) * half_exponent);
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
