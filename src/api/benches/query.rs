//! Ten thousand values of mixed kinds, asked of a node with a million overlaps.
//!
//! `cargo bench -p overlap-api --bench query`.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // A bench that cannot go on may stop where it stands.

mod alone;
#[path = "alone/million.rs"]
mod million;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use criterion::{Criterion, criterion_group, criterion_main};
use http_body_util::BodyExt;
use overlap_store::Role;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tower::ServiceExt;

/// Values in a query: the most that there can be.
const VALUES: usize = 10_000;

fn query(criterion: &mut Criterion) {
    let (_folder, store) = million::filled_store();
    let (router, token) = alone::router(store, Role::Read);
    let runtime = Runtime::new().unwrap();
    let ask = |body: &str| runtime.block_on(ask(&router, &token, body));
    let known = body(|number| number * 97);
    let items = ask(&known);
    let overlaps = |items: &Value| {
        let items = items["items"].as_array().unwrap().iter();
        items.filter(|item| item["overlaps"] != json!([])).count()
    };
    assert_eq!(overlaps(&items), VALUES);

    let unknown = body(|number| million::ROWS + number);
    println!("{} of {VALUES} values that are none of ours overlap on a facet", overlaps(&ask(&unknown)));
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
        json!(million::raw(number).replacen("http", "hxxp", 1).replacen("example.", "example[.]", 1))
    };
    json!({ "values": (0..VALUES).map(value).collect::<Vec<_>>() }).to_string()
}

async fn ask(router: &Router, token: &str, body: &str) -> Value {
    let request = Request::post("/api/v1/query").header("authorization", format!("Bearer {token}"));
    let response = router.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

criterion_group!(benches, query);
criterion_main!(benches);
