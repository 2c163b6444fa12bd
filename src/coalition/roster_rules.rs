//! What a well-formed roster is: its limits, and the rules that tie its fields together.
//!
//! A roster comes from the secretariat, but a partner may hand it on, and a signature says nothing of its author's care.

use std::collections::BTreeSet;

use crate::agreement::is_strictly_sorted;
use crate::salt::SEALED_SALT_SIZE;
use crate::text::is_printable;
use crate::{Member, RevokedCertificate, Roster, RosterError, SaltEpoch};

/// The longest roster, in bytes without its signatures: [`MOST_MEMBERS`] with a certificate, a key and a salt each, three times over.
pub const LONGEST_ROSTER: usize = 4 * 1024 * 1024 - 64 * 1024;
/// The most members: a coalition whose every pair has an agreement is far smaller.
pub const MOST_MEMBERS: usize = 1_024;
/// The most keys of the secretariat: each is a person or a device that signs by hand.
pub const MOST_SECRETARIAT_KEYS: usize = 32;
/// The longest name of a member for people, in bytes.
pub const LONGEST_MEMBER_NAME: usize = 128;
/// The most authorities of one member: the present one, the next one, and some for its subsidiaries.
pub const MOST_ANCHORS: usize = 8;
/// The longest certificate of an authority, in bytes: four times what one with a 4,096-bit RSA key takes.
pub const LONGEST_ANCHOR: usize = 8 * 1024;
/// The most keys for documents of one member, the past ones included: receipts are verified for years.
pub const MOST_RECEIPT_KEYS: usize = 32;
/// The most epochs of the salt, the past ones included; the secretariat drops the oldest.
pub const MOST_EPOCHS: usize = 64;
/// The most revoked certificates: those that have expired need not stay.
pub const MOST_REVOKED: usize = 16_384;
/// The longest serial number, in bytes (RFC 5280, 4.1.2.2).
pub const LONGEST_SERIAL: usize = 20;

/// Checks every rule.
pub(crate) fn check_well_formed(roster: &Roster, encoded_size: usize) -> Result<(), RosterError> {
    rule(encoded_size <= LONGEST_ROSTER, "it is too long")?;
    rule(roster.version > 0, "its version is 0")?;
    rule(roster.issued < roster.expires, "it ends before it was issued")?;
    check_secretariat(roster)?;
    check_members(roster)?;
    check_epochs(&roster.epochs)?;
    check_revoked(&roster.revoked)
}

fn check_secretariat(roster: &Roster) -> Result<(), RosterError> {
    let keys = roster.secretariat.len();
    let distinct = roster.secretariat.iter().collect::<BTreeSet<_>>().len();
    rule((1..=MOST_SECRETARIAT_KEYS).contains(&keys), "it has no secretariat keys, or too many")?;
    rule(distinct == keys, "a secretariat key is repeated")?;
    rule((1..=keys).contains(&(roster.threshold as usize)), "its threshold is not 1 to the number of keys")
}

fn check_members(roster: &Roster) -> Result<(), RosterError> {
    rule(roster.members.len() <= MOST_MEMBERS, "it has too many members")?;
    let ascending = roster.members.windows(2).all(|pair| pair[0].id < pair[1].id);
    rule(ascending, "its members are not sorted by id, or one is repeated")?;
    roster.members.iter().try_for_each(check_member)?;
    let keys: Vec<_> =
        roster.members.iter().flat_map(|member| &member.receipt_keys).map(|key| key.key).collect();
    // One key for two members would let either sign for the other.
    rule(keys.iter().collect::<BTreeSet<_>>().len() == keys.len(), "a receipt key is listed twice")
}

fn check_member(member: &Member) -> Result<(), RosterError> {
    let named = (1..=LONGEST_MEMBER_NAME).contains(&member.name.len()) && is_printable(&member.name);
    rule(named, "a member's name is empty, too long or not printable")?;
    rule((1..=MOST_ANCHORS).contains(&member.anchors.len()), "a member has no authority, or too many")?;
    let anchor_fits = |anchor: &Vec<u8>| (1..=LONGEST_ANCHOR).contains(&anchor.len());
    rule(member.anchors.iter().all(anchor_fits), "an authority's certificate is empty or too long")?;
    let keys = &member.receipt_keys;
    rule((1..=MOST_RECEIPT_KEYS).contains(&keys.len()), "a member has no receipt key, or too many")?;
    rule(keys.iter().all(|key| key.not_before < key.not_after), "a receipt key ends before it begins")
}

fn check_epochs(epochs: &[SaltEpoch]) -> Result<(), RosterError> {
    rule(epochs.len() <= MOST_EPOCHS, "it has too many epochs")?;
    let numbers: Vec<u32> = epochs.iter().map(|epoch| epoch.epoch).collect();
    rule(is_strictly_sorted(&numbers), "its epochs do not grow")?;
    epochs.iter().try_for_each(check_epoch)
}

fn check_epoch(epoch: &SaltEpoch) -> Result<(), RosterError> {
    rule(epoch.sealed.len() <= MOST_MEMBERS, "an epoch has too many sealed salts")?;
    let ascending = epoch.sealed.windows(2).all(|pair| pair[0].member < pair[1].member);
    rule(ascending, "an epoch's sealed salts are not sorted by member, or one is repeated")?;
    let sized = epoch.sealed.iter().all(|sealed| sealed.bytes.len() == SEALED_SALT_SIZE);
    rule(sized, "a sealed salt has a wrong length")
}

fn check_revoked(revoked: &[RevokedCertificate]) -> Result<(), RosterError> {
    rule(revoked.len() <= MOST_REVOKED, "it revokes too many certificates")?;
    let fits = |revoked: &RevokedCertificate| match revoked {
        RevokedCertificate::Serial { serial, .. } => (1..=LONGEST_SERIAL).contains(&serial.len()),
        RevokedCertificate::Key(_) => true,
    };
    rule(revoked.iter().all(fits), "a revoked serial number is empty or too long")
}

fn rule(holds: bool, why: &'static str) -> Result<(), RosterError> {
    if holds { Ok(()) } else { Err(RosterError::Malformed(why)) }
}
