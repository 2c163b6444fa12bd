//! A small coalition, for tests: `hotline` and `police`, an agreement, an offer, and a signed roster.

use crate::{
    Agreement, CoalitionName, EngineName, ExchangeId, Facet, Kind, Learns, Member, MemberId, MemberStatus,
    Mode, Nonce, NonceCommitment, Offer, PublicKey, Receipt, ReceiptKey, Roster, SaltEpoch, SealedSalt,
    SigningKey, Timestamp,
};

/// A change to a value.
pub(crate) type Change<T> = fn(&mut T);

/// The time of every test.
pub(crate) const NOW: Timestamp = Timestamp(1_795_435_200);

pub(crate) fn id(name: &str) -> MemberId {
    name.parse().unwrap()
}

pub(crate) fn coalition() -> CoalitionName {
    "exchange.example".parse().unwrap()
}

pub(crate) fn signing_key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32]).unwrap()
}

pub(crate) fn public_key(seed: u8) -> PublicKey {
    signing_key(seed).public_key()
}

pub(crate) fn agreement() -> Agreement {
    Agreement {
        coalition: coalition(),
        members: [id("hotline"), id("police")],
        kinds: vec![Kind::Url, Kind::Domain, Kind::Wallet],
        facets: vec![Facet::Url, Facet::Host, Facet::Wallet],
        mode: Mode::Overlap,
        learns: Learns::Both,
        purposes: vec![],
        max_items: 1 << 20,
        min_items: 0,
        exchanges_per_day: 24,
        expires: None,
        engine: None,
    }
}

/// The offer of `hotline` to `police`, as good as can be.
pub(crate) fn offer() -> Offer {
    Offer {
        exchange: ExchangeId([1; 16]),
        initiator: id("hotline"),
        responder: id("police"),
        agreement: agreement().hash(),
        purpose: "trade".to_owned(),
        case_reference: "7/26".to_owned(),
        kinds: vec![Kind::Url, Kind::Wallet],
        facets: vec![Facet::Url, Facet::Wallet],
        mode: Mode::Overlap,
        learns: Learns::Both,
        engine: EngineName::Voprf,
        padded_size: 1_024,
        salt_epoch: 2,
        commitment: NonceCommitment::to(ExchangeId([1; 16]), &Nonce([2; 32])),
        made: NOW,
        deadline: NOW.plus_seconds(600),
    }
}

pub(crate) fn member(name: &str, seed: u8) -> Member {
    Member {
        id: id(name),
        name: format!("The {name}"),
        status: MemberStatus::Active,
        anchors: vec![vec![0x30, 0x03]],
        receipt_keys: vec![ReceiptKey {
            key: public_key(seed),
            not_before: Timestamp(NOW.0 - 1_000),
            not_after: NOW.plus_seconds(1_000),
        }],
        sealing_key: [seed; 32],
    }
}

pub(crate) fn epoch(number: u32) -> SaltEpoch {
    let sealed = |name| SealedSalt { member: id(name), bytes: vec![7; crate::SEALED_SALT_SIZE] };
    SaltEpoch {
        epoch: number,
        salt_hash: [number as u8; 32],
        sealed: vec![sealed("hotline"), sealed("police")],
    }
}

/// A roster of `hotline` and `police`, whose secretariat has the keys 101, 102 and 103, two of which must sign.
pub(crate) fn roster() -> Roster {
    Roster {
        coalition: coalition(),
        version: 5,
        issued: Timestamp(NOW.0 - 1_000),
        expires: NOW.plus_seconds(1_000),
        secretariat: vec![public_key(101), public_key(102), public_key(103)],
        threshold: 2,
        members: vec![member("hotline", 1), member("police", 2)],
        epochs: vec![epoch(1), epoch(2)],
        revoked: vec![],
    }
}

pub(crate) fn receipt() -> Receipt {
    Receipt {
        exchange: ExchangeId([1; 16]),
        initiator: id("hotline"),
        responder: id("police"),
        agreement: agreement().hash(),
        offer_hash: [3; 32],
        accept_hash: [4; 32],
        mode: Mode::Overlap,
        learns: Learns::Both,
        initiator_size: 1_024,
        responder_size: 2_048,
        matches: Some(17),
        transcript: [9; 32],
        began: NOW,
        ended: NOW.plus_seconds(60),
    }
}

/// A JSON file of `tests/vectors/coalition`.
pub(crate) fn vectors(name: &str) -> serde_json::Value {
    let path = format!("{}/../../tests/vectors/coalition/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The bytes that a field of a vector has in hex.
pub(crate) fn hex(value: &serde_json::Value) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap()
}

/// The same, of one length.
pub(crate) fn hex_array<const N: usize>(value: &serde_json::Value) -> [u8; N] {
    hex(value).try_into().unwrap()
}
