//! Facets: the keys on which two indicators can meet.

use std::fmt;
use std::str::FromStr;

use crate::SecretText;

/// A key derived from a canonical form.
///
/// The numbers are the wire's and the store's: they never change and are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Facet {
    /// The whole URL.
    Url = 1,
    /// The URL without its query.
    Page = 2,
    /// The host, without a leading `www.`.
    Host = 3,
    /// The registrable domain, by the public suffix list.
    Site = 4,
    /// The onion service.
    Onion = 5,
    /// The IP address.
    Ip = 6,
    /// The mail address.
    Email = 7,
    /// The mail address with its local part in lower case and without a plus-tag.
    Mailbox = 8,
    /// The telephone number.
    Phone = 9,
    /// Chain, type and payload of a wallet's address.
    Wallet = 10,
    /// Network, acquirer and merchant id.
    Merchant = 11,
    /// Network and merchant id.
    Mid = 12,
    /// The bank account number.
    Iban = 13,
    /// Platform and account number.
    Account = 14,
    /// Platform and name.
    Handle = 15,
    /// The infohash, with its version.
    Infohash = 16,
    /// The file hash, with its algorithm.
    FileHash = 17,
    /// The newsgroup.
    Newsgroup = 18,
}

impl Facet {
    /// Every facet, in the order of their numbers.
    pub const ALL: [Facet; 18] = [
        Facet::Url,
        Facet::Page,
        Facet::Host,
        Facet::Site,
        Facet::Onion,
        Facet::Ip,
        Facet::Email,
        Facet::Mailbox,
        Facet::Phone,
        Facet::Wallet,
        Facet::Merchant,
        Facet::Mid,
        Facet::Iban,
        Facet::Account,
        Facet::Handle,
        Facet::Infohash,
        Facet::FileHash,
        Facet::Newsgroup,
    ];

    /// The name in files, in the API, on the command line and in the digest.
    pub const fn as_str(self) -> &'static str {
        match self {
            Facet::Url => "url",
            Facet::Page => "page",
            Facet::Host => "host",
            Facet::Site => "site",
            Facet::Onion => "onion",
            Facet::Ip => "ip",
            Facet::Email => "email",
            Facet::Mailbox => "mailbox",
            Facet::Phone => "phone",
            Facet::Wallet => "wallet",
            Facet::Merchant => "merchant",
            Facet::Mid => "mid",
            Facet::Iban => "iban",
            Facet::Account => "account",
            Facet::Handle => "handle",
            Facet::Infohash => "infohash",
            Facet::FileHash => "file-hash",
            Facet::Newsgroup => "newsgroup",
        }
    }

    /// Whether an agreement that names no facets has this one.
    pub const fn is_default(self) -> bool {
        !matches!(self, Facet::Page | Facet::Site | Facet::Mailbox | Facet::Mid)
    }

    /// The number in the wire's messages and in the store.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The facet with this number.
    pub fn from_number(number: u8) -> Option<Facet> {
        Self::ALL.into_iter().find(|facet| facet.number() == number)
    }
}

impl fmt::Display for Facet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no facet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown facet")]
pub struct UnknownFacet;

impl FromStr for Facet {
    type Err = UnknownFacet;

    fn from_str(name: &str) -> Result<Self, UnknownFacet> {
        Self::ALL.into_iter().find(|facet| facet.as_str() == name).ok_or(UnknownFacet)
    }
}

/// A facet of one indicator: which, and the text on which two indicators meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FacetKey {
    /// Which facet.
    pub facet: Facet,
    /// Its text.
    pub key: SecretText,
}

impl FacetKey {
    pub(crate) fn new(facet: Facet, key: impl Into<String>) -> Self {
        Self { facet, key: SecretText::new(key) }
    }
}
