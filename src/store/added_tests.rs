//! Dates of rows: they rise whatever the clock does, survive what a store survives, and lists that are read by them are whole.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use overlap_coalition::{MemberId, Timestamp};
use overlap_indicator::{Facet, Tlp};

use crate::database::Batch;
use crate::testing::{NOW, Place, all_overlaps, all_pages, by, domain, exchange, member};
use crate::{
    ADDED_STEP, IndicatorFilter, IndicatorRow, OverlapName, OverlapQuery, OverlapRow, SledStore, Store, keys,
};

fn indicators(store: &SledStore) -> Vec<IndicatorRow> {
    all_pages(1_000, |page| store.indicators(&IndicatorFilter::default(), page))
}

fn overlaps(store: &SledStore) -> Vec<OverlapRow> {
    all_overlaps(store, &OverlapQuery::oldest_first(), 1_000)
}

/// Imports domains with these numbers, which nobody has yet, and finds the first of each pair of them with a partner.
fn add(store: &SledStore, numbers: std::ops::Range<usize>, peer: &str, now: Timestamp) {
    store.import(numbers.clone().map(domain).collect(), now).unwrap();
    let record = exchange(numbers.start as u8, peer);
    store.begin_exchange(&record).unwrap();
    let rows = indicators(store);
    let newest = rows.iter().skip(rows.len() - numbers.len());
    let found: Vec<_> = newest.step_by(2).map(|row| (row.id, Facet::Host)).collect();
    store.store_overlaps(&record, &found, now).unwrap();
}

fn rise(dates: &[u64]) -> bool {
    dates.windows(2).all(|pair| pair[0] + ADDED_STEP <= pair[1])
}

fn dates(store: &SledStore) -> (Vec<u64>, Vec<u64>) {
    let of_indicators = indicators(store).iter().map(|row| row.added).collect();
    (of_indicators, overlaps(store).iter().map(|row| row.added).collect())
}

/// All overlaps with a partner, read by their dates.
fn read_by_date(store: &SledStore, peer: &MemberId, only_first: bool, most: usize) -> Vec<OverlapRow> {
    let (mut after, mut rows) = (0, Vec::new());
    loop {
        let page = store.overlaps_added_after(peer, only_first, after, most).unwrap();
        let Some(last) = page.last() else { return rows };
        after = last.added;
        rows.extend(page);
    }
}

#[test]
fn dates_rise_over_restarts_and_with_a_clock_set_back() {
    let place = Place::new();
    let clocks = [NOW.0, NOW.0, NOW.0 - 86_400, 0, NOW.0 + 5, NOW.0 - 1];
    for (at, clock) in clocks.into_iter().enumerate() {
        let peer = ["police", "hotline"][at % 2];
        add(&place.open(), at * 300..(at + 1) * 300, peer, Timestamp(clock));
    }
    let store = place.open();
    let (of_indicators, of_overlaps) = dates(&store);
    assert_eq!((of_indicators.len(), of_overlaps.len()), (1_800, 900));
    assert!(rise(&of_indicators) && rise(&of_overlaps));
    assert_eq!(of_indicators[0], NOW.0 * 1_000_000);
    assert!(of_overlaps[600] >= (NOW.0 + 5) * 1_000_000);
    assert_eq!(store.first_indicator_added(), of_indicators.first().copied());
    assert_eq!(store.first_overlap_added(&member("hotline")), Some(of_overlaps[150]));
    assert_eq!(store.first_overlap_added(&member("nobody")), None);
}

#[test]
fn what_is_read_by_date_is_what_there_is() {
    let place = Place::new();
    let store = place.open();
    for at in 0..4 {
        add(&store, at * 300..(at + 1) * 300, ["police", "hotline"][at % 2], NOW);
    }
    for peer in store.overlap_peers() {
        let query = OverlapQuery { peer: Some(peer.clone()), ..OverlapQuery::oldest_first() };
        let all = all_overlaps(&store, &query, 1_000);
        for most in [1, 7, 256, 300, 1_000] {
            let read = read_by_date(&store, &peer, false, most);
            assert_eq!(format!("{read:?}"), format!("{all:?}"), "{most} at a time");
        }
        for row in &all {
            let after = store.overlaps_added_after(&peer, false, row.added - 1, 1).unwrap();
            assert_eq!(after[0].uuid(), row.uuid());
        }
    }
    let rows = indicators(&store);
    store.withdraw(&[rows[0].id, rows[299].id], &by()).unwrap();
    let after = store.indicators_added_after(rows[297].added, 2).unwrap();
    assert_eq!(after.iter().map(|row| row.id).collect::<Vec<_>>(), [rows[298].id, rows[300].id]);
    assert_eq!(store.first_indicator_added(), Some(rows[0].added));
}

#[test]
fn who_reads_while_others_write_misses_none_and_meets_none_again() {
    let place = Place::new();
    let store = place.open();
    let (peer, ended) = (member("police"), AtomicBool::new(false));
    let read = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut after, mut read) = (0, Vec::new());
            loop {
                let is_last = ended.load(Ordering::SeqCst);
                let page = store.overlaps_added_after(&peer, false, after, 37).unwrap();
                after = page.last().map_or(after, |row| row.added);
                if page.is_empty() && is_last {
                    return read;
                }
                read.extend(page.iter().map(OverlapRow::uuid));
            }
        });
        for at in 0..40 {
            // A partner in between, and a clock that goes back.
            let (peer, clock) = (["police", "hotline"][at % 3 / 2], NOW.0 - at as u64);
            add(&store, at * 20..(at + 1) * 20, peer, Timestamp(clock));
        }
        ended.store(true, Ordering::SeqCst);
        reader.join().unwrap()
    });
    let all = read_by_date(&store, &peer, false, 1_000);
    assert_eq!(read, all.iter().map(OverlapRow::uuid).collect::<Vec<_>>());
    assert_eq!(read.iter().collect::<BTreeSet<_>>().len(), read.len());
}

#[test]
fn the_first_overlap_of_an_indicator_is_told_and_found() {
    let place = Place::new();
    let store = place.open();
    store.import((0..3).map(domain).collect(), NOW).unwrap();
    let rows = indicators(&store);
    for (number, peer, facet) in
        [(1, "police", Facet::Site), (2, "police", Facet::Host), (3, "hotline", Facet::Host)]
    {
        let record = exchange(number, peer);
        store.begin_exchange(&record).unwrap();
        let found: Vec<_> = rows.iter().map(|row| (row.id, facet)).collect();
        store.store_overlaps(&record, &found[..2 + usize::from(number == 2)], NOW).unwrap();
    }
    drop(store);
    let store = place.open();
    let firsts: Vec<bool> = overlaps(&store).iter().map(|row| row.is_first).collect();
    assert_eq!(firsts, [true, true, false, false, true, true, true]);
    let police = member("police");
    assert_eq!(read_by_date(&store, &police, true, 2).len(), 3);
    for row in overlaps(&store) {
        let found = store.overlap_named(&row.peer, OverlapName::Overlap(row.uuid())).unwrap().unwrap();
        assert_eq!(format!("{found:?}"), format!("{row:?}"));
        let first = store.overlap_named(&row.peer, OverlapName::FirstOf(row.indicator.uuid())).unwrap();
        assert_eq!(first.unwrap().is_first.then_some(row.indicator), Some(row.indicator));
        let other = member("nobody");
        assert!(store.overlap_named(&other, OverlapName::Overlap(row.uuid())).unwrap().is_none());
    }
    assert!(store.overlap_named(&police, OverlapName::Overlap(rows[0].id.uuid())).unwrap().is_none());
}

#[test]
fn indicators_are_found_by_their_uuid_until_they_are_withdrawn() {
    let place = Place::new();
    let store = place.open();
    store.import((0..600).map(domain).collect(), NOW).unwrap();
    let rows = indicators(&store);
    for row in &rows {
        assert_eq!(store.indicator_named(row.id.uuid()).unwrap().unwrap().id, row.id);
    }
    store.withdraw(&[rows[5].id], &by()).unwrap();
    assert!(store.indicator_named(rows[5].id.uuid()).unwrap().is_none());
    store.import(vec![domain(5), domain(600)], Timestamp(NOW.0 + 9)).unwrap();
    assert_eq!(store.indicator_named(rows[5].id.uuid()).unwrap().unwrap().imported, NOW.0 + 9);
    assert!(store.indicator_named(member_uuid(&store)).unwrap().is_none());
}

fn member_uuid(store: &SledStore) -> uuid::Uuid {
    let own = store.own_uuid("a");
    assert_eq!((own.get_version_num(), own), (4, store.own_uuid("a")));
    assert_ne!(own, store.own_uuid("b"));
    own
}

/// Makes the store what it was before rows had dates.
pub(crate) fn forget_dates(store: &SledStore) {
    let mut batch = Batch::default();
    for table in [keys::INDICATORS_ADDED, keys::OVERLAPS_ADDED] {
        let there = store.database.keys(&[table]).unwrap();
        there.into_iter().for_each(|key| batch.remove(key));
    }
    assert!(!batch.is_empty());
    let mut writer = store.writer().unwrap();
    store.commit(&mut writer, batch, |_| ()).unwrap();
}

#[test]
fn an_older_store_gets_dates_of_its_times_and_keeps_them() {
    let place = Place::new();
    for at in 0..3 {
        add(&place.open(), at * 300..(at + 1) * 300, "police", Timestamp(NOW.0 + at as u64 * 60));
    }
    let store = place.open();
    let before = dates(&store);
    store.withdraw(&[indicators(&store)[0].id], &by()).unwrap();
    forget_dates(&store);
    drop(store);
    let made = dates(&place.open());
    assert!(rise(&made.0) && rise(&made.1));
    assert_eq!(made.1, before.1);
    assert_eq!(made.0.last(), before.0.last());
    assert_eq!(dates(&place.open()), made);
    add(&place.open(), 900..1_000, "police", Timestamp(NOW.0));
    let later = dates(&place.open());
    assert!(rise(&later.0) && rise(&later.1));
    assert_eq!(later.1[..450], made.1);
}

#[test]
fn overlaps_of_the_first_format_are_read_and_followed() {
    let place = Place::new();
    let store = place.open();
    add(&store, 0..10, "police", NOW);
    let rows = overlaps(&store);
    let mut old = vec![1, 6, 0, 0, 0];
    old.extend(b"police");
    for row in &rows {
        old.extend([row.kind.number(), row.facet.number()]);
        old.extend(row.indicator.0.into_iter().chain(row.exchange.0).chain(row.found.to_le_bytes()));
        for text in [row.raw.reveal(), row.canonical.reveal()] {
            old.extend((text.len() as u32).to_le_bytes().into_iter().chain(text.bytes()));
        }
    }
    let mut batch = Batch::default();
    batch.put(keys::numbered(keys::OVERLAPS, 0), old);
    store.commit(&mut store.writer().unwrap(), batch, |_| ()).unwrap();
    drop(store);
    let store = place.open();
    add(&store, 10..20, "police", NOW);
    let after = overlaps(&store);
    assert!(after[..5].iter().all(|row| row.tlp == Tlp::Red && row.imported == row.found));
    assert!(after[5..].iter().all(|row| row.tlp == domain(0).context.tlp));
    assert!(rise(&after.iter().map(|row| row.added).collect::<Vec<_>>()));
    drop(store);
    assert_eq!(overlaps(&place.open()).len(), 10);
}
