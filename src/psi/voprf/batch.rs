//! The coefficients of the batched proof, and the composites that they make.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::VartimeMultiscalarMul;
use rayon::prelude::*;

use super::LABEL;
use super::key::PublicKey;
use crate::Params;

/// Elements in one multi-scalar multiplication: fewer waste its buckets, more do not fit the cache.
const MULTISCALAR: std::ops::RangeInclusive<usize> = 1024..=8192;

/// Everything that the coefficients depend on, as it comes: the run, the sizes and the key, then the encodings of
/// all C_i, then of all D_i.
#[derive(Clone, Debug)]
pub(crate) struct Transcript(blake3::Hasher);

impl Transcript {
    pub(crate) fn new(params: &Params, key: &PublicKey) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("overlapd psi v1 seed of a sender's batched proof");
        hasher.update(&params.exchange);
        hasher.update(&params.partition.to_be_bytes());
        hasher.update(&(params.receiver_size as u64).to_be_bytes());
        hasher.update(&key.bytes);
        hasher.update(LABEL.as_bytes());
        Self(hasher)
    }

    /// Takes the next encodings. Their number is fixed by the receiver's size, so no framing is needed.
    pub(crate) fn absorb(&mut self, encoded: &[u8]) {
        self.0.update(encoded);
    }

    /// The coefficients, after the last D_i.
    pub(crate) fn coefficients(&self) -> Coefficients {
        Coefficients { seed: *self.0.finalize().as_bytes() }
    }
}

/// One pseudorandom coefficient for each element.
#[derive(Clone, Debug)]
pub(crate) struct Coefficients {
    seed: [u8; 32],
}

impl Coefficients {
    /// The coefficient of element `index`, of 128 bits. If any D_i is wrong, the sum of d_i times the errors is a
    /// linear form that is not zero, and at most one value in 2^128 of one coefficient makes it vanish: the test of
    /// small exponents (Bellare, Garay, Rabin, "Fast Batch Verification", Eurocrypt 1998, section 3), sound as the
    /// group's order is prime. Longer coefficients would double the cost and add nothing to a group of 126 bits.
    pub(crate) fn coefficient(&self, index: u32) -> Scalar {
        let hash = blake3::keyed_hash(&self.seed, &index.to_be_bytes());
        let mut low = [0; 16];
        low.copy_from_slice(&hash.as_bytes()[..16]);
        Scalar::from(u128::from_le_bytes(low))
    }

    /// The composite of `points`: the sum of each times its coefficient. Variable time: coefficients and points are
    /// public.
    pub(crate) fn combine(&self, points: &[RistrettoPoint]) -> RistrettoPoint {
        let share = points.len().div_ceil(rayon::current_num_threads());
        let size = share.clamp(*MULTISCALAR.start(), *MULTISCALAR.end());
        let part = |(part, points): (usize, &[RistrettoPoint])| {
            let first = part * size;
            let coefficients = (first..first + points.len()).map(|i| self.coefficient(i as u32));
            RistrettoPoint::vartime_multiscalar_mul(coefficients, points)
        };
        points.par_chunks(size).enumerate().map(part).sum()
    }
}
