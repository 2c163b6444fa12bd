//! The `infohash` kind: BitTorrent v1 (BEP 3, BEP 9) and v2 (BEP 52).

use std::borrow::Cow;

use data_encoding::{BASE32, HEXLOWER, HEXLOWER_PERMISSIVE};
use percent_encoding::percent_decode_str;

use crate::refang::strip_prefix_ignore_case;
use crate::reject::Why;

/// The multihash prefix of SHA-256 (code 0x12, length 0x20), as BEP 52's `btmh` has it.
const SHA256_MULTIHASH: &str = "1220";

const NOT_AN_INFOHASH: Why = "not 40 or 64 hexadecimal digits, nor 32 characters of base32";

/// An infohash's canonical form: `v1:` or `v2:`, and lower-case hex.
///
/// A magnet link that names both versions is its v1, which older lists hold.
pub(crate) fn canonical(text: &str) -> Result<String, Why> {
    if let Some(query) = strip_prefix_ignore_case(text, "magnet:?") {
        return from_magnet(query);
    }
    if let Some(hash) = strip_prefix_ignore_case(text, "v1:") {
        return v1(hash);
    }
    if let Some(hash) = strip_prefix_ignore_case(text, "v2:") {
        return v2(hash);
    }
    from_urn(text).unwrap_or_else(|| bare(text))
}

fn bare(hash: &str) -> Result<String, Why> {
    match hash.len() {
        32 | 40 => v1(hash),
        64 | 68 => v2(hash),
        _ => Err(NOT_AN_INFOHASH),
    }
}

fn from_magnet(query: &str) -> Result<String, Why> {
    let mut found = Err("a magnet link without an infohash");
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        // Several topics are numbered: `xt.1`, `xt.2`.
        let topic =
            strip_prefix_ignore_case(name, "xt").filter(|rest| rest.is_empty() || rest.starts_with('.'));
        let value = percent_decode_str(value).decode_utf8().unwrap_or(Cow::Borrowed(""));
        let Some(hash) = topic.and_then(|_| from_urn(&value)) else { continue };
        let hash = hash?;
        if hash.starts_with("v1:") {
            return Ok(hash);
        }
        found = Ok(hash);
    }
    found
}

fn from_urn(text: &str) -> Option<Result<String, Why>> {
    if let Some(hash) = strip_prefix_ignore_case(text, "urn:btih:") {
        return Some(v1(hash));
    }
    strip_prefix_ignore_case(text, "urn:btmh:").map(|hash| match hash.len() {
        68 => v2(hash),
        _ => Err("not a SHA-256 multihash"),
    })
}

fn v1(hash: &str) -> Result<String, Why> {
    let mut bytes = [0u8; 20];
    match hash.len() {
        40 => decode(HEXLOWER_PERMISSIVE.decode_mut(hash.as_bytes(), &mut bytes))?,
        32 => decode(BASE32.decode_mut(hash.to_ascii_uppercase().as_bytes(), &mut bytes))?,
        _ => return Err(NOT_AN_INFOHASH),
    }
    Ok(format!("v1:{}", HEXLOWER.encode(&bytes)))
}

fn v2(hash: &str) -> Result<String, Why> {
    let digest = match hash.len() {
        64 => hash,
        68 => hash.strip_prefix(SHA256_MULTIHASH).ok_or("not a SHA-256 multihash")?,
        _ => return Err(NOT_AN_INFOHASH),
    };
    let mut bytes = [0u8; 32];
    decode(HEXLOWER_PERMISSIVE.decode_mut(digest.as_bytes(), &mut bytes))?;
    Ok(format!("v2:{}", HEXLOWER.encode(&bytes)))
}

fn decode(result: Result<usize, data_encoding::DecodePartial>) -> Result<(), Why> {
    result.map(|_| ()).map_err(|_| NOT_AN_INFOHASH)
}
