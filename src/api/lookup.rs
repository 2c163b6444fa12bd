//! Own indicators that a value names, in any spelling that an import would take, of whatever kind it can be read as.

use std::collections::BTreeSet;

use overlap_coalition::MemberId;
use overlap_indicator::{Indicator, Kind, Rules};
use overlap_store::{IndicatorId, IndicatorRow, OverlapRow, Store, StoreError};

/// The ids of indicators that a value names. There may be none of them in the store. A number of a payment card names none.
pub(crate) fn ids_named(value: &str, store: &dyn Store, rules: &Rules) -> Vec<IndicatorId> {
    let read = Kind::ALL.into_iter().filter_map(|kind| Indicator::parse(kind, value, rules).ok());
    read.map(|indicator| store.indicator_id(indicator.kind(), indicator.canonical())).collect()
}

/// An own indicator that a value names.
pub(crate) struct Held {
    pub(crate) row: IndicatorRow,
    overlaps: Vec<OverlapRow>,
}

impl Held {
    /// The partners that overlap on it, by their ids.
    pub(crate) fn peers(&self) -> BTreeSet<&MemberId> {
        self.overlaps.iter().map(|overlap| &overlap.peer).collect()
    }

    /// What is known of it, in a sentence that has no value in it.
    pub(crate) fn sentence(&self) -> String {
        let met = |overlap: &OverlapRow| format!("{} holds what meets it on {}", overlap.peer, overlap.facet);
        let met: Vec<String> = self.overlaps.iter().map(met).collect();
        let met = if met.is_empty() { "no partner is known to hold it".to_owned() } else { met.join("; ") };
        let tlp = self.row.context.tlp.as_str().to_ascii_uppercase();
        format!("Own {}, TLP:{tlp}; {met}.", self.row.kind)
    }
}

/// What is known of the own indicators that a value names.
///
/// # Errors
/// The store's.
pub(crate) fn held(value: &str, store: &dyn Store, rules: &Rules) -> Result<Vec<Held>, StoreError> {
    let mut found = Vec::new();
    for id in ids_named(value, store, rules) {
        if let Some(row) = store.indicator(id)? {
            found.push(Held { row, overlaps: store.overlaps_of(id)? });
        }
    }
    Ok(found)
}
