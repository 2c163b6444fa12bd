//! Signed documents: opaque bytes and the signatures over them.

use std::collections::BTreeSet;
use std::fmt;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use crate::hashing::sha256;

/// What a signature is for. The label is signed with the bytes, so that no signature serves for another kind of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// The secretariat's list of members.
    Roster,
    /// What the initiator of an exchange asks for.
    Offer,
    /// What the responder agrees to.
    Accept,
    /// The record of an exchange.
    Receipt,
}

impl DocumentKind {
    const fn label(self) -> &'static [u8] {
        match self {
            DocumentKind::Roster => b"overlapd roster v1\0",
            DocumentKind::Offer => b"overlapd offer v1\0",
            DocumentKind::Accept => b"overlapd accept v1\0",
            DocumentKind::Receipt => b"overlapd receipt v1\0",
        }
    }
}

/// An Ed25519 public key, 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

/// An Ed25519 signature and the key that it claims to be by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// By whom.
    pub key: PublicKey,
    /// The signature, 64 bytes.
    pub bytes: [u8; 64],
}

/// A document's bytes and the signatures over them: how it travels and rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedDocument {
    /// The document, encoded. Never decoded and encoded again before it is verified.
    pub bytes: Vec<u8>,
    /// The signatures.
    pub signatures: Vec<Signature>,
}

/// The most signatures that a document carries: more than any secretariat or pair of members has keys.
pub const MOST_SIGNATURES: usize = 64;

/// An Ed25519 signing key. `ring` keeps it expanded and does not wipe it when it is dropped; the seed is its owner's to wipe.
pub struct SigningKey(Ed25519KeyPair);

/// A signing key that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 private key")]
pub struct KeyError;

/// A document that is not signed as it has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// A signature by that key is not there.
    #[error("the document is not signed by the key that it has to be signed by")]
    MissingSignature,
    /// A signature does not verify.
    #[error("a signature of the document does not verify")]
    BadSignature,
}

impl SigningKey {
    /// The key with this 32-byte seed (RFC 8032, 5.1.5).
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, KeyError> {
        Ed25519KeyPair::from_seed_unchecked(seed).map(Self).map_err(|_| KeyError)
    }

    /// The public key.
    pub fn public_key(&self) -> PublicKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.public_key().as_ref());
        PublicKey(bytes)
    }

    /// Signs `bytes` as a document of `kind`.
    pub fn sign(&self, kind: DocumentKind, bytes: &[u8]) -> Signature {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.0.sign(&signed_bytes(kind, bytes)).as_ref());
        Signature { key: self.public_key(), bytes: signature }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({:?})", self.public_key())
    }
}

impl SignedDocument {
    /// Signs `bytes` as a document of `kind` with one key.
    pub fn new(kind: DocumentKind, bytes: Vec<u8>, key: &SigningKey) -> Self {
        let signatures = vec![key.sign(kind, &bytes)];
        Self { bytes, signatures }
    }

    /// Checks that `key` signed these bytes as a document of `kind`.
    ///
    /// # Errors
    /// No signature claims to be by `key`, or the one that does is not.
    pub fn verify(&self, kind: DocumentKind, key: &PublicKey) -> Result<(), DocumentError> {
        let claimed = self.signatures.iter().find(|signature| signature.key == *key);
        claimed.ok_or(DocumentError::MissingSignature)?.verify(kind, &self.bytes)
    }

    /// How many of `keys` signed these bytes as a document of `kind`. A key counts once, however often it stands among
    /// `keys` or the signatures; signatures that do not verify count for nothing.
    pub fn count_signers(&self, kind: DocumentKind, keys: &[PublicKey]) -> usize {
        let good = |signature: &&Signature| signature.verify(kind, &self.bytes).is_ok();
        let known = self.signatures.iter().filter(|signature| keys.contains(&signature.key));
        known.filter(good).map(|signature| signature.key).collect::<BTreeSet<_>>().len()
    }

    /// SHA-256 of the bytes, signatures left out.
    pub fn hash(&self) -> [u8; 32] {
        sha256(&self.bytes)
    }
}

impl Signature {
    /// Checks that this is its key's signature of `bytes` as a document of `kind`.
    ///
    /// # Errors
    /// It is not.
    pub fn verify(&self, kind: DocumentKind, bytes: &[u8]) -> Result<(), DocumentError> {
        UnparsedPublicKey::new(&ED25519, self.key.0)
            .verify(&signed_bytes(kind, bytes), &self.bytes)
            .map_err(|_| DocumentError::BadSignature)
    }
}

fn signed_bytes(kind: DocumentKind, bytes: &[u8]) -> Vec<u8> {
    [kind.label(), bytes].concat()
}
