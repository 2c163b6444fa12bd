//! Host names: the `domain` kind, and the keys `host` and `site` on which URLs and domains meet.

use std::borrow::Cow;

use idna::AsciiDenyList;

use crate::reject::Why;
use crate::{Facet, FacetKey};

/// Longest label and longest name, in bytes (RFC 1035, section 2.3.4, in the text form without the root's dot).
const MAX_LABEL: usize = 63;
const MAX_NAME: usize = 253;

/// A domain name's canonical form: UTS 46 by the WHATWG's rules for hosts, lower case, no trailing dot.
pub(crate) fn domain(text: &str) -> Result<String, Why> {
    if text.contains("..") {
        return Err("empty label");
    }
    let ascii = to_ascii(text)?;
    let name = ascii.strip_suffix('.').unwrap_or(&ascii);
    check_labels(name)?;
    Ok(match ascii {
        Cow::Borrowed(_) => name.to_owned(),
        Cow::Owned(ref owned) if owned.len() > name.len() => name.to_owned(),
        Cow::Owned(owned) => owned,
    })
}

/// The facets of a domain.
pub(crate) fn facets(domain: &str) -> Vec<FacetKey> {
    let mut facets = vec![FacetKey::new(Facet::Host, host_key(domain))];
    facets.extend(site(domain).map(|site| FacetKey::new(Facet::Site, site)));
    facets
}

/// A host name as the key `host`: no trailing dot, no leading `www.`.
///
/// The `www.` stays where only a top-level domain would be left.
pub(crate) fn host_key(host: &str) -> &str {
    let host = host.strip_suffix('.').unwrap_or(host);
    host.strip_prefix("www.").filter(|rest| rest.contains('.')).unwrap_or(host)
}

/// The registrable domain by the public suffix list.
pub(crate) fn site(host: &str) -> Option<&str> {
    psl::domain_str(host.strip_suffix('.').unwrap_or(host))
}

/// The ASCII form of a name (WHATWG URL, "domain to ASCII", not strict).
fn to_ascii(text: &str) -> Result<Cow<'_, str>, Why> {
    if is_plain(text) {
        return Ok(match text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Cow::Owned(text.to_ascii_lowercase()),
            false => Cow::Borrowed(text),
        });
    }
    idna::domain_to_ascii_cow(text.as_bytes(), AsciiDenyList::URL)
        .map_err(|_| "a character or label that no domain name may hold")
}

/// Whether UTS 46 would do no more than lower-case: letters, digits, hyphens, underscores, and no Punycode to check.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && !text.split('.').any(|label| {
            label.as_bytes().first_chunk::<4>().is_some_and(|head| head.eq_ignore_ascii_case(b"xn--"))
        })
}

fn check_labels(name: &str) -> Result<(), Why> {
    if name.len() > MAX_NAME {
        return Err("longer than 253 characters");
    }
    let mut last = "";
    let mut count = 0;
    for label in name.split('.') {
        check_label(label)?;
        last = label;
        count += 1;
    }
    if count < 2 {
        return Err("no dot");
    }
    if is_number(last) {
        return Err("the last label is a number");
    }
    Ok(())
}

fn check_label(label: &str) -> Result<(), Why> {
    if label.is_empty() {
        return Err("empty label");
    }
    if label.len() > MAX_LABEL {
        return Err("a label is longer than 63 characters");
    }
    // The underscore is no host name's, but names of services and of malware use it.
    if !label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
        return Err("a character that no domain name may hold");
    }
    Ok(())
}

/// The WHATWG's "ends in a number": such a host is an IPv4 address or nothing.
fn is_number(label: &str) -> bool {
    let hex = label.strip_prefix("0x");
    label.bytes().all(|byte| byte.is_ascii_digit())
        || hex.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
