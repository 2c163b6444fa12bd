//! A TAXII 2.1 server that is read from: overlaps by partner, and own indicators, as STIX 2.1 objects.
//!
//! The paths are those of the OASIS standard, and as it says they end in `/`. There is one API root. Its collections are `indicators`, and
//! `overlaps-PARTNER` for each partner; they can be named by that alias or by their id. Nothing can be written.
//!
//! A page goes on from the date at which the last object of the page before was added. No two objects of a collection have one date
//! and no later object an earlier one, so pages neither skip nor repeat while objects are added, and the last page takes no more memory
//! than the first.

mod collections;
mod error;
mod filter;
mod gate;
mod listing;
mod media;
mod origin;
pub(crate) mod read;
pub(crate) mod refuse;
mod resources;
pub(crate) mod served;
#[cfg(test)]
mod tests;

pub(crate) use self::error::{ErrorMessage, TaxiiError};
pub(crate) use self::gate::pass;
pub(crate) use self::media::MEDIA_TYPE;
pub(crate) use self::origin::Https;

/// Where the server is: TAXII 2.1, section 4.1 fixes the path of the discovery.
pub(crate) const DISCOVERY: &str = "/taxii2/";

/// Its one API root.
pub(crate) const API_ROOT: &str = "/taxii2/overlap/";

/// Whether a path is the server's to answer.
pub(crate) fn is_of_taxii(path: &str) -> bool {
    path.starts_with(DISCOVERY) || path == DISCOVERY.trim_end_matches('/')
}

/// The path that is meant by one whose last slash is missing or that has slashes too many, as clients make it that put a path after the
/// API root's URL with a slash between. `None` where nothing is wrong with it.
pub(crate) fn tidied(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let tidy = format!("/{}/", parts.join("/"));
    (tidy != path).then_some(tidy)
}
