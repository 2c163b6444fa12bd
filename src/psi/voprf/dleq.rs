//! The proof that two pairs have the same discrete logarithm (RFC 9497, 2.2), for composites made elsewhere.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::VartimeMultiscalarMul;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::group::{self, ELEMENT_BYTES};
use super::key::{PublicKey, SecretKey};
use crate::{Error, MessageKind};

/// Bytes of an encoded proof.
pub(crate) const PROOF_BYTES: usize = 64;

/// That Z = k * M for the k of a public key, as M and Z are the composites of C_i and D_i.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    challenge: Scalar,
    response: Scalar,
}

/// A proof has verified.
#[derive(Debug)]
pub(crate) struct Verified(());

impl Proof {
    /// GenerateProof (2.2.1), with ComputeCompositesFast: the key's holder computes Z from M.
    pub(crate) fn new(
        key: &SecretKey,
        public: &PublicKey,
        m: &RistrettoPoint,
        rng: &mut dyn CryptoRng,
    ) -> Self {
        Self::with_nonce(key, public, m, &Zeroizing::new(group::random_scalar(rng)))
    }

    /// The same with a given nonce, which must be fresh and secret: two proofs with one nonce give the key away.
    pub(crate) fn with_nonce(
        key: &SecretKey,
        public: &PublicKey,
        m: &RistrettoPoint,
        nonce: &Scalar,
    ) -> Self {
        let z = m * key.scalar();
        let challenge = challenge(public, m, &z, &RistrettoPoint::mul_base(nonce), &(m * nonce));
        Self { challenge, response: nonce - challenge * key.scalar() }
    }

    /// VerifyProof (2.2.2). Variable time: all of it is public.
    ///
    /// # Errors
    /// [`Error::BadEvaluationProof`].
    pub(crate) fn verify(
        &self,
        public: &PublicKey,
        m: &RistrettoPoint,
        z: &RistrettoPoint,
    ) -> Result<Verified, Error> {
        let (c, s) = (&self.challenge, &self.response);
        let t2 = RistrettoPoint::vartime_double_scalar_mul_basepoint(c, &public.point, s);
        let t3 = RistrettoPoint::vartime_multiscalar_mul([s, c], [m, z]);
        let expected = challenge(public, m, z, &t2, &t3);
        if expected == *c { Ok(Verified(())) } else { Err(Error::BadEvaluationProof) }
    }

    pub(crate) fn to_bytes(&self) -> [u8; PROOF_BYTES] {
        let mut bytes = [0; PROOF_BYTES];
        bytes[..32].copy_from_slice(self.challenge.as_bytes());
        bytes[32..].copy_from_slice(self.response.as_bytes());
        bytes
    }

    /// # Errors
    /// [`Error::InvalidScalar`] where one of the two scalars is not canonical.
    pub(crate) fn from_bytes(bytes: &[u8; PROOF_BYTES]) -> Result<Self, Error> {
        let scalar = |range: std::ops::Range<usize>| {
            let mut half = [0; 32];
            half.copy_from_slice(&bytes[range]);
            group::decode_scalar(half, MessageKind::VoprfProof)
        };
        Ok(Self { challenge: scalar(0..32)?, response: scalar(32..64)? })
    }
}

/// The challenge (2.2.1): a hash of the key, the composites and the commitments, each after its length.
fn challenge(
    public: &PublicKey,
    m: &RistrettoPoint,
    z: &RistrettoPoint,
    t2: &RistrettoPoint,
    t3: &RistrettoPoint,
) -> Scalar {
    let length = (ELEMENT_BYTES as u16).to_be_bytes();
    let [m, z, t2, t3] = [m, z, t2, t3].map(|point| point.compress().to_bytes());
    let parts = [public.bytes, m, z, t2, t3];
    let framed: Vec<&[u8]> = parts.iter().flat_map(|part| [&length[..], &part[..]]).collect();
    group::hash_to_scalar(&[&framed[..], &[b"Challenge"]].concat())
}
