//! A million overlaps over the API of MISP: pages near and far, searches, and all of them at once.
//!
//! `cargo bench -p overlap-api --bench misp` makes a store of a million indicators in a hundred exchanges, all of which a partner holds.
//!
//! On two cores of a Sapphire Rapids virtual machine that nothing else kept busy:
//!
//! | question | median | slowest |
//! |---|---|---|
//! | a page of 100, the first; in the middle; the last | 0.5; 2.3; 4.7 ms | 5.8 ms |
//! | a page of 1,000, the first; in the middle; the last | 3.0; 5.6; 8.0 ms | 8.5 ms |
//! | the 900th page of 1,000 by a tag and a type | 7.6 ms | 7.7 ms |
//! | the fifth page of 1,000 of one event | 7.7 ms | 8.0 ms |
//! | a value, whole | 0.2 ms | 0.2 ms |
//! | a page of 50 events | 0.3 ms | 0.3 ms |
//! | a sighting, by value | 0.4 ms | 0.7 ms |
//!
//! All of them in one answer are 931 MiB, in 2.7 s. Memory was 123 MiB more at most the first time, and 40 MiB more the second.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // A bench that cannot go on may stop where it stands.

mod alone;
#[path = "alone/million.rs"]
mod million;
#[path = "alone/times.rs"]
mod times;
#[path = "alone/urls.rs"]
mod urls;

use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use overlap_store::Role;
use overlap_tests::resident_memory;
use serde_json::{Value, json};
use tower::ServiceExt;

use million::ROWS;
use times::Times;
use urls::URLS;

/// Times that a question is asked, after a first.
const TIMES: usize = 15;

fn main() {
    let (_folder, store) = URLS.stored();
    let (router, token) = alone::router(store, Role::Import);
    let node = Node { router, token };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        for limit in [100, 1_000] {
            for page in [1, ROWS / limit / 2, ROWS / limit] {
                node.measure("attributes/restSearch", json!({"limit": limit, "page": page}), limit).await;
            }
        }
        let peer = "overlapd:peer=\"payments\"";
        node.measure(
            "attributes/restSearch",
            json!({"limit": 1_000, "page": 900, "tags": peer, "type": "url"}),
            1_000,
        )
        .await;
        node.measure("attributes/restSearch", json!({"limit": 1_000, "page": 5, "eventid": "100"}), 1_000)
            .await;
        let value = urls::value(ROWS - 7);
        node.measure("attributes/restSearch", json!({"value": value}), 1).await;
        node.measure("events/index", json!({"limit": 50, "page": 2}), 50).await;
        node.measure("sightings/add", json!({"value": value, "type": "0"}), 0).await;
        // The first time the database's cache fills.
        node.read_whole().await;
        node.read_whole().await;
    });
}

struct Node {
    router: Router,
    token: String,
}

impl Node {
    async fn post(&self, path: &str, body: &Value) -> axum::response::Response {
        let request = Request::post(format!("/misp/{path}")).header("authorization", self.token.clone());
        let response = self.router.clone().oneshot(request.body(Body::from(body.to_string())).unwrap()).await;
        let response = response.unwrap();
        assert_eq!(response.status(), 200, "{path} {body}");
        response
    }

    /// Asks a question some times, and checks how many items it finds.
    async fn measure(&self, path: &str, body: Value, expected: usize) {
        let mut times = Vec::new();
        for _ in 0..=TIMES {
            let begun = Instant::now();
            let answer = self.post(path, &body).await.into_body().collect().await.unwrap().to_bytes();
            times.push(begun.elapsed());
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            let items = answer.pointer("/response/Attribute").or(Some(&answer)).and_then(Value::as_array);
            assert_eq!(items.map_or(0, Vec::len), expected, "{path} {body}");
        }
        times.remove(0);
        println!("{path} {body}: {}", Times::new(times));
    }

    /// Reads all of a million, and looks at the memory meanwhile.
    async fn read_whole(&self) {
        let begun = Instant::now();
        let before = resident_memory() >> 20;
        let mut body = self.post("attributes/restSearch", &json!({})).await.into_body();
        let (mut bytes, mut most) = (0, 0);
        while let Some(frame) = body.frame().await {
            bytes += frame.unwrap().into_data().map_or(0, |data| data.len());
            most = most.max(resident_memory() >> 20);
        }
        let seconds = begun.elapsed().as_secs_f64();
        println!(
            "all of them: {seconds:.1} s, {} MiB; {before} MiB resident before, {most} at most",
            bytes >> 20
        );
    }
}
