//! Signed documents and receipts.

use crate::samples::{Change, NOW, hex, hex_array, id, public_key, receipt, signing_key, vectors};
use crate::*;

const KINDS: [(&str, DocumentKind); 4] = [
    ("roster", DocumentKind::Roster),
    ("offer", DocumentKind::Offer),
    ("accept", DocumentKind::Accept),
    ("receipt", DocumentKind::Receipt),
];

#[test]
fn signatures_are_those_of_an_independent_implementation() {
    let vectors = vectors("document");
    let key = SigningKey::from_seed(&hex_array(&vectors["seed"])).unwrap();
    assert_eq!(key.public_key().0, hex_array::<32>(&vectors["public_key"]));
    for (name, kind) in KINDS {
        let document = SignedDocument::new(kind, hex(&vectors["document"]), &key);
        assert_eq!(document.signatures[0].bytes.to_vec(), hex(&vectors["signatures"][name]));
        assert_eq!(document.hash(), hex_array::<32>(&vectors["hash"]));
    }
}

#[test]
fn a_signature_serves_for_its_kind_only() {
    for (_, signed) in KINDS {
        let document = SignedDocument::new(signed, b"bytes".to_vec(), &signing_key(1));
        for (_, read) in KINDS {
            let expected = if signed == read { Ok(()) } else { Err(DocumentError::BadSignature) };
            assert_eq!(document.verify(read, &public_key(1)), expected, "{signed:?} as {read:?}");
        }
    }
}

#[test]
fn every_flipped_bit_is_refused() {
    let good = SignedDocument::new(DocumentKind::Offer, b"an offer's bytes".to_vec(), &signing_key(1));
    let key = public_key(1);
    assert_eq!(good.verify(DocumentKind::Offer, &key), Ok(()));
    for bit in 0..good.bytes.len() * 8 {
        let mut bad = good.clone();
        bad.bytes[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(bad.verify(DocumentKind::Offer, &key), Err(DocumentError::BadSignature));
    }
    for bit in 0..64 * 8 {
        let mut bad = good.clone();
        bad.signatures[0].bytes[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(bad.verify(DocumentKind::Offer, &key), Err(DocumentError::BadSignature));
    }
    for bit in 0..32 * 8 {
        let mut bad = good.clone();
        bad.signatures[0].key.0[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(bad.verify(DocumentKind::Offer, &key), Err(DocumentError::MissingSignature));
    }
}

#[test]
fn bytes_added_or_taken_are_refused() {
    let good = SignedDocument::new(DocumentKind::Receipt, b"a receipt".to_vec(), &signing_key(1));
    for bytes in [b"a receip".to_vec(), b"a receipt\0".to_vec(), vec![]] {
        let bad = SignedDocument { bytes, signatures: good.signatures.clone() };
        assert_eq!(bad.verify(DocumentKind::Receipt, &public_key(1)), Err(DocumentError::BadSignature));
    }
}

#[test]
fn somebody_elses_signature_is_missing() {
    let document = SignedDocument::new(DocumentKind::Offer, b"bytes".to_vec(), &signing_key(1));
    let other = public_key(2);
    assert_eq!(document.verify(DocumentKind::Offer, &other), Err(DocumentError::MissingSignature));
}

#[test]
fn signers_are_counted_once_each() {
    let kind = DocumentKind::Roster;
    let mut document = SignedDocument::new(kind, b"bytes".to_vec(), &signing_key(1));
    document.signatures.push(signing_key(2).sign(kind, b"bytes"));
    document.signatures.push(signing_key(1).sign(kind, b"bytes"));
    document.signatures.push(signing_key(3).sign(kind, b"other bytes"));
    document.signatures.push(signing_key(4).sign(DocumentKind::Offer, b"bytes"));
    let keys = [1, 2, 3, 4, 5].map(public_key);
    assert_eq!(document.count_signers(kind, &keys), 2);
    assert_eq!(document.count_signers(kind, &[keys[0]; 3]), 1);
    assert_eq!(document.count_signers(kind, &keys[2..]), 0);
    assert_eq!(document.count_signers(kind, &[]), 0);
}

#[test]
fn a_signing_key_shows_no_secret() {
    let shown = format!("{:?}", SigningKey::from_seed(&[0xab; 32]).unwrap());
    assert!(!shown.contains("ab, ab") && !shown.contains("171, 171"), "{shown}");
}

#[test]
fn a_receipt_that_says_the_same_agrees() {
    let own = receipt();
    assert_eq!(receipt().agrees_with(&own, 0), Ok(()));
    for ended in [own.ended.0 - 30, own.ended.0 + 30] {
        let other = Receipt { ended: Timestamp(ended), ..receipt() };
        assert_eq!(other.agrees_with(&own, 30), Ok(()));
        assert_eq!(other.agrees_with(&own, 29), Err(ReceiptError::Differs { field: "ended" }));
    }
}

#[test]
fn a_receipt_that_differs_names_the_field() {
    let changes: [(&str, Change<Receipt>); 16] = [
        ("exchange", |r| r.exchange.0[15] ^= 1),
        ("initiator", |r| r.initiator = id("payments")),
        ("responder", |r| r.responder = id("payments")),
        ("agreement", |r| r.agreement.0[0] ^= 1),
        ("offer_hash", |r| r.offer_hash[0] ^= 1),
        ("accept_hash", |r| r.accept_hash[31] ^= 1),
        ("learns", |r| r.learns = Learns::Only(id("police"))),
        ("initiator_size", |r| r.initiator_size += 1),
        ("responder_size", |r| r.responder_size -= 1),
        ("matches", |r| r.matches = Some(18)),
        ("matches", |r| r.matches = None),
        ("transcript", |r| r.transcript[31] ^= 0x80),
        ("began", |r| r.began = Timestamp(r.began.0 + 1)),
        ("ended", |r| r.ended = Timestamp(r.ended.0 + 61)),
        ("ended", |r| r.ended = Timestamp(0)),
        ("ended", |r| r.ended = Timestamp(u64::MAX)),
    ];
    for (field, change) in changes {
        let mut other = receipt();
        change(&mut other);
        assert_eq!(other.agrees_with(&receipt(), 60), Err(ReceiptError::Differs { field }));
    }
}

#[test]
fn a_receipt_that_ends_before_it_begins_is_not_agreed_to() {
    let own = Receipt { ended: NOW, ..receipt() };
    let early = Receipt { ended: Timestamp(NOW.0 - 1), ..own.clone() };
    assert_eq!(own.agrees_with(&own, 60), Ok(()));
    assert_eq!(early.agrees_with(&own, 60), Err(ReceiptError::EndsEarly));
}
