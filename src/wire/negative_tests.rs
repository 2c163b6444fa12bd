//! Every rule that a decoder checks, broken once.

use bytes::Bytes;
use prost::Message as _;

use crate::property_tests::read;
use crate::proto::engine_message::Message as Wire;
use crate::proto::learns::Who;
use crate::proto::revoked_certificate::Certificate;
use crate::*;

fn bytes(length: usize) -> Bytes {
    vec![7; length].into()
}

fn framed(frame: FrameType, message: &impl prost::Message) -> Bytes {
    let body = message.encode_to_vec();
    let mut bytes = vec![frame.number()];
    bytes.extend((body.len() as u32).to_be_bytes());
    bytes.extend(body);
    bytes.into()
}

/// The field and the reason that a decoder names.
fn broken<T: std::fmt::Debug>(result: Result<T, WireError>) -> (&'static str, &'static str) {
    match result.expect_err("a broken rule") {
        WireError::Field { field, why, .. } => (field, why),
        other => panic!("{other:?}"),
    }
}

const MISSING: &str = "is missing";
const LENGTH: &str = "has a wrong length";
const UNKNOWN: &str = "has an unknown number";
const NAME: &str = "is no well-formed name";
const CALENDAR: &str = "is later than the year 9999";
const TOO_LONG: &str = "is too long";
const UNSHOWN: &str = "has characters that cannot be shown";
const COUNT: &str = "stands there too often";

/// Applies each change to a good message and checks what its decoder says of it.
macro_rules! assert_broken {
    ($good:expr, $decode:expr, $($field:literal, $why:expr, $change:expr;)+) => {
        assert!($decode(&$good).is_ok());
        $({
            let mut message = $good;
            #[allow(clippy::redundant_closure_call)]
            ($change)(&mut message);
            assert_eq!(broken($decode(&message)), ($field, $why));
        })+
    };
}

fn good_offer() -> proto::Offer {
    proto::Offer {
        exchange: bytes(16),
        initiator: "hotline".to_owned(),
        responder: "police".to_owned(),
        agreement: bytes(32),
        purpose: "trade".to_owned(),
        case_reference: String::new(),
        kinds: vec![1, 7],
        facets: vec![1, 10],
        mode: 1,
        learns: Some(proto::Learns { who: Some(Who::Both(true)) }),
        engine: 1,
        padded_size: Some(16),
        salt_epoch: Some(1),
        commitment: bytes(32),
        made: Some(1),
        deadline: Some(2),
    }
}

#[test]
fn offers() {
    type M = proto::Offer;
    let only = |member: &str| Some(proto::Learns { who: Some(Who::Only(member.to_owned())) });
    assert_broken!(good_offer(), |m: &M| decode_offer(&m.encode_to_vec()),
        "exchange", LENGTH, |m: &mut M| m.exchange = bytes(15);
        "exchange", LENGTH, |m: &mut M| m.exchange.clear();
        "initiator", NAME, |m: &mut M| m.initiator.clear();
        "initiator", NAME, |m: &mut M| m.initiator = "Hotline".to_owned();
        "responder", NAME, |m: &mut M| m.responder = "x".repeat(64);
        "responder", "is the initiator", |m: &mut M| m.responder = m.initiator.clone();
        "agreement", LENGTH, |m: &mut M| m.agreement = bytes(33);
        "purpose", TOO_LONG, |m: &mut M| m.purpose = "x".repeat(257);
        "purpose", UNSHOWN, |m: &mut M| m.purpose = "a\nb".to_owned();
        "case_reference", TOO_LONG, |m: &mut M| m.case_reference = "x".repeat(257);
        "case_reference", UNSHOWN, |m: &mut M| m.case_reference = "\u{202e}".to_owned();
        "kinds", UNKNOWN, |m: &mut M| m.kinds = vec![0, 1];
        "kinds", UNKNOWN, |m: &mut M| m.kinds = vec![1, 15];
        "kinds", UNKNOWN, |m: &mut M| m.kinds = vec![1, 257];
        "kinds", "is not ascending", |m: &mut M| m.kinds = vec![7, 1];
        "kinds", "is not ascending", |m: &mut M| m.kinds = vec![1, 1];
        "facets", UNKNOWN, |m: &mut M| m.facets = vec![-1];
        "facets", "is not ascending", |m: &mut M| m.facets = vec![10, 1];
        "mode", UNKNOWN, |m: &mut M| m.mode = 0;
        "mode", UNKNOWN, |m: &mut M| m.mode = 2;
        "learns", MISSING, |m: &mut M| m.learns = None;
        "learns", MISSING, |m: &mut M| m.learns = Some(proto::Learns { who: None });
        "learns", "names nobody", |m: &mut M| m.learns = Some(proto::Learns { who: Some(Who::Both(false)) });
        "learns", NAME, |m: &mut M| m.learns = only("");
        "learns", "is neither of the two members", |m: &mut M| m.learns = only("payments");
        "engine", UNKNOWN, |m: &mut M| m.engine = 0;
        "engine", UNKNOWN, |m: &mut M| m.engine = 3;
        "padded_size", MISSING, |m: &mut M| m.padded_size = None;
        "salt_epoch", MISSING, |m: &mut M| m.salt_epoch = None;
        "commitment", LENGTH, |m: &mut M| m.commitment = bytes(31);
        "made", MISSING, |m: &mut M| m.made = None;
        "made", CALENDAR, |m: &mut M| m.made = Some(253_402_300_800);
        "deadline", MISSING, |m: &mut M| m.deadline = None;
        "deadline", CALENDAR, |m: &mut M| m.deadline = Some(u64::MAX);
    );
}

#[test]
fn accepts() {
    type M = proto::Accept;
    let good = || M {
        exchange: bytes(16),
        offer_hash: bytes(32),
        padded_size: Some(16),
        nonce: bytes(32),
        made: Some(1),
    };
    assert_broken!(good(), |m: &M| decode_accept(&m.encode_to_vec()),
        "exchange", LENGTH, |m: &mut M| m.exchange = bytes(17);
        "offer_hash", LENGTH, |m: &mut M| m.offer_hash = bytes(31);
        "padded_size", MISSING, |m: &mut M| m.padded_size = None;
        "nonce", LENGTH, |m: &mut M| m.nonce = bytes(0);
        "made", MISSING, |m: &mut M| m.made = None;
        "made", CALENDAR, |m: &mut M| m.made = Some(u64::MAX);
    );
}

#[test]
fn receipts() {
    type M = proto::Receipt;
    let good = || M {
        exchange: bytes(16),
        initiator: "hotline".to_owned(),
        responder: "police".to_owned(),
        offer_hash: bytes(32),
        accept_hash: bytes(32),
        agreement: bytes(32),
        mode: 1,
        learns: Some(proto::Learns { who: Some(Who::Only("police".to_owned())) }),
        initiator_size: Some(16),
        responder_size: Some(16),
        matches: None,
        transcript: bytes(32),
        began: Some(1),
        ended: Some(2),
    };
    assert_broken!(good(), |m: &M| decode_receipt(&m.encode_to_vec()),
        "exchange", LENGTH, |m: &mut M| m.exchange = bytes(1);
        "initiator", NAME, |m: &mut M| m.initiator = "-a".to_owned();
        "responder", "is the initiator", |m: &mut M| m.responder = m.initiator.clone();
        "offer_hash", LENGTH, |m: &mut M| m.offer_hash.clear();
        "accept_hash", LENGTH, |m: &mut M| m.accept_hash = bytes(31);
        "agreement", LENGTH, |m: &mut M| m.agreement = bytes(1);
        "mode", UNKNOWN, |m: &mut M| m.mode = 9;
        "learns", MISSING, |m: &mut M| m.learns = None;
        "initiator_size", MISSING, |m: &mut M| m.initiator_size = None;
        "responder_size", MISSING, |m: &mut M| m.responder_size = None;
        "transcript", LENGTH, |m: &mut M| m.transcript = bytes(64);
        "began", MISSING, |m: &mut M| m.began = None;
        "ended", CALENDAR, |m: &mut M| m.ended = Some(u64::MAX);
    );
}

fn good_member() -> proto::Member {
    proto::Member {
        id: "police".to_owned(),
        name: "The police".to_owned(),
        status: 1,
        anchors: vec![bytes(100)],
        receipt_keys: vec![proto::ReceiptKey { key: bytes(32), not_before: Some(1), not_after: Some(2) }],
        sealing_key: bytes(32),
    }
}

fn good_roster() -> proto::Roster {
    let sealed = proto::SealedSalt { member: "police".to_owned(), sealed: bytes(80) };
    let serial = proto::RevokedSerial { member: "police".to_owned(), serial: bytes(20) };
    proto::Roster {
        coalition: "exchange.example".to_owned(),
        version: Some(1),
        issued: Some(1),
        expires: Some(2),
        secretariat: vec![bytes(32)],
        threshold: Some(1),
        members: vec![good_member()],
        epochs: vec![proto::SaltEpoch { epoch: Some(1), salt_hash: bytes(32), sealed: vec![sealed] }],
        revoked: vec![proto::RevokedCertificate { certificate: Some(Certificate::Serial(serial)) }],
    }
}

#[test]
fn rosters() {
    type M = proto::Roster;
    assert_broken!(good_roster(), |m: &M| decode_roster(&m.encode_to_vec()),
        "coalition", NAME, |m: &mut M| m.coalition = "Exchange".to_owned();
        "version", MISSING, |m: &mut M| m.version = None;
        "issued", MISSING, |m: &mut M| m.issued = None;
        "expires", CALENDAR, |m: &mut M| m.expires = Some(u64::MAX);
        "secretariat", LENGTH, |m: &mut M| m.secretariat = vec![bytes(33)];
        "secretariat", COUNT, |m: &mut M| m.secretariat = vec![bytes(32); 33];
        "threshold", MISSING, |m: &mut M| m.threshold = None;
        "members", COUNT, |m: &mut M| m.members = vec![proto::Member::default(); 1_025];
        "epochs", COUNT, |m: &mut M| m.epochs = vec![proto::SaltEpoch::default(); 65];
        "revoked", COUNT, |m: &mut M| m.revoked = vec![proto::RevokedCertificate::default(); 16_385];
        "roster", TOO_LONG, |m: &mut M| m.coalition = "x".repeat(5 << 20);
    );
}

#[test]
fn members_of_rosters() {
    type M = proto::Member;
    let decode =
        |m: &M| decode_roster(&proto::Roster { members: vec![m.clone()], ..good_roster() }.encode_to_vec());
    assert_broken!(good_member(), decode,
        "id", NAME, |m: &mut M| m.id = "a/b".to_owned();
        "name", TOO_LONG, |m: &mut M| m.name = "x".repeat(129);
        "name", UNSHOWN, |m: &mut M| m.name = "\u{1b}[2J".to_owned();
        "status", UNKNOWN, |m: &mut M| m.status = 0;
        "status", UNKNOWN, |m: &mut M| m.status = 4;
        "anchors", "has a certificate that is too long", |m: &mut M| m.anchors = vec![bytes(8_193)];
        "anchors", COUNT, |m: &mut M| m.anchors = vec![bytes(1); 9];
        "receipt_keys", COUNT, |m: &mut M| m.receipt_keys = vec![m.receipt_keys[0].clone(); 33];
        "key", LENGTH, |m: &mut M| m.receipt_keys[0].key = bytes(31);
        "not_before", MISSING, |m: &mut M| m.receipt_keys[0].not_before = None;
        "not_after", CALENDAR, |m: &mut M| m.receipt_keys[0].not_after = Some(u64::MAX);
        "sealing_key", LENGTH, |m: &mut M| m.sealing_key.clear();
    );
}

#[test]
fn salts_of_rosters() {
    type M = proto::SaltEpoch;
    let decode =
        |m: &M| decode_roster(&proto::Roster { epochs: vec![m.clone()], ..good_roster() }.encode_to_vec());
    assert_broken!(good_roster().epochs.remove(0), decode,
        "epoch", MISSING, |m: &mut M| m.epoch = None;
        "salt_hash", LENGTH, |m: &mut M| m.salt_hash = bytes(31);
        "member", NAME, |m: &mut M| m.sealed[0].member.clear();
        "sealed", LENGTH, |m: &mut M| m.sealed[0].sealed = bytes(79);
        "sealed", COUNT, |m: &mut M| m.sealed = vec![proto::SealedSalt::default(); 1_025];
    );
}

#[test]
fn revocations_of_rosters() {
    type M = proto::RevokedCertificate;
    let decode =
        |m: &M| decode_roster(&proto::Roster { revoked: vec![m.clone()], ..good_roster() }.encode_to_vec());
    let serial = |member: &str, length| {
        Some(Certificate::Serial(proto::RevokedSerial { member: member.to_owned(), serial: bytes(length) }))
    };
    assert_broken!(good_roster().revoked.remove(0), decode,
        "certificate", MISSING, |m: &mut M| m.certificate = None;
        "key", LENGTH, |m: &mut M| m.certificate = Some(Certificate::Key(bytes(20)));
        "serial", LENGTH, |m: &mut M| m.certificate = serial("police", 0);
        "serial", LENGTH, |m: &mut M| m.certificate = serial("police", 21);
        "member", NAME, |m: &mut M| m.certificate = serial("", 1);
    );
}

#[test]
fn signed_documents() {
    type M = proto::SignedDocument;
    let signature = || proto::Signature { key: bytes(32), signature: bytes(64) };
    let good = || M { document: bytes(1), signatures: vec![signature()] };
    assert_broken!(good(), |m: &M| decode_signed(&m.encode_to_vec()),
        "document", MISSING, |m: &mut M| m.document.clear();
        "signatures", COUNT, |m: &mut M| m.signatures = vec![signature(); 65];
        "key", LENGTH, |m: &mut M| m.signatures[0].key = bytes(31);
        "signature", LENGTH, |m: &mut M| m.signatures[0].signature = bytes(63);
        "signatures", "has two of one key", |m: &mut M| m.signatures = vec![signature(); 2];
    );
    for frame in [FrameType::Roster, FrameType::Offer, FrameType::Accept, FrameType::Receipt] {
        let unsigned = M { document: Bytes::new(), signatures: Vec::new() };
        assert_eq!(broken(read(&framed(frame, &unsigned))), ("document", MISSING));
    }
}

#[test]
fn hellos() {
    type M = proto::Hello;
    let good = || M {
        wire_versions: vec![1],
        canon_version: Some(1),
        engines: vec![1],
        roster_version: Some(0),
        roster_hash: bytes(32),
        random: bytes(32),
    };
    assert_broken!(good(), |m: &M| read(&framed(FrameType::Hello, m)),
        "wire_versions", "has a wrong count", |m: &mut M| m.wire_versions.clear();
        "wire_versions", "has a wrong count", |m: &mut M| m.wire_versions = (1..=17).collect();
        "wire_versions", "is not ascending", |m: &mut M| m.wire_versions = vec![2, 1];
        "canon_version", MISSING, |m: &mut M| m.canon_version = None;
        "engines", "has a wrong count", |m: &mut M| m.engines = (1..=17).collect();
        "engines", "has a repeat", |m: &mut M| m.engines = vec![1, 2, 1];
        "roster_version", MISSING, |m: &mut M| m.roster_version = None;
        "random", LENGTH, |m: &mut M| m.random = bytes(16);
        "roster_hash", LENGTH, |m: &mut M| m.roster_hash.clear();
    );
}

#[test]
fn engines_of_a_newer_node_are_passed_over() {
    let newer = proto::Hello {
        wire_versions: vec![1, 2],
        canon_version: Some(1),
        engines: vec![3, 2, 1, 257, u32::MAX],
        roster_version: Some(0),
        roster_hash: bytes(32),
        random: bytes(32),
    };
    let Ok(Frame::Hello(hello)) = read(&framed(FrameType::Hello, &newer)) else { panic!("a hello") };
    let [voprf, vole] = overlap_coalition::EngineName::ALL;
    assert_eq!(hello.engines, [vole, voprf]);
}

#[test]
fn engine_messages() {
    type M = proto::EngineMessage;
    let whole = "is no whole number of elements";
    let good = || M { partition: Some(0), message: Some(Wire::Tags(bytes(32))) };
    assert_broken!(good(), |m: &M| read(&framed(FrameType::Engine, m)),
        "partition", MISSING, |m: &mut M| m.partition = None;
        "message", MISSING, |m: &mut M| m.message = None;
        "voprf_public_key", LENGTH, |m: &mut M| m.message = Some(Wire::VoprfPublicKey(bytes(31)));
        "voprf_blinded", whole, |m: &mut M| m.message = Some(Wire::VoprfBlinded(bytes(33)));
        "voprf_evaluated", whole, |m: &mut M| m.message = Some(Wire::VoprfEvaluated(bytes(1)));
        "voprf_proof", LENGTH, |m: &mut M| m.message = Some(Wire::VoprfProof(bytes(32)));
        "vole_receiver_mask", LENGTH, |m: &mut M| m.message = Some(Wire::VoleReceiverMask(bytes(17)));
        "vole_receiver_mask", LENGTH, |m: &mut M| m.message = Some(Wire::VoleReceiverMask(bytes(0)));
        "vole_encoding", whole, |m: &mut M| m.message = Some(Wire::VoleEncoding(bytes(24)));
        "vole_sender_mask", LENGTH, |m: &mut M| m.message = Some(Wire::VoleSenderMask(bytes(16)));
        "vole_sender_mask", LENGTH, |m: &mut M| m.message = Some(Wire::VoleSenderMask(bytes(33)));
        "tags", whole, |m: &mut M| m.message = Some(Wire::Tags(bytes(17)));
        "match_proofs", whole, |m: &mut M| m.message = Some(Wire::MatchProofs(bytes(16)));
    );
}

#[test]
fn openings_countersignatures_and_refusals() {
    let open = proto::Open { nonce: bytes(31) };
    assert_eq!(broken(read(&framed(FrameType::Open, &open))), ("nonce", LENGTH));
    let countersign = proto::Countersign { signature: None };
    assert_eq!(broken(read(&framed(FrameType::Countersign, &countersign))), ("signature", MISSING));
    for code in [0, 23, -1, 256 + 1] {
        let refuse = proto::Refuse { code, sentence: String::new(), retry_after: None };
        assert_eq!(broken(read(&framed(FrameType::Refuse, &refuse))), ("code", UNKNOWN));
    }
}

#[test]
fn a_refusals_sentence_is_cleaned() {
    let sentence = "no\n\u{1b}[31m \u{202e}way\0".to_owned();
    let refuse = proto::Refuse { code: 13, sentence, retry_after: Some(5) };
    let Ok(Frame::Refuse(refusal)) = read(&framed(FrameType::Refuse, &refuse)) else { panic!("a refusal") };
    assert_eq!(refusal.sentence, "no[31m way");
    assert_eq!(refusal.retry_after, Some(5));
}

#[test]
fn every_refusal_code_has_its_number_in_the_specification() {
    for code in overlap_coalition::RefusalCode::ALL {
        let specified = proto::RefusalCode::try_from(i32::from(code.number())).expect("a number");
        let name = specified.as_str_name().trim_start_matches("REFUSAL_CODE_").to_lowercase();
        assert_eq!(name.replace('_', "-"), code.as_str());
    }
    assert!(proto::RefusalCode::try_from(23).is_err());
}

#[test]
fn every_kind_and_facet_has_its_number_in_the_specification() {
    for kind in overlap_coalition::Kind::ALL {
        let name = proto::Kind::try_from(i32::from(kind.number())).expect("a number").as_str_name();
        assert_eq!(name.trim_start_matches("KIND_").to_lowercase().replace('_', "-"), kind.as_str());
    }
    for facet in overlap_coalition::Facet::ALL {
        let name = proto::Facet::try_from(i32::from(facet.number())).expect("a number").as_str_name();
        assert_eq!(name.trim_start_matches("FACET_").to_lowercase().replace('_', "-"), facet.as_str());
    }
}

#[test]
fn frame_types_that_are_not_known() {
    for number in [0, 10, 255] {
        assert_eq!(Header::decode(&[number, 0, 0, 0, 0]), Err(WireError::UnknownFrameType(number)));
    }
}

#[test]
fn text_that_is_not_utf8() {
    let mut bytes = good_offer().encode_to_vec();
    let at = bytes.windows(5).position(|window| window == b"trade").expect("the purpose");
    bytes[at] = 0xff;
    assert_eq!(decode_offer(&bytes), Err(WireError::Malformed("Offer")));
}
