//! A change of the salt while the store is open: nothing is lost, whatever happens meanwhile.

use std::cell::Cell;
use std::path::PathBuf;

use overlap_indicator::{Digest, DigestSalt};

use crate::testing::{NOW, Place, all_pages, by, domain, everything};
use crate::{IndicatorFilter, IndicatorId, SledStore, Store};

/// Several segments, the last one not full.
const ROWS: usize = 900;

/// As `Place` opens it.
fn salt(epoch: u32) -> (u32, DigestSalt) {
    (epoch, DigestSalt::new([epoch as u8; 32]))
}

fn filled(place: &Place, rows: usize) -> SledStore {
    let store = place.open();
    store.import((0..rows).map(domain).collect(), NOW).unwrap();
    store
}

fn digests(store: &SledStore) -> Vec<Digest> {
    store.snapshot().digests(&everything())
}

/// What a store has that never had another epoch.
fn expected(rows: impl Iterator<Item = usize>) -> Vec<Digest> {
    let place = Place { epoch: 2, ..Place::new() };
    let store = place.open();
    store.import(rows.map(domain).collect(), NOW).unwrap();
    digests(&store)
}

fn ids(store: &SledStore) -> Vec<IndicatorId> {
    let rows = all_pages(1000, |page| store.indicators(&IndicatorFilter::default(), page));
    rows.iter().map(|row| row.id).collect()
}

fn digest_folders(place: &Place) -> Vec<PathBuf> {
    crate::folder::digest_folders(&place.folder.path().join("store")).unwrap()
}

#[test]
fn another_salt_gives_the_digests_that_a_restart_would() {
    let place = Place::new();
    let store = filled(&place, ROWS);
    let before = store.snapshot();
    assert_eq!(before.epoch(), Some(1));
    assert!(store.take_salt(&salt(2), &|| true).unwrap());
    assert_eq!(store.snapshot().epoch(), Some(2));
    assert_eq!(digests(&store), expected(0..ROWS));
    assert!(before.digests(&everything()) != digests(&store), "an exchange that runs keeps what it had");
    let held = store.snapshot().holders(&everything(), &digests(&store));
    assert_eq!(held.len(), 2 * ROWS, "a domain has two facets");
    assert_eq!(digest_folders(&place).len(), 1, "the old epoch's folder is gone");
    drop(store);
    let place = Place { epoch: 2, ..place };
    let reopened = place.open();
    assert_eq!(digests(&reopened), expected(0..ROWS));
}

#[test]
fn the_same_epoch_again_is_no_work() {
    let place = Place::new();
    let store = filled(&place, 10);
    let before = digests(&store);
    assert!(store.take_salt(&salt(1), &|| panic!("nothing is digested")).unwrap());
    assert_eq!(digests(&store), before);
}

#[test]
fn while_digests_are_made_there_is_no_epoch_and_imports_and_withdrawals_go_on() {
    let place = Place::new();
    let store = filled(&place, ROWS);
    let step = Cell::new(0);
    let meanwhile = || {
        let snapshot = store.snapshot();
        assert_eq!(snapshot.epoch(), None);
        step.set(step.get() + 1);
        // In the tail's segment and in new ones; from a segment that is digested, from one that is not, and of the new.
        store.import((0..300).map(|row| domain(ROWS + 300 * (step.get() - 1) + row)).collect(), NOW).unwrap();
        let all = ids(&store);
        let gone = [all[step.get()], all[ROWS - 10], all[all.len() - 1]];
        assert_eq!(store.withdraw(&gone, &by()).unwrap(), 3);
        true
    };
    assert!(store.take_salt(&salt(2), &meanwhile).unwrap());
    assert!(step.get() > 2);
    let there = digests(&store);
    let rows = all_pages(1000, |page| store.indicators(&IndicatorFilter::default(), page));
    let numbers = rows.iter().map(|row| {
        let name = row.raw.reveal().strip_prefix("WWW.n").unwrap();
        name.strip_suffix(".example").unwrap().parse::<usize>().unwrap()
    });
    assert_eq!(there, expected(numbers));
    drop(store);
    let place = Place { epoch: 2, ..place };
    assert_eq!(digests(&place.open()), there);
}

#[test]
fn a_change_that_was_stopped_is_ended_by_the_next_call() {
    let place = Place::new();
    let store = filled(&place, ROWS);
    let left = Cell::new(2);
    let soon = || left.replace(left.get() - 1) > 0;
    assert!(!store.take_salt(&salt(2), &soon).unwrap());
    assert_eq!(store.snapshot().epoch(), None);
    assert!(digests(&store).is_empty());
    store.import(vec![domain(ROWS)], NOW).unwrap();
    assert!(store.take_salt(&salt(2), &|| true).unwrap());
    assert_eq!(digests(&store), expected(0..ROWS + 1));
}

#[test]
fn a_change_that_was_stopped_is_ended_by_a_start() {
    for epoch in [2, 3] {
        let place = Place::new();
        let store = filled(&place, ROWS);
        let left = Cell::new(2);
        assert!(!store.take_salt(&salt(2), &|| left.replace(left.get() - 1) > 0).unwrap());
        drop(store);
        let place = Place { epoch, ..place };
        let reopened = place.open();
        assert_eq!(reopened.snapshot().epoch(), Some(epoch));
        assert_eq!(reopened.snapshot().holders(&everything(), &digests(&reopened)).len(), 2 * ROWS);
    }
}

#[test]
fn a_change_may_overtake_one_that_was_stopped() {
    let place = Place::new();
    let store = filled(&place, ROWS);
    assert!(!store.take_salt(&salt(3), &|| false).unwrap());
    assert!(store.take_salt(&salt(2), &|| true).unwrap());
    assert_eq!(digests(&store), expected(0..ROWS));
}
