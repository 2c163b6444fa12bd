//! The secretariat's work on a roster: a draft is changed, then signed by enough keys, then handed to the members.
//!
//! A draft is a roster that too few have signed yet. Changing a roster that enough have signed begins the next version.

use std::path::Path;

use data_encoding::HEXLOWER;
use overlap_coalition::{
    CoalitionName, DocumentKind, Member, MemberId, MemberStatus, NameError, PublicKey, ReceiptKey, Roster,
    RosterError, RosterTrust, SaltEpoch, SaltError, SignedDocument, SigningKey, Timestamp, VerifiedRoster,
    salt_hash, seal_salt,
};
use overlap_indicator::DigestSalt;
use overlap_wire::{WireError, decode_roster, decode_signed, encode_roster, encode_signed};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::files::{self, FileError};
use crate::pki::{self, PkiError};

/// How long a roster is good for, if the secretariat does not say: a year, in days.
pub const ROSTER_DAYS: u64 = 365;

/// The longest that the secretariat may say, in days: ten years, as long as a member's receipt key.
pub const MOST_ROSTER_DAYS: u64 = RECEIPT_KEY_SECONDS / SECONDS_PER_DAY;

/// How long a member's receipt key is good for, in seconds: ten years; receipts are verified at the time they were signed.
const RECEIPT_KEY_SECONDS: u64 = 3_650 * SECONDS_PER_DAY;

/// How far a receipt key's validity begins in the past: clocks of members differ.
const CLOCK_TOLERANCE: u64 = 3_600;

const SECONDS_PER_DAY: u64 = 86_400;

/// What can go wrong with a roster at the secretariat's desk, or on its way into a node.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretariatError {
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The bytes are no roster.
    #[error("this is no roster: {0}")]
    Wire(#[from] WireError),
    /// The roster breaks a rule or is not signed as it has to be.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// A salt cannot be sealed or opened.
    #[error(transparent)]
    Salt(#[from] SaltError),
    /// A certificate in a member's description.
    #[error(transparent)]
    Pki(#[from] PkiError),
    /// A name in a member's description.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A member's description that is no TOML, or lacks something.
    #[error("{path} is no member description: {why}")]
    Description {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// No member of that name.
    #[error("the roster has no member {0}")]
    NoMember(MemberId),
    /// Already a member.
    #[error("the roster has a member {0} already")]
    MemberThere(MemberId),
    /// A member that was revoked, which is for good.
    #[error(
        "{0} is revoked, for good: whoever had its keys may still have them; it can join again under another id, with new keys"
    )]
    Revoked(MemberId),
    /// A description with a key of a member that was revoked.
    #[error("the description has a key of {0}, which is revoked: it needs new keys (overlapd init)")]
    RevokedKey(MemberId),
    /// A member of another coalition.
    #[error("the member's description is for the coalition {0}")]
    OtherCoalition(CoalitionName),
    /// A salt that is not the current epoch's.
    #[error("the salt file is not that of the roster's current epoch")]
    OtherSalt,
    /// A key that is none of the roster's.
    #[error("this key is none of the roster's secretariat keys")]
    OtherKey,
    /// A threshold that no number of keys reaches.
    #[error("the threshold is from 1 to the number of keys")]
    Threshold,
}

/// What a member hands to the secretariat to be added: public halves only.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// The member's id.
    pub member: String,
    /// Its name, for people.
    pub name: String,
    /// The coalition that it is to join.
    pub coalition: String,
    /// Its receipt key's public half, in hex.
    pub receipt_key: String,
    /// Its sealing key's public half, in hex.
    pub sealing_key: String,
    /// PEM: the certificate of the authority that issues its certificates.
    pub authority: String,
}

impl Description {
    /// Reads a description's file.
    ///
    /// # Errors
    /// It cannot be read or lacks something.
    pub fn read(path: &Path) -> Result<Self, SecretariatError> {
        let text = files::read_text(path)?;
        toml::from_str(&text).map_err(|error| SecretariatError::Description {
            path: path.display().to_string(),
            why: error.message().to_owned(),
        })
    }

    fn member(&self, now: Timestamp) -> Result<Member, SecretariatError> {
        let receipt_key = ReceiptKey {
            key: PublicKey(self.key(&self.receipt_key, "receipt_key")?),
            not_before: Timestamp(now.0.saturating_sub(CLOCK_TOLERANCE)),
            not_after: now.plus_seconds(RECEIPT_KEY_SECONDS),
        };
        Ok(Member {
            id: self.member.parse()?,
            name: self.name.clone(),
            status: MemberStatus::Active,
            anchors: vec![pki::certificate_der(self.authority.as_bytes(), "the member's description")?],
            receipt_keys: vec![receipt_key],
            sealing_key: self.key(&self.sealing_key, "sealing_key")?,
        })
    }

    fn key(&self, hex: &str, field: &str) -> Result<[u8; 32], SecretariatError> {
        let bytes = HEXLOWER.decode(hex.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.ok_or_else(|| SecretariatError::Description {
            path: self.member.clone(),
            why: format!("{field} is not 64 hex digits"),
        })
    }
}

/// The first draft of a coalition's roster: no members yet, and the first epoch's salt by its hash.
///
/// # Errors
/// A threshold that no number of keys reaches.
pub fn first_draft(
    coalition: CoalitionName,
    keys: Vec<PublicKey>,
    threshold: u32,
    salt: &DigestSalt,
    now: Timestamp,
    days: u64,
) -> Result<Roster, SecretariatError> {
    if threshold == 0 || threshold as usize > keys.len() {
        return Err(SecretariatError::Threshold);
    }
    Ok(Roster {
        coalition,
        version: 1,
        issued: now,
        expires: now.plus_seconds(days * SECONDS_PER_DAY),
        secretariat: keys,
        threshold,
        members: Vec::new(),
        epochs: vec![SaltEpoch { epoch: 1, salt_hash: salt_hash(salt), sealed: Vec::new() }],
        revoked: Vec::new(),
    })
}

/// The draft that follows a document: the same version while too few have signed it, the next one otherwise. Its time
/// begins anew and lasts as long as before.
///
/// # Errors
/// The bytes are no roster.
pub fn next_draft(document: &SignedDocument, now: Timestamp) -> Result<Roster, SecretariatError> {
    let mut roster = decode_roster(&document.bytes)?;
    if is_signed(&roster, document) {
        roster.version += 1;
    }
    let lasts = roster.expires.0.saturating_sub(roster.issued.0);
    roster.issued = now;
    roster.expires = now.plus_seconds(lasts);
    Ok(roster)
}

/// How many of the roster's own keys signed it.
pub fn signatures(roster: &Roster, document: &SignedDocument) -> usize {
    let signed = |key: &&PublicKey| document.verify(DocumentKind::Roster, key).is_ok();
    roster.secretariat.iter().filter(signed).count()
}

/// Whether enough of the roster's own keys signed it.
pub fn is_signed(roster: &Roster, document: &SignedDocument) -> bool {
    signatures(roster, document) >= roster.threshold as usize
}

/// Adds a member, and seals the current epoch's salt to it.
///
/// # Errors
/// The description does not fit or has a revoked member's keys, or the salt is not the current epoch's.
pub fn add_member(
    roster: &mut Roster,
    description: &Description,
    salt: &DigestSalt,
    now: Timestamp,
) -> Result<MemberId, SecretariatError> {
    let coalition: CoalitionName = description.coalition.parse()?;
    if coalition != roster.coalition {
        return Err(SecretariatError::OtherCoalition(coalition));
    }
    let member = description.member(now)?;
    let id = member.id.clone();
    if roster.member(&id).is_some() {
        return Err(SecretariatError::MemberThere(id));
    }
    check_keys_not_revoked(roster, &member)?;
    seal_to(roster, &member, salt)?;
    roster.members.push(member);
    roster.members.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(id)
}

/// Another id would bring a revoked member back as well as another status. Authorities are not compared: several members
/// may share one.
fn check_keys_not_revoked(roster: &Roster, new: &Member) -> Result<(), SecretariatError> {
    let has = |member: &Member, key: &ReceiptKey| member.receipt_keys.iter().any(|own| own.key == key.key);
    let shares = |member: &&Member| {
        member.sealing_key == new.sealing_key || new.receipt_keys.iter().any(|key| has(member, key))
    };
    let mut revoked = roster.members.iter().filter(|member| member.status == MemberStatus::Revoked);
    match revoked.find(shares) {
        Some(member) => Err(SecretariatError::RevokedKey(member.id.clone())),
        None => Ok(()),
    }
}

fn seal_to(roster: &mut Roster, member: &Member, salt: &DigestSalt) -> Result<(), SecretariatError> {
    let epoch = roster.epochs.last_mut().ok_or(SecretariatError::OtherSalt)?;
    if salt_hash(salt) != epoch.salt_hash {
        return Err(SecretariatError::OtherSalt);
    }
    let mut rng = rand::rng();
    let sealed = seal_salt(salt, epoch.epoch, &roster.coalition, &member.id, &member.sealing_key, &mut rng)?;
    epoch.sealed.push(sealed);
    epoch.sealed.sort_by(|one, other| one.member.cmp(&other.member));
    Ok(())
}

/// Gives a member another status.
///
/// # Errors
/// No such member, or it is revoked, which nothing undoes.
pub fn set_status(roster: &mut Roster, id: &MemberId, status: MemberStatus) -> Result<(), SecretariatError> {
    let member = roster.members.iter_mut().find(|member| member.id == *id);
    let member = member.ok_or_else(|| SecretariatError::NoMember(id.clone()))?;
    // To suspended neither: that would be the first of two steps back.
    if member.status == MemberStatus::Revoked && status != MemberStatus::Revoked {
        return Err(SecretariatError::Revoked(id.clone()));
    }
    member.status = status;
    Ok(())
}

/// Begins a new epoch under a new salt, sealed to every member that is not revoked; the salts of past epochs are left out.
///
/// # Errors
/// A member's sealing key cannot be used.
pub fn rotate(roster: &mut Roster, salt: &DigestSalt) -> Result<u32, SecretariatError> {
    let epoch = roster.epochs.last().map_or(0, |epoch| epoch.epoch) + 1;
    for past in &mut roster.epochs {
        past.sealed.clear();
    }
    roster.epochs.push(SaltEpoch { epoch, salt_hash: salt_hash(salt), sealed: Vec::new() });
    let members: Vec<Member> =
        roster.members.iter().filter(|member| member.status != MemberStatus::Revoked).cloned().collect();
    members.iter().try_for_each(|member| seal_to(roster, member, salt))?;
    Ok(epoch)
}

/// A draft as a document that nobody has signed.
pub fn unsigned(roster: &Roster) -> SignedDocument {
    SignedDocument { bytes: encode_roster(roster), signatures: Vec::new() }
}

/// Adds one key's signature; signing twice changes nothing.
///
/// # Errors
/// The bytes are no roster, or the key is none of its own.
pub fn sign(document: &mut SignedDocument, key: &SigningKey) -> Result<(), SecretariatError> {
    let roster = decode_roster(&document.bytes)?;
    if !roster.secretariat.contains(&key.public_key()) {
        return Err(SecretariatError::OtherKey);
    }
    document.signatures.retain(|signature| signature.key != key.public_key());
    document.signatures.push(key.sign(DocumentKind::Roster, &document.bytes));
    Ok(())
}

/// Verifies a roster against the given keys, or against its own where none are given.
///
/// # Errors
/// It is no roster, breaks a rule, has expired, or too few have signed it.
pub fn verify(
    document: &SignedDocument,
    trusted: Option<(Vec<PublicKey>, u32)>,
    now: Timestamp,
) -> Result<VerifiedRoster, SecretariatError> {
    let roster = decode_roster(&document.bytes)?;
    let (secretariat, threshold) = trusted.unwrap_or_else(|| (roster.secretariat.clone(), roster.threshold));
    let trust = RosterTrust { coalition: roster.coalition.clone(), secretariat, threshold, highest: None };
    Ok(VerifiedRoster::verify(roster, document.clone(), &trust, None, now)?)
}

/// Verifies a roster against the secretariat and the coalition that a config names, but for its end: for what the end does
/// not concern, as signatures that were made before.
///
/// # Errors
/// It is no roster, breaks a rule, is another coalition's, or too few have signed it.
pub fn verify_even_if_expired(
    document: &SignedDocument,
    config: &Config,
) -> Result<VerifiedRoster, SecretariatError> {
    let roster = decode_roster(&document.bytes)?;
    Ok(VerifiedRoster::verify_even_if_expired(roster, document.clone(), &config.roster_trust(), None)?)
}

/// Reads a roster's file; nothing is verified.
///
/// # Errors
/// It cannot be read, or is no signed document.
pub fn read(path: &Path) -> Result<SignedDocument, SecretariatError> {
    Ok(decode_signed(&files::read(path)?)?)
}

/// Writes a roster's file, whole or not at all.
///
/// # Errors
/// It cannot be written.
pub fn write(path: &Path, document: &SignedDocument) -> Result<(), FileError> {
    files::replace(path, &encode_signed(document))
}

#[cfg(test)]
mod tests {
    use overlap_coalition::{SealingKey, open_salt};

    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000);

    struct Desk {
        keys: Vec<SigningKey>,
        salt: DigestSalt,
        roster: Roster,
    }

    fn desk() -> Desk {
        let keys: Vec<_> = (1..=3).map(|seed| SigningKey::from_seed(&[seed; 32]).unwrap()).collect();
        let salt = DigestSalt::new([7; 32]);
        let public = keys.iter().map(SigningKey::public_key).collect();
        let roster = first_draft("lab".parse().unwrap(), public, 2, &salt, NOW, 365).unwrap();
        Desk { keys, salt, roster }
    }

    fn description(id: &str, seed: u8) -> Description {
        let (coalition, member) = ("lab".parse().unwrap(), id.parse().unwrap());
        let hex = |bytes: [u8; 32]| HEXLOWER.encode(&bytes);
        Description {
            member: id.to_owned(),
            name: id.to_owned(),
            coalition: "lab".to_owned(),
            receipt_key: hex(SigningKey::from_seed(&[seed; 32]).unwrap().public_key().0),
            sealing_key: hex(SealingKey::from_bytes([seed; 32]).public_key()),
            authority: pki::Authority::new(&coalition, &member, NOW).unwrap().certificate_pem().to_owned(),
        }
    }

    #[test]
    fn two_of_three_signatures_make_a_roster() {
        let mut desk = desk();
        add_member(&mut desk.roster, &description("police", 11), &desk.salt, NOW).unwrap();
        let mut document = unsigned(&desk.roster);
        sign(&mut document, &desk.keys[0]).unwrap();
        sign(&mut document, &desk.keys[0]).unwrap();
        assert!(matches!(
            verify(&document, None, NOW),
            Err(SecretariatError::Roster(RosterError::TooFewSignatures { good: 1, needed: 2 }))
        ));
        sign(&mut document, &desk.keys[2]).unwrap();
        assert_eq!(verify(&document, None, NOW).unwrap().roster(), &desk.roster);
    }

    #[test]
    fn a_strangers_key_cannot_sign() {
        let mut document = unsigned(&desk().roster);
        let stranger = SigningKey::from_seed(&[99; 32]).unwrap();
        assert!(matches!(sign(&mut document, &stranger), Err(SecretariatError::OtherKey)));
    }

    #[test]
    fn a_signed_roster_is_followed_by_the_next_version_and_a_draft_by_itself() {
        let desk = desk();
        let mut document = unsigned(&desk.roster);
        assert_eq!(next_draft(&document, NOW).unwrap().version, 1);
        sign(&mut document, &desk.keys[0]).unwrap();
        sign(&mut document, &desk.keys[1]).unwrap();
        assert_eq!(next_draft(&document, NOW).unwrap().version, 2);
    }

    #[test]
    fn a_revoked_member_gets_no_new_salt() {
        let mut desk = desk();
        for (id, seed) in [("police", 11), ("hotline", 12)] {
            add_member(&mut desk.roster, &description(id, seed), &desk.salt, NOW).unwrap();
        }
        let police: MemberId = "police".parse().unwrap();
        set_status(&mut desk.roster, &police, MemberStatus::Revoked).unwrap();
        let salt = DigestSalt::new([8; 32]);
        assert_eq!(rotate(&mut desk.roster, &salt).unwrap(), 2);
        let epoch = desk.roster.current_epoch().unwrap();
        let opened = |id: &str, seed| {
            let key = SealingKey::from_bytes([seed; 32]);
            open_salt(epoch, &desk.roster.coalition, &id.parse().unwrap(), &key)
        };
        assert_eq!(opened("hotline", 12).unwrap().expose_bytes(), salt.expose_bytes());
        assert_eq!(opened("police", 11).unwrap_err(), SaltError::NotSealed);
        assert!(desk.roster.epochs[0].sealed.is_empty());
    }

    #[test]
    fn a_revoked_member_stays_revoked() {
        let mut desk = desk();
        add_member(&mut desk.roster, &description("police", 11), &desk.salt, NOW).unwrap();
        let police: MemberId = "police".parse().unwrap();
        for status in [MemberStatus::Suspended, MemberStatus::Active, MemberStatus::Revoked] {
            set_status(&mut desk.roster, &police, status).unwrap();
        }
        for status in [MemberStatus::Suspended, MemberStatus::Active] {
            let refused = set_status(&mut desk.roster, &police, status);
            assert!(matches!(refused, Err(SecretariatError::Revoked(id)) if id == police));
        }
        assert_eq!(desk.roster.member(&police).unwrap().status, MemberStatus::Revoked);
    }

    #[test]
    fn a_revoked_members_keys_do_not_come_back_under_another_id() {
        let mut desk = desk();
        add_member(&mut desk.roster, &description("police", 11), &desk.salt, NOW).unwrap();
        set_status(&mut desk.roster, &"police".parse().unwrap(), MemberStatus::Revoked).unwrap();
        let old_receipt_key = Description { sealing_key: "77".repeat(32), ..description("police-2", 11) };
        for description in [description("police-2", 11), old_receipt_key] {
            let refused = add_member(&mut desk.roster, &description, &desk.salt, NOW);
            assert!(matches!(refused, Err(SecretariatError::RevokedKey(_))), "{refused:?}");
        }
        add_member(&mut desk.roster, &description("police-2", 12), &desk.salt, NOW).unwrap();
    }

    #[test]
    fn members_are_added_once_and_with_the_right_salt() {
        let mut desk = desk();
        let police = description("police", 11);
        let wrong = DigestSalt::new([1; 32]);
        assert!(matches!(
            add_member(&mut desk.roster, &police, &wrong, NOW),
            Err(SecretariatError::OtherSalt)
        ));
        add_member(&mut desk.roster, &police, &desk.salt, NOW).unwrap();
        assert!(matches!(
            add_member(&mut desk.roster, &police, &desk.salt, NOW),
            Err(SecretariatError::MemberThere(_))
        ));
    }
}
