//! How an own indicator is written as an attribute: the way back from [`super::types`].
//!
//! Clients know MISP's own types and refuse others, so a kind for which there is none is a `text`, and a tag says what it is.

use overlap_indicator::Kind;

/// An indicator as an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written<'a> {
    pub(crate) type_name: &'static str,
    pub(crate) value: std::borrow::Cow<'a, str>,
}

/// The type of what has none of its own.
const TEXT: &str = "text";

/// The beginning of the tag that says the kind.
const KIND_TAG: &str = "overlapd:kind=";

/// Every type that is written, with the category that MISP gives it by itself, or that fits what is written as it.
pub(crate) const TYPES: [(&str, &str); 14] = [
    ("url", "Network activity"),
    ("domain", "Network activity"),
    ("onion-address", "Network activity"),
    ("ip-dst", "Network activity"),
    ("email", "Social network"),
    ("phone-number", "Person"),
    ("btc", "Financial fraud"),
    ("xmr", "Financial fraud"),
    ("dash", "Financial fraud"),
    ("iban", "Financial fraud"),
    ("md5", "Payload delivery"),
    ("sha1", "Payload delivery"),
    ("sha256", "Payload delivery"),
    (TEXT, "Other"),
];

/// The types that indicators of a kind are written as.
pub(crate) const fn types_of(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Url => &["url"],
        Kind::Domain => &["domain"],
        Kind::Onion => &["onion-address"],
        Kind::Ip => &["ip-dst"],
        Kind::Email => &["email"],
        Kind::Phone => &["phone-number"],
        Kind::Wallet => &["btc", "xmr", "dash", TEXT],
        Kind::Iban => &["iban"],
        Kind::FileHash => &["md5", "sha1", "sha256"],
        Kind::Merchant | Kind::Account | Kind::Handle | Kind::Infohash | Kind::Newsgroup => &[TEXT],
    }
}

/// An indicator as an attribute.
pub(crate) fn written(kind: Kind, canonical: &str) -> Written<'_> {
    let first = types_of(kind).first().copied().unwrap_or(TEXT);
    let of = |type_name, value: &'_ str| Written { type_name, value: value.to_owned().into() };
    match kind {
        Kind::Onion => of(first, &format!("{canonical}.onion")),
        Kind::Wallet | Kind::FileHash => {
            let (name, rest) = canonical.split_once(':').unwrap_or((TEXT, canonical));
            match types_of(kind).iter().find(|type_name| **type_name == name) {
                Some(type_name) => of(type_name, rest),
                None => Written { type_name: TEXT, value: canonical.into() },
            }
        }
        _ => Written { type_name: first, value: canonical.into() },
    }
}

/// The tag that says the kind.
pub(crate) fn kind_tag(kind: Kind) -> String {
    format!("{KIND_TAG}\"{kind}\"")
}

/// The kind of a `text`, where its tags say one: what this program has written is read back.
pub(crate) fn tagged_kind<'a>(type_name: &str, mut tags: impl Iterator<Item = &'a str>) -> Option<Kind> {
    let of_tag = |tag: &str| tag.strip_prefix(KIND_TAG)?.trim_matches('"').parse().ok();
    tags.find_map(of_tag).filter(|_| type_name == TEXT)
}

/// The category of a type that is written.
pub(crate) fn category_of(type_name: &str) -> &'static str {
    TYPES.iter().find(|(name, _)| *name == type_name).map_or("Other", |(_, category)| category)
}

#[cfg(test)]
mod tests {
    use overlap_indicator::{Indicator, Rules};

    use super::super::types::findings;
    use super::*;
    use crate::import::source::RowRules;

    #[test]
    fn every_type_is_read_back_as_the_kind_that_it_was_written_of() {
        let rules = RowRules::default();
        for (kind, value) in [
            (Kind::Url, "https://www.example.org/a?b=1"),
            (Kind::Domain, "example.org"),
            (Kind::Onion, "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad"),
            (Kind::Ip, "2001:db8::7"),
            (Kind::Email, "o'neil@example.org"),
            (Kind::Phone, "+31201234567"),
            (Kind::Wallet, "btc:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
            (Kind::Iban, "NL91ABNA0417164300"),
            (Kind::FileHash, "d41d8cd98f00b204e9800998ecf8427e"),
            (Kind::FileHash, "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
            (Kind::FileHash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ] {
            let indicator = Indicator::parse(kind, value, &Rules::default()).unwrap();
            let written = written(kind, indicator.canonical().reveal());
            assert!(types_of(kind).contains(&written.type_name));
            let found = findings(written.type_name, &written.value, &rules).remove(0).unwrap();
            assert_eq!(Indicator::parse(found.kind, &found.value, &Rules::default()).unwrap(), indicator);
        }
    }

    #[test]
    fn what_has_no_type_is_text_in_its_canonical_form() {
        for (kind, canonical) in [
            (Kind::Wallet, "eth:0xde0b295669a9fd93d5f28d9ec85e40f4cb697bae"),
            (Kind::Merchant, "visa:439972/CLOVE2618"),
            (Kind::Handle, "telegram:bob"),
        ] {
            assert_eq!(written(kind, canonical), Written { type_name: TEXT, value: canonical.into() });
        }
        let named: std::collections::BTreeSet<_> = Kind::ALL.into_iter().flat_map(types_of).collect();
        assert_eq!(named, TYPES.iter().map(|(name, _)| name).collect());
    }
}
