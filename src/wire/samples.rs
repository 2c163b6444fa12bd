//! Arbitrary well-formed values, for tests.

use overlap_coalition::{
    Accept, AgreementHash, CoalitionName, EngineName, ExchangeId, Facet, Kind, Learns, Member, MemberId,
    MemberStatus, Mode, Nonce, NonceCommitment, Offer, PublicKey, Receipt, ReceiptKey, Refusal, RefusalCode,
    RevokedCertificate, Roster, SEALED_SALT_SIZE, SaltEpoch, SealedSalt, Signature, SignedDocument,
    Timestamp,
};
use overlap_psi::Message;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::{Frame, Hello};

pub(crate) fn timestamp() -> impl Strategy<Value = Timestamp> {
    (0..=253_402_300_799u64).prop_map(Timestamp)
}

pub(crate) fn member_id() -> impl Strategy<Value = MemberId> {
    "[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?".prop_map(|id| id.parse().unwrap())
}

fn two_members() -> impl Strategy<Value = (MemberId, MemberId)> {
    (member_id(), member_id()).prop_filter("two members", |(a, b)| a != b)
}

fn text(longest: usize) -> impl Strategy<Value = String> {
    proptest::string::string_regex(&format!("[a-zA-Z0-9 äß案,./-]{{0,{longest}}}")).unwrap()
}

fn learns(a: &MemberId, b: &MemberId) -> impl Strategy<Value = Learns> + use<> {
    select(vec![Learns::Both, Learns::Only(a.clone()), Learns::Only(b.clone())])
}

pub(crate) fn offer() -> impl Strategy<Value = Offer> {
    let scope = (subsequence(Kind::ALL.to_vec(), 0..=14), subsequence(Facet::ALL.to_vec(), 0..=18));
    let numbers = (any::<u64>(), any::<u32>(), timestamp(), timestamp());
    let hashes = (any::<[u8; 16]>(), any::<[u8; 32]>(), any::<[u8; 32]>());
    let parties = two_members().prop_flat_map(|(a, b)| (learns(&a, &b), Just(a), Just(b)));
    let texts = (text(80), text(80));
    (parties, scope, numbers, hashes, texts, select(EngineName::ALL.to_vec())).prop_map(
        |((learns, initiator, responder), (kinds, facets), numbers, hashes, texts, engine)| Offer {
            exchange: ExchangeId(hashes.0),
            initiator,
            responder,
            agreement: AgreementHash(hashes.1),
            purpose: texts.0,
            case_reference: texts.1,
            kinds,
            facets,
            mode: Mode::Overlap,
            learns,
            engine,
            padded_size: numbers.0,
            salt_epoch: numbers.1,
            commitment: NonceCommitment(hashes.2),
            made: numbers.2,
            deadline: numbers.3,
        },
    )
}

pub(crate) fn accept() -> impl Strategy<Value = Accept> {
    (any::<[u8; 16]>(), any::<[u8; 32]>(), any::<u64>(), any::<[u8; 32]>(), timestamp()).prop_map(
        |(exchange, offer_hash, padded_size, nonce, made)| Accept {
            exchange: ExchangeId(exchange),
            offer_hash,
            padded_size,
            nonce: Nonce(nonce),
            made,
        },
    )
}

pub(crate) fn receipt() -> impl Strategy<Value = Receipt> {
    let parties = two_members().prop_flat_map(|(a, b)| (learns(&a, &b), Just(a), Just(b)));
    let numbers = (any::<u64>(), any::<u64>(), option::of(any::<u64>()), timestamp(), timestamp());
    let hashes = (any::<[u8; 32]>(), any::<[u8; 32]>(), any::<[u8; 32]>(), any::<[u8; 32]>());
    (parties, numbers, any::<[u8; 16]>(), hashes).prop_map(
        |((learns, initiator, responder), numbers, exchange, hashes)| Receipt {
            exchange: ExchangeId(exchange),
            initiator,
            responder,
            agreement: AgreementHash(hashes.0),
            offer_hash: hashes.1,
            accept_hash: hashes.2,
            mode: Mode::Overlap,
            learns,
            initiator_size: numbers.0,
            responder_size: numbers.1,
            matches: numbers.2,
            transcript: hashes.3,
            began: numbers.3,
            ended: numbers.4,
        },
    )
}

fn receipt_key() -> impl Strategy<Value = ReceiptKey> {
    (any::<[u8; 32]>(), timestamp(), timestamp()).prop_map(|(key, not_before, not_after)| ReceiptKey {
        key: PublicKey(key),
        not_before,
        not_after,
    })
}

fn member() -> impl Strategy<Value = Member> {
    let statuses = vec![MemberStatus::Active, MemberStatus::Suspended, MemberStatus::Revoked];
    let anchors = vec(vec(any::<u8>(), 0..40), 0..4);
    (member_id(), text(40), select(statuses), anchors, vec(receipt_key(), 0..4), any::<[u8; 32]>()).prop_map(
        |(id, name, status, anchors, receipt_keys, sealing_key)| Member {
            id,
            name,
            status,
            anchors,
            receipt_keys,
            sealing_key,
        },
    )
}

fn epoch() -> impl Strategy<Value = SaltEpoch> {
    let sealed = (member_id(), vec(any::<u8>(), SEALED_SALT_SIZE))
        .prop_map(|(member, bytes)| SealedSalt { member, bytes });
    (any::<u32>(), any::<[u8; 32]>(), vec(sealed, 0..4)).prop_map(|(epoch, salt_hash, sealed)| SaltEpoch {
        epoch,
        salt_hash,
        sealed,
    })
}

fn revoked() -> impl Strategy<Value = RevokedCertificate> {
    prop_oneof![
        any::<[u8; 32]>().prop_map(RevokedCertificate::Key),
        (member_id(), vec(any::<u8>(), 1..=20))
            .prop_map(|(member, serial)| RevokedCertificate::Serial { member, serial }),
    ]
}

pub(crate) fn roster() -> impl Strategy<Value = Roster> {
    let numbers = (any::<u64>(), timestamp(), timestamp(), any::<u32>());
    let lists = (
        vec(any::<[u8; 32]>().prop_map(PublicKey), 0..4),
        vec(member(), 0..4),
        vec(epoch(), 0..4),
        vec(revoked(), 0..4),
    );
    (numbers, lists).prop_map(|(numbers, (secretariat, members, epochs, revoked))| Roster {
        coalition: "exchange.example".parse::<CoalitionName>().unwrap(),
        version: numbers.0,
        issued: numbers.1,
        expires: numbers.2,
        secretariat,
        threshold: numbers.3,
        members,
        epochs,
        revoked,
    })
}

fn signature() -> impl Strategy<Value = Signature> {
    (any::<[u8; 32]>(), vec(any::<u8>(), 64))
        .prop_map(|(key, bytes)| Signature { key: PublicKey(key), bytes: bytes.try_into().unwrap() })
}

pub(crate) fn signed() -> impl Strategy<Value = SignedDocument> {
    (vec(any::<u8>(), 1..200), vec(signature(), 0..4)).prop_map(|(bytes, mut signatures)| {
        signatures.sort_by_key(|signature| signature.key);
        signatures.dedup_by_key(|signature| signature.key);
        SignedDocument { bytes, signatures }
    })
}

fn hello() -> impl Strategy<Value = Hello> {
    let versions = proptest::collection::btree_set(any::<u32>(), 1..=16);
    let engines = subsequence(EngineName::ALL.to_vec(), 0..=2);
    let roster = (any::<u64>(), any::<[u8; 32]>());
    (versions, any::<u32>(), engines, roster, any::<[u8; 32]>()).prop_map(
        |(versions, canon_version, engines, (roster_version, roster_hash), random)| Hello {
            wire_versions: versions.into_iter().collect(),
            canon_version,
            engines,
            roster_version,
            roster_hash,
            random,
        },
    )
}

fn elements(size: usize) -> impl Strategy<Value = Vec<u8>> {
    (0..20usize).prop_flat_map(move |count| vec(any::<u8>(), count * size))
}

pub(crate) fn message() -> impl Strategy<Value = Message> {
    prop_oneof![voprf_message(), vole_message(), any_engines_message()]
}

fn voprf_message() -> impl Strategy<Value = Message> {
    prop_oneof![
        any::<[u8; 32]>().prop_map(Message::VoprfPublicKey),
        elements(32).prop_map(Message::VoprfBlinded),
        elements(32).prop_map(Message::VoprfEvaluated),
        vec(any::<u8>(), 64).prop_map(|bytes| Message::VoprfProof(bytes.try_into().unwrap())),
    ]
}

fn vole_message() -> impl Strategy<Value = Message> {
    prop_oneof![
        elements(1).prop_map(Message::VoleOpening),
        elements(1).prop_map(Message::VoleExtension),
        elements(1).prop_map(Message::VoleTrees),
        elements(1).prop_map(Message::VoleChallenge),
        elements(1).prop_map(Message::VoleSalt),
        any::<[u8; 16]>().prop_map(Message::VoleReceiverMask),
        elements(16).prop_map(Message::VoleEncoding),
        any::<[u8; 32]>().prop_map(Message::VoleSenderMask),
    ]
}

fn any_engines_message() -> impl Strategy<Value = Message> {
    prop_oneof![elements(16).prop_map(Message::Tags), elements(20).prop_map(Message::MatchProofs),]
}

fn refusal() -> impl Strategy<Value = Refusal> {
    (select(RefusalCode::ALL.to_vec()), text(512), option::of(any::<u64>()))
        .prop_map(|(code, sentence, retry_after)| Refusal { code, sentence, retry_after })
}

/// Every type of frame.
pub(crate) fn frame() -> impl Strategy<Value = Frame> {
    prop_oneof![
        hello().prop_map(Frame::Hello),
        signed().prop_map(Frame::Roster),
        signed().prop_map(Frame::Offer),
        signed().prop_map(Frame::Accept),
        any::<[u8; 32]>().prop_map(|nonce| Frame::Open(Nonce(nonce))),
        (any::<u32>(), message()).prop_map(|(partition, message)| Frame::Engine { partition, message }),
        signed().prop_map(Frame::Receipt),
        signature().prop_map(Frame::Countersign),
        refusal().prop_map(Frame::Refuse),
    ]
}
