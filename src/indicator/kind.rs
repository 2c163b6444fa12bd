//! The kinds of indicator.

use std::fmt;
use std::str::FromStr;

use crate::Facet;

/// What an indicator is.
///
/// The numbers are the wire's and the store's: they never change and are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// An address of a page or resource.
    Url = 1,
    /// A domain name.
    Domain = 2,
    /// A Tor v3 onion service.
    Onion = 3,
    /// An IPv4 or IPv6 address.
    Ip = 4,
    /// A mail address.
    Email = 5,
    /// A telephone number.
    Phone = 6,
    /// A cryptocurrency address.
    Wallet = 7,
    /// A merchant in a card network.
    Merchant = 8,
    /// An international bank account number.
    Iban = 9,
    /// An account number on a platform.
    Account = 10,
    /// A user's chosen name on a platform.
    Handle = 11,
    /// A BitTorrent infohash.
    Infohash = 12,
    /// A hash of a file.
    FileHash = 13,
    /// A Usenet newsgroup.
    Newsgroup = 14,
}

impl Kind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Kind; 14] = [
        Kind::Url,
        Kind::Domain,
        Kind::Onion,
        Kind::Ip,
        Kind::Email,
        Kind::Phone,
        Kind::Wallet,
        Kind::Merchant,
        Kind::Iban,
        Kind::Account,
        Kind::Handle,
        Kind::Infohash,
        Kind::FileHash,
        Kind::Newsgroup,
    ];

    /// The name in files, in the API and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Url => "url",
            Kind::Domain => "domain",
            Kind::Onion => "onion",
            Kind::Ip => "ip",
            Kind::Email => "email",
            Kind::Phone => "phone",
            Kind::Wallet => "wallet",
            Kind::Merchant => "merchant",
            Kind::Iban => "iban",
            Kind::Account => "account",
            Kind::Handle => "handle",
            Kind::Infohash => "infohash",
            Kind::FileHash => "file-hash",
            Kind::Newsgroup => "newsgroup",
        }
    }

    /// The number in the wire's messages and in the store.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The kind with this number.
    pub fn from_number(number: u8) -> Option<Kind> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// Every facet that an indicator of this kind has.
    pub const fn facets(self) -> &'static [Facet] {
        match self {
            Kind::Url => &[Facet::Url, Facet::Page, Facet::Host, Facet::Site],
            Kind::Domain => &[Facet::Host, Facet::Site],
            Kind::Onion => &[Facet::Onion],
            Kind::Ip => &[Facet::Ip],
            Kind::Email => &[Facet::Email, Facet::Mailbox],
            Kind::Phone => &[Facet::Phone],
            Kind::Wallet => &[Facet::Wallet],
            Kind::Merchant => &[Facet::Merchant, Facet::Mid],
            Kind::Iban => &[Facet::Iban],
            Kind::Account => &[Facet::Account],
            Kind::Handle => &[Facet::Handle],
            Kind::Infohash => &[Facet::Infohash],
            Kind::FileHash => &[Facet::FileHash],
            Kind::Newsgroup => &[Facet::Newsgroup],
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind")]
pub struct UnknownKind;

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or(UnknownKind)
    }
}
