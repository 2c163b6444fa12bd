//! The kind of a bare value.
//!
//! The value's shape names the kinds that are worth a try; their own rules decide. One that accepts it is the kind, and
//! several are named to the caller, who knows where the value comes from.

use crate::refang::strip_prefix_ignore_case;
use crate::wallet::Chain;
use crate::{Indicator, Kind, Reject, Rules, ip};

/// Card networks by name: `visa:..` alone tells a merchant, where any other name may be a platform's.
const NETWORKS: [&str; 12] = [
    "amex",
    "dankort",
    "diners",
    "discover",
    "elo",
    "jcb",
    "maestro",
    "mastercard",
    "mir",
    "rupay",
    "unionpay",
    "visa",
];

/// Hierarchies of newsgroups that are the world's: the Big Eight, and the unmanaged ones (RFC 5537's examples and `free`).
const HIERARCHIES: [&str; 10] =
    ["alt", "comp", "free", "humanities", "misc", "news", "rec", "sci", "soc", "talk"];

/// The indicator that `text` is, refanged and no card number.
pub(crate) fn detect(text: &str, rules: &Rules) -> Result<Indicator, Reject> {
    let kinds = shapes(text);
    let mut found = Vec::new();
    let mut refused = Vec::new();
    for &kind in &kinds {
        match Indicator::from_prepared(kind, text, rules) {
            Ok(indicator) => found.push(indicator),
            Err(reject) => refused.push(reject),
        }
    }
    match (found.len(), refused.len()) {
        (1, _) => found.pop().ok_or(Reject::Unrecognised),
        // A shape of one kind alone: its own reason helps more than "unrecognised".
        (0, 1) => Err(refused.pop().unwrap_or(Reject::Unrecognised)),
        (0, _) => Err(Reject::Unrecognised),
        _ => Err(Reject::Ambiguous { candidates: found.iter().map(Indicator::kind).collect() }),
    }
}

/// The kinds that a text of this shape could be.
fn shapes(text: &str) -> Vec<Kind> {
    if text.contains("://") {
        return of_url(text);
    }
    if ip::of_one_address(text).is_some() {
        return vec![Kind::Ip];
    }
    if let Some((name, _)) = text.split_once(':') {
        return of_prefixed(name, text);
    }
    // The name of an account on a platform that only the caller knows, and no address without a user.
    if text.starts_with('@') {
        return Vec::new();
    }
    if text.contains('@') {
        return vec![Kind::Email];
    }
    if text.starts_with('+') || text.starts_with("00") {
        return vec![Kind::Phone];
    }
    of_bare(text)
}

fn of_url(text: &str) -> Vec<Kind> {
    let name = text.split(':').next().unwrap_or(text);
    if Chain::from_name(name).is_some() {
        return vec![Kind::Wallet];
    }
    vec![Kind::Url, Kind::Onion, Kind::Handle]
}

/// The kinds of `name:rest`.
fn of_prefixed(name: &str, text: &str) -> Vec<Kind> {
    let name = name.trim().to_ascii_lowercase();
    match name.as_str() {
        "mailto" => return vec![Kind::Email],
        "tel" => return vec![Kind::Phone],
        "news" => return vec![Kind::Newsgroup],
        "magnet" | "urn" | "v1" | "v2" => return vec![Kind::Infohash],
        "md5" | "sha1" | "sha-1" | "sha256" | "sha-256" => return vec![Kind::FileHash],
        "iban" => return vec![Kind::Iban],
        _ => {}
    }
    if text.matches(':').count() > 1 && text.parse::<std::net::Ipv6Addr>().is_ok() {
        return vec![Kind::Ip];
    }
    if NETWORKS.contains(&name.as_str()) {
        return vec![Kind::Merchant];
    }
    if Chain::from_name(&name).is_some() {
        return vec![Kind::Wallet];
    }
    // An `@` is a name's; without it, `platform:17` may be a number or a name.
    match text.split_once(':').is_some_and(|(_, rest)| rest.trim_start().starts_with('@')) {
        true => vec![Kind::Handle],
        false => vec![Kind::Account, Kind::Handle],
    }
}

/// The kinds of a text with neither scheme nor prefix.
fn of_bare(text: &str) -> Vec<Kind> {
    let mut kinds = Vec::new();
    if is_handle_url(text) {
        kinds.push(Kind::Handle);
    }
    if text.contains('.') && !text.contains('/') {
        kinds.extend(of_dotted(text));
    }
    if text.len() == 56 {
        kinds.push(Kind::Onion);
    }
    if is_hex_or_base32(text) {
        kinds.extend([Kind::Infohash, Kind::FileHash]);
    }
    if is_iban_shape(text) {
        kinds.push(Kind::Iban);
    }
    if text.len() >= 25 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        kinds.push(Kind::Wallet);
    }
    kinds
}

fn is_handle_url(text: &str) -> bool {
    ["t.me/", "telegram.me/", "discord.gg/", "discord.com/"]
        .into_iter()
        .any(|head| strip_prefix_ignore_case(text, head).is_some())
}

/// Names and addresses with dots. A name counts as a domain where its end is a known public suffix.
fn of_dotted(text: &str) -> Vec<Kind> {
    let lower = text.trim_end_matches('.').to_ascii_lowercase();
    if lower.ends_with(".onion") {
        return vec![Kind::Onion];
    }
    if lower.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit())) {
        return if lower.matches('.').count() == 3 { vec![Kind::Ip] } else { Vec::new() };
    }
    let mut kinds = Vec::new();
    if !lower.is_ascii() || psl::suffix(lower.as_bytes()).is_some_and(|suffix| suffix.is_known()) {
        kinds.push(Kind::Domain);
    }
    if lower.split('.').next().is_some_and(|first| HIERARCHIES.contains(&first)) {
        kinds.push(Kind::Newsgroup);
    }
    kinds
}

/// A hash's length and alphabet, in hex or, for an infohash, base32 or a multihash.
fn is_hex_or_base32(text: &str) -> bool {
    let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let base32 = text.bytes().all(|byte| byte.is_ascii_alphabetic() || (b'2'..=b'7').contains(&byte));
    hex && matches!(text.len(), 32 | 40 | 64 | 68) || base32 && text.len() == 32
}

/// ISO 13616: a country, two check digits, and at least eleven more.
fn is_iban_shape(text: &str) -> bool {
    let text = strip_prefix_ignore_case(text, "iban").unwrap_or(text);
    let mut compact = text.bytes().filter(|byte| !byte.is_ascii_whitespace());
    let head: Vec<u8> = compact.by_ref().take(4).collect();
    matches!(head[..], [a, b, c, d] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && c.is_ascii_digit() && d.is_ascii_digit())
        && compact.count() >= 11
}
