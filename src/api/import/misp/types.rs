//! The types of attributes that are indicators here (MISP core format, "type represents the means through which an attribute tries to
//! describe the intent of the attribute creator"; names as in `describeTypes.json` of MISP 2.5).

use overlap_indicator::Kind;

use crate::import::finding::{Finding, Found, card};
use crate::import::source::RowRules;
use crate::import::stix::pattern_findings;

/// Why an attribute is refused of whose type nothing else is known.
pub(crate) const NOT_COMPARED: &str = "attributes of this type are no indicators that are compared";

/// What an attribute of a type says.
pub(crate) fn findings(type_name: &str, value: &str, rules: &RowRules) -> Vec<Finding> {
    match type_name {
        "domain|ip" => halves(value),
        "stix2-pattern" => pattern_findings(value, rules),
        _ => vec![finding(type_name, value, rules)],
    }
}

/// Types whose `to_ids` MISP sets to off unless somebody turns it on: for them off says nothing.
pub(crate) fn taken_without_to_ids(type_name: &str) -> bool {
    matches!(
        type_name,
        "phone-number"
            | "whois-registrant-phone"
            | "whois-registrant-email"
            | "dns-soa-email"
            | "email-reply-to"
            | "github-username"
            | "twitter-id"
            | "jabber-id"
    )
}

fn finding(type_name: &str, value: &str, rules: &RowRules) -> Finding {
    if let Some(hash) = type_name.strip_prefix("filename|") {
        return file_hash(hash, behind(value));
    }
    let found = match type_name {
        "url" => Found::new(Kind::Url, value),
        "uri" if value.contains("://") => Found::new(Kind::Url, value),
        "domain" | "hostname" => Found::host(value),
        "hostname|port" => Found::host(before(value)),
        "onion-address" => Found::new(Kind::Onion, value),
        "ip-src" | "ip-dst" => Found::new(Kind::Ip, value),
        "ip-src|port" | "ip-dst|port" => Found::new(Kind::Ip, before(value)),
        "email"
        | "email-src"
        | "email-dst"
        | "email-reply-to"
        | "whois-registrant-email"
        | "dns-soa-email" => Found::new(Kind::Email, value),
        "malware-sample" => Found::new(Kind::FileHash, behind(value)),
        "btc" | "xmr" | "dash" => Found::new(Kind::Wallet, on_chain(type_name, value)),
        "iban" => Found::new(Kind::Iban, value),
        "phone-number" | "whois-registrant-phone" | "prtn" => Found::phone(value, rules),
        "github-username" => Found::new(Kind::Handle, format!("github:{value}")),
        "twitter-id" => Found::new(Kind::Handle, format!("twitter:{value}")),
        "jabber-id" => Found::new(Kind::Account, format!("jabber:{value}")),
        "eppn" => Found::new(Kind::Account, format!("eppn:{value}")),
        "cc-number" | "bin" => return card(),
        other => return file_hash(other, value),
    };
    Ok(found)
}

/// A hash of a file, or why the type is none.
fn file_hash(type_name: &str, value: &str) -> Finding {
    match type_name {
        "md5" | "sha1" | "sha256" => Ok(Found::new(Kind::FileHash, value)),
        _ => Err(why_not(type_name).to_owned()),
    }
}

fn why_not(type_name: &str) -> &'static str {
    match type_name {
        "uri" => "a URI without a host is no indicator",
        "link" => "a link leads to a report: it is no indicator",
        "bank-account-nr" => "an account number without its bank: an object with swift or iban is needed",
        "sha224" | "sha384" | "sha512" | "sha512/224" | "sha512/256" | "sha3-224" | "sha3-256"
        | "sha3-384" | "sha3-512" | "ssdeep" | "imphash" | "impfuzzy" | "authentihash" | "pehash"
        | "tlsh" | "cdhash" | "vhash" | "telfhash" => "of hashes only MD5, SHA-1 and SHA-256 are compared",
        _ if type_name.starts_with("target-") => "a victim is no indicator",
        _ => NOT_COMPARED,
    }
}

fn halves(value: &str) -> Vec<Finding> {
    match value.rsplit_once('|') {
        Some((domain, ip)) => vec![Ok(Found::host(domain)), Ok(Found::new(Kind::Ip, ip))],
        None => vec![Err("a value of two parts has a | between them".to_owned())],
    }
}

fn before(value: &str) -> &str {
    value.rsplit_once('|').map_or(value, |(before, _)| before)
}

fn behind(value: &str) -> &str {
    value.rsplit_once('|').map_or(value, |(_, behind)| behind)
}

/// An address with its chain, unless it names one itself, as a payment URI does.
pub(crate) fn on_chain(chain: &str, address: &str) -> String {
    if address.contains(':') { address.to_owned() } else { format!("{chain}:{}", address.trim()) }
}
