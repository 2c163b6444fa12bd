//! The `file-hash` kind.

use crate::reject::Why;

/// A file hash's canonical form: algorithm by length, `:`, lower-case hex.
pub(crate) fn canonical(text: &str) -> Result<String, Why> {
    let (named, hex) = match text.split_once(':') {
        Some((name, hex)) => (Some(algorithm_named(name.trim())?), hex.trim()),
        None => (None, text),
    };
    let algorithm = match hex.len() {
        32 => "md5",
        40 => "sha1",
        64 => "sha256",
        _ => return Err("not the length of an MD5, SHA-1 or SHA-256"),
    };
    if named.is_some_and(|named| named != algorithm) {
        return Err("not the length of the algorithm that it names");
    }
    if !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err("not hexadecimal");
    }
    Ok(format!("{algorithm}:{}", hex.to_ascii_lowercase()))
}

fn algorithm_named(name: &str) -> Result<&'static str, Why> {
    match name.to_ascii_lowercase().as_str() {
        "md5" => Ok("md5"),
        "sha1" | "sha-1" => Ok("sha1"),
        "sha256" | "sha-256" => Ok("sha256"),
        _ => Err("the algorithm is not MD5, SHA-1 or SHA-256"),
    }
}
