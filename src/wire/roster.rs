//! The roster's bytes.

use overlap_coalition::roster_rules::{
    LONGEST_ANCHOR, LONGEST_MEMBER_NAME, LONGEST_ROSTER, LONGEST_SERIAL, MOST_ANCHORS, MOST_EPOCHS,
    MOST_MEMBERS, MOST_RECEIPT_KEYS, MOST_REVOKED, MOST_SECRETARIAT_KEYS,
};
use overlap_coalition::{
    Member, MemberStatus, PublicKey, ReceiptKey, RevokedCertificate, Roster, SEALED_SALT_SIZE, SaltEpoch,
    SealedSalt,
};
use prost::Message as _;

use crate::document::{copy, decode};
use crate::field::Fields;
use crate::proto::revoked_certificate::Certificate;
use crate::shape::{Repeated, check_counts};
use crate::{WireError, proto};

/// The repeated fields of a roster.
const ROSTER_SHAPE: &[Repeated] = &[
    Repeated { number: 5, name: "secretariat", most: MOST_SECRETARIAT_KEYS, inner: &[] },
    Repeated { number: 7, name: "members", most: MOST_MEMBERS, inner: MEMBER_SHAPE },
    Repeated { number: 8, name: "epochs", most: MOST_EPOCHS, inner: EPOCH_SHAPE },
    Repeated { number: 9, name: "revoked", most: MOST_REVOKED, inner: &[] },
];

/// The repeated fields of a member.
const MEMBER_SHAPE: &[Repeated] = &[
    Repeated { number: 4, name: "anchors", most: MOST_ANCHORS, inner: &[] },
    Repeated { number: 5, name: "receipt_keys", most: MOST_RECEIPT_KEYS, inner: &[] },
];

/// The repeated fields of an epoch.
const EPOCH_SHAPE: &[Repeated] = &[Repeated { number: 3, name: "sealed", most: MOST_MEMBERS, inner: &[] }];

/// Encodes a roster.
pub fn encode_roster(roster: &Roster) -> Vec<u8> {
    proto::Roster {
        coalition: roster.coalition.to_string(),
        version: Some(roster.version),
        issued: Some(roster.issued.0),
        expires: Some(roster.expires.0),
        secretariat: roster.secretariat.iter().map(|key| copy(&key.0)).collect(),
        threshold: Some(roster.threshold),
        members: roster.members.iter().map(encode_member).collect(),
        epochs: roster.epochs.iter().map(encode_epoch).collect(),
        revoked: roster.revoked.iter().map(encode_revoked).collect(),
    }
    .encode_to_vec()
}

/// Decodes a roster's bytes. Lengths and counts are checked here, the rules that tie fields together when it is verified.
///
/// # Errors
/// As [`WireError`] says.
pub fn decode_roster(bytes: &[u8]) -> Result<Roster, WireError> {
    let fields = Fields("Roster");
    fields.ensure(bytes.len() <= LONGEST_ROSTER, "roster", "is too long")?;
    check_counts(fields.0, bytes, ROSTER_SHAPE)?;
    let roster = decode::<proto::Roster>(fields, bytes)?;
    let key = |key: &bytes::Bytes| fields.exact("secretariat", key).map(PublicKey);
    Ok(Roster {
        coalition: fields.name("coalition", &roster.coalition)?,
        version: fields.present("version", roster.version)?,
        issued: fields.time("issued", roster.issued)?,
        expires: fields.time("expires", roster.expires)?,
        secretariat: roster.secretariat.iter().map(key).collect::<Result<_, _>>()?,
        threshold: fields.present("threshold", roster.threshold)?,
        members: roster.members.into_iter().map(decode_member).collect::<Result<_, _>>()?,
        epochs: roster.epochs.into_iter().map(decode_epoch).collect::<Result<_, _>>()?,
        revoked: roster.revoked.into_iter().map(decode_revoked).collect::<Result<_, _>>()?,
    })
}

fn encode_member(member: &Member) -> proto::Member {
    proto::Member {
        id: member.id.to_string(),
        name: member.name.clone(),
        status: encode_status(member.status).into(),
        anchors: member.anchors.iter().map(|anchor| copy(anchor)).collect(),
        receipt_keys: member.receipt_keys.iter().map(encode_receipt_key).collect(),
        sealing_key: copy(&member.sealing_key),
    }
}

fn decode_member(member: proto::Member) -> Result<Member, WireError> {
    let fields = Fields("Member");
    let short = member.anchors.iter().all(|anchor| anchor.len() <= LONGEST_ANCHOR);
    fields.ensure(short, "anchors", "has a certificate that is too long")?;
    Ok(Member {
        id: fields.name("id", &member.id)?,
        name: fields.text("name", member.name, LONGEST_MEMBER_NAME)?,
        status: fields.known("status", member.status, decode_status)?,
        anchors: member.anchors.into_iter().map(Vec::from).collect(),
        receipt_keys: member.receipt_keys.iter().map(decode_receipt_key).collect::<Result<_, _>>()?,
        sealing_key: fields.exact("sealing_key", &member.sealing_key)?,
    })
}

fn encode_status(status: MemberStatus) -> proto::MemberStatus {
    match status {
        MemberStatus::Active => proto::MemberStatus::Active,
        MemberStatus::Suspended => proto::MemberStatus::Suspended,
        MemberStatus::Revoked => proto::MemberStatus::Revoked,
    }
}

fn decode_status(number: u8) -> Option<MemberStatus> {
    let all = [MemberStatus::Active, MemberStatus::Suspended, MemberStatus::Revoked];
    all.into_iter().find(|&status| i32::from(encode_status(status)) == i32::from(number))
}

fn encode_receipt_key(key: &ReceiptKey) -> proto::ReceiptKey {
    proto::ReceiptKey {
        key: copy(&key.key.0),
        not_before: Some(key.not_before.0),
        not_after: Some(key.not_after.0),
    }
}

fn decode_receipt_key(key: &proto::ReceiptKey) -> Result<ReceiptKey, WireError> {
    let fields = Fields("ReceiptKey");
    Ok(ReceiptKey {
        key: PublicKey(fields.exact("key", &key.key)?),
        not_before: fields.time("not_before", key.not_before)?,
        not_after: fields.time("not_after", key.not_after)?,
    })
}

fn encode_epoch(epoch: &SaltEpoch) -> proto::SaltEpoch {
    proto::SaltEpoch {
        epoch: Some(epoch.epoch),
        salt_hash: copy(&epoch.salt_hash),
        sealed: epoch.sealed.iter().map(encode_sealed).collect(),
    }
}

fn decode_epoch(epoch: proto::SaltEpoch) -> Result<SaltEpoch, WireError> {
    let fields = Fields("SaltEpoch");
    Ok(SaltEpoch {
        epoch: fields.present("epoch", epoch.epoch)?,
        salt_hash: fields.exact("salt_hash", &epoch.salt_hash)?,
        sealed: epoch.sealed.into_iter().map(decode_sealed).collect::<Result<_, _>>()?,
    })
}

fn encode_sealed(sealed: &SealedSalt) -> proto::SealedSalt {
    proto::SealedSalt { member: sealed.member.to_string(), sealed: copy(&sealed.bytes) }
}

fn decode_sealed(sealed: proto::SealedSalt) -> Result<SealedSalt, WireError> {
    let fields = Fields("SealedSalt");
    fields.ensure(sealed.sealed.len() == SEALED_SALT_SIZE, "sealed", "has a wrong length")?;
    Ok(SealedSalt { member: fields.name("member", &sealed.member)?, bytes: sealed.sealed.into() })
}

fn encode_revoked(revoked: &RevokedCertificate) -> proto::RevokedCertificate {
    let certificate = match revoked {
        RevokedCertificate::Key(hash) => Certificate::Key(copy(hash)),
        RevokedCertificate::Serial { member, serial } => {
            Certificate::Serial(proto::RevokedSerial { member: member.to_string(), serial: copy(serial) })
        }
    };
    proto::RevokedCertificate { certificate: Some(certificate) }
}

fn decode_revoked(revoked: proto::RevokedCertificate) -> Result<RevokedCertificate, WireError> {
    let fields = Fields("RevokedCertificate");
    match fields.present("certificate", revoked.certificate)? {
        Certificate::Key(hash) => Ok(RevokedCertificate::Key(fields.exact("key", &hash)?)),
        Certificate::Serial(proto::RevokedSerial { member, serial }) => {
            fields.ensure((1..=LONGEST_SERIAL).contains(&serial.len()), "serial", "has a wrong length")?;
            Ok(RevokedCertificate::Serial { member: fields.name("member", &member)?, serial: serial.into() })
        }
    }
}
