//! Events, positions and dead letters.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use overlap_coalition::{ExchangeId, Timestamp};
use overlap_indicator::{Context, Facet, Kind};
use proptest::prelude::*;

use crate::testing::{NOW, Place, all_pages, by, domain, exchange, member, new_indicator};
use crate::{
    Cursor, DeadLetter, Event, EventBody, EventFilter, EventId, EventStore, EventType, ExchangeRecord,
    ExchangeState, IndicatorFilter, IndicatorId, Notice, PageRequest, SinkName, SledStore, Store, StoreError,
};

const PEERS: [&str; 2] = ["police", "hotline"];

/// All events that a filter lets through, read `most` at a time.
fn all(store: &SledStore, filter: &EventFilter, most: usize) -> Vec<Event> {
    let (mut after, mut events) = (EventId::START, Vec::new());
    loop {
        assert_eq!(
            store.events_behind(after, filter),
            store.events_after(after, filter, 10_000).unwrap().events.len() as u64
        );
        let page = store.events_after(after, filter, most).unwrap();
        assert!(page.events.len() <= most);
        events.extend(page.events);
        after = page.upto;
        if !page.more {
            return events;
        }
    }
}

fn ids(store: &SledStore) -> Vec<IndicatorId> {
    let page = PageRequest { limit: 10_000, after: None };
    store.indicators(&IndicatorFilter::default(), &page).unwrap().rows.iter().map(|row| row.id).collect()
}

fn ended(record: ExchangeRecord, state: ExchangeState, at: u64) -> ExchangeRecord {
    ExchangeRecord { state, ended: Some(at), ..record }
}

/// A store with 300 overlaps with one partner, one with another, and two ends.
fn filled(place: &Place) -> SledStore {
    let store = place.open();
    store.import((0..301).map(domain).collect(), NOW).unwrap();
    let ids = ids(&store);
    let found: Vec<_> = ids.iter().take(300).map(|id| (*id, Facet::Host)).collect();
    let (first, second) = (exchange(1, "police"), exchange(2, "hotline"));
    store.begin_exchange(&first).unwrap();
    store.begin_exchange(&second).unwrap();
    store.store_overlaps(&first, &found, NOW).unwrap();
    store.update_exchange(&ended(first, ExchangeState::Completed, NOW.0)).unwrap();
    store.store_overlaps(&second, &[(ids[300], Facet::Host)], NOW).unwrap();
    store.update_exchange(&ended(second, ExchangeState::Learned, NOW.0)).unwrap();
    store
}

fn types(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(|event| event.event_type.as_str()).collect()
}

#[test]
fn overlaps_and_ends_are_one_list_in_the_order_of_their_commits() {
    let place = Place::new();
    let store = filled(&place);
    let events = all(&store, &EventFilter::default(), 7);
    assert_eq!(events.len(), 303);
    assert!(events.windows(2).all(|pair| pair[0].id < pair[1].id));
    assert!(events[..300].iter().all(|event| event.event_type == EventType::OverlapFound));
    assert_eq!(types(&events[300..]), ["exchange.completed", "overlap.found", "exchange.unsigned"]);
    assert_eq!(store.last_event(), events[302].id);
    let before: Vec<EventId> = events.iter().map(|event| event.id).collect();
    drop(store);
    let again = place.open();
    assert_eq!(
        all(&again, &EventFilter::default(), 100).iter().map(|event| event.id).collect::<Vec<_>>(),
        before
    );
}

#[test]
fn the_newest_come_first_page_by_page_while_more_happen() {
    let place = Place::new();
    let store = filled(&place);
    let hotline = EventFilter { peers: Some(BTreeSet::from([member("hotline")])), ..EventFilter::default() };
    let ends = EventFilter {
        types: Some(BTreeSet::from([EventType::ExchangeCompleted, EventType::ExchangeUnsigned])),
        ..EventFilter::default()
    };
    let ids = |events: &[Event]| events.iter().map(|event| event.id).collect::<Vec<_>>();
    for filter in [EventFilter::default(), hotline, ends] {
        let mut oldest_last = ids(&all(&store, &filter, 100));
        oldest_last.reverse();
        for most in [5, 500] {
            let pages = all_pages(most, |page| {
                let found = store.newest_events(&filter, page);
                store.tell(&Notice::RosterAlarm { version: 1 }, NOW).unwrap();
                found
            });
            let known = |id: &EventId| oldest_last.contains(id);
            assert_eq!(ids(&pages).into_iter().filter(known).collect::<Vec<_>>(), oldest_last);
            let newest =
                ids(&store.newest_events(&filter, &PageRequest { limit: 400, after: None }).unwrap().rows);
            assert!(newest.is_sorted_by(|one, other| one > other));
        }
    }
    for cursor in ["v", "n0000000000000000", "vffffffffffffffffff"] {
        let page = PageRequest { limit: 1, after: Some(Cursor(cursor.into())) };
        assert!(matches!(store.newest_events(&EventFilter::default(), &page), Err(StoreError::BadCursor)));
    }
    let last = PageRequest { limit: 1, after: Some(Cursor("vffffffffffffffff".into())) };
    assert_eq!(store.newest_events(&EventFilter::default(), &last).unwrap().rows[0].id, store.last_event());
}

#[test]
fn filters_choose_by_type_and_partner() {
    let store = filled(&Place::new());
    let filter = |types: &[EventType], peer: Option<&str>| EventFilter {
        types: (!types.is_empty()).then(|| types.iter().copied().collect()),
        peers: peer.map(|peer| BTreeSet::from([member(peer)])),
    };
    assert_eq!(types(&all(&store, &filter(&[], Some("hotline")), 1)), ["overlap.found", "exchange.unsigned"]);
    let ends = [EventType::ExchangeCompleted, EventType::ExchangeUnsigned];
    assert_eq!(all(&store, &filter(&ends, None), 1).len(), 2);
    assert_eq!(all(&store, &filter(&[EventType::OverlapFound], Some("police")), 50).len(), 300);
    assert_eq!(all(&store, &filter(&[], Some("nobody")), 5).len(), 0);
    // What was passed over is not read again.
    let page = store.events_after(EventId::START, &filter(&[], Some("nobody")), 5).unwrap();
    assert_eq!((page.upto, page.more), (store.last_event(), false));
}

#[test]
fn an_event_is_found_by_its_id_and_no_other() {
    let store = filled(&Place::new());
    for event in all(&store, &EventFilter::default(), 100) {
        let found = store.event(event.id).unwrap().unwrap();
        assert_eq!((found.id, found.event_type, found.peer), (event.id, event.event_type, event.peer));
        assert!(store.event(EventId(event.id.0 + 1)).unwrap().is_none());
    }
    for none in [EventId::START, EventId(1), EventId(u64::MAX)] {
        assert!(store.event(none).unwrap().is_none());
    }
}

#[test]
fn notices_are_events_and_a_clock_that_goes_back_changes_no_order() {
    let place = Place::new();
    let store = filled(&place);
    let notices = [
        Notice::RosterAlarm { version: 7 },
        Notice::PartnerSuspended(member("police")),
        Notice::PartnerRevoked(member("police")),
        Notice::PartnerReinstated(member("police")),
        Notice::CertificateExpiring { peer: None, ends: 9 },
        Notice::CertificateExpiring { peer: Some(member("police")), ends: 10 },
    ];
    for notice in &notices {
        let last = store.last_event();
        assert!(store.tell(notice, Timestamp(5)).unwrap() > last);
    }
    let told: Vec<Notice> = all(&store, &EventFilter::default(), 50)
        .into_iter()
        .filter_map(|event| match event.body {
            EventBody::Notice(notice) => Some(notice),
            _ => None,
        })
        .collect();
    assert_eq!(told, notices);
    // An overlap that is found after it, by that clock, follows it.
    let last = store.last_event();
    let third = exchange(3, "hotline");
    store.begin_exchange(&third).unwrap();
    store.store_overlaps(&third, &[(ids(&store)[0], Facet::Host)], Timestamp(5)).unwrap();
    let events = store.events_after(last, &EventFilter::default(), 5).unwrap().events;
    assert_eq!(types(&events), ["overlap.found"]);
}

#[test]
fn refusals_before_an_exchange_and_interrupted_ones_are_told_once() {
    let place = Place::new();
    let store = place.open();
    store.begin_exchange(&ended(exchange(1, "police"), ExchangeState::Refused, NOW.0)).unwrap();
    store.begin_exchange(&exchange(2, "police")).unwrap();
    drop(store);
    let store = place.open();
    store.close_interrupted(NOW).unwrap();
    store.close_interrupted(NOW).unwrap();
    let events = all(&store, &EventFilter::default(), 5);
    assert_eq!(types(&events), ["exchange.refused", "exchange.failed"]);
    let EventBody::Exchange(record) = &events[1].body else { panic!("an exchange") };
    assert_eq!((record.id, record.ended), (ExchangeId([2; 16]), Some(NOW.0)));
}

#[test]
fn listeners_hear_of_every_event_once_it_can_be_read() {
    let place = Place::new();
    let store = Arc::new(place.open());
    let heard = Arc::new(AtomicU64::new(0));
    let hears = heard.clone();
    store.on_event(Box::new(move |id| hears.store(id.0, Ordering::SeqCst)));
    let id = store.tell(&Notice::RosterAlarm { version: 1 }, NOW).unwrap();
    assert_eq!(heard.load(Ordering::SeqCst), id.0);
    assert_eq!(store.last_event(), id);
}

#[test]
fn who_reads_while_others_write_misses_none() {
    let place = Place::new();
    let store = Arc::new(place.open());
    store.import((0..400).map(domain).collect(), NOW).unwrap();
    let (ids, written) = (ids(&store), Arc::new(Mutex::new(0)));
    let writers: Vec<_> = PEERS
        .into_iter()
        .enumerate()
        .map(|(at, peer)| {
            let (store, ids, written) = (store.clone(), ids.clone(), written.clone());
            std::thread::spawn(move || {
                for step in 0..20_usize {
                    let record = exchange((at * 100 + step) as u8, peer);
                    store.begin_exchange(&record).unwrap();
                    let found: Vec<_> =
                        ids[step * 20..(step + 1) * 20].iter().map(|id| (*id, Facet::Host)).collect();
                    store.store_overlaps(&record, &found, Timestamp(NOW.0 - step as u64)).unwrap();
                    store.update_exchange(&ended(record, ExchangeState::Completed, NOW.0)).unwrap();
                    *written.lock().unwrap() += 21;
                }
            })
        })
        .collect();
    let (mut after, mut seen) = (EventId::START, Vec::new());
    while seen.len() < 2 * 20 * 21 {
        let page = store.events_after(after, &EventFilter::default(), 13).unwrap();
        seen.extend(page.events.iter().map(|event| event.id));
        after = page.upto;
    }
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    let whole: Vec<EventId> =
        all(&store, &EventFilter::default(), 1_000).iter().map(|event| event.id).collect();
    assert_eq!((seen, *written.lock().unwrap()), (whole.clone(), whole.len()));
}

fn letter(event: u64) -> DeadLetter {
    DeadLetter { event: EventId(event), reason: "status 400".into(), tries: 5, given_up: NOW.0, again: false }
}

#[test]
fn positions_and_dead_letters_are_kept_by_sink() {
    let place = Place::new();
    let [one, other]: [SinkName; 2] = ["webhook/a", "webhook/ab"].map(|name| name.parse().unwrap());
    let store = place.open();
    assert_eq!(store.sink_position(&one).unwrap(), None);
    store.set_sink_position(&one, EventId(5)).unwrap();
    store.put_dead_letter(&one, &letter(7), Some(EventId(7))).unwrap();
    store.put_dead_letter(&one, &letter(6), None).unwrap();
    store.put_dead_letter(&other, &letter(6), None).unwrap();
    store.put_dead_letter(&one, &DeadLetter { again: true, ..letter(6) }, None).unwrap();
    assert_eq!((store.count_dead_letters(&one).unwrap(), store.count_dead_letters(&other).unwrap()), (2, 1));
    drop(store);
    let store = place.open();
    assert_eq!(store.sink_position(&one).unwrap(), Some(EventId(7)));
    assert_eq!(store.sink_position(&other).unwrap(), None);
    let expected = [DeadLetter { again: true, ..letter(6) }, letter(7)];
    assert_eq!(store.dead_letters(&one, EventId::START, 10).unwrap(), expected);
    assert_eq!(store.dead_letters(&one, EventId(6), 10).unwrap(), expected[1..]);
    assert_eq!(store.dead_letters(&one, EventId::START, 1).unwrap(), expected[..1]);
    assert_eq!((store.count_dead_letters(&one).unwrap(), store.count_dead_letters(&other).unwrap()), (2, 1));
    assert!(store.remove_dead_letter(&one, EventId(6)).unwrap());
    assert!(!store.remove_dead_letter(&one, EventId(6)).unwrap());
    assert_eq!(store.dead_letters(&one, EventId::START, 10).unwrap(), expected[1..]);
    assert_eq!((store.count_dead_letters(&one).unwrap(), store.count_dead_letters(&other).unwrap()), (1, 1));
}

#[test]
fn an_export_carries_events_positions_and_dead_letters() {
    let place = Place::new();
    let store = filled(&place);
    store.tell(&Notice::CertificateExpiring { peer: None, ends: 9 }, NOW).unwrap();
    let sink: SinkName = "syslog/siem".parse().unwrap();
    let third = all(&store, &EventFilter::default(), 100)[2].id;
    store.put_dead_letter(&sink, &letter(third.0), Some(third)).unwrap();
    let mut file = Vec::new();
    store.export(&mut file, &by()).unwrap();
    let other = Place::new();
    let restored = other.open();
    // What a node that ran before said of itself gives way.
    restored.tell(&Notice::RosterAlarm { version: 1 }, Timestamp(NOW.0 + 99)).unwrap();
    restored.set_sink_position(&sink, EventId(NOW.0)).unwrap();
    restored.put_dead_letter(&sink, &letter(5), None).unwrap();
    restored.restore(&mut &file[..], &by()).unwrap();
    let seen = |store: &SledStore| -> Vec<_> {
        let events = all(store, &EventFilter::default(), 100).into_iter();
        events.map(|event| (event.id, event.event_type, event.time, event.peer)).collect()
    };
    assert_eq!(seen(&restored), seen(&store));
    assert_eq!(restored.count_dead_letters(&sink).unwrap(), 1);
    drop(restored);
    let restored = other.open();
    assert_eq!(seen(&restored), seen(&store));
    assert_eq!(restored.sink_position(&sink).unwrap(), Some(third));
    assert_eq!(restored.dead_letters(&sink, EventId::START, 9).unwrap(), [letter(third.0)]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// Commits of all kinds by any clock: ids rise with commits, each overlap and end is there once, whatever the size of a page.
    #[test]
    fn ids_rise_with_commits(
        steps in prop::collection::vec((0_usize..3, 0_usize..2, 0_u64..4_000), 1..25),
        most in 1_usize..40,
    ) {
        let place = Place::new();
        let store = place.open();
        let names: Vec<_> = (0..200).map(|n| new_indicator(Kind::Domain, &format!("n{n}.example"), Context::default())).collect();
        store.import(names, NOW).unwrap();
        let (ids, mut expected) = (ids(&store), Vec::new());
        for (at, (what, peer, clock)) in steps.into_iter().enumerate() {
            let (before, record) = (store.last_event(), exchange(at as u8, PEERS[peer]));
            match what {
                0 => {
                    store.begin_exchange(&record).unwrap();
                    let found: Vec<_> = ids[at * 5..at * 5 + 5].iter().map(|id| (*id, Facet::Host)).collect();
                    store.store_overlaps(&record, &found, Timestamp(clock)).unwrap();
                    expected.extend(["overlap.found"; 5]);
                }
                1 => {
                    store.begin_exchange(&ended(record, ExchangeState::Refused, clock)).unwrap();
                    expected.push("exchange.refused");
                }
                _ => {
                    store.tell(&Notice::PartnerSuspended(member(PEERS[peer])), Timestamp(clock)).unwrap();
                    expected.push("partner.suspended");
                }
            }
            prop_assert!(store.last_event() > before);
        }
        let events = all(&store, &EventFilter::default(), most);
        prop_assert!(events.windows(2).all(|pair| pair[0].id < pair[1].id));
        prop_assert_eq!(types(&events), expected);
    }
}
