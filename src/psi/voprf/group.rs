//! RFC 9497's ciphersuite ristretto255-SHA512 in VOPRF mode (section 4.1): hashes into the group and its scalars,
//! encodings, and the final hash.

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use rand_core::CryptoRng;
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use crate::{Error, MessageKind};

/// Bytes of an encoded element (Ne) and of an encoded scalar (Ns).
pub(crate) const ELEMENT_BYTES: usize = 32;

/// `"HashToGroup-" || contextString`, where contextString is `"OPRFV1-" || I2OSP(mode, 1) || "-" || identifier`
/// (section 3.1) and the mode is 1.
const HASH_TO_GROUP_DST: &[u8] = b"HashToGroup-OPRFV1-\x01-ristretto255-SHA512";

/// `"HashToScalar-" || contextString`.
const HASH_TO_SCALAR_DST: &[u8] = b"HashToScalar-OPRFV1-\x01-ristretto255-SHA512";

/// HashToGroup: `hash_to_ristretto255` of RFC 9380, appendix B.
pub(crate) fn hash_to_group(input: &[u8]) -> RistrettoPoint {
    RistrettoPoint::from_uniform_bytes(&expand_message(&[input], HASH_TO_GROUP_DST))
}

/// HashToScalar of the concatenated `parts`: 64 bytes as a little-endian number modulo the group's order.
pub(crate) fn hash_to_scalar(parts: &[&[u8]]) -> Scalar {
    hash_to_scalar_with(parts, HASH_TO_SCALAR_DST)
}

/// The same under another domain separation tag, which DeriveKeyPair needs.
pub(crate) fn hash_to_scalar_with(parts: &[&[u8]], dst: &[u8]) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&expand_message(parts, dst))
}

/// `expand_message_xmd` with SHA-512 of RFC 9380, 5.3.1, to 64 bytes: ell is 1, so the loop of its steps 9 and 10
/// has no turn.
fn expand_message(parts: &[&[u8]], dst: &[u8]) -> Zeroizing<[u8; 64]> {
    let dst_length = [dst.len() as u8];
    let mut b0 = Sha512::new_with_prefix([0; 128]);
    parts.iter().for_each(|part| b0.update(part));
    b0.update([0, 64, 0]);
    b0.update(dst);
    b0.update(dst_length);
    let mut b1 = Sha512::new_with_prefix(b0.finalize());
    b1.update([1]);
    b1.update(dst);
    b1.update(dst_length);
    Zeroizing::new(b1.finalize().into())
}

/// The end of Finalize (3.3.2): the output for an input and its unblinded element.
pub(crate) fn finalize(input: &[u8], element: &CompressedRistretto) -> Zeroizing<[u8; 64]> {
    let mut hasher = Sha512::new();
    // The inputs of this crate are 16 bytes long; the RFC's own are below 2^16, which PrivateInput demands.
    hasher.update((input.len() as u16).to_be_bytes());
    hasher.update(input);
    hasher.update((ELEMENT_BYTES as u16).to_be_bytes());
    hasher.update(element.as_bytes());
    hasher.update(b"Finalize");
    Zeroizing::new(hasher.finalize().into())
}

/// DeserializeElement (2.1 and 4.1): "fail if the input is not a valid byte string encoding or decodes to the
/// identity". Variable time: elements on the wire are public.
pub(crate) fn decode(bytes: &[u8; ELEMENT_BYTES], kind: MessageKind) -> Result<RistrettoPoint, Error> {
    CompressedRistretto(*bytes)
        .decompress()
        .filter(|point| !point.is_identity())
        .ok_or(Error::InvalidElement { kind })
}

/// DeserializeScalar (2.1 and 4.1): canonical scalars only.
pub(crate) fn decode_scalar(bytes: [u8; 32], kind: MessageKind) -> Result<Scalar, Error> {
    Option::from(Scalar::from_canonical_bytes(bytes)).ok_or(Error::InvalidScalar { kind })
}

/// RandomScalar (2.1): uniform, not zero.
pub(crate) fn random_scalar(rng: &mut dyn CryptoRng) -> Scalar {
    loop {
        let scalar = Scalar::random(rng);
        if scalar != Scalar::ZERO {
            return scalar;
        }
    }
}
