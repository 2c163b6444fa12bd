//! Warnings and overrides.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use overlap_coalition::Timestamp;
use overlap_indicator::{Context, Facet, Kind, Tlp};

use crate::testing::{NOW, Place, Warned, all_pages, by, domain, everything, lose_segment, new_indicator};
use crate::{
    Actor, By, Hold, IndicatorFilter, IndicatorId, IndicatorRow, Override, Overriding, Selection, SledStore,
    Store, Warnings,
};

fn rows(store: &SledStore) -> Vec<IndicatorRow> {
    all_pages(100, |page| store.indicators(&IndicatorFilter::default(), page))
}

fn hosts(store: &SledStore) -> usize {
    store.snapshot().digests(&Selection { facets: vec![Facet::Host], ..everything() }).len()
}

#[test]
fn a_value_that_is_warned_of_takes_no_part_until_it_is_overridden() {
    let place = Place::new();
    let store = place.open();
    store.set_warnings(Warned::of(["www.n3.example"])).unwrap();
    let counts = store.import((0..10).map(domain).collect(), NOW).unwrap();
    assert_eq!((counts.accepted, counts.held, hosts(&store)), (10, 1, 9));
    let id = rows(&store)[3].id;
    assert_eq!(store.begin_override(rows(&store)[4].id, "no", &by()).unwrap(), Overriding::NotHeld);
    assert_eq!(store.begin_override(IndicatorId([9; 16]), "no", &by()).unwrap(), Overriding::Unknown);
    assert_eq!(store.begin_override(id, "a case", &by()).unwrap(), Overriding::Done);
    assert_eq!(store.begin_override(id, "again", &by()).unwrap(), Overriding::Already);
    assert_eq!((hosts(&store), rows(&store)[3].hold), (10, Hold::Overridden));
    let record = Override { by: "admin".into(), at: NOW.0, reason: "a case".into() };
    assert_eq!(store.override_of(id).unwrap(), Some(record));
    let overridden = IndicatorFilter { overridden: true, ..IndicatorFilter::default() };
    let found = all_pages(1, |page| store.indicators(&overridden, page));
    assert_eq!(found.iter().map(|row| row.id).collect::<Vec<_>>(), [id]);
    drop(store);
    let store = place.open();
    store.set_warnings(Warned::of(["www.n3.example", "www.n5.example"])).unwrap();
    assert_eq!(
        (hosts(&store), rows(&store)[3].hold, rows(&store)[5].hold),
        (9, Hold::Overridden, Hold::Held)
    );
    assert!(store.end_override(id, &by()).unwrap());
    assert!(!store.end_override(id, &by()).unwrap());
    assert_eq!((hosts(&store), store.override_of(id).unwrap()), (8, None));
    store.set_warnings(Warned::of([])).unwrap();
    assert_eq!(hosts(&store), 10);
}

#[test]
fn an_override_is_by_the_name_of_the_token_wherever_it_was_used() {
    let place = Place::new();
    let store = place.open();
    store.set_warnings(Warned::of(["www.n0.example"])).unwrap();
    store.import(vec![domain(0)], NOW).unwrap();
    let id = rows(&store)[0].id;
    let cases = [
        (Actor::Token("soc".into()), "soc"),
        (Actor::Console("soc".into()), "soc"),
        (Actor::Offline, "offline"),
        (Actor::Daemon, "daemon"),
    ];
    for (actor, name) in cases {
        store.begin_override(id, "a case", &By { actor, at: Timestamp(7) }).unwrap();
        let record = store.override_of(id).unwrap().unwrap();
        assert_eq!((record.by.as_str(), record.at), (name, 7));
        store.end_override(id, &by()).unwrap();
    }
}

#[test]
fn an_override_goes_with_its_indicator() {
    let place = Place::new();
    let store = place.open();
    store.set_warnings(Warned::of(["www.n0.example"])).unwrap();
    store.import(vec![domain(0)], NOW).unwrap();
    let id = rows(&store)[0].id;
    store.begin_override(id, "a case", &by()).unwrap();
    store.withdraw(&[id], &by()).unwrap();
    assert_eq!(store.override_of(id).unwrap(), None);
    store.import(vec![domain(0)], NOW).unwrap();
    assert_eq!((rows(&store)[0].hold, hosts(&store)), (Hold::Held, 0));
}

#[test]
fn a_selection_of_rows_none_of_which_is_held_is_read_where_it_lies() {
    let place = Place::new();
    let store = place.open();
    store.import((0..600).map(domain).collect(), NOW).unwrap();
    store.set_warnings(Warned::of(["elsewhere.example"])).unwrap();
    assert!(store.snapshot().select(&everything()).is_whole());
    store.set_warnings(Warned::of(["www.n599.example"])).unwrap();
    let digests = store.snapshot().select(&everything());
    assert!(!digests.is_whole());
}

#[test]
fn one_that_expires_is_held_whatever_its_marking() {
    let place = Place::new();
    let store = place.open();
    store.set_warnings(Warned::of(["192.0.2.1"])).unwrap();
    let context = Context { expires: Some(NOW.0 + 100), tlp: Tlp::Clear, ..Context::default() };
    store.import(vec![new_indicator(Kind::Ip, "192.0.2.1", context)], NOW).unwrap();
    assert!(store.snapshot().digests(&everything()).is_empty());
    store.begin_override(rows(&store)[0].id, "a case", &by()).unwrap();
    assert_eq!(store.snapshot().digests(&everything()).len(), 1);
    assert!(store.snapshot().digests(&Selection { now: NOW.0 + 100, ..everything() }).is_empty());
}

/// Warns of everything, and has somebody import and withdraw while it is asked.
struct Busy {
    store: Arc<SledStore>,
    begun: AtomicBool,
}

impl Warnings for Busy {
    fn hold(&self, _kind: Kind, _canonical: &str) -> bool {
        if !self.begun.swap(true, Ordering::SeqCst) {
            let first = rows(&self.store)[0].id;
            self.store.import((300..330).map(domain).collect(), NOW).unwrap();
            self.store.withdraw(&[first], &by()).unwrap();
        }
        true
    }
}

/// Warns of everything, and has somebody import while it is asked.
struct Failing {
    store: Arc<SledStore>,
    begun: AtomicBool,
}

impl Warnings for Failing {
    fn hold(&self, _kind: Kind, _canonical: &str) -> bool {
        if !self.begun.swap(true, Ordering::SeqCst) {
            self.store.import((600..630).map(domain).collect(), NOW).unwrap();
        }
        true
    }
}

#[test]
fn a_change_that_fails_leaves_the_warnings_before_in_force() {
    let place = Place::new();
    let store = Arc::new(place.open());
    store.set_warnings(Warned::of(["www.n601.example", "www.n701.example"])).unwrap();
    store.import((0..600).map(domain).collect(), NOW).unwrap();
    lose_segment(&store, 1);
    let failing = Failing { store: store.clone(), begun: AtomicBool::new(false) };
    assert!(store.set_warnings(Arc::new(failing)).is_err());
    // Of those that came meanwhile the one is held that the warnings before have.
    assert_eq!(hosts(&store), 629);
    store.import((700..702).map(domain).collect(), NOW).unwrap();
    assert_eq!(hosts(&store), 630);
}

#[test]
fn what_comes_and_goes_while_warnings_change_is_judged_by_the_new_ones() {
    let place = Place::new();
    let store = Arc::new(place.open());
    store.import((0..300).map(domain).collect(), NOW).unwrap();
    let busy = Arc::new(Busy { store: store.clone(), begun: AtomicBool::new(false) });
    store.set_warnings(busy).unwrap();
    assert_eq!(rows(&store).len(), 329);
    assert!(rows(&store).iter().all(|row| row.hold == Hold::Held));
    assert_eq!(hosts(&store), 0);
    store.set_warnings(Warned::of([])).unwrap();
    assert_eq!(hosts(&store), 329);
}
