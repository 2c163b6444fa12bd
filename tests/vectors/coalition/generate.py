#!/usr/bin/env python3
"""Makes the vectors of this folder, independently of the Rust code.

Needs the packages `blake3` and `cryptography`. Run it in this folder; it writes the JSON files.
The sealed salt follows RFC 9180 step by step, since neither package has all of HPKE: DHKEM(X25519, HKDF-SHA256) in 4.1,
the key schedule of base mode in 5.1, labels in 4.
"""

import hashlib
import hmac
import json

import blake3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305


def number(value):
    return value.to_bytes(8, "big")


def field_hash(label, *fields):
    """SHA-256 over the label and the fields, each after its length (8 bytes, big-endian)."""
    return hashlib.sha256(b"".join(number(len(f)) + f for f in (label.encode(), *fields))).digest()


def listed(items):
    """A list as fields: the number of its items, then each."""
    return [number(len(items)), *items]


def filled(start, length):
    return bytes((start + i) % 256 for i in range(length))


def write(name, vectors):
    with open(name, "w") as file:
        json.dump(vectors, file, indent=2)
        file.write("\n")


def agreement(a):
    return field_hash(
        "overlapd agreement v1",
        a["coalition"].encode(),
        *listed([m.encode() for m in a["members"]]),
        *listed([bytes([k]) for k in a["kinds"]]),
        *listed([bytes([f]) for f in a["facets"]]),
        number(a["mode"]),
        *listed([a["only"].encode()] if a["only"] else []),
        *listed([p.encode() for p in a["purposes"]]),
        number(a["max_items"]),
        number(a["min_items"]),
        number(a["exchanges_per_day"]),
        *listed([number(a["expires"])] if a["expires"] is not None else []),
        *listed([number(a["engine"])] if a["engine"] is not None else []),
    )


def agreements():
    plain = {
        "coalition": "exchange.example", "members": ["hotline", "police"], "kinds": [1, 2, 7], "facets": [1, 3, 10],
        "mode": 1, "only": None, "purposes": [], "max_items": 1 << 20, "min_items": 0, "exchanges_per_day": 24,
        "expires": None, "engine": None,
    }
    full = plain | {
        "members": ["a", "b-2"], "only": "b-2", "purposes": ["case work", "prüfung"], "min_items": 100,
        "expires": 1_800_000_000, "engine": 2,
    }
    for a in (plain, full):
        a["hash"] = agreement(a).hex()
    write("agreement.json", [plain, full])


def session():
    exchange, nonce_i, nonce_r = filled(0, 16), filled(16, 32), filled(64, 32)
    hello_i, hello_r, offer, accept, exporter = b"hello i", b"hello r!", b"offer", b"", filled(128, 32)
    salt = field_hash(
        "overlapd session salt v1", exchange, b"hotline", b"police", nonce_i, nonce_r, hello_i, hello_r, offer, accept,
        exporter,
    )
    digests = [bytes(16), filled(1, 16), b"\xff" * 16]
    write("session.json", {
        "exchange": exchange.hex(), "initiator": "hotline", "responder": "police",
        "initiator_nonce": nonce_i.hex(), "responder_nonce": nonce_r.hex(),
        "initiator_hello": hello_i.hex(), "responder_hello": hello_r.hex(),
        "offer": offer.hex(), "accept": accept.hex(), "exporter": exporter.hex(),
        "commitment": field_hash("overlapd nonce commitment v1", exchange, nonce_i).hex(),
        "items": [{"digest": d.hex(), "item": blake3.blake3(d, key=salt).digest()[:16].hex()} for d in digests],
    })


def extract(salt, key):
    return hmac.new(salt, key, hashlib.sha256).digest()


def expand(key, info, length):
    out, block = b"", b""
    while len(out) < length:
        block = hmac.new(key, block + info + bytes([len(out) // 32 + 1]), hashlib.sha256).digest()
        out += block
    return out[:length]


def labeled_extract(suite, salt, label, key):
    return extract(salt, b"HPKE-v1" + suite + label + key)


def labeled_expand(suite, key, label, info, length):
    return expand(key, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)


def hpke_seal(ephemeral, public, info, aad, plaintext):
    key = X25519PrivateKey.from_private_bytes(ephemeral)
    encapsulated = key.public_key().public_bytes_raw()
    shared = key.exchange(X25519PublicKey.from_public_bytes(public))
    kem = b"KEM" + (0x20).to_bytes(2, "big")
    eae = labeled_extract(kem, b"", b"eae_prk", shared)
    secret = labeled_expand(kem, eae, b"shared_secret", encapsulated + public, 32)
    suite = b"HPKE" + b"".join(i.to_bytes(2, "big") for i in (0x20, 0x01, 0x03))
    context = b"\0" + labeled_extract(suite, b"", b"psk_id_hash", b"") + labeled_extract(suite, b"", b"info_hash", info)
    schedule = labeled_extract(suite, secret, b"secret", b"")
    aead_key = labeled_expand(suite, schedule, b"key", context, 32)
    nonce = labeled_expand(suite, schedule, b"base_nonce", context, 12)
    return encapsulated + ChaCha20Poly1305(aead_key).encrypt(nonce, plaintext, aad)


def salt():
    private, salt_bytes, epoch = filled(32, 32), filled(200, 32), 7
    public = X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    salt_hash = field_hash("overlapd salt hash v1", salt_bytes)
    info = field_hash("overlapd sealed salt v1", b"exchange.example", b"police", number(epoch))
    write("salt.json", {
        "coalition": "exchange.example", "member": "police", "epoch": epoch,
        "private_key": private.hex(), "public_key": public.hex(), "salt": salt_bytes.hex(), "salt_hash": salt_hash.hex(),
        "sealed": hpke_seal(filled(96, 32), public, info, salt_hash, salt_bytes).hex(),
    })


def documents():
    seed, document = filled(7, 32), b"any bytes"
    key = Ed25519PrivateKey.from_private_bytes(seed)
    kinds = ("roster", "offer", "accept", "receipt")
    signed = {kind: key.sign(f"overlapd {kind} v1\0".encode() + document).hex() for kind in kinds}
    write("document.json", {
        "seed": seed.hex(), "public_key": key.public_key().public_bytes_raw().hex(), "document": document.hex(),
        "signatures": signed, "hash": hashlib.sha256(document).hexdigest(),
    })


agreements()
documents()
session()
salt()
