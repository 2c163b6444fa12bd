//! Three members, three daemons, real input with known answers: every import rejects exactly what it should, and every
//! pair finds exactly what it should.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use overlap_indicator::{Indicator, Kind, Rules};
use overlap_tests::{Lab, Node, shared_data};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_overlapd");
const MEMBERS: [&str; 3] = ["police", "payments", "hotline"];

#[test]
fn three_members_find_exactly_their_overlaps() {
    let Some(data) = shared_data("coalition") else { return };
    let lab = Lab::create(PROGRAM, &MEMBERS);
    let nodes: Vec<(&str, Node)> = MEMBERS.iter().map(|member| (*member, lab.start(member))).collect();
    for (member, node) in &nodes {
        let list = data.join(format!("{member}.csv"));
        let outcome = node.command(["import", "--json", list.to_str().unwrap()]).expect_code(4);
        check_rejects(&data, member, &outcome.json());
    }
    for (place, (left, node)) in nodes.iter().enumerate() {
        for (right, other) in &nodes[place + 1..] {
            let report = node.command(["exchange", right, "--json"]).expect_code(0).json();
            let expected = expected_overlaps(&data, left, right);
            assert!(!expected.is_empty());
            assert_same(&found_overlaps(node, right), &expected, left, right);
            assert_same(&found_overlaps(other, left), &expected, right, left);
            check_report(&report, right);
            check_receipts(node, other, report["exchange"].as_str().unwrap());
        }
    }
    for (_, node) in nodes {
        assert!(node.stop().success());
    }
}

fn check_rejects(data: &Path, member: &str, report: &Value) {
    let rejected: BTreeSet<u64> =
        report["rejected"].as_array().unwrap().iter().map(|row| row["line"].as_u64().unwrap()).collect();
    let rejects = fs::read_to_string(data.join("rejects.csv")).unwrap();
    let expected: BTreeSet<u64> = rejects
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect::<Vec<_>>())
        .filter(|fields| fields[0] == member)
        .map(|fields| fields[1].parse().unwrap())
        .collect();
    assert_eq!(rejected, expected, "{member}");
    let rows = fs::read_to_string(data.join(format!("{member}.csv"))).unwrap().lines().count() - 1;
    let counted = report["accepted"].as_u64().unwrap() + report["duplicates"].as_u64().unwrap();
    assert_eq!(counted as usize + expected.len(), rows, "{member}");
}

/// A kind and the key of its first facet: two domains that differ by `www.` alone are one item.
type Item = (Kind, String);

fn item(kind: &str, value: &str) -> Item {
    let kind = kind.parse().unwrap();
    let indicator = Indicator::parse(kind, value, &Rules::default()).unwrap();
    (kind, indicator.facets()[0].key.reveal().to_owned())
}

/// Every item that two members both hold.
fn expected_overlaps(data: &Path, one: &str, other: &str) -> BTreeSet<Item> {
    let overlaps = fs::read_to_string(data.join("overlaps.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(overlaps.as_bytes());
    let rows = reader.records().map(|row| row.unwrap());
    rows.filter(|row| [(&row[0], &row[1]), (&row[1], &row[0])].contains(&(one, other)))
        .map(|row| item(&row[2], &row[3]))
        .collect()
}

/// Every item that a node lists as overlapping, whose shown form must be canonical.
fn found_overlaps(node: &Node, peer: &str) -> BTreeSet<Item> {
    let lines = node.command(["overlaps", "--peer", peer, "--json"]).expect_code(0).json_lines();
    for line in &lines {
        assert_eq!(line["peer"], peer);
        let kind = text(line, "kind").parse().unwrap();
        let shown = Indicator::parse(kind, &text(line, "value"), &Rules::default()).unwrap();
        assert_eq!(shown.canonical().reveal(), text(line, "canonical"));
    }
    lines.iter().map(|line| item(&text(line, "kind"), &text(line, "canonical"))).collect()
}

#[track_caller]
fn assert_same(found: &BTreeSet<Item>, expected: &BTreeSet<Item>, own: &str, peer: &str) {
    let missing: Vec<_> = expected.difference(found).take(10).collect();
    let extra: Vec<_> = found.difference(expected).take(10).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "{own} with {peer}: missing {missing:?}, extra {extra:?}"
    );
}

fn text(line: &Value, key: &str) -> String {
    line[key].as_str().unwrap_or_else(|| panic!("{key} in {line}")).to_owned()
}

/// The fields that tools count on.
fn check_report(report: &Value, peer: &str) {
    assert_eq!(report["peer"], peer);
    // Nothing was known of the partner's size, and the agreement allows millions.
    assert_eq!(report["engine"], "vole");
    assert_eq!(report["mode"], "overlap");
    for key in ["own_size", "peer_size", "matches", "bytes_sent", "bytes_received"] {
        assert!(report[key].as_u64().unwrap() > 0, "{key} in {report}");
    }
    assert!(report["seconds"]["total"].as_f64().unwrap() > 0.0, "{report}");
}

/// Both have the receipt with both signatures, and each signature verifies.
fn check_receipts(one: &Node, other: &Node, exchange: &str) {
    let verify = |node: &Node| node.command(["receipts", "verify", exchange, "--json"]).expect_code(0).json();
    let receipt = verify(one);
    assert_eq!(receipt, verify(other));
    assert_eq!(receipt["exchange"], exchange);
}
