//! Patterns: how an indicator of each kind is written in STIX's language (STIX 2.1, section 9).
//!
//! Kinds for which the standard has no observable take the names that others use (`cryptocurrency-wallet`, `bank-account` and `phone-number`
//! of the common extensions), and for the rest one of ours, which begins with `x-overlapd-`.

use overlap_indicator::Kind;

/// The pattern that an indicator of this kind and canonical form is written as.
pub(crate) fn pattern(kind: Kind, canonical: &str) -> String {
    let equal = |path: &str, value: &str| format!("[{path} = {}]", literal(value));
    match kind {
        Kind::Url => equal("url:value", canonical),
        Kind::Domain => equal("domain-name:value", canonical),
        Kind::Onion => equal("domain-name:value", &format!("{canonical}.onion")),
        Kind::Ip if canonical.contains(':') => equal("ipv6-addr:value", canonical),
        Kind::Ip => equal("ipv4-addr:value", canonical),
        Kind::Email => equal("email-addr:value", canonical),
        Kind::Phone => equal("phone-number:value", canonical),
        Kind::Wallet => equal("cryptocurrency-wallet:value", split(canonical).1),
        Kind::Merchant => equal("x-overlapd-merchant:value", canonical),
        Kind::Iban => equal("bank-account:iban", canonical),
        Kind::Account => user_account(canonical, "user_id"),
        Kind::Handle => user_account(canonical, "account_login"),
        Kind::Infohash => equal("x-overlapd-infohash:value", canonical),
        Kind::FileHash => {
            let (algorithm, hash) = split(canonical);
            equal(file_hash(algorithm), hash)
        }
        Kind::Newsgroup => equal("x-overlapd-newsgroup:value", canonical),
    }
}

/// An account on a platform: both are written, as an id alone says nothing.
fn user_account(canonical: &str, property: &str) -> String {
    let (platform, name) = split(canonical);
    let (platform, name) = (literal(platform), literal(name));
    format!("[user-account:account_type = {platform} AND user-account:{property} = {name}]")
}

/// The path of a hash, by the names of STIX 2.1, section 10.6.
fn file_hash(algorithm: &str) -> &'static str {
    match algorithm {
        "md5" => "file:hashes.MD5",
        "sha1" => "file:hashes.'SHA-1'",
        _ => "file:hashes.'SHA-256'",
    }
}

/// The part before the first colon, and the part after it.
fn split(canonical: &str) -> (&str, &str) {
    canonical.split_once(':').unwrap_or(("", canonical))
}

/// A string of the pattern language: `\` and `'` are its only escapes.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
