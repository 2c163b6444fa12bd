//! How far an exchange is, told while it runs, on both sides.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use overlap_tests::{Lab, Node};
use serde_json::Value;

use crate::PROGRAM;

/// Indicators of each side; as many as make an exchange last for seconds.
const ROWS: usize = 12_000;

const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What one side told while the exchange ran.
#[derive(Default)]
struct Told {
    bytes: Vec<(u64, u64)>,
    phases: BTreeSet<String>,
}

#[test]
fn bytes_and_phases_move_on_while_an_exchange_runs() {
    let lab = Lab::create(PROGRAM, &["police", "payments"]);
    let rows: String = (0..ROWS).map(|row| format!("domain,n{row}.example\n")).collect();
    let list = lab.write("list.csv", format!("kind,value\n{rows}"));
    let nodes = [lab.start("police"), lab.start("payments")];
    for node in &nodes {
        let _ = node.command(["import", &list, "--json"]).expect_code(0);
    }
    let mut told = [Told::default(), Told::default()];
    thread::scope(|scope| {
        let exchange = || nodes[0].command(["exchange", "payments", "--engine", "voprf", "--json"]);
        let running = scope.spawn(exchange);
        while !running.is_finished() {
            nodes.iter().zip(&mut told).for_each(|(node, told)| look(node, told));
            thread::sleep(LOOK_EVERY);
        }
        let _ = running.join().unwrap().expect_code(0);
    });
    let ends = [&nodes[0], &nodes[1]].map(|node| newest(node).unwrap());
    for (told, end) in told.iter().zip(&ends) {
        assert!(told.bytes.is_sorted(), "bytes only rise: {:?}", told.bytes);
        let distinct: BTreeSet<u64> = told.bytes.iter().map(|(sent, received)| sent + received).collect();
        assert!(distinct.len() >= 4, "they rise in steps: {distinct:?}");
        let (sent, received) = told.bytes.last().unwrap();
        assert!(
            *sent <= bytes(end, "sent") && *received <= bytes(end, "received"),
            "{:?} of {end}",
            told.bytes
        );
        assert!(told.phases.len() >= 2, "{:?}", told.phases);
        assert!(end["progress"].is_null() && end["ended"].is_string(), "{end}");
    }
    assert_eq!(bytes(&ends[0], "sent"), bytes(&ends[1], "received"));
    assert_eq!(bytes(&ends[0], "received"), bytes(&ends[1], "sent"));
}

/// Notes how far the exchange is, if it runs.
fn look(node: &Node, told: &mut Told) {
    let Some(exchange) = newest(node).filter(|exchange| exchange["ended"].is_null()) else { return };
    told.bytes.push((bytes(&exchange, "sent"), bytes(&exchange, "received")));
    told.phases.extend(exchange["progress"]["phase"].as_str().map(str::to_owned));
}

fn newest(node: &Node) -> Option<Value> {
    let page = node.api("/api/v1/exchanges?limit=1");
    page["items"].as_array()?.first().cloned()
}

fn bytes(exchange: &Value, way: &str) -> u64 {
    exchange[format!("bytes_{way}")].as_u64().unwrap()
}
