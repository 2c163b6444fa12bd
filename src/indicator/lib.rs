#![forbid(unsafe_code)]
//! Indicators: kinds, canonical forms, facets and digests.
//!
//! One raw spelling goes in, one canonical form comes out, or a typed refusal. Nothing here touches a file, a socket,
//! the clock or randomness.

mod account;
mod card;
mod context;
mod detect;
mod digest;
mod email;
mod facet;
mod file_hash;
mod handle;
mod host;
mod iban;
mod indicator;
mod infohash;
mod ip;
mod kind;
mod merchant;
mod newsgroup;
mod onion;
mod percent;
mod phone;
mod refang;
mod reject;
mod secret_text;
mod url;
mod wallet;

pub use card::contains_card_number;
pub use context::{Context, Pap, Tlp, UnknownPap, UnknownTlp};
pub use digest::{Digest, DigestSalt, Digester};
pub use facet::{Facet, FacetKey, UnknownFacet};
pub use indicator::{Indicator, Rules};
pub use kind::{Kind, UnknownKind};
pub use refang::MAX_VALUE_BYTES;
pub use reject::Reject;
pub use secret_text::SecretText;

/// Version of the rule set that makes canonical forms. Two nodes compare nothing unless theirs are equal.
pub const CANON_VERSION: u32 = 1;
