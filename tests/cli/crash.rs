//! What a power cut, a stop in the middle of work, or a killed parent leaves.

use std::collections::BTreeSet;
use std::thread;

use overlap_tests::{Lab, Node, run};

use crate::PROGRAM;

/// Rows in each import but the last.
const ROWS: usize = 2_000;

/// Rows in the import that is cut off: several batches.
const ROWS_CUT_OFF: usize = 200_000;

/// Imports that are answered before the node is killed; the next is under way then.
const ANSWERED: usize = 3;

#[test]
fn a_kill_during_an_import_loses_nothing_that_was_answered() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let node = lab.start("a");
    for list in 0..ANSWERED {
        let _ = node.command(["import", &lab.write(&format!("{list}.csv"), rows(list, ROWS))]).expect_code(0);
    }
    let config = lab.config("a");
    let last = lab.write("last.csv", rows(ANSWERED, ROWS_CUT_OFF));
    let importing = thread::spawn(move || {
        let args = ["import", &last, "--config", config.to_str().unwrap()];
        run(PROGRAM, std::path::Path::new("/"), args)
    });
    while !importing.is_finished() && stored(&node) == ANSWERED * ROWS {}
    node.kill();
    let was_answered = importing.join().unwrap().code == 0;
    let node = lab.start("a");
    let lines = node.command(["indicators", "list", "--json"]).expect_code(0).json_lines();
    let distinct: BTreeSet<&str> = lines.iter().map(|line| line["canonical"].as_str().unwrap()).collect();
    assert_eq!(distinct.len(), lines.len(), "every row is there once");
    for row in 0..ROWS {
        for list in 0..ANSWERED {
            assert!(distinct.contains(format!("shop:{list}-{row}").as_str()), "{list}-{row}");
        }
    }
    assert!(!was_answered || lines.len() == ANSWERED * ROWS + ROWS_CUT_OFF);
}

fn stored(node: &Node) -> usize {
    let status = node.command(["status", "--json"]).json();
    status["indicators"]["account"].as_u64().unwrap_or(0) as usize
}

fn rows(list: usize, count: usize) -> String {
    let rows: String = (0..count).map(|row| format!("account,shop:{list}-{row}\n")).collect();
    format!("kind,value\n{rows}")
}

#[test]
fn a_bundle_whose_import_was_killed_is_imported_again_without_duplicates() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let node = lab.start("a");
    let objects: Vec<String> = (0..ROWS_CUT_OFF)
        .map(|row| format!("{{\"type\":\"user-account\",\"account_type\":\"shop\",\"user_id\":\"{row}\"}}"))
        .collect();
    let bundle =
        lab.write("bundle.json", format!("{{\"type\":\"bundle\",\"objects\":[{}]}}", objects.join(",")));
    let (config, file) = (lab.config("a"), bundle.clone());
    let importing = thread::spawn(move || {
        let args = ["import", &file, "--config", config.to_str().unwrap()];
        run(PROGRAM, std::path::Path::new("/"), args)
    });
    while !importing.is_finished() && stored(&node) == 0 {}
    node.kill();
    let _ = importing.join().unwrap();
    let node = lab.start("a");
    let there = stored(&node) as u64;
    let report = node.command(["import", &bundle, "--json"]).expect_code(0).json();
    let counts = (report["accepted"].as_u64().unwrap(), report["duplicates"].as_u64().unwrap());
    assert_eq!(
        counts,
        (ROWS_CUT_OFF as u64 - there, there),
        "what was durable is known, and the rest is new"
    );
    assert_eq!(stored(&node), ROWS_CUT_OFF);
}

#[test]
fn a_node_that_is_stopped_in_an_exchange_ends_well_and_its_partner_goes_on() {
    let lab = Lab::create(PROGRAM, &["a", "b", "c"]);
    lab.edit_config("a", "[peer]", "shutdown_limit = \"1s\"\n\n[peer]");
    let (mut a, b, c) = (lab.start("a"), lab.start("b"), lab.start("c"));
    let list = lab.write("list.csv", rows(0, ROWS) + rows(1, ROWS).trim_start_matches("kind,value\n"));
    for node in [&a, &b, &c] {
        let _ = node.command(["import", &list]).expect_code(0);
    }
    let config = lab.config("a");
    let exchanging = thread::spawn(move || {
        let args = ["exchange", "b", "--engine", "voprf", "--config", config.to_str().unwrap()];
        run(PROGRAM, std::path::Path::new("/"), args)
    });
    while !exchanging.is_finished()
        && b.command(["peers", "--json"]).json_lines().iter().all(|peer| peer["running"] == 0)
    {}
    a.signal("TERM");
    assert!(a.wait().success(), "{}", a.log());
    let _ = exchanging.join().unwrap();
    let report = b.command(["exchange", "c", "--json"]).expect_code(0).json();
    assert_eq!(report["matches"].as_u64(), Some(2 * ROWS as u64));
}
