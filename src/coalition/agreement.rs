//! What two members have agreed to compare.

use std::fmt;

use overlap_indicator::{Facet, Kind};

use crate::{CoalitionName, MemberId, Timestamp};

/// Who learns the overlaps of an exchange.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Learns {
    /// Both members.
    Both,
    /// This member alone.
    Only(MemberId),
}

/// What an exchange tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Which indicators overlap.
    Overlap,
}

/// An agreement between two members, as each has it in its config. Both sides must hold the same, to the last field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// The coalition.
    pub coalition: CoalitionName,
    /// The two members, in the order of their ids.
    pub members: [MemberId; 2],
    /// Which kinds are compared; sorted, no repeats.
    pub kinds: Vec<Kind>,
    /// Which facets; sorted, no repeats.
    pub facets: Vec<Facet>,
    /// What an exchange tells.
    pub mode: Mode,
    /// Who learns it.
    pub learns: Learns,
    /// Purposes that an exchange may name; sorted, no repeats. Empty: any.
    pub purposes: Vec<String>,
    /// The largest set that either side may bring, in items after padding.
    pub max_items: u64,
    /// The smallest set that either side may bring, in items before padding: below it an exchange would say too much of single items.
    pub min_items: u64,
    /// Exchanges in a day (UTC) between the two, whoever began them.
    pub exchanges_per_day: u32,
    /// When the agreement ends, if it does.
    pub expires: Option<Timestamp>,
}

/// SHA-256 of an agreement's canonical encoding.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AgreementHash(pub [u8; 32]);

impl Agreement {
    /// The hash that both sides must share.
    pub fn hash(&self) -> AgreementHash {
        unimplemented!()
    }
}

impl fmt::Debug for AgreementHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AgreementHash({})", data_encoding::HEXLOWER.encode(&self.0[..8]))
    }
}
