//! What a member knows about an indicator beside its value.

use std::fmt;
use std::str::FromStr;

/// Traffic Light Protocol 2.0, from the freest to the narrowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Tlp {
    /// TLP:CLEAR (`white` in version 1)
    Clear = 1,
    /// TLP:GREEN
    Green = 2,
    /// TLP:AMBER
    Amber = 3,
    /// TLP:AMBER+STRICT
    AmberStrict = 4,
    /// TLP:RED
    Red = 5,
}

impl Tlp {
    /// Every marking, from the freest to the narrowest.
    pub const ALL: [Tlp; 5] = [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict, Tlp::Red];

    /// The marking in lower case, without `TLP:`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Tlp::Clear => "clear",
            Tlp::Green => "green",
            Tlp::Amber => "amber",
            Tlp::AmberStrict => "amber+strict",
            Tlp::Red => "red",
        }
    }

    /// The number in the store.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The marking with this number.
    pub fn from_number(number: u8) -> Option<Tlp> {
        Self::ALL.into_iter().find(|tlp| tlp.number() == number)
    }
}

impl fmt::Display for Tlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no TLP marking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown TLP marking: clear, green, amber, amber+strict and red are known")]
pub struct UnknownTlp;

impl FromStr for Tlp {
    type Err = UnknownTlp;

    /// Reads a marking in any case, with or without `TLP:`; `white` is version 1's name of clear.
    fn from_str(text: &str) -> Result<Self, UnknownTlp> {
        let lower = text.trim().to_ascii_lowercase();
        let name = lower.strip_prefix("tlp:").unwrap_or(&lower);
        let name = if name == "white" { "clear" } else { name };
        Self::ALL.into_iter().find(|tlp| tlp.as_str() == name).ok_or(UnknownTlp)
    }
}

/// Permissible Actions Protocol: what may be done with an indicator, from everything to the least.
///
/// MISP's taxonomy `PAP`; `white` is the older name of clear. It says nothing about who may be told, and no exchange looks at it: it is kept
/// for those who read the indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Pap {
    /// PAP:CLEAR (formerly `white`): no restriction
    Clear = 1,
    /// PAP:GREEN: active actions allowed
    Green = 2,
    /// PAP:AMBER: passive cross-checks only
    Amber = 3,
    /// PAP:RED: nothing that others can detect
    Red = 4,
}

impl Pap {
    /// Every marking, from the freest to the narrowest.
    pub const ALL: [Pap; 4] = [Pap::Clear, Pap::Green, Pap::Amber, Pap::Red];

    /// The marking in lower case, without `PAP:`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Pap::Clear => "clear",
            Pap::Green => "green",
            Pap::Amber => "amber",
            Pap::Red => "red",
        }
    }

    /// The number in the store.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The marking with this number.
    pub fn from_number(number: u8) -> Option<Pap> {
        Self::ALL.into_iter().find(|pap| pap.number() == number)
    }
}

impl fmt::Display for Pap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no PAP marking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown PAP marking: clear, green, amber and red are known")]
pub struct UnknownPap;

impl FromStr for Pap {
    type Err = UnknownPap;

    /// Reads a marking in any case, with or without `PAP:`.
    fn from_str(text: &str) -> Result<Self, UnknownPap> {
        let lower = text.trim().to_ascii_lowercase();
        let name = lower.strip_prefix("pap:").unwrap_or(&lower);
        let name = if name == "white" { "clear" } else { name };
        Self::ALL.into_iter().find(|pap| pap.as_str() == name).ok_or(UnknownPap)
    }
}

/// What goes with an indicator. Times are seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// How far it may be told.
    pub tlp: Tlp,
    /// What may be done with it, where its source says so.
    pub pap: Option<Pap>,
    /// Where it is from, as the member calls it; free text without card numbers.
    pub source: String,
    /// When it was first seen.
    pub first_seen: Option<u64>,
    /// When it was last seen.
    pub last_seen: Option<u64>,
    /// When it stops taking part in exchanges.
    pub expires: Option<u64>,
    /// How sure the member is, 0 to 100.
    pub confidence: Option<u8>,
    /// Free text without card numbers.
    pub note: String,
}

impl Default for Context {
    /// Amber, and nothing else known.
    fn default() -> Self {
        Self {
            tlp: Tlp::Amber,
            pap: None,
            source: String::new(),
            first_seen: None,
            last_seen: None,
            expires: None,
            confidence: None,
            note: String::new(),
        }
    }
}
