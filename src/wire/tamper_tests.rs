//! Signed documents as they travel, with one bit changed: none is read and verified.

use overlap_coalition::{
    Accept, AgreementHash, CoalitionName, DocumentKind, EngineName, ExchangeId, Facet, Kind, Learns, Member,
    MemberStatus, Mode, Nonce, NonceCommitment, Offer, PublicKey, Receipt, ReceiptKey, Roster, RosterTrust,
    SaltEpoch, SignedDocument, SigningKey, Timestamp, VerifiedRoster,
};

use crate::*;

const NOW: Timestamp = Timestamp(1_795_435_200);

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32]).unwrap()
}

fn coalition() -> CoalitionName {
    "exchange.example".parse().unwrap()
}

fn roster() -> Roster {
    let receipt_key = ReceiptKey {
        key: key(1).public_key(),
        not_before: Timestamp(NOW.0 - 100),
        not_after: NOW.plus_seconds(100),
    };
    let member = Member {
        id: "police".parse().unwrap(),
        name: "The police".to_owned(),
        status: MemberStatus::Active,
        anchors: vec![vec![0x30, 0x00]],
        receipt_keys: vec![receipt_key],
        sealing_key: [4; 32],
    };
    Roster {
        coalition: coalition(),
        version: 3,
        issued: Timestamp(NOW.0 - 100),
        expires: NOW.plus_seconds(100),
        secretariat: vec![key(101).public_key(), key(102).public_key()],
        threshold: 2,
        members: vec![member],
        epochs: vec![SaltEpoch { epoch: 1, salt_hash: [5; 32], sealed: vec![] }],
        revoked: vec![],
    }
}

/// Reads a roster as a node does.
fn read_roster(bytes: &[u8]) -> Option<Roster> {
    let document = decode_signed(bytes).ok()?;
    let roster = decode_roster(&document.bytes).ok()?;
    let trust = RosterTrust {
        coalition: coalition(),
        secretariat: vec![key(101).public_key(), key(102).public_key()],
        threshold: 2,
        highest: None,
    };
    let verified = VerifiedRoster::verify(roster, document, &trust, None, NOW).ok()?;
    Some(verified.roster().clone())
}

fn receipt() -> Receipt {
    Receipt {
        exchange: ExchangeId([1; 16]),
        initiator: "hotline".parse().unwrap(),
        responder: "police".parse().unwrap(),
        agreement: AgreementHash([2; 32]),
        offer_hash: [4; 32],
        accept_hash: [5; 32],
        mode: Mode::Overlap,
        learns: Learns::Both,
        initiator_size: 1_024,
        responder_size: 2_048,
        matches: Some(17),
        transcript: [3; 32],
        began: NOW,
        ended: NOW.plus_seconds(60),
    }
}

fn read_receipt(bytes: &[u8], signer: &PublicKey) -> Option<Receipt> {
    let document = decode_signed(bytes).ok()?;
    document.verify(DocumentKind::Receipt, signer).ok()?;
    decode_receipt(&document.bytes).ok()
}

/// Every copy of `bytes` with one bit flipped.
fn flipped(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    (0..bytes.len() * 8).map(|bit| {
        let mut copy = bytes.to_vec();
        copy[bit / 8] ^= 1 << (bit % 8);
        copy
    })
}

#[test]
fn no_roster_with_a_flipped_bit_is_taken() {
    let mut document = SignedDocument::new(DocumentKind::Roster, encode_roster(&roster()), &key(101));
    document.signatures.push(key(102).sign(DocumentKind::Roster, &document.bytes));
    let bytes = encode_signed(&document);
    assert_eq!(read_roster(&bytes), Some(roster()));
    for (bit, bad) in flipped(&bytes).enumerate() {
        assert_eq!(read_roster(&bad), None, "bit {bit}");
    }
}

#[test]
fn no_receipt_with_a_flipped_bit_is_taken() {
    let document = SignedDocument::new(DocumentKind::Receipt, encode_receipt(&receipt()), &key(1));
    let bytes = encode_signed(&document);
    let signer = key(1).public_key();
    assert_eq!(read_receipt(&bytes, &signer), Some(receipt()));
    for (bit, bad) in flipped(&bytes).enumerate() {
        assert_eq!(read_receipt(&bad, &signer), None, "bit {bit}");
    }
}

#[test]
fn a_document_that_is_read_and_written_again_keeps_its_bytes() {
    // An unknown field inside stays, since the document is never encoded again.
    let mut inner = encode_roster(&roster());
    prost::encoding::uint64::encode(1_000, &7, &mut inner);
    let document = SignedDocument::new(DocumentKind::Roster, inner, &key(101));
    let again = decode_signed(&encode_signed(&document)).unwrap();
    assert_eq!(again, document);
    assert_eq!(again.verify(DocumentKind::Roster, &key(101).public_key()), Ok(()));
    assert_eq!(decode_roster(&again.bytes), Ok(roster()));
}

fn offer() -> Offer {
    Offer {
        exchange: ExchangeId([1; 16]),
        initiator: "hotline".parse().unwrap(),
        responder: "police".parse().unwrap(),
        agreement: AgreementHash([2; 32]),
        purpose: "trade".to_owned(),
        case_reference: String::new(),
        kinds: vec![Kind::Url, Kind::Wallet],
        facets: vec![Facet::Url],
        mode: Mode::Overlap,
        learns: Learns::Both,
        engine: EngineName::Voprf,
        padded_size: 16,
        salt_epoch: 1,
        commitment: NonceCommitment([3; 32]),
        made: NOW,
        deadline: NOW.plus_seconds(60),
    }
}

fn accept() -> Accept {
    Accept {
        exchange: ExchangeId([1; 16]),
        offer_hash: [4; 32],
        padded_size: 16,
        nonce: Nonce([5; 32]),
        made: NOW,
    }
}

/// Bytes with more in them than the document says, or the same said in another way: an unknown field, a field twice, and a
/// tag of one byte in two.
fn said_otherwise(bytes: &[u8]) -> [Vec<u8>; 3] {
    let mut unknown = bytes.to_vec();
    prost::encoding::string::encode(1_000, &"anything".repeat(100), &mut unknown);
    // The first field of each document is the exchange's id: 2 bytes of tag and length, and 16.
    let twice = [&bytes[..18], bytes].concat();
    let longer = [&[bytes[0] | 0x80, 0], &bytes[1..]].concat();
    [unknown, twice, longer]
}

#[test]
fn no_document_of_an_exchange_says_more_than_is_read_of_it() {
    let (offered, accepted, received) =
        (encode_offer(&offer()), encode_accept(&accept()), encode_receipt(&receipt()));
    assert_eq!(decode_offer(&offered), Ok(offer()));
    assert_eq!(decode_accept(&accepted), Ok(accept()));
    assert_eq!(decode_receipt(&received), Ok(receipt()));
    for bad in said_otherwise(&offered) {
        assert_eq!(decode_offer(&bad), Err(WireError::NotCanonical("Offer")));
    }
    for bad in said_otherwise(&accepted) {
        assert_eq!(decode_accept(&bad), Err(WireError::NotCanonical("Accept")));
    }
    for bad in said_otherwise(&received) {
        assert_eq!(decode_receipt(&bad), Err(WireError::NotCanonical("Receipt")));
    }
}
