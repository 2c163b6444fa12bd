//! Three members' lists with known answers, where they lie beside the workspace: every reject and every overlap, exactly.
#![allow(
    clippy::unwrap_used,
    reason = "a test that finds its input wrong fails by panicking, in helpers too"
)]

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use overlap_indicator::{Digest, DigestSalt, Digester, Indicator, Kind, Rules};

const MEMBERS: [&str; 3] = ["police", "payments", "hotline"];

/// Kind and the key of the kind's first facet: two domains that differ by `www.` alone are one item.
type Item = (Kind, String);

struct List {
    indicators: Vec<Indicator>,
    rejects: Vec<(u64, String)>,
}

#[test]
fn rejects_exactly_the_known_lines() {
    let Some(folder) = data_folder() else { return };
    let mut expected: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for row in rows(&folder.join("rejects.csv")) {
        expected.entry(row[0].clone()).or_default().insert(row[1].parse().unwrap());
    }
    for member in MEMBERS {
        let list = read_list(&folder, member);
        let lines: BTreeSet<u64> = list.rejects.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, expected[member], "{member}: {:?}", list.rejects);
    }
}

#[test]
fn finds_exactly_the_known_overlaps() {
    let Some(folder) = data_folder() else { return };
    let mut expected: BTreeMap<(String, String), BTreeSet<Item>> = BTreeMap::new();
    for row in rows(&folder.join("overlaps.csv")) {
        let kind: Kind = row[2].parse().unwrap();
        let item = Indicator::parse(kind, &row[3], &Rules::default()).unwrap();
        let pair = expected.entry((row[0].clone(), row[1].clone())).or_default();
        assert!(pair.insert(named(&item)), "an overlap is listed twice");
    }
    assert_eq!(expected.len(), 3);
    let lists: BTreeMap<&str, List> = MEMBERS.map(|member| (member, read_list(&folder, member))).into();
    for ((left, right), items) in &expected {
        let (left, right) = (&lists[left.as_str()], &lists[right.as_str()]);
        assert_same(&overlaps(left, right), items);
        assert_same(&overlaps(right, left), items);
    }
}

fn assert_same(found: &BTreeSet<Item>, expected: &BTreeSet<Item>) {
    let missing: Vec<_> = expected.difference(found).take(10).collect();
    let extra: Vec<_> = found.difference(expected).take(10).collect();
    assert!(missing.is_empty() && extra.is_empty(), "missing {missing:?}, extra {extra:?}");
}

/// Those of `own` that share a default facet's digest with `other`.
fn overlaps(own: &List, other: &List) -> BTreeSet<Item> {
    let digester = Digester::new(&DigestSalt::new([7; 32]));
    let theirs: HashSet<Digest> = other.indicators.iter().flat_map(|one| digests(one, &digester)).collect();
    let shared = |one: &&Indicator| digests(one, &digester).iter().any(|digest| theirs.contains(digest));
    own.indicators.iter().filter(shared).map(named).collect()
}

fn digests(indicator: &Indicator, digester: &Digester) -> Vec<Digest> {
    let facets = indicator.facets();
    facets.iter().filter(|key| key.facet.is_default()).map(|key| digester.digest(key)).collect()
}

fn named(indicator: &Indicator) -> Item {
    (indicator.kind(), indicator.facets()[0].key.reveal().to_owned())
}

fn read_list(folder: &Path, member: &str) -> List {
    let mut list = List { indicators: Vec::new(), rejects: Vec::new() };
    let bytes = std::fs::read(folder.join(member).with_extension("csv")).unwrap();
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    for record in reader.records() {
        let record = record.unwrap();
        let line = physical_line(&bytes, record.position().unwrap());
        let parsed = match record[0].parse::<Kind>() {
            Ok(kind) => {
                Indicator::parse(kind, &record[1], &Rules::default()).map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        match parsed {
            Ok(indicator) => list.indicators.push(indicator),
            Err(why) => list.rejects.push((line, why)),
        }
    }
    list
}

/// The line on which a record starts, the first being 1. The reader's own count is one short after CR LF: it stands between
/// the two when the record before has ended.
fn physical_line(bytes: &[u8], start: &csv::Position) -> u64 {
    let start = usize::try_from(start.byte()).unwrap();
    let skipped = bytes[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let before = &bytes[..start + skipped];
    1 + before.iter().filter(|&&byte| byte == b'\n').count() as u64
}

fn rows(path: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// The nearest `shared/data/coalition` beside the workspace or one of the folders that hold it.
fn data_folder() -> Option<PathBuf> {
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let found = folders.map(|folder| folder.join("shared/data/coalition")).find(|folder| folder.is_dir());
    if found.is_none() {
        eprintln!("passed over: no ../shared/data/coalition beside the workspace");
    }
    found
}
