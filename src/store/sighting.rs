//! Sightings: what this member's people and tools say of an own indicator after it was imported.

use std::fmt;

use uuid::Uuid;

use crate::IndicatorId;
use crate::uuids::sighting_uuid;

/// What a sighting says.
///
/// The numbers are the store's, and those of MISP's `type`: they never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum SightingKind {
    /// The indicator was met.
    Seen = 0,
    /// What was met was no offence. A statement: the indicator takes part in exchanges as before.
    FalsePositive = 1,
    /// The indicator holds no longer, from the sighting's time on.
    Expired = 2,
}

impl SightingKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [SightingKind; 3] =
        [SightingKind::Seen, SightingKind::FalsePositive, SightingKind::Expired];

    /// The name in the API and in exports.
    pub const fn as_str(self) -> &'static str {
        match self {
            SightingKind::Seen => "seen",
            SightingKind::FalsePositive => "false-positive",
            SightingKind::Expired => "expired",
        }
    }

    /// The number in the store and in MISP.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The kind with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A sighting to keep.
#[derive(Clone)]
pub struct NewSighting {
    /// The own indicator.
    pub indicator: IndicatorId,
    /// What is said of it.
    pub kind: SightingKind,
    /// When it was met, or since when it holds no longer, in seconds since 1970-01-01T00:00:00Z.
    pub at: u64,
    /// Where; free text.
    pub source: String,
}

/// A sighting that is kept.
#[derive(Clone)]
pub struct SightingRow {
    /// Counts sightings from 0 in the order in which they were stored; it never changes.
    pub number: u32,
    /// The own indicator, which may have been withdrawn since.
    pub indicator: IndicatorId,
    /// What is said of it.
    pub kind: SightingKind,
    /// When it was met, or since when it holds no longer, in seconds since 1970-01-01T00:00:00Z.
    pub at: u64,
    /// When it was stored, in seconds.
    pub stored: u64,
    /// Where; free text.
    pub source: String,
}

impl SightingRow {
    /// The UUID under which tools outside know it.
    pub fn uuid(&self) -> Uuid {
        sighting_uuid(self.indicator, self.number)
    }
}

// Free text may hold anything, so it is not shown.
impl fmt::Debug for NewSighting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewSighting({} of {} at {})", self.kind.as_str(), self.indicator, self.at)
    }
}

impl fmt::Debug for SightingRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, indicator, kind, at, stored, .. } = self;
        write!(f, "SightingRow({number}: {} of {indicator} at {at}, stored {stored})", kind.as_str())
    }
}

/// Which sightings.
#[derive(Clone, Debug, Default)]
pub struct SightingFilter {
    /// Of this indicator only.
    pub indicator: Option<IndicatorId>,
    /// That say this only.
    pub kind: Option<SightingKind>,
    /// Of this time or later.
    pub from: Option<u64>,
    /// Of this time or earlier.
    pub until: Option<u64>,
    /// The last that was stored first, and not the first.
    pub newest_first: bool,
}
