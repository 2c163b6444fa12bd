//! Ten thousand values of mixed kinds, asked of a node with a million overlaps.
//!
//! `cargo bench -p overlap-api --bench query`. On two cores of a Sapphire Rapids virtual machine that nothing else kept busy, 10,000 values that are own indicators
//! took 91 ms (151 ms of processor time on both cores together), and 10,000 others 62 ms (114 ms); medians.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // A bench that cannot go on may stop where it stands.

mod alone;
#[path = "alone/million.rs"]
mod million;
#[path = "alone/mixed.rs"]
mod mixed;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use http_body_util::BodyExt;
use overlap_store::Role;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tower::ServiceExt;

/// Values in a query: the most that there can be.
const VALUES: usize = 10_000;
/// Queries whose processor time is taken.
const TIMED: u64 = 20;
/// Linux counts a hundred ticks a second.
const MILLISECONDS_OF_A_TICK: u64 = 10;

fn query(criterion: &mut Criterion) {
    let (_folder, store) = mixed::MIXED.stored();
    let (router, token) = alone::router(store, Role::Read);
    let runtime = Runtime::new().unwrap();
    let ask = |body: &str| runtime.block_on(ask(&router, &token, body));
    let known = body(|number| number * 97);
    let items = ask(&known);
    let overlaps = |answer: &[u8]| {
        let answer: Value = serde_json::from_slice(answer).unwrap();
        let items = answer["items"].as_array().unwrap().iter();
        items.filter(|item| item["overlaps"] != json!([])).count()
    };
    assert_eq!(overlaps(&items), VALUES);

    let unknown = body(|number| million::ROWS + number);
    println!("answers of {} and {} bytes", items.len(), ask(&unknown).len());
    println!("{} of {VALUES} values that are none of ours overlap on a facet", overlaps(&ask(&unknown)));
    for (name, body) in [("own", &known), ("unknown", &unknown)] {
        let begun = processor_ticks();
        (0..TIMED).for_each(|_| drop(ask(body)));
        let milliseconds = (processor_ticks() - begun) * MILLISECONDS_OF_A_TICK / TIMED;
        println!("{milliseconds} ms of processor time for a query, {name}");
    }
    let mut group = criterion.benchmark_group("query");
    group.sample_size(20).measurement_time(Duration::from_secs(10));
    for (name, body) in [("own", &known), ("unknown", &unknown)] {
        group.bench_function(format!("{VALUES} values, {name}"), |bench| bench.iter(|| ask(body)));
    }
    group.finish();
}

/// Values of every kind that the store has, URLs defanged.
fn body(number: impl Fn(usize) -> usize) -> String {
    let value = |at: usize| {
        let number = number(at) % (2 * million::ROWS);
        json!(mixed::value(number).replacen("http", "hxxp", 1).replacen("example.", "example[.]", 1))
    };
    json!({ "values": (0..VALUES).map(value).collect::<Vec<_>>() }).to_string()
}

async fn ask(router: &Router, token: &str, body: &str) -> Bytes {
    let request = Request::post("/api/v1/query").header("authorization", format!("Bearer {token}"));
    let response = router.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    response.into_body().collect().await.unwrap().to_bytes()
}

/// Processor time that this process has used, in ticks, whatever else the machine does.
fn processor_ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

criterion_group!(benches, query);
criterion_main!(benches);
