//! The `url` kind.

use std::net::Ipv6Addr;

use url::Url;

use crate::reject::Why;
use crate::{Facet, FacetKey, host, ip, percent, refang};

/// Rounds of normalisation before a URL is refused. One is the rule; a second comes after an escape was decoded, and more
/// only where decoding again and again uncovers dot segments or marks.
const MAX_ROUNDS: usize = 8;

/// A URL's canonical form: WHATWG parse; no fragment, user or default port; percent-encoding normalised.
pub(crate) fn canonical(text: &str) -> Result<String, Why> {
    let mut current = parse(text)?;
    for _ in 0..MAX_ROUNDS {
        let Some(next) = next_form(&current) else { return Ok(current) };
        current = parse(&next)?;
    }
    Err("escapes within escapes")
}

/// The facets of a canonical URL.
pub(crate) fn facets(canonical: &str) -> Vec<FacetKey> {
    let page = canonical.split_once('?').map_or(canonical, |(page, _)| page);
    let mut facets = Vec::with_capacity(4);
    facets.push(FacetKey::new(Facet::Url, canonical));
    facets.push(FacetKey::new(Facet::Page, page));
    let host = host_of(canonical);
    if let Some(v6) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let key = v6.parse::<Ipv6Addr>().map_or_else(|_| v6.to_owned(), ip::v6_text);
        facets.push(FacetKey::new(Facet::Host, key));
        return facets;
    }
    facets.push(FacetKey::new(Facet::Host, host::host_key(host)));
    if !ip::is_v4(host) {
        facets.extend(host::site(host).map(|site| FacetKey::new(Facet::Site, site)));
    }
    facets
}

fn parse(text: &str) -> Result<String, Why> {
    let mut url = Url::parse(text).map_err(why)?;
    if !matches!(url.scheme(), "http" | "https" | "ftp" | "ws" | "wss") {
        return Err("the scheme is not http, https, ftp, ws or wss");
    }
    if url.host_str().unwrap_or("").trim_matches('.').is_empty() {
        return Err("no host");
    }
    if url.fragment().is_some() {
        url.set_fragment(None);
    }
    if url.has_authority() && (!url.username().is_empty() || url.password().is_some()) {
        // These fail only for a URL without a host, and this one has one.
        url.set_username("").map_err(|()| "no host")?;
        url.set_password(None).map_err(|()| "no host")?;
    }
    Ok(url.into())
}

/// What is left to normalise, or `None` at the fixed point.
fn next_form(url: &str) -> Option<String> {
    if let Some(next) = percent::normalise(url) {
        return Some(next);
    }
    match refang::refang(url) {
        std::borrow::Cow::Owned(next) => Some(next),
        std::borrow::Cow::Borrowed(_) => None,
    }
}

/// The host of a canonical URL, which has neither user nor fragment.
fn host_of(canonical: &str) -> &str {
    let rest = canonical.split_once("://").map_or(canonical, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    match authority.rfind(']') {
        Some(end) => &authority[..=end],
        None => authority.split(':').next().unwrap_or(authority),
    }
}

fn why(error: url::ParseError) -> Why {
    use url::ParseError;
    match error {
        ParseError::EmptyHost => "no host",
        ParseError::IdnaError | ParseError::InvalidDomainCharacter => "the host is no host name",
        ParseError::InvalidPort => "the port is no port",
        ParseError::InvalidIpv4Address | ParseError::InvalidIpv6Address => "the host is no IP address",
        ParseError::RelativeUrlWithoutBase | ParseError::RelativeUrlWithCannotBeABaseBase => "no scheme",
        _ => "not a URL by the WHATWG's rules",
    }
}
