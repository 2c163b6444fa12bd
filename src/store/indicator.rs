//! A member's own indicators.

use std::fmt;

use overlap_indicator::{Context, Indicator, Kind, SecretText};

use crate::Hold;

/// An indicator's id in this store: 16 bytes, a keyed hash of kind and canonical form, so that it says nothing outside.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndicatorId(pub [u8; 16]);

impl IndicatorId {
    /// A hash for tables in memory: ids are the output of a keyed hash, so eight of their bytes are as good as a hash of them.
    pub(crate) fn hash_of_bytes(self) -> u64 {
        let [first @ .., _, _, _, _, _, _, _, _] = self.0;
        u64::from_le_bytes(first)
    }
}

impl fmt::Display for IndicatorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for IndicatorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An indicator to keep.
#[derive(Clone, Debug)]
pub struct NewIndicator {
    /// The indicator.
    pub indicator: Indicator,
    /// As it was written in the import.
    pub raw: SecretText,
    /// What goes with it.
    pub context: Context,
}

/// An indicator that is kept.
#[derive(Clone, Debug)]
pub struct IndicatorRow {
    /// Its id.
    pub id: IndicatorId,
    /// Its kind.
    pub kind: Kind,
    /// As it was first written.
    pub raw: SecretText,
    /// Its canonical form.
    pub canonical: SecretText,
    /// What goes with it.
    pub context: Context,
    /// When it was imported, in seconds since 1970-01-01T00:00:00Z.
    pub imported: u64,
    /// When it was added, in microseconds since 1970-01-01T00:00:00Z: later than every indicator before it, by
    /// [`ADDED_STEP`](crate::ADDED_STEP) at least, whatever the clock did. Known for indicators that were read.
    pub added: u64,
    /// Whether a warning holds it out of exchanges. Known for indicators that were read.
    pub hold: Hold,
}

/// What became of an import's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ImportCounts {
    /// New.
    pub accepted: u64,
    /// Already there, by kind and canonical form. The context of the row that is there is brought up to date: the earliest first
    /// and the latest last sight, the narrower TLP, the newer expiry and confidence where the import has one; an indicator that had
    /// expired and is imported without an expiry is current again. Raw text, source and note stay the first import's.
    pub duplicates: u64,
    /// How many of the new ones a warning holds out of exchanges.
    pub held: u64,
}

/// Which indicators.
#[derive(Clone, Debug, Default)]
pub struct IndicatorFilter {
    /// Of this kind only.
    pub kind: Option<Kind>,
    /// Only those that a warning holds out of exchanges, or only the others.
    pub held: Option<bool>,
    /// Only those that somebody has let into exchanges in spite of a warning.
    pub overridden: bool,
}
