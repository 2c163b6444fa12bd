//! The `onion` kind: Tor onion services, version 3 (rend-spec-v3, section 6).

use data_encoding::BASE32;
use sha3::{Digest, Sha3_256};

use crate::reject::Why;

/// Characters of a v3 and of a v2 address, without `.onion`.
const V3_LENGTH: usize = 56;
const V2_LENGTH: usize = 16;

/// An onion service's canonical form: the 56 characters in lower case, without `.onion`.
pub(crate) fn canonical(text: &str) -> Result<String, Why> {
    let host = host_of(text);
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let label = match host.strip_suffix(".onion") {
        Some(name) => name.rsplit('.').next().unwrap_or(name),
        None if host.len() == V3_LENGTH => &host,
        None => return Err("not a name under .onion"),
    };
    check(label)?;
    Ok(label.to_owned())
}

/// The host of a URL, or the text itself.
fn host_of(text: &str) -> &str {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    host.split(':').next().unwrap_or(host)
}

/// onion_address = base32(PUBKEY | CHECKSUM | VERSION), CHECKSUM = SHA3-256(".onion checksum" | PUBKEY | VERSION)[..2].
fn check(label: &str) -> Result<(), Why> {
    if label.len() == V2_LENGTH && is_base32(label) {
        return Err("a version 2 onion service, which Tor no longer carries");
    }
    if label.len() != V3_LENGTH {
        return Err("not 56 characters");
    }
    let mut bytes = [0u8; 35];
    let written = BASE32.decode_mut(label.to_ascii_uppercase().as_bytes(), &mut bytes);
    if written != Ok(bytes.len()) {
        return Err("not base32");
    }
    let (key, rest) = bytes.split_at(32);
    if rest[2] != 3 {
        return Err("not version 3");
    }
    let sum = Sha3_256::new().chain_update(b".onion checksum").chain_update(key).chain_update([3]).finalize();
    if sum[..2] != rest[..2] {
        return Err("bad checksum");
    }
    Ok(())
}

fn is_base32(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || (b'2'..=b'7').contains(&byte))
}
