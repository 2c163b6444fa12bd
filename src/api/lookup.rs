//! Own indicators that a value names, in any spelling that an import would take, of whatever kind it can be read as.

use std::collections::BTreeSet;

use overlap_coalition::MemberId;
use overlap_indicator::{Indicator, Kind, Rules};
use overlap_store::{IndicatorId, KnownOverlap, KnownValue, OwnIndicator, Store};

/// The ids of indicators that a value names. There may be none of them in the store. A number of a payment card names none.
pub(crate) fn ids_named(value: &str, store: &dyn Store, rules: &Rules) -> Vec<IndicatorId> {
    let read = Kind::ALL.into_iter().filter_map(|kind| Indicator::parse(kind, value, rules).ok());
    read.map(|indicator| store.indicator_id(indicator.kind(), indicator.canonical())).collect()
}

/// An own indicator that a value names.
pub(crate) struct Held {
    pub(crate) own: OwnIndicator,
    /// Its own, by partners.
    overlaps: Vec<KnownOverlap>,
}

impl Held {
    /// The partners that overlap on it, by their ids.
    pub(crate) fn peers(&self) -> BTreeSet<&MemberId> {
        self.overlaps.iter().map(|overlap| &overlap.peer).collect()
    }

    /// What is known of it, in a sentence that has no value in it.
    pub(crate) fn sentence(&self) -> String {
        let met =
            |overlap: &KnownOverlap| format!("{} holds what meets it on {}", overlap.peer, overlap.facet);
        let met: Vec<String> = self.overlaps.iter().map(met).collect();
        let met = if met.is_empty() { "no partner is known to hold it".to_owned() } else { met.join("; ") };
        let tlp = self.own.tlp.as_str().to_ascii_uppercase();
        format!("Own {}, TLP:{tlp}; {met}.", self.own.kind)
    }
}

/// What is known of the own indicators that a value names: memory has it all, and nothing is unsealed.
pub(crate) fn held(value: &str, store: &dyn Store, rules: &Rules) -> Vec<Held> {
    let read = Kind::ALL.into_iter().filter_map(|kind| Indicator::parse(kind, value, rules).ok());
    let known = store.known(&read.collect::<Vec<_>>()).values.into_iter();
    let held = known.filter_map(|KnownValue { own, mut overlaps, .. }| {
        let own = own?;
        overlaps.retain(|overlap| overlap.indicator == own.id);
        Some(Held { own, overlaps })
    });
    held.collect()
}

#[cfg(test)]
mod tests {
    use overlap_coalition::Timestamp;
    use overlap_indicator::Facet;
    use overlap_store::{ExchangeState, IndicatorFilter, PageRequest};

    use super::*;
    use crate::testing::imports::imported;
    use crate::testing::{NOW, TestNode, exchange};

    #[tokio::test]
    async fn only_what_the_value_names_is_told_and_not_what_it_meets() {
        let node = TestNode::new();
        imported(&node, "format=txt&tlp=green", "https://shop.example.org/a\nshop.example.org\n").await;
        let all = PageRequest { limit: 2, after: None };
        let rows = node.store.indicators(&IndicatorFilter::default(), &all).unwrap().rows;
        let record = exchange(7, ExchangeState::Running);
        node.store.begin_exchange(&record).unwrap();
        node.store.store_overlaps(&record, &[(rows[1].id, Facet::Host)], Timestamp(NOW)).unwrap();
        let told = |value| {
            held(value, &*node.store, &Rules::default()).iter().map(Held::sentence).collect::<Vec<_>>()
        };
        assert_eq!(
            told("hxxps://SHOP.example.org/a"),
            ["Own url, TLP:GREEN; no partner is known to hold it."]
        );
        assert_eq!(
            told("shop.example.org"),
            ["Own domain, TLP:GREEN; payments holds what meets it on host."]
        );
        assert_eq!(told("elsewhere.example.org"), Vec::<String>::new());
    }
}
