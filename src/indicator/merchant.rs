//! The `merchant` kind: a card acceptor in a card network.

use crate::reject::Why;
use crate::{Facet, FacetKey};

/// Longest card acceptor identification code, in characters (ISO 8583, field 42).
const MAX_MID: usize = 15;
/// Longest acquiring institution identification code, in digits (ISO 8583, field 32).
const MAX_ACQUIRER: usize = 11;
/// Longest name of a network.
const MAX_NETWORK: usize = 32;

/// A merchant's canonical form: `network:acquirer/MID` or `network:MID`.
///
/// `network/acquirer/MID` is read too.
pub(crate) fn canonical(text: &str) -> Result<String, Why> {
    let (network, rest) = text.split_once(':').or_else(|| all_slashes(text)).ok_or("no network")?;
    let network = network_name(network.trim())?;
    let (acquirer, mid) = match rest.split_once('/') {
        Some((acquirer, mid)) => (Some(acquirer.trim()), mid),
        None => (None, rest),
    };
    let mid = mid.trim().to_ascii_uppercase();
    check_mid(&mid)?;
    match acquirer {
        Some(acquirer) => {
            check_acquirer(acquirer)?;
            Ok(format!("{network}:{acquirer}/{mid}"))
        }
        None => Ok(format!("{network}:{mid}")),
    }
}

/// The facets of a canonical merchant. A card acceptor's code is its acquirer's to give: without one there is only `mid`.
pub(crate) fn facets(canonical: &str) -> Vec<FacetKey> {
    let (network, rest) = canonical.split_once(':').unwrap_or(("", canonical));
    match rest.split_once('/') {
        Some((_, mid)) => vec![
            FacetKey::new(Facet::Merchant, canonical),
            FacetKey::new(Facet::Mid, format!("{network}:{mid}")),
        ],
        None => vec![FacetKey::new(Facet::Mid, canonical)],
    }
}

fn all_slashes(text: &str) -> Option<(&str, &str)> {
    text.split_once('/').filter(|(_, rest)| rest.contains('/'))
}

fn network_name(network: &str) -> Result<String, Why> {
    let name = network.to_ascii_lowercase();
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !plain || name.len() > MAX_NETWORK || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err("the network is no name");
    }
    Ok(name)
}

fn check_acquirer(acquirer: &str) -> Result<(), Why> {
    if acquirer.is_empty() || !acquirer.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("the acquirer is not digits");
    }
    if acquirer.len() > MAX_ACQUIRER {
        return Err("the acquirer is longer than 11 digits");
    }
    Ok(())
}

fn check_mid(mid: &str) -> Result<(), Why> {
    if mid.is_empty() {
        return Err("no merchant id");
    }
    if mid.len() > MAX_MID {
        return Err("the merchant id is longer than 15 characters");
    }
    if !mid.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'/') {
        return Err("a character that no merchant id may hold");
    }
    Ok(())
}
