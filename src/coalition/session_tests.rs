//! Commitments, session salts and session items, and sealed salts of digests.

use overlap_indicator::DigestSalt;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::samples::{coalition, hex, hex_array, id, vectors};
use crate::*;

/// The inputs of the vectors, owned.
struct Inputs {
    exchange: ExchangeId,
    members: [MemberId; 2],
    nonces: [Nonce; 2],
    hellos: [Vec<u8>; 2],
    documents: [Vec<u8>; 2],
    exporter: [u8; 32],
}

impl Inputs {
    fn from_vectors() -> Self {
        let v = vectors("session");
        Self {
            exchange: ExchangeId(hex_array(&v["exchange"])),
            members: ["initiator", "responder"].map(|side| id(v[side].as_str().unwrap())),
            nonces: ["initiator_nonce", "responder_nonce"].map(|side| Nonce(hex_array(&v[side]))),
            hellos: ["initiator_hello", "responder_hello"].map(|side| hex(&v[side])),
            documents: ["offer", "accept"].map(|document| hex(&v[document])),
            exporter: hex_array(&v["exporter"]),
        }
    }

    fn salt(&self) -> SessionSalt {
        SessionSalt::derive(&SessionInputs {
            exchange: self.exchange,
            initiator: &self.members[0],
            responder: &self.members[1],
            initiator_nonce: &self.nonces[0],
            responder_nonce: &self.nonces[1],
            initiator_hello: &self.hellos[0],
            responder_hello: &self.hellos[1],
            offer: &self.documents[0],
            accept: &self.documents[1],
            exporter: &self.exporter,
        })
    }

    fn item(&self) -> [u8; 16] {
        self.salt().item(&Digest::from_bytes([3; 16]))
    }
}

#[test]
fn items_are_those_of_an_independent_implementation() {
    let salt = Inputs::from_vectors().salt();
    let vectors = vectors("session");
    let items = vectors["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    for item in items {
        let digest = Digest::from_bytes(hex_array(&item["digest"]));
        assert_eq!(salt.item(&digest), hex_array::<16>(&item["item"]));
    }
}

#[test]
fn every_input_changes_the_items() {
    let changes: [fn(&mut Inputs); 16] = [
        |i| i.exchange.0[0] ^= 1,
        |i| i.members[0] = id("hotlin"),
        |i| i.members[1] = id("polic"),
        |i| i.members.reverse(),
        |i| i.nonces[0].0[31] ^= 1,
        |i| i.nonces[1].0[31] ^= 1,
        |i| i.nonces.reverse(),
        |i| i.hellos[0][0] ^= 1,
        |i| i.hellos[1][0] ^= 1,
        |i| i.hellos.reverse(),
        |i| i.hellos[0].clear(),
        // The same bytes in all, cut elsewhere.
        |i| {
            let moved = i.hellos[0].pop().unwrap();
            i.hellos[1].insert(0, moved);
        },
        |i| i.documents[0][0] ^= 1,
        |i| i.documents[1].push(0),
        |i| i.documents.reverse(),
        |i| i.exporter[31] ^= 1,
    ];
    let mut seen = vec![Inputs::from_vectors().item()];
    for (which, change) in changes.iter().enumerate() {
        let mut inputs = Inputs::from_vectors();
        change(&mut inputs);
        assert!(!seen.contains(&inputs.item()), "change {which}");
        seen.push(inputs.item());
    }
}

#[test]
fn a_commitment_opens_to_its_nonce_alone() {
    let vectors = vectors("session");
    let exchange = ExchangeId(hex_array(&vectors["exchange"]));
    let nonce = Nonce(hex_array(&vectors["initiator_nonce"]));
    let commitment = NonceCommitment::to(exchange, &nonce);
    assert_eq!(commitment.0, hex_array::<32>(&vectors["commitment"]));
    assert!(commitment.opens_to(exchange, &nonce));
    for bit in 0..256 {
        let mut other = nonce.clone();
        other.0[bit / 8] ^= 1 << (bit % 8);
        assert!(!commitment.opens_to(exchange, &other), "bit {bit}");
    }
    for bit in 0..128 {
        let mut other = exchange;
        other.0[bit / 8] ^= 1 << (bit % 8);
        assert!(!commitment.opens_to(other, &nonce), "bit {bit}");
    }
}

#[test]
fn secrets_are_not_shown() {
    let inputs = Inputs::from_vectors();
    assert_eq!(format!("{:?}", inputs.salt()), "SessionSalt(..)");
    assert_eq!(format!("{:?}", inputs.nonces[0]), "Nonce(..)");
    assert_eq!(format!("{:?}", SealingKey::from_bytes([1; 32])), "SealingKey(..)");
}

fn sealed_epoch(number: u32, salt: &DigestSalt, sealed: SealedSalt) -> SaltEpoch {
    SaltEpoch { epoch: number, salt_hash: salt_hash(salt), sealed: vec![sealed] }
}

/// A salt, a key, and the epoch in which the one is sealed to the other for `police`.
fn sealed() -> (DigestSalt, SealingKey, SaltEpoch) {
    let salt = DigestSalt::new([5; 32]);
    let key = SealingKey::from_bytes([6; 32]);
    let rng = &mut ChaCha20Rng::from_seed([7; 32]);
    let sealed = seal_salt(&salt, 9, &coalition(), &id("police"), &key.public_key(), rng).unwrap();
    let epoch = sealed_epoch(9, &salt, sealed);
    (salt, key, epoch)
}

#[test]
fn a_salt_sealed_by_an_independent_implementation_opens() {
    let v = vectors("salt");
    let key = SealingKey::from_bytes(hex_array(&v["private_key"]));
    assert_eq!(key.public_key(), hex_array::<32>(&v["public_key"]));
    let salt = DigestSalt::new(hex_array(&v["salt"]));
    assert_eq!(salt_hash(&salt), hex_array::<32>(&v["salt_hash"]));
    let member = id(v["member"].as_str().unwrap());
    let sealed = SealedSalt { member: member.clone(), bytes: hex(&v["sealed"]) };
    let epoch = sealed_epoch(v["epoch"].as_u64().unwrap().try_into().unwrap(), &salt, sealed);
    let opened = open_salt(&epoch, &coalition(), &member, &key).unwrap();
    assert_eq!(opened.expose_bytes(), salt.expose_bytes());
}

#[test]
fn a_sealed_salt_opens_for_its_member() {
    let (salt, key, epoch) = sealed();
    assert_eq!(epoch.sealed[0].bytes.len(), SEALED_SALT_SIZE);
    let opened = open_salt(&epoch, &coalition(), &id("police"), &key).unwrap();
    assert_eq!(opened.expose_bytes(), salt.expose_bytes());
}

#[test]
fn every_flipped_bit_of_a_sealed_salt_is_refused() {
    let (_, key, good) = sealed();
    for bit in 0..SEALED_SALT_SIZE * 8 {
        // X25519 does not read the highest bit of a public key (RFC 7748, 5), but HPKE hashes it (RFC 9180, 4.1).
        let mut bad = good.clone();
        bad.sealed[0].bytes[bit / 8] ^= 1 << (bit % 8);
        let opened = open_salt(&bad, &coalition(), &id("police"), &key);
        assert_eq!(opened.err(), Some(SaltError::DoesNotOpen), "bit {bit}");
    }
}

#[test]
fn a_sealed_salt_is_bound_to_its_place() {
    let (_, key, good) = sealed();
    let open = |epoch: &SaltEpoch, coalition: &str, member: &str, key: &SealingKey| {
        open_salt(epoch, &coalition.parse().unwrap(), &id(member), key).err()
    };
    let closed = Some(SaltError::DoesNotOpen);
    assert_eq!(open(&good, "exchange.example", "police", &SealingKey::from_bytes([8; 32])), closed);
    assert_eq!(open(&good, "other.example", "police", &key), closed);
    assert_eq!(open(&good, "exchange.example", "hotline", &key), Some(SaltError::NotSealed));
    let other_epoch = SaltEpoch { epoch: 10, ..good.clone() };
    assert_eq!(open(&other_epoch, "exchange.example", "police", &key), closed);
    let other_hash = SaltEpoch { salt_hash: [0; 32], ..good.clone() };
    assert_eq!(open(&other_hash, "exchange.example", "police", &key), closed);
    let mut other_member = good.clone();
    other_member.sealed[0].member = id("hotline");
    assert_eq!(open(&other_member, "exchange.example", "hotline", &key), closed);
    for length in [0, 31, 32, 79, 81] {
        let mut other_length = good.clone();
        other_length.sealed[0].bytes.resize(length, 0);
        assert_eq!(open(&other_length, "exchange.example", "police", &key), closed, "{length} bytes");
    }
}

#[test]
fn keys_of_small_order_are_refused() {
    let rng = &mut ChaCha20Rng::from_seed([7; 32]);
    let mut one = [0; 32];
    one[0] = 1;
    for key in [[0; 32], one] {
        let sealed = seal_salt(&DigestSalt::new([5; 32]), 1, &coalition(), &id("police"), &key, rng);
        assert_eq!(sealed.err(), Some(SaltError::BadKey));
    }
}
