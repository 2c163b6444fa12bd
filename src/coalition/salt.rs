//! How the salt of digests reaches each member: sealed, inside the roster.
//!
//! HPKE (RFC 9180) in base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305. `info` binds coalition,
//! member and epoch, the additional data binds the salt's hash, so a sealed salt opens only where the roster has it. Base
//! mode says nothing of who sealed: the roster's signatures do.

use std::fmt;

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use overlap_indicator::DigestSalt;
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::hashing::FieldHash;
use crate::{CoalitionName, MemberId, SaltEpoch};

/// A sealed salt's length in bytes: an encapsulated key (32), the salt (32) and an authentication tag (16).
pub const SEALED_SALT_SIZE: usize = ENCAPSULATED_KEY_SIZE + 32 + 16;

/// The length of DHKEM(X25519)'s encapsulated key (RFC 9180, 7.1).
const ENCAPSULATED_KEY_SIZE: usize = 32;

/// An epoch's salt, sealed to one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSalt {
    /// For whom.
    pub member: MemberId,
    /// The encapsulated key and the ciphertext: [`SEALED_SALT_SIZE`] bytes.
    pub bytes: Vec<u8>,
}

/// A member's X25519 private key, to which salts are sealed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SealingKey([u8; 32]);

/// Why a salt cannot be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SaltError {
    /// A public key to which nothing can be sealed: a point of small order.
    #[error("the member's sealing key in the roster cannot be used")]
    BadKey,
    /// The epoch has no sealed salt for the member.
    #[error("the roster has no salt of this epoch for this member: ask the secretariat")]
    NotSealed,
    /// Sealed to another key, for another member, coalition or epoch, or changed.
    #[error("the salt in the roster does not open with this member's sealing key")]
    DoesNotOpen,
    /// Opened, but not the salt whose hash the roster has.
    #[error("the salt in the roster is not the one whose hash the roster has")]
    OtherSalt,
}

impl SealingKey {
    /// Takes the 32 bytes of a private key (RFC 7748, 5): any will do that were drawn at random.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, to write them to the key's file.
    pub fn expose_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The public key.
    pub fn public_key(&self) -> [u8; 32] {
        X25519HkdfSha256::sk_to_pk(&self.private_key()).to_bytes().into()
    }

    fn private_key(&self) -> <X25519HkdfSha256 as Kem>::PrivateKey {
        // X25519 clamps every 32 bytes to a private key; only another length is refused.
        Deserializable::from_bytes(&self.0).expect("a key of 32 bytes")
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(..)")
    }
}

/// The hash of a salt that the roster shows to all: SHA-256 of a label and the salt.
pub fn salt_hash(salt: &DigestSalt) -> [u8; 32] {
    FieldHash::new("overlapd salt hash v1").bytes(salt.expose_bytes()).finish()
}

/// Seals an epoch's salt to the public key of one member.
///
/// # Errors
/// [`SaltError::BadKey`].
pub fn seal_salt(
    salt: &DigestSalt,
    epoch: u32,
    coalition: &CoalitionName,
    member: &MemberId,
    sealing_key: &[u8; 32],
    rng: &mut dyn CryptoRng,
) -> Result<SealedSalt, SaltError> {
    let public_key = Deserializable::from_bytes(sealing_key).map_err(|_| SaltError::BadKey)?;
    let (key, ciphertext) =
        hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &public_key,
            &info(coalition, member, epoch),
            salt.expose_bytes(),
            &salt_hash(salt),
            &mut { rng },
        )
        .map_err(|_| SaltError::BadKey)?;
    Ok(SealedSalt { member: member.clone(), bytes: [key.to_bytes().as_slice(), &ciphertext].concat() })
}

/// Opens the salt of an epoch of the roster with this member's key, and checks it against the roster's hash.
///
/// # Errors
/// As [`SaltError`] says.
pub fn open_salt(
    epoch: &SaltEpoch,
    coalition: &CoalitionName,
    member: &MemberId,
    key: &SealingKey,
) -> Result<DigestSalt, SaltError> {
    let sealed = epoch.sealed.iter().find(|sealed| sealed.member == *member).ok_or(SaltError::NotSealed)?;
    let (encapsulated, ciphertext) =
        sealed.bytes.split_at_checked(ENCAPSULATED_KEY_SIZE).ok_or(SaltError::DoesNotOpen)?;
    let opened = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        &key.private_key(),
        &Deserializable::from_bytes(encapsulated).map_err(|_| SaltError::DoesNotOpen)?,
        &info(coalition, member, epoch.epoch),
        ciphertext,
        &epoch.salt_hash,
    );
    let opened = Zeroizing::new(opened.map_err(|_| SaltError::DoesNotOpen)?);
    let bytes: Zeroizing<[u8; 32]> =
        Zeroizing::new(opened.as_slice().try_into().map_err(|_| SaltError::DoesNotOpen)?);
    let salt = DigestSalt::new(*bytes);
    if bool::from(salt_hash(&salt).ct_eq(&epoch.salt_hash)) { Ok(salt) } else { Err(SaltError::OtherSalt) }
}

/// What the seal is bound to: a label, coalition, member and epoch, hashed with their lengths.
fn info(coalition: &CoalitionName, member: &MemberId, epoch: u32) -> [u8; 32] {
    FieldHash::new("overlapd sealed salt v1")
        .bytes(coalition.as_str().as_bytes())
        .bytes(member.as_str().as_bytes())
        .number(u64::from(epoch))
        .finish()
}
