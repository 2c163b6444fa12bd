//! The secretariat's signed list of members.

use crate::{CoalitionName, MemberId, PublicKey, SignedDocument, Timestamp};

/// Whether a member takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MemberStatus {
    /// It does.
    Active,
    /// Not for now.
    Suspended,
    /// Never again under these keys.
    Revoked,
}

/// A key with which a member signs offers, accepts and receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptKey {
    /// The key.
    pub key: PublicKey,
    /// Valid from.
    pub not_before: Timestamp,
    /// Valid until.
    pub not_after: Timestamp,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: MemberId,
    /// Its name, for people.
    pub name: String,
    /// Whether it takes part.
    pub status: MemberStatus,
    /// DER certificates of the authorities that may issue its certificates, and no other member's unless listed there too.
    pub anchors: Vec<Vec<u8>>,
    /// Its keys for documents.
    pub receipt_keys: Vec<ReceiptKey>,
}

/// A certificate that is no longer to be trusted, whatever its CRL says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevokedCertificate {
    /// By member and serial number (DER integer bytes, big-endian, no leading zero).
    Serial {
        /// Whose.
        member: MemberId,
        /// The serial number.
        serial: Vec<u8>,
    },
    /// By SHA-256 of its SubjectPublicKeyInfo.
    Key([u8; 32]),
}

/// The salt of digests in one epoch, by its hash: the salt itself is handed to members sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaltEpoch {
    /// The epoch's number; only grows.
    pub epoch: u32,
    /// SHA-256 of a label and the salt.
    pub salt_hash: [u8; 32],
}

/// A roster, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// The coalition.
    pub coalition: CoalitionName,
    /// Only grows.
    pub version: u64,
    /// When it was made.
    pub issued: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// The secretariat's keys.
    pub secretariat: Vec<PublicKey>,
    /// How many of them must sign.
    pub threshold: u32,
    /// The members, by id.
    pub members: Vec<Member>,
    /// The current epoch last.
    pub epochs: Vec<SaltEpoch>,
    /// Certificates revoked by the secretariat.
    pub revoked: Vec<RevokedCertificate>,
}

/// What a node trusts before it reads a roster: its secretariat's keys, and the roster in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterTrust {
    /// The coalition that the node is of.
    pub coalition: CoalitionName,
    /// The keys in the config, with which a node starts.
    pub secretariat: Vec<PublicKey>,
    /// How many of them must sign.
    pub threshold: u32,
    /// Version and SHA-256 of the highest roster seen, if any; outlives a restart.
    pub highest: Option<(u64, [u8; 32])>,
}

/// A roster whose signatures and version were checked, with the bytes to hand on.
#[derive(Clone, Debug)]
pub struct VerifiedRoster {
    roster: Roster,
    document: SignedDocument,
    hash: [u8; 32],
}

/// Why a roster is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RosterError {
    /// Another coalition's.
    #[error("the roster is of another coalition")]
    OtherCoalition,
    /// Fewer good signatures than the threshold.
    #[error("the roster has {good} good signatures of known keys, {needed} are needed")]
    TooFewSignatures {
        /// Good ones.
        good: usize,
        /// Needed.
        needed: usize,
    },
    /// The keys changed, and the new keys did not sign.
    #[error("the roster changes the secretariat's keys without enough of the new keys' signatures")]
    NewKeysNotSigned,
    /// Older than one that was seen.
    #[error("the roster's version {version} is older than {highest}, which was seen before")]
    Rollback {
        /// Its version.
        version: u64,
        /// The highest seen.
        highest: u64,
    },
    /// The same version with other content: the secretariat signed twice, or its keys leaked.
    #[error("two different rosters have version {version}: tell the secretariat at once")]
    Equivocation {
        /// The version.
        version: u64,
    },
    /// Past its end.
    #[error("the roster has expired: ask the secretariat for a new one")]
    Expired,
    /// A field that breaks a rule.
    #[error("the roster is not well formed: {0}")]
    Malformed(&'static str),
}

impl VerifiedRoster {
    /// Checks a decoded roster against what this node trusts. `roster` must be what `document.bytes` decode to.
    ///
    /// `current` is the roster in force, if any: its keys then count instead of the config's.
    ///
    /// # Errors
    /// As [`RosterError`] says.
    pub fn verify(
        _roster: Roster,
        _document: SignedDocument,
        _trust: &RosterTrust,
        _current: Option<&Roster>,
        _now: Timestamp,
    ) -> Result<Self, RosterError> {
        unimplemented!()
    }

    /// The roster.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// The bytes and signatures, to store and to hand on.
    pub fn document(&self) -> &SignedDocument {
        &self.document
    }

    /// SHA-256 of the bytes.
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }
}
