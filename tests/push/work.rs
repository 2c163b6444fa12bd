//! What nodes have to tell of: lists that overlap, and exchanges.

use std::io::Write;
use std::thread::sleep;
use std::time::{Duration, Instant};

use overlap_tests::{Lab, Node};
use serde_json::Value;

/// How long anything may take on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// Adds text to the end of a member's config.
pub(crate) fn append(lab: &Lab, member: &str, text: &str) {
    let mut file = std::fs::File::options().append(true).open(lab.config(member)).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// Imports the same rows into several nodes.
pub(crate) fn import(lab: &Lab, nodes: &[&Node], from: usize, to: usize) {
    let rows: String = (from..to).map(|row| format!("account,shop:{row}\n")).collect();
    let file = lab.write(&format!("list-{from}-{to}.csv"), format!("kind,value\n{rows}"));
    for node in nodes {
        let _ = node.command(["import", &file]).expect_code(0);
    }
}

/// Every event of a node, as its list has them.
pub(crate) fn events(node: &Node) -> Vec<Value> {
    node.command(["events", "--json"]).expect_code(0).json_lines()
}

/// The ids of events.
pub(crate) fn ids(events: &[Value]) -> Vec<String> {
    events.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        sleep(Duration::from_millis(50));
    }
}
