//! The secretariat's signed list of members.

use std::collections::BTreeSet;

use crate::roster_rules::check_well_formed;
use crate::{CoalitionName, DocumentKind, MemberId, PublicKey, SealedSalt, SignedDocument, Timestamp};

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
    /// Its X25519 public key (RFC 7748), to which salts are sealed.
    pub sealing_key: [u8; 32],
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
    /// SHA-256 of a label and the salt: [`crate::salt_hash`].
    pub salt_hash: [u8; 32],
    /// The salt, sealed to each member that may have it; sorted by member, no repeats. A roster may leave it out for past epochs.
    pub sealed: Vec<SealedSalt>,
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
    /// The secretariat's keys, no repeats.
    pub secretariat: Vec<PublicKey>,
    /// How many of them must sign.
    pub threshold: u32,
    /// The members, sorted by id.
    pub members: Vec<Member>,
    /// The current epoch last.
    pub epochs: Vec<SaltEpoch>,
    /// Certificates revoked by the secretariat.
    pub revoked: Vec<RevokedCertificate>,
}

impl Roster {
    /// The member with this id, whatever its status.
    pub fn member(&self, id: &MemberId) -> Option<&Member> {
        self.members.iter().find(|member| member.id == *id)
    }

    /// The salt's current epoch.
    pub fn current_epoch(&self) -> Option<&SaltEpoch> {
        self.epochs.last()
    }

    /// Whether a certificate of `member` was revoked by the secretariat: by its serial number (DER integer bytes,
    /// leading zeros do not count) or by SHA-256 of its SubjectPublicKeyInfo, whosever it says it is.
    pub fn is_revoked(&self, member: &MemberId, serial: &[u8], spki_sha256: &[u8; 32]) -> bool {
        self.revoked.iter().any(|revoked| match revoked {
            RevokedCertificate::Serial { member: whose, serial: listed } => {
                whose == member && without_leading_zeros(listed) == without_leading_zeros(serial)
            }
            RevokedCertificate::Key(hash) => hash == spki_sha256,
        })
    }

    /// Whether `key` signs documents for `member` at `now`: listed, from its first second to before its last. The
    /// member's status is not asked: what it signed before it was suspended stays signed.
    pub fn receipt_key_valid(&self, member: &MemberId, key: &PublicKey, now: Timestamp) -> bool {
        let keys = self.member(member).map_or(&[][..], |member| &member.receipt_keys);
        keys.iter().any(|listed| listed.key == *key && listed.not_before <= now && now < listed.not_after)
    }

    /// Whether it has ended at `now`.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expires
    }

    fn has_same_keys(&self, secretariat: &[PublicKey], threshold: u32) -> bool {
        let own: BTreeSet<_> = self.secretariat.iter().collect();
        self.threshold == threshold && own == secretariat.iter().collect()
    }
}

fn without_leading_zeros(serial: &[u8]) -> &[u8] {
    let zeros = serial.iter().take_while(|&&byte| byte == 0).count();
    &serial[zeros..]
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
    /// Another salt for an epoch that both this roster and the one in force have: digests would silently stop matching.
    #[error("the roster has another salt for epoch {epoch} than the roster in force: tell the secretariat")]
    SaltChanged {
        /// The epoch.
        epoch: u32,
    },
    /// An older current epoch than the roster in force has.
    #[error(
        "the roster's current salt epoch is older than that of the roster in force: tell the secretariat"
    )]
    EpochFell,
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
    /// `current` is the roster in force, if any: its keys must have signed then, and the config's keys only where there is
    /// none. A node that starts with a stored roster gives that one, since the secretariat may have changed its keys after the
    /// config was written. A roster that changes the keys or their threshold must be signed by enough of the new keys too.
    ///
    /// The coalition is checked first, then the signatures, so that nobody but the secretariat can raise any other error;
    /// then form, version, what the roster in force says of the salts' epochs, and expiry.
    ///
    /// # Errors
    /// As [`RosterError`] says.
    pub fn verify(
        roster: Roster,
        document: SignedDocument,
        trust: &RosterTrust,
        current: Option<&Roster>,
        now: Timestamp,
    ) -> Result<Self, RosterError> {
        let verified = Self::verify_even_if_expired(roster, document, trust, current)?;
        if verified.roster.is_expired(now) { Err(RosterError::Expired) } else { Ok(verified) }
    }

    /// As [`VerifiedRoster::verify`], but a roster past its end is as good as another: for what the end does not concern,
    /// as a node's start, after which every exchange is refused for it, or a signature that was made before.
    ///
    /// # Errors
    /// As [`RosterError`] says, never [`RosterError::Expired`].
    pub fn verify_even_if_expired(
        roster: Roster,
        document: SignedDocument,
        trust: &RosterTrust,
        current: Option<&Roster>,
    ) -> Result<Self, RosterError> {
        if roster.coalition != trust.coalition {
            return Err(RosterError::OtherCoalition);
        }
        let hash = document.hash();
        check_signatures(&roster, &document, trust, current)?;
        check_well_formed(&roster, document.bytes.len())?;
        check_version(&roster, hash, trust, current)?;
        current.map_or(Ok(()), |current| check_follows(&roster, current))?;
        Ok(Self { roster, document, hash })
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

fn check_signatures(
    roster: &Roster,
    document: &SignedDocument,
    trust: &RosterTrust,
    current: Option<&Roster>,
) -> Result<(), RosterError> {
    let (keys, threshold) = match current {
        Some(current) => (&current.secretariat, current.threshold),
        None => (&trust.secretariat, trust.threshold),
    };
    let good = document.count_signers(DocumentKind::Roster, keys);
    // A threshold of 0 would let an unsigned roster pass.
    let needed = threshold.max(1) as usize;
    if good < needed {
        return Err(RosterError::TooFewSignatures { good, needed });
    }
    let own = document.count_signers(DocumentKind::Roster, &roster.secretariat);
    if !roster.has_same_keys(keys, threshold) && own < roster.threshold as usize {
        return Err(RosterError::NewKeysNotSigned);
    }
    Ok(())
}

fn check_version(
    roster: &Roster,
    hash: [u8; 32],
    trust: &RosterTrust,
    current: Option<&Roster>,
) -> Result<(), RosterError> {
    let version = roster.version;
    let in_force = current.map_or(0, |current| current.version);
    let highest = trust.highest.map_or(0, |(highest, _)| highest).max(in_force);
    if version < highest {
        return Err(RosterError::Rollback { version, highest });
    }
    let other_seen = trust.highest.is_some_and(|seen| seen.0 == version && seen.1 != hash);
    let other_in_force = current.is_some_and(|current| current.version == version && current != roster);
    if other_seen || other_in_force {
        return Err(RosterError::Equivocation { version });
    }
    Ok(())
}

/// The salts' epochs go on from those of the roster in force: none gets another salt, and the current one is none before it.
fn check_follows(roster: &Roster, current: &Roster) -> Result<(), RosterError> {
    let salt_of = |number| roster.epochs.iter().find(|epoch| epoch.epoch == number);
    let changed = current
        .epochs
        .iter()
        .find(|known| salt_of(known.epoch).is_some_and(|epoch| epoch.salt_hash != known.salt_hash));
    if let Some(changed) = changed {
        return Err(RosterError::SaltChanged { epoch: changed.epoch });
    }
    let number = |roster: &Roster| roster.current_epoch().map(|epoch| epoch.epoch);
    if number(roster) < number(current) { Err(RosterError::EpochFell) } else { Ok(()) }
}
