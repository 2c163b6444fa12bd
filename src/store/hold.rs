//! What holds an indicator out of exchanges beside its marking and its expiry: a warning, until somebody overrides it.

use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::error::damaged;
use crate::stored::{from_json, to_json};

/// Whether a warning holds an indicator out of exchanges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub enum Hold {
    /// No.
    #[default]
    Free,
    /// Yes.
    Held,
    /// Somebody has overridden it, so no; and none that comes later will, until the override is taken back.
    Overridden,
}

/// Who let an indicator into exchanges that a warning holds out, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// The name of the token with which it was asked for.
    pub by: String,
    /// When, in seconds since 1970-01-01T00:00:00Z.
    pub at: u64,
    /// Why, in free text.
    pub reason: String,
}

/// What became of an override that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overriding {
    /// It is durable, and the next exchange has the indicator.
    Done,
    /// There is no such indicator.
    Unknown,
    /// No warning holds the indicator out.
    NotHeld,
    /// It was overridden before, which stays.
    Already,
}

impl Override {
    pub(crate) fn encode(&self) -> Result<Vec<u8>, StoreError> {
        to_json(self)
    }

    pub(crate) fn decode(plain: &[u8]) -> Result<Self, StoreError> {
        from_json(plain).map_err(|_| damaged("an override"))
    }
}
