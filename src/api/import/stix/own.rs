//! What this program itself has written: its extension says more than a pattern can, such as a wallet's chain.

use overlap_indicator::{Indicator, Kind};

use crate::import::finding::Found;
use crate::import::json_value::{Members, object, text};
use crate::import::source::RowRules;
use crate::stix::{EXTENSION_ID, pattern};

/// What our extension on an indicator says. None where it does not say the same as the pattern: somebody has changed one of them, and
/// the pattern is what other tools go by.
pub(crate) fn extension(members: &Members, rules: &RowRules) -> Option<Found> {
    let ours = object(object(members, "extensions")?, EXTENSION_ID)?;
    let kind: Kind = text(ours, "kind")?.parse().ok()?;
    let value = text(ours, "value")?;
    let indicator = Indicator::parse(kind, value, &rules.rules).ok()?;
    let is_same = text(members, "pattern")? == pattern(kind, indicator.canonical().reveal());
    is_same.then(|| Found::new(kind, value))
}
