//! What a fault of the disk, a kill of sled or an operator can do to the folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use overlap_coalition::{Charge, DayUse, Timestamp};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::testing::{NOW, Place, all_pages, by, document, domain, everything, exchange, member, open_at};
use crate::{AuditStore, ChargeLimit, IndicatorFilter, SledStore, Store, StoreError};

const LIMIT: ChargeLimit = ChargeLimit { exchanges_per_day: 100 };

/// A store with some of everything, closed.
fn filled() -> Place {
    let place = Place::new();
    let store = place.open();
    for batch in 0..6 {
        store.import((batch * 300..(batch + 1) * 300).map(domain).collect(), NOW).unwrap();
        store.begin_exchange(&exchange(batch as u8, "police")).unwrap();
        store.charge(&Charge { partner: member("police"), items: 7 }, LIMIT, NOW).unwrap().unwrap();
    }
    store.set_roster(&document(3), 3, [3; 32], &by()).unwrap();
    place
}

/// Panics unless the store has all that [`filled`] put there.
fn assert_whole(store: &SledStore) {
    let rows = all_pages(1000, |page| store.indicators(&IndicatorFilter::default(), page));
    assert_eq!(rows.len(), 1800);
    assert!(rows.iter().enumerate().all(|(at, row)| row.raw.reveal() == format!("WWW.n{at}.example")));
    assert_eq!(all_pages(10, |page| store.exchanges(None, page)).len(), 6);
    assert_eq!(store.day_use(&member("police"), NOW).unwrap(), DayUse { exchanges: 6, items: 42 });
    assert_eq!(store.roster().unwrap().unwrap().1, 3);
    assert_eq!(store.snapshot().digests(&everything()).len(), 3600);
    let verdict = store.verify_audit(&[]).unwrap();
    assert_eq!((verdict.head.number, verdict.broken), (7, None), "six exchanges and a roster");
}

#[test]
fn a_damaged_file_is_an_error_or_does_no_harm() {
    const SEED: u64 = 7;
    println!("seed {SEED}");
    let place = filled();
    let files: Vec<PathBuf> = files_in(&place.folder.path().join("store/main"));
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let mut refused = 0;
    for round in 0..40 {
        let copy = copy_of(&place);
        let file = &files[rng.next_u64() as usize % files.len()];
        let file = copy.folder.path().join(file.strip_prefix(place.folder.path()).unwrap());
        damage(&file, round, &mut rng);
        match copy.try_open() {
            Ok(store) => assert_whole(&store),
            Err(StoreError::Quarantined { path, .. }) => {
                refused += 1;
                assert!(path.join("main").exists());
                begins_spent(&copy);
            }
            Err(error) => panic!("round {round}: {error}"),
        }
    }
    assert!(refused > 0, "no damage was told");
}

/// Cuts a file short, flips some of its bits, or writes garbage over it.
fn damage(file: &Path, round: usize, rng: &mut ChaCha8Rng) {
    let mut bytes = fs::read(file).unwrap();
    let at = rng.next_u64() as usize % bytes.len().max(1);
    match round % 3 {
        0 => bytes.truncate(at),
        1 => {
            // sled leaves most of its segment empty: damage what is written.
            let used = bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0) + 1;
            for _ in 0..3 {
                let at = rng.next_u64() as usize % used;
                bytes[at.min(used - 1)] ^= 1 << (rng.next_u64() % 8);
            }
        }
        _ => bytes[at..].fill(0xA5),
    }
    fs::write(file, bytes).unwrap();
}

/// After a damaged store was put aside the next is empty, and the first day is spent.
fn begins_spent(place: &Place) {
    let store = place.open();
    assert!(store.counts().unwrap().indicators.is_empty());
    let charge = Charge { partner: member("police"), items: 1 };
    assert_eq!(store.day_use(&member("police"), NOW).unwrap().exchanges, u32::MAX);
    drop(store);
    let tomorrow = Timestamp(NOW.0 + 86_400);
    // Policy asks what is left, and does not go on to charge where nothing is.
    assert_eq!(place.open().day_use(&member("police"), tomorrow).unwrap(), DayUse::default());
    assert!(place.open().charge(&charge, LIMIT, tomorrow).unwrap().is_ok());
}

#[test]
fn an_older_state_of_the_database_is_told() {
    let place = filled();
    let old = copy_of(&place);
    place.open().import(vec![domain(9999)], NOW).unwrap();
    let main = place.folder.path().join("store/main");
    fs::remove_dir_all(&main).unwrap();
    copy_folder(&old.folder.path().join("store/main"), &main);
    assert!(matches!(
        place.try_open(),
        Err(StoreError::Quarantined { what: "its newest writes are missing", .. })
    ));
}

#[test]
fn torn_snapshots_of_sled_are_removed() {
    let place = filled();
    let torn = place.folder.path().join("store/main/snap.00000000000004D2.generating");
    fs::write(&torn, b"torn").unwrap();
    assert_whole(&place.open());
    assert!(!torn.exists());
}

#[test]
fn damaged_digests_are_made_anew() {
    let place = filled();
    fs::write(place.folder.path().join("store/digests.1/db"), vec![0xA5; 5000]).unwrap();
    assert_whole(&place.open());
    fs::remove_dir_all(place.folder.path().join("store/digests.1")).unwrap();
    assert_whole(&place.open());
}

#[test]
fn a_second_opening_is_refused_while_the_first_lasts() {
    let place = filled();
    let first = place.open();
    let error = place.try_open().unwrap_err();
    assert!(matches!(&error, StoreError::Locked { path } if path.ends_with("store")), "{error}");
    drop(first);
    assert_whole(&place.open());
}

#[test]
fn a_wrong_key_touches_nothing() {
    let mut place = filled();
    let before = contents(&place);
    place.key = 2;
    assert!(matches!(place.try_open(), Err(StoreError::WrongKey)));
    assert!(contents(&place) == before);
    place.key = 1;
    assert_whole(&place.open());
}

#[test]
fn a_newer_schema_is_refused_and_nothing_touched() {
    let place = filled();
    let format = place.folder.path().join("store/format");
    let text = fs::read_to_string(&format).unwrap().replace("schema 1", "schema 2");
    fs::write(&format, text).unwrap();
    let before = contents(&place);
    assert!(matches!(place.try_open(), Err(StoreError::NewerSchema { found: 2, known: 1 })));
    assert!(contents(&place) == before);
}

#[test]
fn a_format_file_that_is_gone_or_none_is_told() {
    let place = filled();
    let format = place.folder.path().join("store/format");
    for bad in ["", "overlapd store\n", "overlapd store\nschema x\nkey 00\n", "something else"] {
        fs::write(&format, bad).unwrap();
        assert!(matches!(place.try_open(), Err(StoreError::Damaged { .. })), "{bad}");
    }
    fs::write(&format, [0xff; 9000]).unwrap();
    assert!(matches!(place.try_open(), Err(StoreError::Damaged { .. })));
    fs::remove_file(&format).unwrap();
    assert!(matches!(place.try_open(), Err(StoreError::Damaged { .. })));
}

#[test]
fn a_path_that_cannot_be_a_store_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("store"), b"a file").unwrap();
    let error = open_at(folder.path(), 1, 1).unwrap_err();
    assert!(matches!(&error, StoreError::Folder { path, .. } if path.ends_with("store")), "{error}");
    let error = open_at(&folder.path().join("store"), 1, 1).unwrap_err();
    assert!(matches!(&error, StoreError::Folder { path, .. } if path.ends_with("store/store")), "{error}");
    assert!(matches!(open_at(Path::new("/proc/self"), 1, 1), Err(StoreError::Folder { .. })));
}

#[test]
fn no_value_rests_in_plain() {
    let place = filled();
    for (file, bytes) in contents(&place) {
        for plain in [&b"n17.example"[..], b"WWW.n", b"investigation"] {
            let found = bytes.windows(plain.len()).any(|window| window == plain);
            assert!(!found, "{} has a value in plain", file.display());
        }
    }
}

fn contents(place: &Place) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = files_in(&place.folder.path().join("store"));
    files.into_iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect()
}

fn copy_of(place: &Place) -> Place {
    let copy = Place::new();
    copy_folder(&place.folder.path().join("store"), &copy.folder.path().join("store"));
    copy
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to.join("blobs")).unwrap();
    for file in files_in(from) {
        let to = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(file, to).unwrap();
    }
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files_in(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}
