//! A child process writes and tells what was acknowledged; it is killed at random moments. What it told must be there,
//! exactly once, and of the one call that was cut off all or nothing.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use overlap_coalition::{Charge, ExchangeId, Timestamp};
use overlap_indicator::{DigestSalt, Facet, Kind};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::added_tests::forget_dates;
use crate::testing::{
    NOW, Place, all_overlaps, all_pages, by_at, domain, everything, exchange, member, open_at,
};
use crate::{
    ADDED_STEP, AuditAction, AuditFilter, AuditOrder, AuditStore, AuditVerdict, ChargeLimit, EventBody,
    EventFilter, EventId, EventStore, EventType, ExchangeState, Hold, IndicatorFilter, IndicatorRow,
    LONGEST_PAGE, NewAudit, NewSighting, Notice, OverlapChoice, OverlapQuery, Overriding, PageRequest,
    Selection, SightingFilter, SightingKind, SledStore, Store, Warnings,
};

const FOLDER: &str = "OVERLAP_STORE_CRASH_FOLDER";
const FIRST_CALL: &str = "OVERLAP_STORE_CRASH_FIRST_CALL";
const SEED: &str = "OVERLAP_STORE_CRASH_SEED";

/// Rows that one call imports.
const ROWS: usize = 100;
/// Overlaps that one call stores.
const OVERLAPS: usize = 5;
/// Calls, one after the other, that make one step.
const CALLS: usize = 11;
/// Overlaps that one call marks as seen, of those that its step found the newest.
const MARKED: usize = 3;
const ROUNDS: usize = 10;

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let seed = std::env::var(SEED).ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(from_the_clock);
    println!("{SEED}={seed}");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let place = Place::new();
    let (mut done, mut noted) = (0, Vec::new());
    for _ in 0..ROUNDS {
        let acknowledged = run_and_kill(&place, done, Duration::from_millis(rng.next_u64() % 300));
        let store = place.open();
        let found = calls_in(&store, acknowledged);
        // What an auditor noted after the kills before is there after this one.
        noted.push(store.audit_head());
        assert_eq!(
            store.verify_audit(&noted).unwrap(),
            AuditVerdict { head: store.audit_head(), broken: None }
        );
        assert!(found == acknowledged || found == acknowledged + 1, "told {acknowledged}, found {found}");
        done = found;
    }
    assert!(done > 0, "the child was killed each time before its first call");
}

/// Rows that are digested anew while a kill comes.
const DIGESTED: usize = 5_000;

#[test]
fn a_kill_while_digests_are_made_anew_loses_none() {
    let seed = from_the_clock();
    println!("{SEED}={seed}");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut place = Place::new();
    place.open().import((0..DIGESTED).map(domain).collect(), NOW).unwrap();
    for epoch in 2..6 {
        let mut child = spawn(&place, "digesting_child", epoch);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line == "ready"), "the child opened the store");
        std::thread::sleep(Duration::from_millis(rng.next_u64() % 300));
        child.kill().unwrap();
        child.wait().unwrap();
        place.epoch = epoch as u32;
        let store = place.open();
        assert_eq!(store.snapshot().epoch(), Some(place.epoch));
        let digests = store.snapshot().digests(&Selection { facets: vec![Facet::Host], ..everything() });
        assert_eq!(digests.len(), DIGESTED);
    }
}

#[test]
#[ignore = "the process that a_kill_while_digests_are_made_anew_loses_none kills"]
fn digesting_child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let epoch: u32 = std::env::var(FIRST_CALL).unwrap().parse().unwrap();
    let store = open_at(folder.as_ref(), 1, epoch - 1).unwrap();
    println!("\nready");
    store.take_salt(&(epoch, DigestSalt::new([epoch as u8; 32])), &|| true).unwrap();
    // What follows is up to the killer.
    std::thread::sleep(Duration::from_secs(60));
}

/// Rows that get dates while a kill comes.
const DATED: usize = 10_000;

#[test]
fn a_kill_while_an_older_store_gets_its_dates_changes_none() {
    let seed = from_the_clock();
    println!("{SEED}={seed}");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let place = Place::new();
    let store = place.open();
    for first in (0..DATED).step_by(1_000) {
        let rows = (first..first + 1_000).map(domain).collect();
        store.import(rows, Timestamp(NOW.0 + first as u64)).unwrap();
    }
    drop(store);
    let dates = |store: &SledStore| -> Vec<u64> {
        let rows = all_pages(1000, |page| store.indicators(&IndicatorFilter::default(), page));
        rows.iter().map(|row| row.added).collect()
    };
    let before = dates(&place.open());
    for _ in 0..6 {
        let store = place.open();
        forget_dates(&store);
        drop(store);
        let mut child = spawn(&place, "dating_child", 0);
        std::thread::sleep(Duration::from_millis(rng.next_u64() % 400));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(dates(&place.open()), before);
    }
}

#[test]
#[ignore = "the process that a_kill_while_an_older_store_gets_its_dates_changes_none kills"]
fn dating_child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let _store = open_at(folder.as_ref(), 1, 1).unwrap();
    // What follows is up to the killer.
    std::thread::sleep(Duration::from_secs(60));
}

/// Runs a child from a call on, kills it `after` it first answered, and says how many calls were acknowledged.
fn run_and_kill(place: &Place, first: usize, after: Duration) -> usize {
    let mut child = spawn(place, "child", first);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = first;
    let mut killer = None;
    for line in lines.map_while(Result::ok) {
        if let Some(call) = line.strip_prefix("acknowledged ") {
            acknowledged = call.parse::<usize>().unwrap() + 1;
        } else if line == "ready" {
            let id = rustix::process::Pid::from_child(&child);
            killer = Some(std::thread::spawn(move || {
                std::thread::sleep(after);
                rustix::process::kill_process(id, rustix::process::Signal::KILL).unwrap();
            }));
        }
    }
    killer.expect("the child opened the store").join().unwrap();
    child.wait().unwrap();
    acknowledged
}

fn spawn(place: &Place, child: &str, first: usize) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .arg(format!("crash_tests::{child}"))
        .args(["--exact", "--ignored", "--nocapture"])
        .env(FOLDER, place.folder.path())
        .env(FIRST_CALL, first.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "the process that what_was_acknowledged_survives_a_kill kills"]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let first: usize = std::env::var(FIRST_CALL).unwrap().parse().unwrap();
    let store = open_at(folder.as_ref(), 1, 1).unwrap();
    store.set_warnings(Arc::new(FirstOfEachStep)).unwrap();
    println!("\nready");
    for number in first.. {
        call(&store, number);
        println!("acknowledged {number}");
    }
}

/// Warns of the first row that each step imports.
struct FirstOfEachStep;

impl Warnings for FirstOfEachStep {
    fn hold(&self, _kind: Kind, canonical: &str) -> bool {
        let number = canonical.trim_start_matches("www.n").trim_end_matches(".example");
        number.parse::<usize>().unwrap().is_multiple_of(ROWS)
    }
}

/// The call with this number.
fn call(store: &SledStore, number: usize) {
    let step = number / CALLS;
    match number % CALLS {
        0 => {
            let rows = (step * ROWS..(step + 1) * ROWS).map(domain).collect();
            assert_eq!(store.import(rows, clock(step)).unwrap().accepted, ROWS as u64);
        }
        1 => {
            let charge = Charge { partner: member("police"), items: 1 };
            store.charge(&charge, ChargeLimit { exchanges_per_day: u32::MAX }, NOW).unwrap().unwrap();
        }
        2 => store.begin_exchange(&record(step)).unwrap(),
        3 => {
            let held = IndicatorFilter { held: Some(true), ..IndicatorFilter::default() };
            // Those of the steps before are overridden.
            let rows = all_pages(10, |page| store.indicators(&held, page));
            assert_eq!(rows.len(), 1);
            assert_eq!(store.begin_override(rows[0].id, "crash", &by_at(NOW)).unwrap(), Overriding::Done);
        }
        4 => {
            let newest = domain((step + 1) * ROWS - 1).indicator;
            let indicator = store.indicator_id(newest.kind(), newest.canonical());
            let sighting = NewSighting { indicator, kind: SightingKind::Seen, at: 7, source: "s".into() };
            assert_eq!(store.add_sightings(vec![sighting], &by_at(clock(step))).unwrap().len(), 1);
        }
        5 => {
            // The newest of all rows, however many pages they fill: overlaps of this step and of no other.
            let rows = all_pages(LONGEST_PAGE, |page| store.indicators(&IndicatorFilter::default(), page));
            let found: Vec<_> = rows.iter().rev().take(OVERLAPS).map(|row| (row.id, Facet::Host)).collect();
            store.store_overlaps(&record(step), &found, clock(step)).unwrap();
        }
        6 => {
            let ended = Some(clock(step).0);
            let state = ExchangeState::Completed;
            store.update_exchange(&crate::ExchangeRecord { state, ended, ..record(step) }).unwrap();
        }
        7 => {
            let newest = PageRequest { limit: MARKED, after: None };
            let rows = store.find_overlaps(&OverlapQuery::default(), &newest).unwrap().rows;
            let seats = OverlapChoice::These(rows.iter().map(|found| found.seat).collect());
            assert_eq!(store.mark_overlaps(&seats, true, &by_at(clock(step))).unwrap(), MARKED as u64);
        }
        8 => store.set_last_visit("console", step as u64 + 1).unwrap(),
        9 => drop(store.tell(&Notice::RosterAlarm { version: step as u64 }, clock(step)).unwrap()),
        _ => {
            let new = NewAudit::of(AuditAction::SignedIn).on(step);
            store.note(&by_at(clock(step)), &new).unwrap();
        }
    }
}

/// A clock that goes back every other step.
fn clock(step: usize) -> Timestamp {
    Timestamp(NOW.0 + (step as u64 ^ 1))
}

fn record(step: usize) -> crate::ExchangeRecord {
    let mut record = exchange(0, "police");
    record.id = ExchangeId((step as u128).to_le_bytes());
    record
}

/// How many calls the store remembers, at least `least`; it panics if what it has is not what so many calls leave.
fn calls_in(store: &SledStore, least: usize) -> usize {
    let all = all_pages(1000, |page| store.indicators(&IndicatorFilter::default(), page));
    assert!(rise(all.iter().map(|row| row.added)), "dates of indicators");
    let rows: Vec<&str> = all.iter().map(|row| row.raw.reveal()).collect();
    let exchanges = all_pages(1000, |page| store.exchanges(None, page)).len();
    let overlaps = all_overlaps(store, &OverlapQuery::oldest_first(), 1000);
    assert!(rise(overlaps.iter().map(|row| row.added)), "dates of overlaps");
    let alarms = alarms_in(store);
    let ends = events_in(store, &overlaps) - overlaps.len() - alarms;
    let marks = marks_in(store);
    let visits = store.last_visit("console").unwrap().unwrap_or(0) as usize;
    let overlaps = overlaps.len();
    let audits = all_pages(1000, |page| store.audit(&AuditFilter::default(), AuditOrder::Oldest, page)).len();
    let sightings = all_pages(1000, |page| store.sightings(&SightingFilter::default(), page)).len();
    let seen = all.iter().filter(|row| row.context.last_seen == Some(7)).count();
    assert_eq!(seen, sightings, "a sighting and what it says are there together");
    let charges = store.day_use(&member("police"), NOW).unwrap().exchanges as usize;
    let digests = store.snapshot().digests(&Selection { facets: vec![Facet::Host], ..everything() }).len();
    let overridden = |row: &&IndicatorRow| row.hold == Hold::Overridden;
    let overrides = all.iter().filter(overridden).count();
    let steps = |calls: usize, call: usize| (calls + CALLS - 1 - call) / CALLS;
    let expected = |calls| {
        let of = |call| steps(calls, call);
        // The calls that the audit chain tells: what they change and their entry are there together, or neither is.
        let audits = of(2) + of(3) + of(4) + of(6) + of(7) + of(10);
        let rows = [of(0) * ROWS, of(1), of(2), of(3), of(4), of(5) * OVERLAPS];
        (rows, [of(6), of(7) * MARKED, of(8), of(9), audits])
    };
    let found = (
        [rows.len(), charges, exchanges, overrides, sightings, overlaps],
        [ends, marks, visits, alarms, audits],
    );
    let calls = (least..=least + 1).find(|calls| expected(*calls) == found);
    let wanted: Vec<String> = (0..rows.len()).map(|number| format!("WWW.n{number}.example")).collect();
    assert_eq!(rows, wanted);
    assert_eq!(digests, rows.len());
    calls.unwrap_or_else(|| panic!("{found:?} is not {:?} or {:?}", expected(least), expected(least + 1)))
}

/// How many overlaps are marked as seen: the newest of every step, and no others.
fn marks_in(store: &SledStore) -> usize {
    let oldest = OverlapQuery::oldest_first();
    let all = all_pages(1000, |page| store.find_overlaps(&oldest, page));
    let seen: Vec<usize> = (0..all.len()).filter(|at| all[*at].seen).collect();
    let newest = (0..all.len()).filter(|at| at % OVERLAPS >= OVERLAPS - MARKED);
    assert_eq!(seen, newest.take(seen.len()).collect::<Vec<_>>());
    assert_eq!(store.overlap_tally(0).unseen as usize, all.len() - seen.len());
    seen.len()
}

/// How many notices were told; each tells another version.
fn alarms_in(store: &SledStore) -> usize {
    let filter = EventFilter { types: Some([EventType::RosterAlarm].into()), peers: None };
    let count = store.events_behind(EventId::START, &filter) as usize;
    let page = store.events_after(EventId::START, &filter, LONGEST_PAGE).unwrap();
    let versions = page.events.iter().map(|event| match event.body {
        EventBody::Notice(Notice::RosterAlarm { version }) => version,
        _ => panic!("{event:?}"),
    });
    assert!(versions.eq(0..count.min(LONGEST_PAGE) as u64));
    count
}

/// How many events there are; every overlap is one, in its order.
fn events_in(store: &SledStore, overlaps: &[crate::OverlapRow]) -> usize {
    let mut of_overlaps = overlaps.iter();
    let (mut after, mut count) = (EventId::START, 0);
    loop {
        let page = store.events_after(after, &EventFilter::default(), 7).unwrap();
        assert!(rise(page.events.iter().map(|event| event.id.0)) && page.upto >= after);
        for event in &page.events {
            assert!(event.id > after);
            if let EventBody::Overlap(row) = &event.body {
                assert_eq!(Some(row.added), of_overlaps.next().map(|row| row.added));
            }
        }
        (after, count) = (page.upto, count + page.events.len());
        if !page.more {
            assert_eq!((of_overlaps.next().map(|row| row.added), after), (None, store.last_event()));
            return count;
        }
    }
}

/// Whether dates rise by a step at least.
fn rise(mut dates: impl Iterator<Item = u64>) -> bool {
    let mut last = None;
    dates.all(|date| last.replace(date).is_none_or(|last| last + ADDED_STEP <= date))
}

fn from_the_clock() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64
}
