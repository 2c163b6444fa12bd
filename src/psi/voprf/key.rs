//! The sender's key.

use std::fmt;

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use rand_core::CryptoRng;
use zeroize::ZeroizeOnDrop;

use super::group::{self, ELEMENT_BYTES};
use crate::{Error, MessageKind};

/// A secret scalar, not zero; wiped when dropped.
#[derive(ZeroizeOnDrop)]
pub(crate) struct SecretKey {
    scalar: Scalar,
    /// Half of it: what points are multiplied by where their doubles are encoded, in [`super::bulk`].
    half: Scalar,
}

/// `scalar * G` and its encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey {
    pub(crate) point: RistrettoPoint,
    pub(crate) bytes: [u8; ELEMENT_BYTES],
}

impl SecretKey {
    /// GenerateKeyPair (RFC 9497, 3.2).
    pub(crate) fn random(rng: &mut dyn CryptoRng) -> Self {
        Self::from_scalar(group::random_scalar(rng))
    }

    pub(crate) fn from_scalar(scalar: Scalar) -> Self {
        Self { scalar, half: scalar.div_by_2() }
    }

    pub(crate) fn public(&self) -> PublicKey {
        let point = RistrettoPoint::mul_base(&self.scalar);
        PublicKey { point, bytes: point.compress().to_bytes() }
    }

    pub(crate) fn scalar(&self) -> &Scalar {
        &self.scalar
    }

    pub(crate) fn half(&self) -> &Scalar {
        &self.half
    }
}

impl PublicKey {
    /// Decodes a received key.
    ///
    /// # Errors
    /// [`Error::InvalidElement`] for what is no canonical encoding, and for the identity.
    pub(crate) fn decode(bytes: [u8; ELEMENT_BYTES]) -> Result<Self, Error> {
        let point = group::decode(&bytes, MessageKind::VoprfPublicKey)?;
        Ok(Self { point, bytes })
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl SecretKey {
        /// DeriveKeyPair (RFC 9497, 3.2.1), which only its vectors need: an exchange's key is random.
        pub(crate) fn derive(seed: &[u8; 32], info: &[u8]) -> Self {
            let info_length = (info.len() as u16).to_be_bytes();
            let dst = b"DeriveKeyPairOPRFV1-\x01-ristretto255-SHA512";
            (0..=u8::MAX)
                .map(|counter| group::hash_to_scalar_with(&[seed, &info_length, info, &[counter]], dst))
                .find(|scalar| *scalar != Scalar::ZERO)
                .map(Self::from_scalar)
                .expect("the first counter does but with probability 2^-252")
        }
    }

    #[test]
    fn debug_shows_no_byte() {
        assert_eq!(format!("{:?}", SecretKey::from_scalar(Scalar::ONE)), "SecretKey(..)");
    }

    #[test]
    fn the_identity_and_what_is_no_element_are_no_keys() {
        let invalid = Err(Error::InvalidElement { kind: MessageKind::VoprfPublicKey });
        assert_eq!(PublicKey::decode([0; 32]), invalid);
        assert_eq!(PublicKey::decode([0xff; 32]), invalid);
    }
}
