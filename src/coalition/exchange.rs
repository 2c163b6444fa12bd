//! The documents that open an exchange.

use std::fmt;
use std::str::FromStr;

use overlap_indicator::{Facet, Kind};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::hashing::FieldHash;
use crate::{AgreementHash, Learns, MemberId, Mode, Timestamp};

/// An exchange's id: 16 random bytes, chosen by the initiator.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(pub [u8; 16]);

impl fmt::Display for ExchangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for ExchangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A side's part of the session salt: 32 random bytes.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Nonce(pub [u8; 32]);

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(..)")
    }
}

/// SHA-256 of a label, the exchange id and the initiator's nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NonceCommitment(pub [u8; 32]);

impl NonceCommitment {
    /// Commits to `nonce` for `exchange`.
    pub fn to(exchange: ExchangeId, nonce: &Nonce) -> Self {
        let hash = FieldHash::new("overlapd nonce commitment v1").bytes(&exchange.0).bytes(&nonce.0);
        Self(hash.finish())
    }

    /// Whether `nonce` is what was committed to, compared in constant time.
    pub fn opens_to(&self, exchange: ExchangeId, nonce: &Nonce) -> bool {
        self.0.ct_eq(&Self::to(exchange, nonce).0).into()
    }
}

/// One of the two ends of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The one that made the offer.
    Initiator,
    /// The one that answered.
    Responder,
}

impl Side {
    /// Both ends.
    pub const ALL: [Side; 2] = [Side::Initiator, Side::Responder];

    /// The name in the API, in records, in the log and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Side::Initiator => "initiator",
            Side::Responder => "responder",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An engine, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum EngineName {
    /// Verifiable oblivious PRF (RFC 9497).
    Voprf = 1,
    /// Vector OLE and an oblivious key-value store.
    Vole = 2,
}

impl EngineName {
    /// Every engine.
    pub const ALL: [EngineName; 2] = [EngineName::Voprf, EngineName::Vole];

    /// The name in the config and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            EngineName::Voprf => "voprf",
            EngineName::Vole => "vole",
        }
    }

    /// The number in the wire's messages.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The engine with this number.
    pub fn from_number(number: u8) -> Option<EngineName> {
        Self::ALL.into_iter().find(|engine| engine.number() == number)
    }
}

impl fmt::Display for EngineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown engine: `voprf` and `vole` are known")]
pub struct UnknownEngine;

impl FromStr for EngineName {
    type Err = UnknownEngine;

    fn from_str(name: &str) -> Result<Self, UnknownEngine> {
        Self::ALL.into_iter().find(|engine| engine.as_str() == name).ok_or(UnknownEngine)
    }
}

/// The longest purpose or case reference, in bytes: a line of text, and no frame grows past its limit by it.
pub const LONGEST_PURPOSE: usize = 256;

/// What the initiator asks for. Signed by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The exchange.
    pub exchange: ExchangeId,
    /// Who asks.
    pub initiator: MemberId,
    /// Who is asked.
    pub responder: MemberId,
    /// The agreement that it is asked under.
    pub agreement: AgreementHash,
    /// What for; 256 bytes at most.
    pub purpose: String,
    /// The initiator's case reference; 256 bytes at most, may be empty.
    pub case_reference: String,
    /// Kinds to compare; sorted, no repeats.
    pub kinds: Vec<Kind>,
    /// Facets to compare; sorted, no repeats.
    pub facets: Vec<Facet>,
    /// What the exchange tells.
    pub mode: Mode,
    /// Who learns it.
    pub learns: Learns,
    /// The engine.
    pub engine: EngineName,
    /// The initiator's set's size, padded.
    pub padded_size: u64,
    /// The epoch of the salt under which the digests were made.
    pub salt_epoch: u32,
    /// The commitment to the initiator's nonce.
    pub commitment: NonceCommitment,
    /// When the offer was made.
    pub made: Timestamp,
    /// When the initiator will have given up.
    pub deadline: Timestamp,
}

/// What the responder agrees to. Signed by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accept {
    /// The exchange.
    pub exchange: ExchangeId,
    /// SHA-256 of the offer's bytes.
    pub offer_hash: [u8; 32],
    /// The responder's set's size, padded.
    pub padded_size: u64,
    /// The responder's nonce.
    pub nonce: Nonce,
    /// When the responder agreed.
    pub made: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_have_the_words_that_tools_and_records_know() {
        assert_eq!(Side::ALL.map(Side::as_str), ["initiator", "responder"]);
        assert_eq!(Side::Responder.to_string(), "responder");
    }
}
