//! Overlaps found, counted and marked, against a plain list of them.

use std::collections::BTreeMap;

use overlap_coalition::Timestamp;
use overlap_indicator::{Facet, Kind};
use proptest::prelude::*;

use crate::testing::{NOW, Place, all_pages, by, exchange, member, new_indicator};
use crate::{
    FoundOverlap, IndicatorId, OverlapChoice, OverlapOrder, OverlapQuery, OverlapSeat, PageRequest,
    SledStore, Store, StoreError,
};

const PEERS: [&str; 3] = ["police", "hotline", "bank"];
const DAY: u64 = 86_400;

/// What is known of an overlap without its texts.
type Known = (String, Kind, Facet, u64, bool);

#[derive(Clone, Debug)]
enum Call {
    Exchange { peer: usize, from: u16, rows: u16 },
    Mark { every: usize, seen: bool },
    MarkMatching { query: OverlapQuery, seen: bool },
    Reopen,
    Restore,
}

fn query() -> impl Strategy<Value = OverlapQuery> {
    let peer = prop::option::of(prop::sample::select(vec!["police", "hotline", "bank", "nobody"]));
    let kind = prop::option::of(prop::sample::select(vec![Kind::Url, Kind::Domain, Kind::Ip]));
    let facet = prop::option::of(prop::sample::select(vec![Facet::Host, Facet::Url]));
    let order = prop::sample::select(vec![OverlapOrder::Newest, OverlapOrder::Oldest, OverlapOrder::Partner]);
    let date = || prop::option::of((0_u64..6).prop_map(|day| (NOW.0 + day * DAY) * 1_000_000 + 150));
    (peer, kind, facet, prop::option::of(any::<bool>()), date(), date(), order).prop_map(
        |(peer, kind, facet, seen, added_after, added_until, order)| OverlapQuery {
            peer: peer.map(member),
            kind,
            facet,
            seen,
            indicator: None,
            added_after,
            added_until,
            order,
        },
    )
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        4 => (0..PEERS.len(), 0_u16..900, 1_u16..700).prop_map(|(peer, from, rows)| Call::Exchange { peer, from, rows }),
        2 => (1_usize..40, any::<bool>()).prop_map(|(every, seen)| Call::Mark { every, seen }),
        2 => (query(), any::<bool>()).prop_map(|(query, seen)| Call::MarkMatching { query, seen }),
        1 => Just(Call::Reopen),
        1 => Just(Call::Restore),
    ]
}

/// Numbers are URLs, domains for every third.
fn import_all(store: &SledStore) {
    let indicator = |number: usize| match number % 3 {
        0 => new_indicator(Kind::Domain, &format!("h{number}.example"), Default::default()),
        _ => new_indicator(Kind::Url, &format!("https://h{number}.example/"), Default::default()),
    };
    store.import((0..1600).map(indicator).collect(), NOW).unwrap();
}

fn all(store: &SledStore, query: &OverlapQuery, limit: usize) -> Vec<FoundOverlap> {
    all_pages(limit, |page| store.find_overlaps(query, page))
}

fn known(found: &FoundOverlap) -> Known {
    let row = &found.row;
    (row.peer.to_string(), row.kind, row.facet, row.added, found.seen)
}

/// What the query should find of all overlaps, which stand in the order in which they were found.
fn filtered(rows: &[FoundOverlap], query: &OverlapQuery) -> Vec<Known> {
    let is_meant = |found: &&FoundOverlap| {
        let row = &found.row;
        query.peer.as_ref().is_none_or(|peer| *peer == row.peer)
            && query.kind.is_none_or(|kind| kind == row.kind)
            && query.facet.is_none_or(|facet| facet == row.facet)
            && query.seen.is_none_or(|seen| seen == found.seen)
            && query.added_after.is_none_or(|after| row.added > after)
            && query.added_until.is_none_or(|until| row.added <= until)
    };
    let mut meant: Vec<Known> = rows.iter().filter(is_meant).map(known).collect();
    if query.order != OverlapOrder::Oldest {
        meant.reverse();
    }
    if query.order == OverlapOrder::Partner {
        meant.sort_by(|a, b| a.0.cmp(&b.0));
    }
    meant
}

fn check_tally(store: &SledStore, rows: &[FoundOverlap]) {
    let since = rows.get(rows.len() / 2).map_or(0, |found| found.row.added);
    let tally = store.overlap_tally(since);
    let (mut by_day, mut by_kind, mut later) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for FoundOverlap { row, .. } in rows {
        *by_day.entry((row.peer.clone(), row.found / DAY)).or_insert(0) += 1;
        *by_kind.entry((row.peer.clone(), row.kind)).or_insert(0) += 1;
        if row.added > since {
            *later.entry(row.peer.clone()).or_insert(0) += 1;
        }
    }
    assert_eq!((tally.by_day, tally.by_kind, tally.since), (by_day, by_kind, later));
    assert_eq!(tally.unseen, rows.iter().filter(|found| !found.seen).count() as u64);
}

struct Run {
    place: Place,
    store: SledStore,
    exchanges: u8,
}

impl Run {
    fn apply(&mut self, call: Call) {
        match call {
            Call::Exchange { peer, from, rows } => self.exchange(peer, from, rows),
            Call::Mark { every, seen } => {
                let found = all(&self.store, &OverlapQuery::oldest_first(), 1000);
                let some: Vec<OverlapSeat> = found.iter().map(|found| found.seat).step_by(every).collect();
                let changes = found.iter().step_by(every).filter(|found| found.seen != seen).count();
                let changed = self.store.mark_overlaps(&OverlapChoice::These(some), seen, &by()).unwrap();
                assert_eq!(changed, changes as u64);
            }
            Call::MarkMatching { query, seen } => {
                let meant = filtered(&all(&self.store, &OverlapQuery::oldest_first(), 1000), &query);
                let changes = meant.iter().filter(|known| known.4 != seen).count();
                let changed = self.store.mark_overlaps(&OverlapChoice::Matching(query), seen, &by()).unwrap();
                assert_eq!(changed, changes as u64);
            }
            Call::Reopen => replace_store(&mut self.store, &self.place),
            Call::Restore => {
                let mut file = Vec::new();
                self.store.export(&mut file, &by()).unwrap();
                self.place = Place::new();
                self.store = self.place.open();
                self.store.restore(&mut &file[..], &by()).unwrap();
            }
        }
    }

    fn exchange(&mut self, peer: usize, from: u16, rows: u16) {
        let record = exchange(self.exchanges, PEERS[peer]);
        self.store.begin_exchange(&record).unwrap();
        let snapshot = self.store.snapshot();
        let selection =
            crate::Selection { facets: vec![Facet::Host, Facet::Url], ..crate::testing::everything() };
        let holders = snapshot.holders(&selection, &snapshot.digests(&selection));
        let found: Vec<_> = holders.into_iter().skip(from.into()).take(rows.into()).collect();
        let now = Timestamp(NOW.0 + u64::from(self.exchanges) * DAY);
        self.store.store_overlaps(&record, &found, now).unwrap();
        self.exchanges += 1;
    }
}

fn replace_store(store: &mut SledStore, place: &Place) {
    // The folder has one owner, so a store elsewhere stands in while this one closes.
    *store = Place::new().open();
    *store = place.open();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn overlaps_are_found_counted_and_marked_as_a_plain_list_says(
        calls in prop::collection::vec(call(), 1..9),
        queries in prop::collection::vec(query(), 6),
        limit in 1_usize..300,
    ) {
        let place = Place::new();
        let store = place.open();
        import_all(&store);
        let mut run = Run { place, store, exchanges: 0 };
        for call in calls {
            let is_kept = matches!(call, Call::Reopen | Call::Restore);
            let before = is_kept.then(|| filtered(&all(&run.store, &OverlapQuery::oldest_first(), 1000), &OverlapQuery::oldest_first()));
            run.apply(call);
            let rows = all(&run.store, &OverlapQuery::oldest_first(), 1000);
            for query in &queries {
                let found: Vec<Known> = all(&run.store, query, limit).iter().map(known).collect();
                prop_assert_eq!(found, filtered(&rows, query));
            }
            check_tally(&run.store, &rows);
            if let Some(before) = before {
                prop_assert_eq!(before, filtered(&rows, &OverlapQuery::oldest_first()));
            }
        }
    }
}

#[test]
fn cursors_are_of_one_order() {
    let place = Place::new();
    let store = place.open();
    import_all(&store);
    let mut run = Run { place, store, exchanges: 0 };
    run.exchange(0, 0, 10);
    let page =
        run.store.find_overlaps(&OverlapQuery::default(), &PageRequest { limit: 3, after: None }).unwrap();
    let after = PageRequest { limit: 3, after: page.next };
    assert!(matches!(
        run.store.find_overlaps(&OverlapQuery::oldest_first(), &after),
        Err(StoreError::BadCursor)
    ));
    assert_eq!(run.store.find_overlaps(&OverlapQuery::default(), &after).unwrap().rows.len(), 3);
}

#[test]
fn places_without_an_overlap_are_not_marked() {
    let place = Place::new();
    let store = place.open();
    let seats = vec![OverlapSeat(0), OverlapSeat(u64::MAX)];
    assert_eq!(store.mark_overlaps(&OverlapChoice::These(seats), true, &by()).unwrap(), 0);
    drop(store);
    assert_eq!(place.open().overlap_tally(0), crate::OverlapTally::default());
}

#[test]
fn visits_are_kept_and_exported() {
    let place = Place::new();
    let store = place.open();
    assert_eq!(store.last_visit("siem").unwrap(), None);
    store.set_last_visit("siem", 5).unwrap();
    store.set_last_visit("siem", 7).unwrap();
    let mut file = Vec::new();
    store.export(&mut file, &by()).unwrap();
    drop(store);
    assert_eq!(place.open().last_visit("siem").unwrap(), Some(7));
    let elsewhere = Place::new();
    let other = elsewhere.open();
    other.restore(&mut &file[..], &by()).unwrap();
    assert_eq!(other.last_visit("siem").unwrap(), Some(7));
}

#[test]
fn the_overlaps_of_one_indicator_are_those_that_a_look_at_all_finds() {
    let place = Place::new();
    let store = place.open();
    import_all(&store);
    let page = PageRequest { limit: 10, after: None };
    let ids: Vec<_> =
        store.indicators(&Default::default(), &page).unwrap().rows.iter().map(|row| row.id).collect();
    for (number, peer) in [(1, "police"), (2, "hotline"), (3, "bank"), (4, "police")] {
        let facets = if number == 4 { vec![Facet::Url, Facet::Site] } else { vec![Facet::Host] };
        let found: Vec<_> = ids.iter().flat_map(|id| facets.iter().map(|facet| (*id, *facet))).collect();
        let record = exchange(number, peer);
        store.begin_exchange(&record).unwrap();
        store.store_overlaps(&record, &found, Timestamp(NOW.0 + u64::from(number) * DAY)).unwrap();
    }
    let every_other = (0..1024).step_by(2).map(OverlapSeat).collect();
    store.mark_overlaps(&OverlapChoice::These(every_other), true, &by()).unwrap();
    let seats = |query: &OverlapQuery, limit| -> Vec<OverlapSeat> {
        let found = all(&store, query, limit).into_iter();
        found.filter(|found| found.row.indicator == ids[4]).map(|found| found.seat).collect()
    };
    let date = Some((NOW.0 + 2 * DAY) * 1_000_000);
    for order in [OverlapOrder::Newest, OverlapOrder::Oldest, OverlapOrder::Partner] {
        for (peer, seen, added_after) in [
            (None, None, None),
            (Some("police"), None, None),
            (Some("nobody"), None, None),
            (None, Some(true), None),
            (Some("police"), Some(false), None),
            (None, None, date),
        ] {
            let query =
                OverlapQuery { peer: peer.map(member), seen, added_after, order, ..OverlapQuery::default() };
            let whole = seats(&query, 7);
            assert_eq!(whole.is_empty(), peer == Some("nobody"), "{query:?}");
            let query = OverlapQuery { indicator: Some(ids[4]), ..query };
            for limit in [1, 2, 50] {
                assert_eq!(seats(&query, limit), whole, "{query:?}");
            }
        }
    }
    let uuids: Vec<_> =
        store.overlaps_of(ids[4]).unwrap().iter().map(|row| (row.uuid(), row.added)).collect();
    assert_eq!((uuids.len(), store.overlap_uuids_of(ids[4])), (5, uuids));
    let unknown = OverlapQuery { indicator: Some(IndicatorId([9; 16])), ..OverlapQuery::default() };
    assert!(all(&store, &unknown, 5).is_empty());
}
