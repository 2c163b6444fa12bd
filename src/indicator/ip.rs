//! The `ip` kind.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ::url::Host;

use crate::reject::Why;

/// An address's canonical form: RFC 5952, and IPv4 where IPv6 maps it.
///
/// IPv4 is read as the WHATWG's host parser does: octal, hexadecimal, and fewer than four parts.
pub(crate) fn canonical(text: &str) -> Result<String, Why> {
    if text.contains('/') {
        return of_one_address(text).ok_or("a network or a URL, not one address");
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    match bare.parse::<IpAddr>() {
        Ok(IpAddr::V4(v4)) => Ok(v4.to_string()),
        Ok(IpAddr::V6(v6)) => Ok(v6_text(v6)),
        Err(_) if bare.contains(':') => Err("not an IPv6 address"),
        Err(_) => loose_v4(bare),
    }
}

/// The address of a network that has no other: `/32` behind IPv4 (RFC 4632, section 3.1), `/128` behind IPv6 (RFC 4291, section 2.3). Programs
/// write an address so that keep networks too.
pub(crate) fn of_one_address(text: &str) -> Option<String> {
    let (address, length) = text.split_once('/')?;
    match (address.parse().ok()?, length) {
        (IpAddr::V4(v4), "32") => Some(v4.to_string()),
        (IpAddr::V6(v6), "128") => Some(v6_text(v6)),
        _ => None,
    }
}

/// RFC 5952, or the IPv4 address that is mapped (RFC 4291, section 2.5.5.2).
pub(crate) fn v6_text(v6: Ipv6Addr) -> String {
    v6.to_ipv4_mapped().map_or_else(|| v6.to_string(), |v4| v4.to_string())
}

/// Whether a canonical host is an IPv4 address.
pub(crate) fn is_v4(host: &str) -> bool {
    host.bytes().last().is_some_and(|byte| byte.is_ascii_digit()) && host.parse::<Ipv4Addr>().is_ok()
}

fn loose_v4(text: &str) -> Result<String, Why> {
    match Host::parse(text) {
        Ok(Host::Ipv4(v4)) => Ok(v4.to_string()),
        Ok(_) => Err("not an IP address"),
        Err(_) if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') => {
            Err("octet out of range, or too many")
        }
        Err(_) => Err("not an IP address"),
    }
}
