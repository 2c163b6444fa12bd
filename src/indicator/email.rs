//! The `email` kind.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::reject::Why;
use crate::{Facet, FacetKey, host, refang};

/// Longest local part, in bytes (RFC 5321, section 4.5.3.1.1).
const MAX_LOCAL: usize = 64;

/// An address's canonical form: the local part as it is, the domain as the `domain` kind's.
pub(crate) fn canonical(text: &str) -> Result<String, Why> {
    let address = match refang::strip_prefix_ignore_case(text, "mailto:") {
        Some(uri) => from_uri(uri)?,
        None => Cow::Borrowed(text),
    };
    let (local, domain) = address.rsplit_once('@').ok_or("no @")?;
    check_local(local)?;
    let mut canonical = String::with_capacity(address.len());
    canonical.push_str(local);
    canonical.push('@');
    canonical.push_str(&host::domain(domain)?);
    Ok(canonical)
}

/// The facets of a canonical address.
pub(crate) fn facets(canonical: &str) -> Vec<FacetKey> {
    let mut facets = vec![FacetKey::new(Facet::Email, canonical)];
    if let Some((local, domain)) = canonical.rsplit_once('@') {
        let lower = local.to_lowercase();
        // A local part that is nothing but a tag names no mailbox without it.
        let user = lower.split('+').next().filter(|user| !user.is_empty()).unwrap_or(&lower);
        facets.push(FacetKey::new(Facet::Mailbox, format!("{}@{domain}", refang::nfc(user))));
    }
    facets
}

/// The address in a `mailto:` URI (RFC 6068, section 2), without header fields.
fn from_uri(uri: &str) -> Result<Cow<'_, str>, Why> {
    let address = uri.split('?').next().unwrap_or(uri);
    let decoded =
        percent_decode_str(address).decode_utf8().map_err(|_| "not UTF-8 after percent-decoding")?;
    Ok(match decoded {
        Cow::Borrowed(text) => Cow::Borrowed(text),
        Cow::Owned(text) => Cow::Owned(refang::nfc(&text).into_owned()),
    })
}

/// Atoms and dots (RFC 5322, section 3.2.3, and RFC 6531). Dots may stand anywhere, as some providers let them.
fn check_local(local: &str) -> Result<(), Why> {
    if local.is_empty() {
        return Err("nothing before the @");
    }
    if local.len() > MAX_LOCAL {
        return Err("more than 64 bytes before the @");
    }
    if !local.chars().all(is_local) {
        return Err("a character before the @ that no plain address may hold");
    }
    Ok(())
}

fn is_local(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    }
    !c.is_control() && !c.is_whitespace() && c != '\u{feff}'
}
