//! Export and restore.

use std::fs;

use overlap_coalition::{Charge, DayUse, Timestamp};
use overlap_indicator::{Context, Facet, Kind, Tlp};

use crate::testing::{NOW, Place, all_pages, document, domain, everything, exchange, member, new_indicator};
use crate::{
    ChargeLimit, ExchangeState, IndicatorFilter, OverlapFilter, Role, Selection, SledStore, Store,
    StoreError, TokenRecord,
};

const LIMIT: ChargeLimit = ChargeLimit { exchanges_per_day: 100 };
const TOMORROW: Timestamp = Timestamp(NOW.0 + 86_400);

/// A store with some of everything, a withdrawn indicator with an overlap too.
fn filled(place: &Place) -> SledStore {
    let store = place.open();
    store.import((0..300).map(domain).collect(), NOW).unwrap();
    let context = Context {
        tlp: Tlp::AmberStrict,
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
    store.withdraw(&[found[0].0]).unwrap();
    store.charge(&Charge { partner: member("police"), items: 7 }, LIMIT, NOW).unwrap().unwrap();
    store.set_roster(&document(3), 3, [3; 32]).unwrap();
    store.add_token(&token("t")).unwrap();
    store
}

fn token(name: &str) -> TokenRecord {
    TokenRecord { name: name.into(), hash: [1; 32], roles: vec![Role::Import], made: 5 }
}

fn exported(store: &SledStore) -> Vec<u8> {
    let mut out = Vec::new();
    store.export(&mut out).unwrap();
    out
}

/// Everything that callers can read, as text.
fn seen(store: &SledStore) -> String {
    let texts = |raw: &overlap_indicator::SecretText, canonical: &overlap_indicator::SecretText| {
        (raw.reveal().to_owned(), canonical.reveal().to_owned())
    };
    let rows = all_pages(1000, |page| store.indicators(&IndicatorFilter::default(), page));
    let rows: Vec<_> = rows.iter().map(|row| (format!("{row:?}"), texts(&row.raw, &row.canonical))).collect();
    let overlaps = all_pages(1000, |page| store.overlaps(&OverlapFilter::default(), page));
    let overlaps: Vec<_> =
        overlaps.iter().map(|row| (format!("{row:?}"), texts(&row.raw, &row.canonical))).collect();
    let exchanges = all_pages(1000, |page| store.exchanges(None, page));
    let digests: Vec<_> =
        store.snapshot().digests(&everything()).iter().map(|digest| *digest.as_bytes()).collect();
    format!("{:?}", (rows, overlaps, exchanges, digests, store.roster().unwrap(), store.tokens().unwrap()))
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
    restored.restore(&mut &file[..], NOW).unwrap();
    assert_eq!(seen(&restored), seen(&store));
    assert_eq!(exported(&restored).len(), file.len());
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
    store.restore(&mut &file[..], TOMORROW).unwrap();
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
fn a_damaged_export_is_refused_before_anything_is_written() {
    let file = exported(&filled(&Place::new()));
    let place = Place::new();
    let store = place.open();
    let refuse = |bytes: &[u8], what: &str| {
        let refused = store.restore(&mut &bytes[..], NOW);
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
    for line in [1, 3, 20, text.lines().count() - 1] {
        refuse(&without(line), &format!("without line {line}"));
    }
    assert_eq!(store.counts().unwrap().indicators, []);
    assert!(!place.folder.path().join("store/restoring").exists());
    store.restore(&mut &file[..], NOW).unwrap();
    refuse(&file, "a store that is not empty");
}

#[test]
fn a_restore_that_was_cut_off_leaves_an_empty_store() {
    let place = Place::new();
    let store = filled(&place);
    let file = exported(&store);
    drop(store);
    // What a kill before the last step leaves: the marker, and some of the records.
    fs::write(place.folder.path().join("store/restoring"), b"").unwrap();
    let store = place.open();
    let counts = store.counts().unwrap();
    assert_eq!((counts.indicators.len(), counts.overlaps.len(), counts.exchanges), (0, 0, 0));
    assert_eq!(store.tokens().unwrap(), [token("t")]);
    assert_eq!(store.roster().unwrap().unwrap().1, 3);
    store.restore(&mut &file[..], NOW).unwrap();
    assert_eq!(store.counts().unwrap().exchanges, 2);
}

#[test]
fn what_the_new_store_has_already_stays() {
    let file = exported(&filled(&Place::new()));
    let store_place = Place::new();
    let store = store_place.open();
    store.add_token(&TokenRecord { hash: [7; 32], ..token("t") }).unwrap();
    store.set_roster(&document(4), 4, [4; 32]).unwrap();
    store.restore(&mut &file[..], NOW).unwrap();
    assert_eq!(store.tokens().unwrap()[0].hash, [7; 32]);
    assert_eq!(store.roster().unwrap().unwrap().1, 4);
}
