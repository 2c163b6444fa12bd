//! Base oblivious transfer over ristretto255.

mod oracles;
#[cfg(test)]
pub(crate) mod tests;

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
    message: Vec<u8>,
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
    /// Half of x: what is multiplied where the double is encoded.
    half_exponent: Scalar,
    /// What the element that was not chosen is made from.
    other: [u8; 64],
}

impl OtReceiver {
    /// Starts a batch; returns the message for the sender. Bit i of `choices` is the choice of transfer i.
    pub(crate) fn new(session: &[u8; 32], choices: u128, rng: &mut dyn CryptoRng) -> (Self, Vec<u8>) {
        let oracles = Oracles::new(session);
        let secrets: Vec<_> = (0..OTS as u32).map(|index| Secret::random(index, choices, rng)).collect();
        let mut message = vec![0; RECEIVER_BYTES];
        message.par_chunks_mut(BATCH * PAIR_BYTES).zip(secrets.par_chunks(BATCH)).for_each(
            |(message, secrets)| {
                for (bytes, pair) in message.chunks_exact_mut(PAIR_BYTES).zip(pairs(&oracles, secrets)) {
                    bytes.copy_from_slice(pair.as_flattened());
                }
            },
        );
        (Self { oracles, choices, secrets, message: message.clone() }, message)
    }

    /// Takes the sender's message.
    pub(crate) fn finish(self, message: &[u8]) -> Result<ChosenKeys, Error> {
        let encoded: &Encoded = message.try_into().map_err(|_| Error::Length)?;
        let element = decode(encoded)?;
        let mut keys = Zeroizing::new(vec![Key::default(); OTS]);
        let pairs = as_pairs(&self.message)?;
        keys.par_chunks_mut(BATCH).zip(self.secrets.par_chunks(BATCH).zip(pairs.par_chunks(BATCH))).for_each(
            |(keys, (secrets, pairs))| {
                let halves = secrets.iter().map(|secret| element * secret.half_exponent).collect();
                let shared = encode_doubles(Zeroizing::new(halves));
                for (((key, secret), pair), shared) in
                    keys.iter_mut().zip(secrets).zip(pairs).zip(shared.iter())
                {
                    *key = self.oracles.key(secret.index, secret.choice, pair, encoded, shared);
                }
            },
        );
        let transcript = self.oracles.transcript(&self.message, message);
        Ok(ChosenKeys { choices: self.choices, keys, transcript })
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
    let half_exponent = Zeroizing::new(Scalar::random(rng));
    let half = RistrettoPoint::mul_base(&half_exponent);
    let own = (half + half).compress().to_bytes();
    let mut keys = Zeroizing::new(vec![[Key::default(); 2]; OTS]);
    let batches = keys.par_chunks_mut(BATCH).zip(pairs.par_chunks(BATCH)).enumerate();
    batches.try_for_each(|(batch, (keys, pairs))| {
        let first = (batch * BATCH) as u32;
        let halves = shared_halves(&oracles, first, pairs, &half_exponent)?;
        let shared = encode_doubles(halves);
        for (((index, keys), pair), shared) in (first..).zip(keys).zip(pairs).zip(shared.as_chunks::<2>().0) {
            *keys = [0, 1].map(|j: u8| oracles.key(index, j, pair, &own, &shared[usize::from(j)]));
        }
        Ok(())
    })?;
    let transcript = oracles.transcript(message, &own);
    Ok((KeyPairs { keys, transcript }, own.to_vec()))
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

/// The pairs of a receiver's message.
fn as_pairs(message: &[u8]) -> Result<&[Pair], Error> {
    if message.len() != RECEIVER_BYTES {
        return Err(Error::Length);
    }
    Ok(message.as_chunks().0.as_chunks().0)
}

impl Secret {
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
