//! The heavy steps over many elements, on whatever rayon pool they run in.
//!
//! Multiplication by a half and [`RistrettoPoint::double_and_compress_batch`] stand for multiplication and
//! compression: doubling first makes the inverse square root of each encoding a plain inverse, and inverses are
//! computed for a batch at the price of one (Hamburg, "Decaf", CRYPTO 2015, for the encoding of a double; Montgomery,
//! Math. Comp. 48, 1987, 10.3.1, for batches of inverses).

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity;
use rayon::prelude::*;
use zeroize::Zeroizing;

use super::group::{self, ELEMENT_BYTES};
use super::key::SecretKey;
use crate::output::{Output, OutputHash};
use crate::{Error, MessageKind, SessionItem};

/// Elements that share an inversion and a task: an inversion costs as much as half a multiplication, so this many
/// make it vanish, and a message of [`super::CHUNK`] still feeds 16 cores.
const BATCH: usize = 256;

const BATCH_BYTES: usize = BATCH * ELEMENT_BYTES;

/// Blinded elements: half of each as a point, for the proof's composites, and their encodings.
pub(crate) struct Blinded {
    pub(crate) halves: Vec<RistrettoPoint>,
    pub(crate) encoded: Vec<u8>,
}

/// Blind (RFC 9497, 3.3.1): `2 * half_blinds[i] * H(items[i])`.
pub(crate) fn blind(items: &[SessionItem], half_blinds: &[Scalar]) -> Blinded {
    let mut halves = vec![RistrettoPoint::identity(); items.len()];
    let mut encoded = vec![0; items.len() * ELEMENT_BYTES];
    halves
        .par_chunks_mut(BATCH)
        .zip(encoded.par_chunks_mut(BATCH_BYTES))
        .zip(items.par_chunks(BATCH).zip(half_blinds.par_chunks(BATCH)))
        .for_each(|((halves, encoded), (items, half_blinds))| {
            for ((half, item), half_blind) in halves.iter_mut().zip(items).zip(half_blinds) {
                *half = group::hash_to_group(item.as_bytes()) * half_blind;
            }
            double_and_encode(halves, encoded);
        });
    Blinded { halves, encoded }
}

/// Decodes elements and refuses what is not canonical or the identity.
pub(crate) fn decode(encoded: &[u8], kind: MessageKind) -> Result<Vec<RistrettoPoint>, Error> {
    encoded.as_chunks().0.par_iter().map(|bytes| group::decode(bytes, kind)).collect()
}

/// BlindEvaluate (3.3.2) less its proof: the encoding of `key * element` for each.
pub(crate) fn evaluate(elements: &[RistrettoPoint], key: &SecretKey) -> Vec<u8> {
    let mut encoded = vec![0; elements.len() * ELEMENT_BYTES];
    elements.par_chunks(BATCH).zip(encoded.par_chunks_mut(BATCH_BYTES)).for_each(|(elements, encoded)| {
        let halves: Vec<_> = elements.iter().map(|element| element * key.half()).collect();
        double_and_encode(&halves, encoded);
    });
    encoded
}

/// Evaluate (3.3.1, which 3.3.2 takes over): the outputs of items for the key's holder.
pub(crate) fn outputs(items: &[SessionItem], key: &SecretKey, hash: &OutputHash, outputs: &mut [Output]) {
    items.par_chunks(BATCH).zip(outputs.par_chunks_mut(BATCH)).for_each(|(items, outputs)| {
        let half = |item: &SessionItem| group::hash_to_group(item.as_bytes()) * key.half();
        finalize(items, items.iter().map(half).collect(), hash, outputs);
    });
}

/// Finalize (3.3.2) after its proof was verified: `half_blinds` are those of [`blind`]; they are overwritten.
pub(crate) fn unblind(
    items: &[SessionItem],
    evaluated: &[RistrettoPoint],
    half_blinds: &mut [Scalar],
    hash: &OutputHash,
    outputs: &mut [Output],
) {
    items
        .par_chunks(BATCH)
        .zip(evaluated.par_chunks(BATCH).zip(half_blinds.par_chunks_mut(BATCH)))
        .zip(outputs.par_chunks_mut(BATCH))
        .for_each(|((items, (evaluated, half_blinds)), outputs)| {
            // None is zero, so neither is their product.
            Scalar::invert_batch_alloc(half_blinds);
            // 1 / half_blind is twice 1 / blind, so a quarter of it is the half that `finalize` wants.
            let half = |(element, inverse): (&RistrettoPoint, &Scalar)| {
                element * *Zeroizing::new(inverse.div_by_2().div_by_2())
            };
            finalize(items, evaluated.iter().zip(half_blinds.iter()).map(half).collect(), hash, outputs);
        });
}

/// The outputs of items whose unblinded elements are the doubles of `halves`.
fn finalize(items: &[SessionItem], halves: Vec<RistrettoPoint>, hash: &OutputHash, outputs: &mut [Output]) {
    let halves = Zeroizing::new(halves);
    let encoded = Zeroizing::new(RistrettoPoint::double_and_compress_batch(halves.iter()));
    for ((item, element), output) in items.iter().zip(encoded.iter()).zip(outputs) {
        *output = hash.output(group::finalize(item.as_bytes(), element).as_slice());
    }
}

/// Writes the encodings of the doubles of `halves`.
fn double_and_encode(halves: &[RistrettoPoint], encoded: &mut [u8]) {
    let doubles = RistrettoPoint::double_and_compress_batch(halves);
    for (bytes, double) in encoded.chunks_exact_mut(ELEMENT_BYTES).zip(doubles) {
        bytes.copy_from_slice(double.as_bytes());
    }
}
