//! The store as its callers see it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use overlap_coalition::{Charge, DayUse, ExchangeId, MemberId, Timestamp};
use overlap_indicator::{Context, Facet, Kind, Pap, Tlp};

use crate::segment::SEGMENT_ROWS;
use crate::testing::{
    NOW, Place, all_overlaps, all_pages, by, document, domain, everything, exchange, lose_segment, member,
    new_indicator,
};
use crate::{
    ChargeLimit, ChargeRefused, ExchangeRecord, ExchangeState, ImportCounts, IndicatorFilter, NewIndicator,
    NewSighting, OverlapQuery, PageRequest, Role, Selection, SightingKind, SledStore, Store, StoreError,
    TokenRecord,
};

const DAY: u64 = 86_400;

#[test]
fn keeps_rows_in_the_order_of_import_over_a_restart() {
    let place = Place::new();
    let store = place.open();
    for batch in [0..700, 690..710, 710..711] {
        store.import(batch.map(domain).collect(), NOW).unwrap();
    }
    drop(store);
    let store = place.open();
    let rows = all_pages(100, |page| store.indicators(&IndicatorFilter::default(), page));
    let canonical: Vec<&str> = rows.iter().map(|row| row.canonical.reveal()).collect();
    let wanted: Vec<String> = (0..711).map(|n| domain(n).indicator.canonical().reveal().to_owned()).collect();
    assert_eq!(canonical, wanted);
    assert_eq!(rows[5].raw.reveal(), "WWW.n5.example");
    assert_eq!(rows[5].imported, NOW.0);
    assert_eq!(store.indicator(rows[699].id).unwrap().unwrap().raw.reveal(), "WWW.n699.example");
}

#[test]
fn counts_duplicates_and_brings_their_context_up_to_date() {
    let place = Place::new();
    let store = place.open();
    let with = |raw: &str, tlp, last_seen| {
        let context = Context { tlp, last_seen, ..Context::default() };
        new_indicator(Kind::Domain, raw, context)
    };
    let first = vec![with("a.example", Tlp::Green, Some(5)), with("A.example", Tlp::Amber, Some(7))];
    assert_eq!(store.import(first, NOW).unwrap(), ImportCounts { accepted: 1, duplicates: 1, held: 0 });
    let again = vec![with("a.example.", Tlp::Clear, Some(9))];
    assert_eq!(store.import(again, NOW).unwrap(), ImportCounts { accepted: 0, duplicates: 1, held: 0 });
    let check = |store: &dyn Store| {
        let page =
            store.indicators(&IndicatorFilter::default(), &PageRequest { limit: 9, after: None }).unwrap();
        assert_eq!(page.rows.len(), 1);
        assert_eq!(page.rows[0].raw.reveal(), "a.example");
        assert_eq!(page.rows[0].context.tlp, Tlp::Amber);
        assert_eq!(page.rows[0].context.last_seen, Some(9));
    };
    check(&store);
    drop(store);
    check(&place.open());
}

#[test]
fn folds_changed_contexts_into_their_segments() {
    let place = Place::new();
    let store = place.open();
    let seen = |last_seen: u64| -> Vec<_> {
        let context = Context { last_seen: Some(last_seen), ..Context::default() };
        (0..400).map(|n| NewIndicator { context: context.clone(), ..domain(n) }).collect()
    };
    for round in 0..3 {
        store.import(seen(round), NOW).unwrap();
        let journals = store.state().journals.numbers.len();
        assert_eq!(journals, [0, 1, 0][round as usize], "round {round}");
    }
    store.import(seen(9), NOW).unwrap();
    drop(store);
    let rows = all_pages(100, |page| place.open().indicators(&IndicatorFilter::default(), page));
    assert_eq!(rows.len(), 400);
    assert!(rows.iter().all(|row| row.context.last_seen == Some(9)));
}

#[test]
fn what_is_durable_is_told_as_done_whatever_becomes_of_the_folding() {
    let place = Place::new();
    let store = place.open();
    let seen = |last_seen: u64| -> Vec<_> {
        let context = Context { last_seen: Some(last_seen), ..Context::default() };
        (0..300).map(|n| NewIndicator { context: context.clone(), ..domain(n) }).collect()
    };
    store.import(seen(0), NOW).unwrap();
    store.import(seen(1), NOW).unwrap();
    // Not the last one, which an import reads before it commits.
    lose_segment(&store, 0);
    let counts = store.import(seen(2), NOW).unwrap();
    assert_eq!((counts.duplicates, store.state().journals.numbers.len()), (300, 2));
    let id = store.indicator_id(Kind::Domain, domain(0).indicator.canonical());
    let sighting = NewSighting { indicator: id, kind: SightingKind::Seen, at: 9, source: String::new() };
    assert_eq!(store.add_sightings(vec![sighting], &by()).unwrap().len(), 1);
}

#[test]
fn pages_by_kind_and_refuses_foreign_cursors() {
    let place = Place::new();
    let store = place.open();
    let mut batch: Vec<_> = (0..300).map(domain).collect();
    batch.insert(150, new_indicator(Kind::Ip, "192.0.2.1", Context::default()));
    store.import(batch, NOW).unwrap();
    let ips = IndicatorFilter { kind: Some(Kind::Ip), ..IndicatorFilter::default() };
    assert_eq!(all_pages(1, |page| store.indicators(&ips, page)).len(), 1);
    let page = store.indicators(&IndicatorFilter::default(), &PageRequest { limit: 1, after: None }).unwrap();
    let foreign = PageRequest { limit: 1, after: page.next };
    assert!(matches!(
        store.find_overlaps(&OverlapQuery::oldest_first(), &foreign),
        Err(StoreError::BadCursor)
    ));
    assert!(matches!(store.exchanges(None, &foreign), Err(StoreError::BadCursor)));
    assert_eq!(store.counts().unwrap().indicators, [(Kind::Domain, 300), (Kind::Ip, 1)]);
}

#[test]
fn a_selection_of_all_that_there_is_has_what_a_copy_has() {
    let place = Place::new();
    place.open().import((0..10).map(domain).collect(), NOW).unwrap();
    let store = place.open();
    let all = store.snapshot().select(&everything());
    assert!(all.is_whole());
    let copy = store.snapshot().digests(&everything());
    assert!(copy.is_sorted() && copy.len() == all.len());
    assert!(copy.iter().enumerate().all(|(at, digest)| all.get(at) == Some(digest)));
    assert_eq!(all.get(all.len()), None);
    let hosts = Selection { facets: vec![Facet::Host], ..everything() };
    assert!(!store.snapshot().select(&hosts).is_whole());
    let found = store.snapshot().holders(&hosts, &store.snapshot().digests(&hosts));
    assert_eq!(store.withdraw(&[found[0].0], &by()).unwrap(), 1);
    let fewer = store.snapshot().select(&everything());
    assert!(!fewer.is_whole() && fewer.len() < all.len());
}

#[test]
fn a_withdrawn_indicator_leaves_exchanges_and_the_disk_but_not_its_overlaps() {
    let place = Place::new();
    let store = place.open();
    store.import((0..10).map(domain).collect(), NOW).unwrap();
    let before = store.snapshot();
    let selection = Selection { facets: vec![Facet::Host], ..everything() };
    let found = before.holders(&selection, &before.digests(&selection)[..]);
    assert_eq!(found.len(), 10);
    let mut record = exchange(1, "police");
    store.begin_exchange(&record).unwrap();
    record.state = ExchangeState::Learned;
    store.store_overlaps(&record, &found[..3], NOW).unwrap();
    let gone = found[0].0;
    assert_eq!(store.withdraw(&[gone, gone], &by()).unwrap(), 1);
    assert_eq!(store.withdraw(&[gone], &by()).unwrap(), 0);
    let check = |store: &dyn Store| {
        assert!(store.indicator(gone).unwrap().is_none());
        assert_eq!(store.snapshot().digests(&selection).len(), 9);
        let overlaps = all_overlaps(store, &OverlapQuery::oldest_first(), 2);
        assert_eq!(overlaps.len(), 3);
        assert_eq!(overlaps[0].raw.reveal(), "WWW.n0.example");
    };
    check(&store);
    assert_eq!(before.digests(&selection).len(), 10);
    drop(store);
    let store = place.open();
    check(&store);
    // Imported again, it is new, and last in the order.
    assert_eq!(store.import(vec![domain(0)], NOW).unwrap().accepted, 1);
    let rows = all_pages(4, |page| store.indicators(&IndicatorFilter::default(), page));
    assert_eq!(rows.last().unwrap().id, gone);
}

#[test]
fn overlaps_are_told_no_freer_than_their_indicator_is_now_or_was_when_it_was_withdrawn() {
    let place = Place::new();
    let store = place.open();
    let marked = |number, tlp, pap| {
        let indicator = domain(number);
        NewIndicator { context: Context { tlp, pap, ..Context::default() }, ..indicator }
    };
    store.import((0..3).map(|number| marked(number, Tlp::Green, Some(Pap::Green))).collect(), NOW).unwrap();
    let snapshot = store.snapshot();
    let selection = Selection { facets: vec![Facet::Host], ..everything() };
    let found = snapshot.holders(&selection, &snapshot.digests(&selection)[..]);
    let record = exchange(1, "police");
    store.begin_exchange(&record).unwrap();
    store.store_overlaps(&record, &found, NOW).unwrap();
    store.import(vec![marked(1, Tlp::Red, Some(Pap::Red)), marked(2, Tlp::Clear, None)], NOW).unwrap();
    let markings = |store: &SledStore| {
        let mut rows = all_overlaps(store, &OverlapQuery::oldest_first(), 2);
        rows.sort_by(|a, b| a.raw.reveal().cmp(b.raw.reveal()));
        rows.iter().map(|row| (row.tlp, row.pap)).collect::<Vec<_>>()
    };
    let green = (Tlp::Green, Some(Pap::Green));
    let now = [green, (Tlp::Red, Some(Pap::Red)), green];
    assert_eq!(markings(&store), now);
    store.withdraw(&[found[0].0, found[1].0, found[2].0], &by()).unwrap();
    assert_eq!(markings(&store), now);
    drop(store);
    let store = place.open();
    assert_eq!(markings(&store), now);
    // One that comes again with a freer marking does not free what was told.
    store.import(vec![marked(1, Tlp::Clear, None)], NOW).unwrap();
    assert_eq!(markings(&store), now);
}

#[test]
fn selects_by_kind_facet_marking_and_expiry() {
    let place = Place::new();
    let store = place.open();
    let with = |kind, raw: &str, tlp, expires| {
        new_indicator(kind, raw, Context { tlp, expires, ..Context::default() })
    };
    let batch = vec![
        with(Kind::Url, "https://a.example/x", Tlp::Green, None),
        with(Kind::Domain, "a.example", Tlp::Red, None),
        with(Kind::Domain, "b.example", Tlp::Clear, Some(NOW.0)),
    ];
    store.import(batch, NOW).unwrap();
    let snapshot = store.snapshot();
    let count = |selection: &Selection| snapshot.digests(selection).len();
    let hosts = Selection { facets: vec![Facet::Host], ..everything() };
    assert_eq!(count(&hosts), 1);
    assert_eq!(snapshot.holders(&hosts, &snapshot.digests(&hosts)).len(), 2);
    assert_eq!(count(&Selection { now: NOW.0 - 1, ..hosts.clone() }), 2);
    let ceiling = Selection { tlp_ceiling: Some(Tlp::Amber), ..hosts.clone() };
    assert_eq!(snapshot.holders(&ceiling, &snapshot.digests(&hosts)).len(), 1);
    assert_eq!(count(&Selection { kinds: vec![Kind::Ip], ..hosts }), 0);
    assert_eq!(count(&Selection { facets: vec![Facet::Url], ..everything() }), 1);
}

#[test]
fn refuses_an_exchange_id_that_was_used() {
    let place = Place::new();
    let store = place.open();
    let mut record = exchange(1, "police");
    assert!(matches!(store.update_exchange(&record), Err(StoreError::NotFound(_))));
    assert!(matches!(store.store_overlaps(&record, &[], NOW), Err(StoreError::NotFound(_))));
    store.begin_exchange(&record).unwrap();
    record.receipt = Some(document(9));
    record.state = ExchangeState::Completed;
    store.update_exchange(&record).unwrap();
    drop(store);
    let store = place.open();
    assert_eq!(store.exchange(record.id).unwrap().unwrap(), record);
    assert!(matches!(store.begin_exchange(&record), Err(StoreError::ExchangeIdReused)));
    assert!(store.exchange(ExchangeId([9; 16])).unwrap().is_none());
}

#[test]
fn lists_exchanges_the_newest_first() {
    let place = Place::new();
    let store = place.open();
    for number in 0..7 {
        store.begin_exchange(&exchange(number, if number % 2 == 0 { "police" } else { "hotline" })).unwrap();
    }
    let ids = |peer: Option<&MemberId>| -> Vec<u8> {
        all_pages(2, |page| store.exchanges(peer, page)).iter().map(|record| record.id.0[0]).collect()
    };
    assert_eq!(ids(None), [6, 5, 4, 3, 2, 1, 0]);
    assert_eq!(ids(Some(&member("police"))), [6, 4, 2, 0]);
    assert!(ids(Some(&member("nobody"))).is_empty());
}

#[test]
fn the_exchange_that_found_an_overlap_first_stays() {
    let place = Place::new();
    let store = place.open();
    store.import((0..600).map(domain).collect(), NOW).unwrap();
    let selection = Selection { facets: vec![Facet::Host], ..everything() };
    let found = store.snapshot().holders(&selection, &store.snapshot().digests(&selection));
    for (number, peer, rows) in [(1, "police", 0..500), (2, "hotline", 0..5), (3, "police", 0..600)] {
        let record = exchange(number, peer);
        store.begin_exchange(&record).unwrap();
        store.store_overlaps(&record, &found[rows.clone()], Timestamp(u64::from(number))).unwrap();
        store.store_overlaps(&record, &found[rows], NOW).unwrap();
    }
    let check = |store: &dyn Store| {
        let police = OverlapQuery { peer: Some(member("police")), ..OverlapQuery::oldest_first() };
        let rows = all_overlaps(store, &police, 7);
        assert_eq!(rows.len(), 600);
        assert!(rows[..500].iter().all(|row| row.exchange == ExchangeId([1; 16]) && row.found == 1));
        assert!(rows[500..].iter().all(|row| row.exchange == ExchangeId([3; 16])));
        let all = all_overlaps(store, &OverlapQuery::oldest_first(), 100);
        assert_eq!(all.len(), 605);
        let ips = OverlapQuery { kind: Some(Kind::Ip), ..OverlapQuery::oldest_first() };
        assert_eq!(all_overlaps(store, &ips, 7).len(), 0);
        assert_eq!(store.counts().unwrap().overlaps, [(member("hotline"), 5), (member("police"), 600)]);
    };
    check(&store);
    drop(store);
    check(&place.open());
}

#[test]
fn charges_up_to_the_limit_whatever_the_clock_says() {
    let place = Place::new();
    let store = place.open();
    let limit = ChargeLimit { exchanges_per_day: 2 };
    let charge = |store: &dyn Store, now| {
        store.charge(&Charge { partner: member("police"), items: 10 }, limit, Timestamp(now)).unwrap()
    };
    let used = |exchanges, items| DayUse { exchanges, items };
    assert_eq!(charge(&store, NOW.0), Ok(used(1, 10)));
    assert_eq!(charge(&store, NOW.0), Ok(used(2, 20)));
    assert_eq!(charge(&store, NOW.0), Err(ChargeRefused { limit: 2 }));
    assert_eq!(store.day_use(&member("police"), NOW).unwrap(), used(2, 20));
    assert_eq!(store.day_use(&member("hotline"), NOW).unwrap(), used(0, 0));
    // The next day is free; then the clock goes back, and forward again.
    assert_eq!(charge(&store, NOW.0 + DAY), Ok(used(1, 10)));
    assert_eq!(charge(&store, NOW.0), Ok(used(2, 20)));
    assert_eq!(charge(&store, 0), Err(ChargeRefused { limit: 2 }));
    drop(store);
    let store = place.open();
    assert_eq!(charge(&store, NOW.0 + DAY), Err(ChargeRefused { limit: 2 }));
    assert_eq!(store.day_use(&member("police"), Timestamp(0)).unwrap(), used(2, 20));
    assert_eq!(charge(&store, NOW.0 + 2 * DAY), Ok(used(1, 10)));
}

#[test]
fn two_at_once_cannot_both_take_the_last_one() {
    let place = Place::new();
    let store = place.open();
    let limit = ChargeLimit { exchanges_per_day: 5 };
    let charge = Charge { partner: member("police"), items: 1 };
    let granted: usize = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..12)
            .map(|_| scope.spawn(|| usize::from(store.charge(&charge, limit, NOW).unwrap().is_ok())))
            .collect();
        tries.into_iter().map(|granted| granted.join().unwrap()).sum()
    });
    assert_eq!(granted, 5);
}

#[test]
fn a_roster_never_goes_back() {
    let place = Place::new();
    let store = place.open();
    assert!(store.roster().unwrap().is_none());
    store.set_roster(&document(1), 5, [5; 32], &by()).unwrap();
    assert!(matches!(
        store.set_roster(&document(2), 4, [4; 32], &by()),
        Err(StoreError::RosterVersion { offered: 4, highest: 5 })
    ));
    assert!(matches!(
        store.set_roster(&document(2), 5, [4; 32], &by()),
        Err(StoreError::RosterVersion { .. })
    ));
    store.set_roster(&document(3), 5, [5; 32], &by()).unwrap();
    drop(store);
    assert_eq!(place.open().roster().unwrap().unwrap(), (document(3), 5, [5; 32]));
}

#[test]
fn tokens_come_and_go_by_name() {
    let place = Place::new();
    let store = place.open();
    let token = |name: &str| TokenRecord {
        name: name.into(),
        hash: [3; 32],
        roles: vec![Role::Read, Role::Admin],
        made: NOW.0,
    };
    store.add_token(&token("b"), &by()).unwrap();
    store.add_token(&token("a"), &by()).unwrap();
    let other = TokenRecord { hash: [4; 32], ..token("a") };
    store.set_token(&other, &by()).unwrap();
    assert_eq!(store.tokens().unwrap(), [other, token("b")]);
    store.set_token(&token("a"), &by()).unwrap();
    assert_eq!(store.token_changes(), 4);
    assert!(matches!(store.add_token(&token("a"), &by()), Err(StoreError::TokenExists)));
    assert!(store.revoke_token("b", &by()).unwrap());
    assert!(!store.revoke_token("b", &by()).unwrap());
    drop(store);
    assert_eq!(place.open().tokens().unwrap(), [token("a")]);
}

#[test]
fn a_visit_never_goes_back_and_goes_with_its_token() {
    let place = Place::new();
    let store = place.open();
    let token = TokenRecord { name: "a".into(), hash: [3; 32], roles: vec![Role::Read], made: NOW.0 };
    store.add_token(&token, &by()).unwrap();
    store.set_last_visit("a", 9).unwrap();
    store.set_last_visit("a", 5).unwrap();
    assert_eq!(store.last_visit("a").unwrap(), Some(9));
    store.set_last_visit("another", 7).unwrap();
    assert!(store.revoke_token("a", &by()).unwrap());
    // Whoever gets a token of this name later was never here.
    assert_eq!((store.last_visit("a").unwrap(), store.last_visit("another").unwrap()), (None, Some(7)));
}

#[test]
fn a_large_withdrawal_is_made_durable_in_parts() {
    const ROWS: usize = 64 * SEGMENT_ROWS + 300;
    let place = Place::new();
    let store = place.open();
    store.import((0..ROWS).map(domain).collect(), NOW).unwrap();
    let ids: Vec<_> =
        (0..ROWS).map(|n| store.indicator_id(Kind::Domain, domain(n).indicator.canonical())).collect();
    let commits = || store.writer().unwrap().commits();
    let before = commits();
    assert_eq!(store.withdraw(&ids, &by()).unwrap(), ROWS as u64);
    assert_eq!(commits() - before, 2);
    assert!(store.snapshot().digests(&everything()).is_empty());
    drop(store);
    assert_eq!(place.open().counts().unwrap().indicators, []);
}

#[test]
fn a_withdrawal_that_fails_has_taken_out_what_it_says_nothing_of() {
    let place = Place::new();
    let store = place.open();
    store.import((0..66 * SEGMENT_ROWS).map(domain).collect(), NOW).unwrap();
    let id = |n: usize| store.indicator_id(Kind::Domain, domain(n).indicator.canonical());
    let ids: Vec<_> = (0..66 * SEGMENT_ROWS).step_by(SEGMENT_ROWS).map(id).collect();
    lose_segment(&store, 65);
    assert!(store.withdraw(&ids, &by()).is_err());
    // What exchanges see is what the disk has.
    let gone = ids.iter().filter(|id| store.indicator(**id).is_ok_and(|row| row.is_none())).count();
    assert_eq!(gone, 64);
    let selection = Selection { facets: vec![Facet::Host], ..everything() };
    assert_eq!(store.snapshot().digests(&selection).len(), 66 * SEGMENT_ROWS - 64);
}

#[test]
fn another_epoch_makes_the_digests_anew_and_gives_the_space_back() {
    let mut place = Place::new();
    let store = place.open();
    store.import((0..1000).map(domain).collect(), NOW).unwrap();
    let old = store.snapshot().digests(&everything());
    drop(store);
    place.epoch = 2;
    let new = place.open().snapshot().digests(&everything());
    assert_eq!(new.len(), old.len());
    assert!(new.iter().all(|digest| !old.contains(digest)));
    let folder = place.folder.path().join("store");
    assert!(!folder.join("digests.1").exists() && folder.join("digests.2").exists());
    assert_eq!(place.open().snapshot().digests(&everything()), new);
    place.epoch = 1;
    assert_eq!(place.open().snapshot().digests(&everything()), old);
}

#[test]
fn only_its_owner_reads_its_files() {
    let place = Place::new();
    place.open().import(vec![domain(1)], NOW).unwrap();
    let _store = place.open();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = place.folder.path().join("store");
    assert_eq!(mode(&folder), 0o700);
    for file in ["lock", "format", "watermark", "main/db", "main/conf"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
    assert_eq!(mode(&folder.join("main")), 0o700);
}

#[test]
fn pages_of_receipts_have_those_exchanges_that_have_one_now() {
    let place = Place::new();
    let store = place.open();
    let with_receipt =
        |number: u8, peer: &str| ExchangeRecord { receipt: Some(document(number)), ..exchange(number, peer) };
    for number in 0..40 {
        store.begin_exchange(&exchange(number, if number % 2 == 0 { "police" } else { "hotline" })).unwrap();
    }
    for number in [3, 30, 12, 4] {
        let peer = if number % 2 == 0 { "police" } else { "hotline" };
        store.update_exchange(&with_receipt(number, peer)).unwrap();
    }
    store.store_overlaps(&with_receipt(8, "police"), &[], NOW).unwrap();
    store.update_exchange(&exchange(12, "police")).unwrap();
    let listed = |store: &SledStore, peer: Option<&MemberId>| -> Vec<u8> {
        all_pages(2, |page| store.receipts(peer, page)).iter().map(|record| record.id.0[0]).collect()
    };
    let check = |store: &SledStore| {
        assert_eq!(listed(store, None), [30, 8, 4, 3]);
        assert_eq!(listed(store, Some(&member("police"))), [30, 8, 4]);
        assert_eq!(listed(store, Some(&member("hotline"))), [3]);
        assert!(listed(store, Some(&member("nobody"))).is_empty());
    };
    check(&store);
    let mut export = Vec::new();
    store.export(&mut export, &by()).unwrap();
    drop(store);
    check(&place.open());
    let other = Place::new();
    let restored = other.open();
    restored.restore(&mut export.as_slice(), &by()).unwrap();
    check(&restored);
}
