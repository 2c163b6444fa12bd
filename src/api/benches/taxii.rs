//! Lists of a million rows, read page by page to their ends.
//!
//! `cargo bench -p overlap-api --bench taxii` makes a store of a million indicators that a partner all holds, and reads every list whole.
//! On two cores of a Sapphire Rapids virtual machine that nothing else kept busy, medians of a page of 1,000 and the slowest of all:
//!
//! | list | median | slowest |
//! |---|---|---|
//! | `/api/v1/overlaps` | 1.8 ms | 7.0 ms |
//! | `/api/v1/indicators` | 2.4 ms | 7.4 ms |
//! | TAXII objects of overlaps, two million | 11 ms | 19 ms |
//! | TAXII manifest of overlaps | 8.0 ms | 25 ms |
//! | TAXII objects of own indicators | 6.3 ms | 17 ms |
//! | TAXII sightings of overlaps, by type | 8.9 ms | 18 ms |
//!
//! Once the database had read a list, memory was 1 to 19 MiB more after its last page than before its first, whatever its length. An object by its id took 0.7 s the first time, when the index is made, and 0.3 ms then.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // A bench that cannot go on may stop where it stands.

mod alone;
#[path = "alone/million.rs"]
mod million;
#[path = "alone/node.rs"]
mod node;
#[path = "alone/times.rs"]
mod times;
#[path = "alone/urls.rs"]
mod urls;

use std::time::Duration;

use overlap_store::Role;
use overlap_tests::resident_memory;
use serde_json::Value;

use node::Node;
use times::Times;
use urls::URLS;

fn main() {
    let (_folder, store) = URLS.stored();
    let (router, token) = alone::router(store, Role::Read);
    let lists = Lists(Node { router, token });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        for uri in ["/api/v1/overlaps?limit=1000", "/api/v1/indicators?limit=1000"] {
            lists.read_whole(uri, "after").await;
        }
        for part in ["overlaps-payments/objects", "overlaps-payments/manifest", "indicators/objects"] {
            lists.read_whole(&format!("/taxii2/overlap/collections/{part}/?limit=1000"), "next").await;
        }
        let sightings =
            "/taxii2/overlap/collections/overlaps-payments/objects/?match[type]=sighting&limit=1000";
        let last = lists.read_whole(sightings, "next").await;
        lists.find(last.as_str().unwrap()).await;
    });
}

/// A node whose lists are read whole.
struct Lists(Node);

impl Lists {
    /// Reads a list whole, a first time for the database's cache to fill, and prints what the second took. Gives the last object's id.
    async fn read_whole(&self, uri: &str, parameter: &str) -> Value {
        self.read_pages(uri, parameter).await;
        let before = resident_memory() >> 20;
        let (times, rows, last) = self.read_pages(uri, parameter).await;
        println!("{uri}: {}", Times::new(times));
        println!(
            "    {rows} objects; {before} MiB resident before the first page, {} after the last",
            resident_memory() >> 20
        );
        last
    }

    /// All pages of a list, each from where the page before ended.
    async fn read_pages(&self, uri: &str, parameter: &str) -> (Vec<Duration>, usize, Value) {
        let (mut times, mut from, mut rows, mut last) = (Vec::new(), String::new(), 0, Value::Null);
        loop {
            let (took, page) = self.0.get(&format!("{uri}{from}")).await;
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
        let (first, _) = self.0.get(&uri).await;
        let (second, _) = self.0.get(&uri).await;
        println!(
            "an object by its id: {:.0} ms the first time, {:.2} ms then; {} MiB resident",
            first.as_secs_f64() * 1e3,
            second.as_secs_f64() * 1e3,
            resident_memory() >> 20
        );
    }
}
