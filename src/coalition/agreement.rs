//! What two members have agreed to compare.

use std::fmt;

use overlap_indicator::{Facet, Kind};

use crate::exchange::LONGEST_PURPOSE;
use crate::hashing::FieldHash;
use crate::text::is_printable;
use crate::{CoalitionName, EngineName, MemberId, Timestamp};

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
    /// Which facets; sorted, no repeats, each a facet of one of the kinds.
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
    /// The engine of every exchange; `None`: the initiator chooses.
    pub engine: Option<EngineName>,
}

/// SHA-256 of an agreement's canonical encoding.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AgreementHash(pub [u8; 32]);

/// The largest set that an agreement may allow: an index of an item has 4 bytes on the wire.
pub const LARGEST_SET: u64 = 1 << 32;

/// The most purposes that an agreement may name: a person has to choose one of them.
pub const MOST_PURPOSES: usize = 64;

/// An agreement that breaks a rule. The operator's to correct.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AgreementError {
    /// One member twice, or the two not in the order of their ids.
    #[error("the two members must differ and stand in the order of their ids")]
    Members,
    /// No kinds, or kinds out of order or repeated.
    #[error("kinds must be sorted, without repeats, and at least one")]
    Kinds,
    /// No facets, or facets out of order or repeated.
    #[error("facets must be sorted, without repeats, and at least one")]
    Facets,
    /// A facet that none of the kinds has.
    #[error("no kind of the agreement has the facet {0}")]
    FacetOfNoKind(Facet),
    /// Learning for somebody else.
    #[error("the member that learns must be one of the two")]
    Learns,
    /// Purposes out of order, repeated, or too many.
    #[error("purposes must be sorted, without repeats, and {MOST_PURPOSES} at most")]
    Purposes,
    /// A purpose that is empty, too long, or has characters that cannot be shown.
    #[error("a purpose must be 1 to {LONGEST_PURPOSE} bytes of printable text")]
    Purpose,
    /// A largest set of nothing, or beyond [`LARGEST_SET`].
    #[error("max_items must be 1 to {LARGEST_SET}")]
    MaxItems,
    /// No set is large enough and small enough.
    #[error("min_items must not be over max_items")]
    MinItems,
    /// No exchanges.
    #[error("exchanges_per_day must be at least 1: take the agreement out to stop exchanges")]
    ExchangesPerDay,
}

impl Agreement {
    /// The hash that both sides must share: SHA-256 over a label and every field in the order in which they stand here,
    /// each with its length; a list after the number of its items; what may be absent as a list of none or one.
    ///
    /// Both sides list the two members in the order of their ids, so the hash is the same on both.
    pub fn hash(&self) -> AgreementHash {
        let learner = match &self.learns {
            Learns::Both => None,
            Learns::Only(member) => Some(member.as_str().as_bytes()),
        };
        let expires = self.expires.map(|time| time.0.to_be_bytes());
        let engine = self.engine.map(|engine| u64::from(engine.number()).to_be_bytes());
        let kinds: Vec<[u8; 1]> = self.kinds.iter().map(|kind| [kind.number()]).collect();
        let facets: Vec<[u8; 1]> = self.facets.iter().map(|facet| [facet.number()]).collect();
        let hash = FieldHash::new("overlapd agreement v1")
            .bytes(self.coalition.as_str().as_bytes())
            .list(self.members.iter().map(|member| member.as_str().as_bytes()))
            .list(kinds.iter().map(|number| number.as_slice()))
            .list(facets.iter().map(|number| number.as_slice()))
            .number(u64::from(self.mode.number()))
            .list(learner.into_iter())
            .list(self.purposes.iter().map(|purpose| purpose.as_bytes()))
            .number(self.max_items)
            .number(self.min_items)
            .number(u64::from(self.exchanges_per_day))
            .list(expires.iter().map(|time| time.as_slice()))
            .list(engine.iter().map(|number| number.as_slice()));
        AgreementHash(hash.finish())
    }

    /// Checks the rules that the fields' documentation states.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn validate(&self) -> Result<(), AgreementError> {
        let [first, second] = &self.members;
        ensure(first < second, AgreementError::Members)?;
        self.validate_scope()?;
        if let Learns::Only(member) = &self.learns {
            ensure(self.members.contains(member), AgreementError::Learns)?;
        }
        self.validate_purposes()?;
        ensure((1..=LARGEST_SET).contains(&self.max_items), AgreementError::MaxItems)?;
        ensure(self.min_items <= self.max_items, AgreementError::MinItems)?;
        ensure(self.exchanges_per_day > 0, AgreementError::ExchangesPerDay)
    }

    fn validate_scope(&self) -> Result<(), AgreementError> {
        ensure(!self.kinds.is_empty() && is_strictly_sorted(&self.kinds), AgreementError::Kinds)?;
        ensure(!self.facets.is_empty() && is_strictly_sorted(&self.facets), AgreementError::Facets)?;
        let stray = self.facets.iter().find(|facet| !self.kinds.iter().any(|k| k.facets().contains(facet)));
        stray.map_or(Ok(()), |&facet| Err(AgreementError::FacetOfNoKind(facet)))
    }

    fn validate_purposes(&self) -> Result<(), AgreementError> {
        let few = self.purposes.len() <= MOST_PURPOSES;
        ensure(few && is_strictly_sorted(&self.purposes), AgreementError::Purposes)?;
        let well_formed = |text: &String| (1..=LONGEST_PURPOSE).contains(&text.len()) && is_printable(text);
        ensure(self.purposes.iter().all(well_formed), AgreementError::Purpose)
    }
}

impl Mode {
    /// Every mode.
    pub const ALL: [Mode; 1] = [Mode::Overlap];

    /// The name in the config, in the API and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Mode::Overlap => "overlap",
        }
    }

    /// The number in the wire's messages and in the agreement's hash. Never changes and is never used again.
    pub const fn number(self) -> u8 {
        match self {
            Mode::Overlap => 1,
        }
    }

    /// The mode with this number.
    pub fn from_number(number: u8) -> Option<Mode> {
        Self::ALL.into_iter().find(|mode| mode.number() == number)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether the items ascend and none is repeated.
pub(crate) fn is_strictly_sorted<T: PartialOrd>(items: &[T]) -> bool {
    items.windows(2).all(|pair| pair[0] < pair[1])
}

fn ensure(holds: bool, error: AgreementError) -> Result<(), AgreementError> {
    if holds { Ok(()) } else { Err(error) }
}

impl fmt::Debug for AgreementHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AgreementHash({})", data_encoding::HEXLOWER.encode(&self.0[..8]))
    }
}
