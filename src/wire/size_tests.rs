//! The length of a message tells nothing of what it carries, and the longest fits its frame.

use overlap_coalition::{
    Accept, AgreementHash, DocumentKind, EngineName, ExchangeId, Facet, Kind, LONGEST_PURPOSE, Learns,
    MemberId, Mode, Nonce, NonceCommitment, Offer, Receipt, Refusal, RefusalCode, SignedDocument, SigningKey,
    Timestamp,
};
use overlap_psi::Message;

use crate::property_tests::read;
use crate::*;

/// Values from the lowest to the highest: zero, one, what fills a byte, a varint's steps, and all bits.
const NUMBERS: [u64; 7] = [0, 1, 127, 128, 1 << 20, 1 << 40, 253_402_300_799];

fn id(name: &str) -> MemberId {
    name.parse().unwrap()
}

fn offer(byte: u8, number: u64) -> Offer {
    Offer {
        exchange: ExchangeId([byte; 16]),
        initiator: id("hotline"),
        responder: id("police"),
        agreement: AgreementHash([byte; 32]),
        purpose: "trade".to_owned(),
        case_reference: "7/26".to_owned(),
        kinds: vec![Kind::Url, Kind::Wallet],
        facets: vec![Facet::Url, Facet::Wallet],
        mode: Mode::Overlap,
        learns: Learns::Both,
        engine: EngineName::Voprf,
        padded_size: number,
        salt_epoch: number as u32,
        commitment: NonceCommitment([byte; 32]),
        made: Timestamp(number),
        deadline: Timestamp(number),
    }
}

fn accept(byte: u8, number: u64) -> Accept {
    Accept {
        exchange: ExchangeId([byte; 16]),
        offer_hash: [byte; 32],
        padded_size: number,
        nonce: Nonce([byte; 32]),
        made: Timestamp(number),
    }
}

fn receipt(byte: u8, number: u64) -> Receipt {
    Receipt {
        exchange: ExchangeId([byte; 16]),
        initiator: id("hotline"),
        responder: id("police"),
        agreement: AgreementHash([byte; 32]),
        offer_hash: [byte; 32],
        accept_hash: [byte; 32],
        mode: Mode::Overlap,
        learns: Learns::Both,
        initiator_size: number,
        responder_size: number,
        matches: Some(number),
        transcript: [byte; 32],
        began: Timestamp(number),
        ended: Timestamp(number),
    }
}

/// Every frame of an exchange that carries data, made of one byte and one number.
fn frames(byte: u8, number: u64) -> Vec<Frame> {
    let key = SigningKey::from_seed(&[byte; 32]).unwrap();
    let sign = |kind, bytes| SignedDocument::new(kind, bytes, &key);
    let receipt = sign(DocumentKind::Receipt, encode_receipt(&receipt(byte, number)));
    let engine = |message| Frame::Engine { partition: number as u32, message };
    vec![
        Frame::Hello(Hello {
            wire_versions: vec![WIRE_VERSION],
            canon_version: 1,
            engines: vec![EngineName::Voprf],
            roster_version: number,
            roster_hash: [byte; 32],
            random: [byte; 32],
        }),
        Frame::Offer(sign(DocumentKind::Offer, encode_offer(&offer(byte, number)))),
        Frame::Accept(sign(DocumentKind::Accept, encode_accept(&accept(byte, number)))),
        Frame::Open(Nonce([byte; 32])),
        engine(Message::VoprfPublicKey([byte; 32])),
        engine(Message::VoprfBlinded(vec![byte; 32 * 16])),
        engine(Message::VoprfEvaluated(vec![byte; 32 * 16])),
        engine(Message::VoprfProof([byte; 64])),
        engine(Message::VoleOpening(vec![byte; 32 + 128 * 64])),
        engine(Message::VoleExtension(vec![byte; 1000])),
        engine(Message::VoleTrees(vec![byte; 1000])),
        engine(Message::VoleChallenge(vec![byte; 48])),
        engine(Message::VoleSalt(vec![byte; 64])),
        engine(Message::VoleReceiverMask([byte; 16])),
        engine(Message::VoleEncoding(vec![byte; 16 * 16])),
        engine(Message::VoleSenderMask([byte; 32])),
        engine(Message::Tags(vec![byte; 16 * 16])),
        engine(Message::MatchProofs(vec![byte; 20 * 16])),
        Frame::Countersign(receipt.signatures[0]),
        Frame::Receipt(receipt),
    ]
}

#[test]
fn no_value_changes_the_length_of_a_frame() {
    let lengths =
        |byte, number| frames(byte, number).into_iter().map(|frame| frame.encode().len()).collect::<Vec<_>>();
    let first = lengths(0, 0);
    for number in NUMBERS {
        for byte in [0, 1, 127, 128, 255] {
            assert_eq!(lengths(byte, number), first, "byte {byte}, number {number}");
        }
    }
}

#[test]
fn a_frame_of_each_type_fits() {
    for frame in frames(255, 253_402_300_799) {
        let length = frame.clone().encode().len() - HEADER_SIZE;
        assert!(length <= frame.frame_type().limit(), "{frame:?}: {length}");
    }
}

#[test]
fn the_longest_offer_fits() {
    let long = "x".repeat(63);
    let longest = Offer {
        initiator: id(&long),
        responder: id(&"y".repeat(63)),
        purpose: "p".repeat(LONGEST_PURPOSE),
        case_reference: "c".repeat(LONGEST_PURPOSE),
        kinds: Kind::ALL.to_vec(),
        facets: Facet::ALL.to_vec(),
        learns: Learns::Only(id(&long)),
        ..offer(255, u64::from(u32::MAX))
    };
    let key = SigningKey::from_seed(&[7; 32]).unwrap();
    let frame = Frame::Offer(SignedDocument::new(DocumentKind::Offer, encode_offer(&longest), &key));
    assert_eq!(decode_offer(&encode_offer(&longest)), Ok(longest));
    assert!(frame.encode().len() - HEADER_SIZE <= FrameType::Offer.limit());
}

#[test]
fn the_longest_message_of_an_engine_fits_and_one_element_more_does_not() {
    type Make = fn(Vec<u8>) -> Message;
    let lists: [(Make, usize); 9] = [
        (Message::VoprfBlinded, 32),
        (Message::VoprfEvaluated, 32),
        (Message::VoleOpening, 32),
        (Message::VoleExtension, 32),
        (Message::VoleTrees, 32),
        (Message::VoleChallenge, 32),
        (Message::VoleSalt, 32),
        (Message::VoleEncoding, 16),
        (Message::Tags, 16),
    ];
    for (message, element) in lists {
        let frame = |length| Frame::Engine { partition: u32::MAX, message: message(vec![7; length]) };
        let longest = frame(ENGINE_BYTES).encode();
        assert!(longest.len() - HEADER_SIZE <= FrameType::Engine.limit());
        assert_eq!(read(&longest), Ok(frame(ENGINE_BYTES)));
        let refused = read(&frame(ENGINE_BYTES + element).encode());
        assert!(matches!(refused, Err(WireError::FrameTooLong { frame: FrameType::Engine, .. })));
    }
}

#[test]
fn the_longest_refusal_fits_and_is_cut() {
    let refusal = Refusal::retry_in(RefusalCode::Busy, "\u{1f512}".repeat(LONGEST_SENTENCE + 1), u64::MAX);
    let bytes = Frame::Refuse(refusal).encode();
    assert!(bytes.len() - HEADER_SIZE <= FrameType::Refuse.limit());
    let Ok(Frame::Refuse(read)) = read(&bytes) else { panic!("a refusal") };
    assert_eq!(read.sentence.chars().count(), LONGEST_SENTENCE);
}
