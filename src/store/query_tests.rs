//! What is known of values.

use overlap_indicator::{Context, Facet, Indicator, Kind, Rules};
use proptest::prelude::*;

use crate::query::{MOST_LOOKED_AT, MOST_MET};
use crate::testing::{NOW, Place, Warned, all_overlaps, all_pages, by, exchange, new_indicator};
use crate::{
    Hold, IndicatorFilter, IndicatorId, IndicatorRow, KnownOverlap, KnownValue, OverlapQuery, SledStore,
    Store,
};

fn url(text: &str) -> Indicator {
    Indicator::parse(Kind::Url, text, &Rules::default()).unwrap()
}

fn import(store: &SledStore, kind: Kind, values: impl IntoIterator<Item = String>) {
    let rows = values.into_iter().map(|value| new_indicator(kind, &value, Context::default()));
    store.import(rows.collect(), NOW).unwrap();
}

fn rows(store: &SledStore) -> Vec<IndicatorRow> {
    all_pages(100, |page| store.indicators(&IndicatorFilter::default(), page))
}

fn shared(store: &SledStore, number: u8, peer: &str, found: &[(IndicatorId, Facet)]) {
    let record = exchange(number, peer);
    store.begin_exchange(&record).unwrap();
    store.store_overlaps(&record, found, NOW).unwrap();
}

fn one(store: &SledStore, asked: &Indicator) -> KnownValue {
    let mut known = store.known(std::slice::from_ref(asked));
    assert!(known.has_facets);
    known.values.pop().unwrap()
}

#[test]
fn a_url_meets_the_domain_of_its_host_and_who_overlaps_there() {
    let place = Place::new();
    let store = place.open();
    import(&store, Kind::Domain, ["shop.example".into(), "other.example".into()]);
    import(&store, Kind::Url, ["https://shop.example/a".into()]);
    let [domain, _, page] = rows(&store).try_into().unwrap();
    shared(&store, 1, "police", &[(domain.id, Facet::Host), (domain.id, Facet::Site)]);
    shared(&store, 2, "hotline", &[(page.id, Facet::Url), (page.id, Facet::Host)]);
    let known = one(&store, &url("https://SHOP.example/a"));
    assert_eq!(known.own.unwrap().id, page.id);
    let met: Vec<_> = known.meets.iter().map(|(facet, own)| (*facet, own.id)).collect();
    assert_eq!(met, [(Facet::Host, domain.id), (Facet::Site, domain.id)]);
    let told: Vec<_> = known.overlaps.iter().map(|of| (of.peer.as_str(), of.facet, of.indicator)).collect();
    let own = [("hotline", Facet::Url, page.id), ("hotline", Facet::Host, page.id)];
    let met = [("police", Facet::Host, domain.id), ("police", Facet::Site, domain.id)];
    assert_eq!(told, [own, met].concat());
    assert_eq!((known.overlaps[0].exchange.0[0], known.overlaps[0].found), (2, NOW.0));
    let nothing = one(&store, &url("https://nowhere.invalid/"));
    assert_eq!((nothing.own, nothing.meets.len(), nothing.overlaps.len()), (None, 0, 0));
}

#[test]
fn overlaps_of_a_withdrawn_indicator_are_still_told() {
    let place = Place::new();
    let store = place.open();
    import(&store, Kind::Url, ["https://shop.example/a".into()]);
    let id = rows(&store)[0].id;
    shared(&store, 1, "police", &[(id, Facet::Url)]);
    store.withdraw(&[id], &by()).unwrap();
    drop(store);
    let known = one(&place.open(), &url("https://shop.example/a"));
    assert_eq!((known.own, known.meets.len()), (None, 0));
    let told = KnownOverlap {
        peer: "police".parse().unwrap(),
        facet: Facet::Url,
        indicator: id,
        exchange: exchange(1, "police").id,
        found: NOW.0,
    };
    assert_eq!(known.overlaps, [told]);
}

#[test]
fn a_crowd_on_one_facet_is_named_in_part() {
    let place = Place::new();
    let store = place.open();
    for (count, more) in [(MOST_MET, false), (MOST_MET + 1, true), (MOST_LOOKED_AT + 20, true)] {
        import(&store, Kind::Url, (0..count).map(|number| format!("https://shop.example/{number}")));
        let known = one(&store, &url("https://shop.example/else"));
        let on_host = known.meets.iter().filter(|(facet, _)| *facet == Facet::Host).count();
        assert_eq!((on_host, known.meets_more), (MOST_MET, more), "{count}");
    }
    let own = one(&store, &url("https://shop.example/5"));
    assert!(own.own.is_some() && own.meets.iter().all(|(_, met)| Some(*met) != own.own));
}

#[test]
fn a_held_indicator_is_known_as_held() {
    let place = Place::new();
    let store = place.open();
    store.set_warnings(Warned::of(["https://shop.example/a"])).unwrap();
    import(&store, Kind::Url, ["https://shop.example/a".into()]);
    assert_eq!(one(&store, &url("https://shop.example/a")).own.unwrap().hold, Hold::Held);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// Few hosts and pages, so that much meets: what the digests find is what comparing every facet with every facet finds.
    #[test]
    fn meets_what_a_comparison_of_all_facets_meets(
        own in prop::collection::btree_set((0_u8..6, 0_u8..2), 0..9),
        domains in prop::collection::btree_set(0_u8..6, 0..3),
        asked in prop::collection::vec((0_u8..7, 0_u8..3), 1..9),
        shared_with in prop::collection::vec(0_usize..12, 0..6),
    ) {
        let place = Place::new();
        let store = place.open();
        let text = |(host, page): (u8, u8)| format!("https://h{host}.n{}.example/{page}", host % 3);
        import(&store, Kind::Url, own.iter().map(|of| text(*of)));
        import(&store, Kind::Domain, domains.iter().map(|host| format!("h{host}.n{}.example", host % 3)));
        let rows = rows(&store);
        let found: Vec<_> =
            shared_with.iter().filter_map(|at| Some((rows.get(*at)?.id, Facet::Host))).collect();
        shared(&store, 1, "police", &found);
        let overlaps = all_overlaps(&store, &OverlapQuery::oldest_first(), 100);
        let asked: Vec<Indicator> = asked.into_iter().map(|of| url(&text(of))).collect();
        for (indicator, known) in asked.iter().zip(store.known(&asked).values) {
            let is_it = |row: &&IndicatorRow| row.canonical == *indicator.canonical();
            prop_assert_eq!(known.own.map(|own| own.id), rows.iter().find(is_it).map(|row| row.id));
            let mut met = Vec::new();
            for key in indicator.facets() {
                for row in rows.iter().filter(|row| !is_it(row)) {
                    let other = Indicator::parse(row.kind, row.canonical.reveal(), &Rules::default()).unwrap();
                    if other.facets().contains(&key) {
                        met.push((key.facet, row.id));
                    }
                }
            }
            let told: Vec<_> = known.meets.iter().map(|(facet, own)| (*facet, own.id)).collect();
            prop_assert!(told.iter().all(|of| met.contains(of)));
            let mut more = false;
            for facet in Facet::ALL {
                let count = |of: &[(Facet, IndicatorId)]| of.iter().filter(|(on, _)| *on == facet).count();
                prop_assert_eq!(count(&told), count(&met).min(MOST_MET));
                more |= count(&met) > MOST_MET;
            }
            prop_assert_eq!(known.meets_more, more);
            let (exact, others): (Vec<_>, Vec<_>) =
                known.overlaps.iter().partition(|of| of.indicator == known.id);
            let wanted = overlaps.iter().filter(|of| of.indicator == known.id).count();
            prop_assert_eq!(exact.len(), wanted);
            let on_met = |id, facet| met.contains(&(facet, id));
            let any = overlaps.iter().any(|of| of.indicator != known.id && on_met(of.indicator, of.facet));
            prop_assert_eq!(others.len(), usize::from(any), "one for the one partner and facet");
            prop_assert!(others.iter().all(|of| on_met(of.indicator, of.facet)));
        }
    }
}
