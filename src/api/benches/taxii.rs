//! Lists of a million rows, read page by page to their ends.
//!
//! `cargo bench -p overlap-api --bench taxii` makes a store of a million indicators that a partner all holds, and reads every list whole.
//! On two cores of a Sapphire Rapids virtual machine that other builds kept busy (load 5), medians of a page of 1,000 and the slowest of all:
//!
//! | list | median | slowest |
//! |---|---|---|
//! | `/api/v1/overlaps` | 1.4 ms | 11 ms |
//! | `/api/v1/indicators` | 2.0 ms | 17 ms |
//! | TAXII objects of overlaps, two million | 11 ms | 43 ms |
//! | TAXII manifest of overlaps | 9.9 ms | 60 ms |
//! | TAXII objects of own indicators | 9.1 ms | 60 ms |
//!
//! Once the database had read a list, memory was 1 to 15 MiB more after its last page than before its first, whatever its length. An object by its id took 1.9 s the first time, when the index is made, and 1.4 ms then.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // A bench that cannot go on may stop where it stands.

mod alone;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use overlap_coalition::{EngineName, ExchangeId, Mode, Side, Timestamp};
use overlap_indicator::{Context, Facet, Indicator, Kind, Rules, SecretText};
use overlap_store::{
    ExchangeRecord, ExchangeState, IndicatorId, NewIndicator, PageRequest, Role, SledStore, Store,
};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

use alone::NOW;

const ROWS: usize = 1_000_000;
/// Rows of one import and of one exchange.
const BATCH: usize = 10_000;

fn main() {
    let (_folder, store) = filled_store();
    let (router, token) = alone::router(store, Role::Read);
    let node = Node { router, token };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        for uri in ["/api/v1/overlaps?limit=1000", "/api/v1/indicators?limit=1000"] {
            node.read_whole(uri, "after").await;
        }
        for part in ["overlaps-payments/objects", "overlaps-payments/manifest", "indicators/objects"] {
            node.read_whole(&format!("/taxii2/overlap/collections/{part}/?limit=1000"), "next").await;
        }
        let sightings =
            "/taxii2/overlap/collections/overlaps-payments/objects/?match[type]=sighting&limit=1000";
        let last = node.read_whole(sightings, "next").await;
        node.find(last.as_str().unwrap()).await;
    });
}

/// A store of a million indicators, all of which a partner holds.
fn filled_store() -> (TempDir, Arc<SledStore>) {
    let (folder, store) = alone::fresh_store();
    let begun = Instant::now();
    let mut after = 0;
    for batch in 0..ROWS / BATCH {
        let rows = (batch * BATCH..(batch + 1) * BATCH).map(indicator).collect();
        store.import(rows, Timestamp(NOW + batch as u64)).unwrap();
        let own = store.indicators_added_after(after, BATCH).unwrap();
        after = own.last().unwrap().added;
        let found: Vec<(IndicatorId, Facet)> = own.iter().map(|row| (row.id, Facet::Host)).collect();
        let record = exchange(batch as u64);
        store.begin_exchange(&record).unwrap();
        store.store_overlaps(&record, &found, Timestamp(NOW + batch as u64)).unwrap();
    }
    let first = store.indicators(&Default::default(), &PageRequest { limit: 1, after: None }).unwrap();
    assert_eq!(first.rows.len(), 1);
    println!(
        "a million overlaps stored in {:.0} s; {} MiB resident",
        begun.elapsed().as_secs_f64(),
        resident()
    );
    (folder, Arc::new(store))
}

fn indicator(number: usize) -> NewIndicator {
    let raw = format!("https://shop{number}.example.org/login.php?step={number}");
    let indicator = Indicator::parse(Kind::Url, &raw, &Rules::default()).unwrap();
    NewIndicator { indicator, raw: SecretText::new(raw), context: Context::default() }
}

fn exchange(number: u64) -> ExchangeRecord {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_le_bytes());
    ExchangeRecord {
        id: ExchangeId(id),
        peer: "payments".parse().unwrap(),
        side: Side::Initiator,
        state: ExchangeState::Learned,
        purpose: String::new(),
        case_reference: String::new(),
        engine: EngineName::Voprf,
        mode: Mode::Overlap,
        own_size: 1,
        peer_size: 1,
        matches: None,
        bytes_sent: 0,
        bytes_received: 0,
        disclosed: true,
        seconds: Vec::new(),
        began: NOW,
        ended: None,
        failure: None,
        offer: None,
        accept: None,
        receipt: None,
    }
}

struct Node {
    router: Router,
    token: String,
}

impl Node {
    async fn get(&self, uri: &str) -> (Duration, Value) {
        let request = Request::get(uri).header("authorization", format!("Bearer {}", self.token));
        let begun = Instant::now();
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let took = begun.elapsed();
        (took, serde_json::from_slice(&body).unwrap())
    }

    /// Reads a list whole, a first time for the database's cache to fill, and prints what the second took. Gives the last object's id.
    async fn read_whole(&self, uri: &str, parameter: &str) -> Value {
        self.read_pages(uri, parameter).await;
        let before = resident();
        let (mut times, rows, last) = self.read_pages(uri, parameter).await;
        print_times(uri, &mut times);
        println!(
            "    {rows} objects; {before} MiB resident before the first page, {} after the last",
            resident()
        );
        last
    }

    /// All pages of a list, each from where the page before ended.
    async fn read_pages(&self, uri: &str, parameter: &str) -> (Vec<Duration>, usize, Value) {
        let (mut times, mut from, mut rows, mut last) = (Vec::new(), String::new(), 0, Value::Null);
        loop {
            let (took, page) = self.get(&format!("{uri}{from}")).await;
            times.push(took);
            let items = page.get("items").or(page.get("objects")).unwrap().as_array().unwrap();
            rows += items.len();
            last = items.last().map_or(last, |item| item["id"].clone());
            match page["next"].as_str() {
                Some(next) => from = format!("&{parameter}={next}"),
                None => return (times, rows, last),
            }
        }
    }

    /// Looks an object up by its id: the first time the index is made.
    async fn find(&self, id: &str) {
        let uri = format!("/taxii2/overlap/collections/overlaps-payments/objects/{id}/");
        let (first, _) = self.get(&uri).await;
        let (second, _) = self.get(&uri).await;
        println!(
            "an object by its id: {:.0} ms the first time, {:.2} ms then; {} MiB resident",
            first.as_secs_f64() * 1e3,
            second.as_secs_f64() * 1e3,
            resident()
        );
    }
}

fn print_times(uri: &str, times: &mut [Duration]) {
    let first = times[0];
    let last = times[times.len() - 2];
    times.sort_unstable();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let (median, slowest) = (times[times.len() / 2], times[times.len() - 1]);
    println!(
        "{uri}: median {:.1} ms, slowest {:.1} ms, first {:.1} ms, last whole {:.1} ms",
        ms(median),
        ms(slowest),
        ms(first),
        ms(last)
    );
}

/// Memory that is resident now, in MiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}
