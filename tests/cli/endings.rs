//! How an exchange ends when a node or the road between two is gone from one moment to the next.

use std::net::SocketAddr;
use std::path::Path;
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

use overlap_tests::{Lab, Node, Outcome, Relay, run};
use serde_json::{Value, json};

use crate::PROGRAM;

/// Rows that keep `voprf` busy for a second and more.
const MANY: usize = 10_000;

/// Far longer than a node waits for a partner that is gone.
const PATIENCE: Duration = Duration::from_secs(120);

const ASK_EVERY: Duration = Duration::from_millis(10);

fn rows(count: usize) -> String {
    (0..count).fold("kind,value\n".to_owned(), |rows, row| rows + &format!("account,shop:{row}\n"))
}

fn pair(lab: &Lab, count: usize) -> [Node; 2] {
    let list = lab.write("list.csv", rows(count));
    ["a", "b"].map(|member| {
        let node = lab.start(member);
        let _ = node.command(["import", &list]).expect_code(0);
        node
    })
}

/// `overlapd exchange b` by a, beside the test, with the engine that is slow enough to be caught at it.
fn exchange(lab: &Lab) -> JoinHandle<Outcome> {
    let config = lab.config("a");
    thread::spawn(move || {
        let args = ["exchange", "b", "--engine", "voprf", "--config", config.to_str().unwrap()];
        run(PROGRAM, Path::new("/"), args)
    })
}

/// A node's newest exchange.
fn newest(node: &Node) -> Value {
    node.api("/api/v1/exchanges?limit=1")["items"][0].clone()
}

#[track_caller]
fn wait_until(node: &Node, done: impl Fn(&Value) -> bool) {
    let begun = Instant::now();
    loop {
        let record = newest(node);
        if done(&record) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{record}\n{}", node.log());
        sleep(ASK_EVERY);
    }
}

/// The command's end; one that never comes fails the test, and the nodes' end then ends it.
#[track_caller]
fn end_of(exchanging: JoinHandle<Outcome>) -> Outcome {
    let begun = Instant::now();
    while !exchanging.is_finished() {
        assert!(begun.elapsed() < PATIENCE, "the command does not end");
        sleep(ASK_EVERY);
    }
    exchanging.join().unwrap()
}

/// The record of an exchange that a kill broke off, after the next start.
#[track_caller]
fn check_interrupted(node: &Node) {
    let record = newest(node);
    assert_eq!(record["state"], "failed", "{record}");
    assert!(record["ended"].is_string(), "{record}");
    let failure = &record["failure"];
    assert_eq!((&failure["code"], &failure["by"]), (&json!("interrupted"), &json!("own")), "{record}");
}

#[test]
fn a_partner_that_is_killed_in_an_exchange_is_named() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let [a, b] = pair(&lab, MANY);
    let exchanging = exchange(&lab);
    wait_until(&b, |record| record["state"] == "running");
    b.kill();
    let outcome = end_of(exchanging).expect_code(1);
    assert!(outcome.stderr.contains("with b failed (network): it went silent"), "{}", outcome.stderr);
    let failure = &newest(&a)["failure"];
    assert_eq!((&failure["code"], &failure["by"]), (&json!("network"), &json!("network")));
    check_interrupted(&lab.start("b"));
}

#[test]
fn an_exchange_that_its_node_was_killed_in_is_ended_at_the_next_start() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let [a, b] = pair(&lab, MANY);
    let exchanging = exchange(&lab);
    wait_until(&a, |record| record["state"] == "running");
    a.kill();
    let _ = end_of(exchanging).expect_code(1);
    let a = lab.start("a");
    check_interrupted(&a);
    a.wait_for_log("an exchange that the node stopped in the middle of was ended");
    // What it left does not stand in the way of the next.
    let report = a.command(["exchange", "b", "--json"]).expect_code(0).json();
    assert_eq!(report["matches"], MANY);
    drop(b);
}

#[test]
fn a_result_that_the_partner_did_not_sign_stands_and_ends_the_command_with_1() {
    let lab = Lab::create(PROGRAM, &["a", "b"]);
    let b_at = address_of_b(&lab);
    let relay = Relay::to(b_at, Duration::from_millis(500));
    lab.edit_config("a", &b_at.to_string(), &relay.address().to_string());
    lab.edit_config("a", "[peer]", "[peer]\nstall_limit = \"5s\"");
    let [a, b] = pair(&lab, 3);
    let exchanging = exchange(&lab);
    // The receipt and the signature on it take a second: neither arrives.
    wait_until(&a, |record| record["state"] == "learned");
    relay.close();
    let outcome = end_of(exchanging).expect_code(1);
    let told = "with b: the result stands (3 matches), but b did not sign (";
    assert!(outcome.stderr.contains(told), "{}", outcome.stderr);
    let record = newest(&a);
    assert_eq!((&record["state"], &record["matches"]), (&json!("learned"), &json!(3)));
    assert_eq!(a.command(["overlaps", "--json"]).expect_code(0).json_lines().len(), 3);
    drop(b);
}

/// Where b listens, as a's config says.
fn address_of_b(lab: &Lab) -> SocketAddr {
    let config = std::fs::read_to_string(lab.config("a")).unwrap();
    let line = config.lines().find_map(|line| line.strip_prefix("address = \"")).unwrap();
    line.trim_end_matches('"').parse().unwrap()
}
