//! Sightings and groups of overlaps, against the real store.

use overlap_coalition::{ExchangeId, Timestamp};
use overlap_indicator::{Context, Facet, Kind};

use crate::testing::{NOW, Place, all_overlaps, all_pages, by_at, domain, exchange, new_indicator};
use crate::{
    IndicatorId, NewSighting, OverlapGroup, OverlapQuery, OverlapScan, PageRequest, SightingFilter,
    SightingKind, SledStore, Store, StoreError,
};

fn id(store: &SledStore, number: usize) -> IndicatorId {
    let indicator = domain(number).indicator;
    store.indicator_id(indicator.kind(), indicator.canonical())
}

fn new(indicator: IndicatorId, kind: SightingKind, at: u64) -> NewSighting {
    NewSighting { indicator, kind, at, source: format!("sensor {at}") }
}

fn context(store: &SledStore, number: usize) -> Context {
    store.indicator(id(store, number)).unwrap().unwrap().context
}

#[test]
fn sightings_change_what_they_speak_of_and_outlive_a_restart() {
    let place = Place::new();
    let store = place.open();
    store.import((0..3).map(domain).collect(), NOW).unwrap();
    let of = |number| id(&store, number);
    let added = store.add_sightings(
        vec![
            new(of(0), SightingKind::Seen, 50),
            new(of(0), SightingKind::Seen, 20),
            new(of(1), SightingKind::FalsePositive, 30),
            new(of(2), SightingKind::Expired, NOW.0 - 1),
            new(of(9), SightingKind::Seen, 60),
        ],
        &by_at(NOW),
    );
    let uuids: Vec<_> = added.unwrap().iter().map(|row| row.uuid()).collect();
    assert_eq!(uuids.len(), 4, "one is of an indicator that is not there");
    drop(store);
    let store = place.open();
    assert_eq!(
        (context(&store, 0).first_seen, context(&store, 0).last_seen, context(&store, 0).expires),
        (Some(20), Some(50), None)
    );
    assert_eq!(context(&store, 1), Context::default(), "a false positive is a statement");
    assert_eq!(context(&store, 2).expires, Some(NOW.0 - 1));
    let all = all_pages(3, |page| store.sightings(&SightingFilter::default(), page));
    assert_eq!(all.iter().map(|row| row.uuid()).collect::<Vec<_>>(), uuids);
    assert_eq!(all[1].source, "sensor 20");
    assert_eq!(all.iter().map(|row| row.number).collect::<Vec<_>>(), [0, 1, 2, 3]);
}

#[test]
fn a_group_is_found_by_the_date_of_any_of_its_overlaps() {
    let place = Place::new();
    let store = place.open();
    store.import((0..600).map(domain).collect(), NOW).unwrap();
    assert_eq!(store.overlap_group_at(NOW.0 * 1_000_000), None);
    for (number, peer) in [(1_u8, "police"), (2, "hotline"), (3, "police")] {
        let record = exchange(number, peer);
        store.begin_exchange(&record).unwrap();
        let found: Vec<_> =
            (0..300).map(|at| (id(&store, at + 100 * usize::from(number)), Facet::Host)).collect();
        store.store_overlaps(&record, &found, NOW).unwrap();
    }
    let groups = store.overlap_groups(0, usize::MAX);
    assert_eq!(groups.len(), 3);
    for row in all_overlaps(&store, &OverlapQuery::oldest_first(), 100) {
        let has = |group: &&OverlapGroup| (group.first_added..=group.last_added).contains(&row.added);
        assert_eq!(store.overlap_group_at(row.added).as_ref(), groups.iter().find(has));
    }
    for none in [0, 1, groups[0].first_added - 1, groups[2].last_added + 1, u64::MAX] {
        assert_eq!(store.overlap_group_at(none), None, "{none}");
    }
}

#[test]
fn sightings_are_found_by_indicator_kind_and_time() {
    let place = Place::new();
    let store = place.open();
    store.import((0..40).map(domain).collect(), NOW).unwrap();
    for round in 0..5_u64 {
        let batch = (0..40).map(|row| {
            let kind = SightingKind::ALL[row % 3];
            new(id(&store, row), kind, round * 100 + row as u64)
        });
        assert_eq!(store.add_sightings(batch.collect(), &by_at(NOW)).unwrap().len(), 40);
    }
    let times = |filter: SightingFilter| -> Vec<u64> {
        all_pages(7, |page| store.sightings(&filter, page)).iter().map(|row| row.at).collect()
    };
    let of = |row| SightingFilter { indicator: Some(id(&store, row)), ..SightingFilter::default() };
    assert_eq!(times(of(7)), [7, 107, 207, 307, 407]);
    assert_eq!(times(SightingFilter { from: Some(107), until: Some(307), ..of(7) }), [107, 207, 307]);
    assert_eq!(times(SightingFilter { kind: Some(SightingKind::Seen), ..of(7) }), [0_u64; 0]);
    let expired = SightingFilter { kind: Some(SightingKind::Expired), ..SightingFilter::default() };
    assert_eq!(times(expired).len(), 5 * 13);
    assert_eq!(times(of(40)), [0_u64; 0]);
    let newest = SightingFilter { newest_first: true, ..SightingFilter::default() };
    let mut all = times(SightingFilter::default());
    all.reverse();
    assert_eq!(times(newest.clone()), all);
    let of_one = SightingFilter { indicator: Some(id(&store, 7)), from: Some(107), ..newest.clone() };
    assert_eq!(times(of_one), [407, 307, 207, 107]);
    let past = PageRequest { limit: 1, after: Some(crate::Cursor("r00000000ffffffff".into())) };
    assert_eq!(store.sightings(&newest, &past).unwrap().rows[0].number, 199);
    let foreign = PageRequest { limit: 1, after: Some(crate::Cursor("i0000000000000000".into())) };
    let refused = store.sightings(&SightingFilter::default(), &foreign);
    assert!(matches!(refused, Err(StoreError::BadCursor)));
}

/// Stores overlaps of the domains of these numbers.
fn overlap(store: &SledStore, number: u8, peer: &str, rows: std::ops::Range<usize>) {
    let record = exchange(number, peer);
    store.begin_exchange(&record).unwrap();
    let found: Vec<_> = rows.map(|row| (id(store, row), Facet::Host)).collect();
    store.store_overlaps(&record, &found, Timestamp(NOW.0 + u64::from(number))).unwrap();
}

#[test]
fn overlaps_that_were_found_together_are_a_group_that_never_changes() {
    let place = Place::new();
    let store = place.open();
    store.import((0..900).map(domain).collect(), NOW).unwrap();
    store.import(vec![new_indicator(Kind::Ip, "192.0.2.1", Context::default())], NOW).unwrap();
    overlap(&store, 1, "police", 0..600);
    overlap(&store, 2, "hotline", 0..10);
    overlap(&store, 3, "police", 0..600);
    overlap(&store, 4, "police", 590..620);
    let groups = store.overlap_groups(0, 10);
    let brief = |group: &OverlapGroup| (group.number, group.peer.to_string(), group.overlaps);
    let expected = [(1, "police".into(), 600), (2, "hotline".into(), 10), (3, "police".into(), 20)];
    assert_eq!(
        groups.iter().map(brief).collect::<Vec<_>>(),
        expected,
        "the third exchange found nothing new"
    );
    assert_eq!(groups[2].exchange, ExchangeId([4; 16]));
    assert_eq!(store.overlap_groups(1, 1), groups[1..2]);
    drop(store);
    let store = place.open();
    assert_eq!(store.overlap_groups(0, 10), groups);
    for group in &groups {
        let only = |brief: &crate::OverlapBrief| brief.group == group.number;
        let scan = OverlapScan { after: 0, until: u64::MAX, skip: 0, is_meant: &only };
        let rows = store.overlaps_meant(&scan, 10_000).unwrap();
        let edges = (rows.first().unwrap().added, rows.last().unwrap().added);
        assert_eq!((rows.len() as u64, edges), (group.overlaps, (group.first_added, group.last_added)));
        assert!(rows.iter().all(|row| row.exchange == group.exchange && row.found == group.found));
        let all = OverlapScan {
            after: group.first_added - 1,
            until: group.last_added,
            skip: 0,
            is_meant: &|_| true,
        };
        assert_eq!(store.overlaps_meant(&all, 10_000).unwrap().len(), rows.len());
        let last = OverlapScan { skip: rows.len() - 1, ..all };
        assert_eq!(store.overlaps_meant(&last, 10).unwrap()[0].added, group.last_added);
    }
    let of = store.overlaps_of(id(&store, 3)).unwrap();
    assert_eq!(of.iter().map(|row| row.peer.as_str()).collect::<Vec<_>>(), ["police", "hotline"]);
    assert_eq!(store.overlaps_of(id(&store, 700)).unwrap().len(), 0);
}
