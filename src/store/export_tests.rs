//! Export and restore.

use std::collections::BTreeSet;
use std::fs;

use overlap_coalition::{Charge, DayUse, Timestamp};
use overlap_indicator::{Context, Facet, Kind, Pap, Tlp};
use sha2::{Digest, Sha256};

use crate::stored::{StoredRoster, StoredToken};
use crate::testing::{
    NOW, Place, Warned, all_overlaps, all_pages, by, by_at, document, domain, everything, exchange, member,
    new_indicator,
};
use crate::{
    ChargeLimit, DeadLetter, EventId, EventStore, ExchangeRecord, ExchangeState, IndicatorFilter,
    IndicatorRow, NewSighting, OverlapChoice, OverlapQuery, OverlapSeat, Overriding, PageRequest, Role,
    Selection, SightingFilter, SightingKind, SinkName, SledStore, Store, StoreError, TokenRecord, keys,
};

const LIMIT: ChargeLimit = ChargeLimit { exchanges_per_day: 100 };
const TOMORROW: Timestamp = Timestamp(NOW.0 + 86_400);

/// A store with some of everything, a withdrawn indicator with an overlap too.
fn filled(place: &Place) -> SledStore {
    let store = place.open();
    store.import((0..300).map(domain).collect(), NOW).unwrap();
    let context = Context {
        tlp: Tlp::AmberStrict,
        pap: Some(Pap::Green),
        source: "a \"source\"\n".into(),
        first_seen: Some(1),
        last_seen: Some(2),
        expires: Some(u64::MAX - 2),
        confidence: Some(100),
        note: "ноте".into(),
    };
    store.import(vec![new_indicator(Kind::Email, "Some.One@MAIL.example", context)], TOMORROW).unwrap();
    let mut record = exchange(1, "police");
    store.begin_exchange(&record).unwrap();
    store.begin_exchange(&exchange(2, "hotline")).unwrap();
    record.state = ExchangeState::Learned;
    let selection = Selection { facets: vec![Facet::Host, Facet::Email], ..everything() };
    let found = store.snapshot().holders(&selection, &store.snapshot().digests(&selection));
    store.store_overlaps(&record, &found[..300], NOW).unwrap();
    let sighting = |at: usize, kind| NewSighting {
        indicator: found[at].0,
        kind,
        at: NOW.0 + at as u64,
        source: "a \"sensor\"\n".into(),
    };
    let sightings = SightingKind::ALL.into_iter().enumerate().map(|(at, kind)| sighting(at, kind)).collect();
    assert_eq!(store.add_sightings(sightings, &by_at(NOW)).unwrap().len(), 3);
    store.withdraw(&[found[0].0], &by()).unwrap();
    let some = (0..300).step_by(7).map(OverlapSeat).collect();
    store.mark_overlaps(&OverlapChoice::These(some), true, &by()).unwrap();
    store.set_last_visit("t", 9).unwrap();
    store.set_warnings(Warned::of(["www.n7.example"])).unwrap();
    let held = IndicatorFilter { held: Some(true), ..IndicatorFilter::default() };
    let page = store.indicators(&held, &PageRequest { limit: 2, after: None }).unwrap();
    assert_eq!(page.rows.len(), 1);
    assert_eq!(store.begin_override(page.rows[0].id, "known", &by()).unwrap(), Overriding::Done);
    store.charge(&Charge { partner: member("police"), items: 7 }, LIMIT, NOW).unwrap().unwrap();
    store.set_roster(&document(3), 3, [3; 32], &by()).unwrap();
    store.add_token(&token("t"), &by()).unwrap();
    store
}

fn token(name: &str) -> TokenRecord {
    TokenRecord { name: name.into(), hash: [1; 32], roles: vec![Role::Import], made: 5 }
}

fn exported(store: &SledStore) -> Vec<u8> {
    let mut out = Vec::new();
    store.export(&mut out, &by()).unwrap();
    out
}

/// Everything that callers can read, as text.
fn seen(store: &SledStore) -> String {
    let texts = |raw: &overlap_indicator::SecretText, canonical: &overlap_indicator::SecretText| {
        (raw.reveal().to_owned(), canonical.reveal().to_owned())
    };
    let rows = all_pages(1000, |page| store.indicators(&IndicatorFilter::default(), page));
    let of = |row: &IndicatorRow| (store.override_of(row.id).unwrap(), texts(&row.raw, &row.canonical));
    let rows: Vec<_> = rows.iter().map(|row| (format!("{row:?}"), of(row))).collect();
    let overlaps = all_overlaps(store, &OverlapQuery::oldest_first(), 1000);
    let overlaps: Vec<_> =
        overlaps.iter().map(|row| (format!("{row:?}"), texts(&row.raw, &row.canonical))).collect();
    let exchanges = all_pages(1000, |page| store.exchanges(None, page));
    let digests: Vec<_> =
        store.snapshot().digests(&everything()).iter().map(|digest| *digest.as_bytes()).collect();
    let marks = (store.overlap_tally(0), store.last_visit("t").unwrap());
    let sightings = all_pages(2, |page| store.sightings(&SightingFilter::default(), page));
    let sightings: Vec<_> = sightings.iter().map(|row| (format!("{row:?}"), row.source.clone())).collect();
    assert_eq!(sightings.len(), 3);
    let groups = store.overlap_groups(0, 10);
    format!("{:?}", (rows, overlaps, exchanges, digests, sightings, groups, marks))
}

/// The records of an export but those of the audit chain, to which every export and restore adds.
fn rows_of(file: &[u8]) -> Vec<String> {
    let lines = std::str::from_utf8(file).unwrap().lines().map(str::to_owned);
    lines
        .filter(|line| {
            !["audit", "section", "end"]
                .iter()
                .any(|kind| line.starts_with(&format!(r#"{{"record":"{kind}""#)))
        })
        .collect()
}

#[test]
fn everything_comes_back_under_another_key() {
    let place = Place::new();
    let store = filled(&place);
    let file = exported(&store);
    assert!(file.starts_with(b"{\"overlapd-export\":1,\"sealed\":false,"));
    let mut other = Place::new();
    other.key = 9;
    let restored = other.open();
    restored.restore(&mut &file[..], &by()).unwrap();
    assert_eq!(seen(&restored), seen(&store));
    assert_eq!(rows_of(&exported(&restored)), rows_of(&file));
    drop(restored);
    assert_eq!(seen(&other.open()), seen(&store));
    assert_eq!(other.open().store_is_usable(), 1);
}

trait Usable {
    fn store_is_usable(&self) -> u64;
}

impl Usable for SledStore {
    fn store_is_usable(&self) -> u64 {
        self.import(vec![domain(5000), domain(5)], NOW).unwrap().accepted
    }
}

#[test]
fn a_restored_ledger_counts_the_current_period_as_spent() {
    let file = exported(&filled(&Place::new()));
    let place = Place::new();
    let store = place.open();
    store.restore(&mut &file[..], &by()).unwrap();
    let charge = |store: &SledStore, partner, now| {
        store.charge(&Charge { partner: member(partner), items: 1 }, LIMIT, now).unwrap().is_ok()
    };
    drop(store);
    let store = place.open();
    for partner in ["police", "hotline"] {
        assert!(!charge(&store, partner, TOMORROW));
        assert!(!charge(&store, partner, NOW));
        assert_eq!(store.day_use(&member(partner), TOMORROW).unwrap().exchanges, u32::MAX);
    }
    assert!(charge(&store, "police", Timestamp(TOMORROW.0 + 86_400)));
    let used = store.day_use(&member("police"), TOMORROW).unwrap();
    assert_eq!(used, DayUse { exchanges: 1, items: 1 });
}

#[test]
fn a_restore_spends_the_first_day_that_is_asked_for_whatever_the_clock_said_then() {
    let file = exported(&filled(&Place::new()));
    let place = Place::new();
    let store = place.open();
    store.restore(&mut &file[..], &by()).unwrap();
    let police = member("police");
    assert_eq!(store.day_use(&police, TOMORROW).unwrap().exchanges, u32::MAX);
    let charge = Charge { partner: police, items: 1 };
    assert!(store.charge(&charge, LIMIT, TOMORROW).unwrap().is_err());
    assert!(store.charge(&charge, LIMIT, Timestamp(TOMORROW.0 + 86_400)).unwrap().is_ok());
}

#[test]
fn a_damaged_export_is_refused_before_anything_is_written() {
    let file = exported(&filled(&Place::new()));
    let place = Place::new();
    let store = place.open();
    let refuse = |bytes: &[u8], what: &str| {
        let refused = store.restore(&mut &bytes[..], &by());
        assert!(matches!(refused, Err(StoreError::BadExport(_))), "{what}: {refused:?}");
    };
    for at in (0..file.len()).step_by(file.len() / 97).chain([file.len() - 1]) {
        refuse(&file[..at], &format!("cut at {at}"));
        let mut bad = file.clone();
        bad[at] ^= 0x02;
        refuse(&bad, &format!("flipped at {at}"));
    }
    refuse(b"kind,value\ndomain,a.example\n", "foreign");
    refuse(&[&file[..], b"\n"].concat(), "longer");
    let text = String::from_utf8(file.clone()).unwrap();
    let without = |line: usize| {
        let kept =
            text.lines().enumerate().filter(|(at, _)| *at != line).map(|(_, line)| format!("{line}\n"));
        kept.collect::<String>().into_bytes()
    };
    for line in [1, 2, 20, text.lines().count() - 1] {
        refuse(&without(line), &format!("without line {line}"));
    }
    assert_eq!(store.counts().unwrap().indicators, []);
    assert!(!place.folder.path().join("store/restoring").exists());
    store.restore(&mut &file[..], &by()).unwrap();
    refuse(&file, "a store that is not empty");
}

/// Tables with something in them; the database's own sum, a key of one byte, is none.
fn tables(store: &SledStore) -> BTreeSet<u8> {
    let keys = store.database.keys(&[]).unwrap();
    keys.iter().filter(|key| key.len() > 1).filter_map(|key| key.first().copied()).collect()
}

#[test]
fn a_restore_that_was_cut_off_leaves_an_empty_store() {
    let place = Place::new();
    let store = filled(&place);
    let file = exported(&store);
    let sink: SinkName = "webhook/siem".parse().unwrap();
    store.set_sink_position(&sink, EventId(5)).unwrap();
    let letter = DeadLetter { event: EventId(5), reason: "no".into(), tries: 1, given_up: 2, again: false };
    store.put_dead_letter(&sink, &letter, None).unwrap();
    let ended = ExchangeRecord { ended: Some(NOW.0), state: ExchangeState::Failed, ..exchange(2, "hotline") };
    store.update_exchange(&ended).unwrap();
    assert_eq!(tables(&store).len(), 17, "there is something in every table");
    drop(store);
    // What a kill before the last step leaves: the marker, and some of the records.
    fs::write(place.folder.path().join("store/restoring"), b"").unwrap();
    let store = place.open();
    let counts = store.counts().unwrap();
    assert_eq!((counts.indicators.len(), counts.overlaps.len(), counts.exchanges), (0, 0, 0));
    assert_eq!(store.tokens().unwrap(), [token("t")]);
    assert_eq!(store.roster().unwrap().unwrap().1, 3);
    // Nothing was set aside yet of the store's own audit chain, so it is where it was.
    assert_eq!(tables(&store), [keys::TOKEN, keys::META, keys::AUDIT].into());
    store.restore(&mut &file[..], &by()).unwrap();
    assert_eq!(store.counts().unwrap().exchanges, 2);
}

/// The file with one more record in its first section, and checksums that fit.
fn with_record(file: &[u8], record: &str) -> Vec<u8> {
    let mut lines = lines(file);
    let end = end_of_first(&lines);
    lines.insert(end, format!("{record}\n"));
    with_checksums(lines)
}

fn lines(file: &[u8]) -> Vec<String> {
    std::str::from_utf8(file).unwrap().lines().map(|line| format!("{line}\n")).collect()
}

fn end_of_first(lines: &[String]) -> usize {
    lines.iter().position(|line| line.contains(r#""record":"section""#)).unwrap()
}

/// The file of these lines, the first section of which was changed.
fn with_checksums(mut lines: Vec<String>) -> Vec<u8> {
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(&Sha256::digest(bytes));
    let end = end_of_first(&lines) - 1;
    let section = hex(lines[1..=end].concat().as_bytes());
    lines[end + 1] =
        format!("{{\"record\":\"section\",\"name\":\"node\",\"records\":{end},\"sha256\":\"{section}\"}}\n");
    let last = lines.len() - 1;
    let whole = hex(lines[..last].concat().as_bytes());
    lines[last] = format!("{{\"record\":\"end\",\"records\":{},\"sha256\":\"{whole}\"}}\n", last - 1);
    lines.concat().into_bytes()
}

#[test]
fn an_export_cannot_bring_a_roster_or_a_token() {
    let place = Place::new();
    let file = exported(&filled(&place));
    let ledger = r#"{"record":"ledger","partner":"hotline","day":1,"exchanges":1,"items":1}"#;
    Place::new().open().restore(&mut &with_record(&file, ledger)[..], &by()).unwrap();
    let roster = serde_json::to_string(&StoredRoster::new(&document(9), 9, [9; 32])).unwrap();
    let forged = serde_json::to_string(&StoredToken::new(&token("forged"))).unwrap();
    for (name, record) in [("roster", roster), ("token", forged)] {
        let line = format!("{{\"record\":\"{name}\",{}", &record[1..]);
        let store_place = Place::new();
        let store = store_place.open();
        let refused = store.restore(&mut &with_record(&file, &line)[..], &by()).unwrap_err();
        assert!(refused.to_string().contains("rosters and tokens are not restored"), "{refused}");
        assert_eq!((store.roster().unwrap(), store.tokens().unwrap()), (None, Vec::new()));
        assert_eq!(store.counts().unwrap().exchanges, 0);
    }
}

#[test]
fn audit_entries_that_no_node_writes_and_such_before_the_identity_are_refused() {
    let place = Place::new();
    let file = exported(&filled(&place));
    let entry = |number: u64, actor: &str, detail: &str| {
        let hash = "00".repeat(32);
        format!(
            r#"{{"record":"audit","number":{number},"time":1,"actor":"{actor}","action":"a","object":"","detail":"{detail}","hash":"{hash}"}}"#
        )
    };
    let long = "x".repeat(513);
    for (record, is_taken) in [
        (entry(1 << 52, "daemon", &long[..512]), true),
        (entry((1 << 52) + 1, "daemon", ""), false),
        (entry(u64::MAX, "daemon", ""), false),
        (entry(1 << 52, "daemon", &long), false),
        (entry(1 << 52, &long, ""), false),
    ] {
        let place = Place::new();
        let store = place.open();
        let restored = store.restore(&mut &with_record(&file, &record)[..], &by());
        assert_eq!(restored.is_ok(), is_taken, "{restored:?}");
        drop(store);
        let entries = place.open().counts().unwrap();
        assert_eq!(entries.exchanges > 0, is_taken);
    }
    let mut turned = lines(&file);
    let identity = turned.iter().position(|line| line.contains(r#""record":"identity""#)).unwrap();
    let identity = turned.remove(identity);
    let end = end_of_first(&turned);
    turned.insert(end, identity);
    let refused = Place::new().open().restore(&mut &with_checksums(turned)[..], &by());
    assert!(matches!(refused, Err(StoreError::BadExport(_))), "{refused:?}");
}

#[test]
fn a_restored_store_has_neither_roster_nor_tokens() {
    let file = exported(&filled(&Place::new()));
    let place = Place::new();
    let store = place.open();
    store.restore(&mut &file[..], &by()).unwrap();
    assert_eq!((store.roster().unwrap(), store.tokens().unwrap()), (None, Vec::new()));
    let text = String::from_utf8(file).unwrap();
    assert!(!text.contains(r#""record":"roster""#) && !text.contains(r#""record":"token""#));
}

#[test]
fn what_the_new_store_has_already_stays() {
    let file = exported(&filled(&Place::new()));
    let store_place = Place::new();
    let store = store_place.open();
    store.add_token(&TokenRecord { hash: [7; 32], ..token("t") }, &by()).unwrap();
    store.set_roster(&document(4), 4, [4; 32], &by()).unwrap();
    store.restore(&mut &file[..], &by()).unwrap();
    assert_eq!(store.tokens().unwrap()[0].hash, [7; 32]);
    assert_eq!(store.roster().unwrap().unwrap().1, 4);
}
