//! Every list of the API, with every filter, page by page to its end, over a million overlaps.
//!
//! `cargo bench -p overlap-api --bench pages`. On two cores of a Sapphire Rapids virtual machine that nothing else kept busy, pages of 1,000:
//!
//! | list | median | slowest |
//! |---|---|---|
//! | overlaps, all | 2.5 ms | 8.0 ms |
//! | overlaps by partner, kind or both, and of a kind that there is none of | 2.3 to 3.5 ms | 3.6 ms |
//! | indicators, all, by kind, held or not | 1.2 to 3.0 ms | 7.2 ms |
//! | exchanges, all and by partner | 1.1 to 5.2 ms | 6.5 ms |
//! | receipts of 20,000 exchanges that mostly have none | 0.2 ms | 0.2 ms |
//!
//! Reading a list whole added 6 MiB at most. The lists were put in force, a million indicators judged, in 0.17 s.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // A bench that cannot go on may stop where it stands.

mod alone;
#[path = "alone/million.rs"]
mod million;
#[path = "alone/mixed.rs"]
mod mixed;
#[path = "alone/node.rs"]
mod node;
#[path = "alone/times.rs"]
mod times;

use std::sync::Arc;
use std::time::{Duration, Instant};

use overlap_api::WarningListsBuilder;
use overlap_coalition::{PublicKey, Signature, SignedDocument};
use overlap_store::{Role, SledStore, Store};
use overlap_tests::resident_memory;

use million::{ROWS, exchange};
use mixed::{MIXED, value};
use node::Node;
use times::Times;

/// A page takes no longer than this.
const LONGEST: Duration = Duration::from_millis(50);
/// Memory that reading a list whole may add, in MiB: what the allocator and the database keep for the next.
const MOST_MORE: u64 = 64;
/// Exchanges beside those that found overlaps; one in a thousand has a receipt.
const EXCHANGES: u64 = 20_000;

/// Lists, each with a number of rows that is right.
const LISTS: [(&str, usize); 14] = [
    ("/api/v1/overlaps?", ROWS),
    ("/api/v1/overlaps?peer=hotline&", ROWS / 100),
    ("/api/v1/overlaps?kind=handle&", ROWS / 10),
    ("/api/v1/overlaps?peer=hotline&kind=handle&", ROWS / 1_000),
    ("/api/v1/overlaps?kind=newsgroup&", 0),
    ("/api/v1/indicators?", ROWS),
    ("/api/v1/indicators?kind=handle&", ROWS / 10),
    ("/api/v1/indicators?kind=newsgroup&", 0),
    ("/api/v1/indicators?held=true&", HELD),
    ("/api/v1/indicators?held=false&", ROWS - HELD),
    ("/api/v1/exchanges?", EXCHANGES as usize + 100),
    ("/api/v1/exchanges?peer=hotline&", EXCHANGES as usize / 100 + 1),
    ("/api/v1/receipts?", EXCHANGES as usize / 1_000),
    ("/api/v1/receipts?peer=hotline&", 0),
];

/// Indicators that a warning list holds, all of them near the end.
const HELD: usize = 2;

fn main() {
    let (_folder, store) = MIXED.stored();
    add_exchanges(&store);
    warn(&store);
    let (router, token) = alone::router(store, Role::Read);
    let lists = Lists(Node { router, token });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        for (list, rows) in LISTS {
            lists.read_whole(list, rows).await;
        }
    });
}

fn add_exchanges(store: &SledStore) {
    for number in 0..EXCHANGES {
        let mut record = exchange(1_000 + number, &mixed::partner(1_000 + number));
        if number % 1_000 == 0 {
            let signature = Signature { key: PublicKey([1; 32]), bytes: [1; 64] };
            record.receipt = Some(SignedDocument { bytes: vec![1; 300], signatures: vec![signature] });
        }
        store.begin_exchange(&record).unwrap();
    }
}

/// Puts the default lists and two values in force.
fn warn(store: &Arc<SledStore>) {
    let mut builder = WarningListsBuilder::default();
    builder.add_defaults().unwrap();
    builder.add_text("own", format!("{}\n{}\n", value(ROWS - 4), value(ROWS - 5)).as_bytes()).unwrap();
    let lists = Arc::new(builder.finish());
    let begun = Instant::now();
    store.set_warnings(lists).unwrap();
    println!("a million indicators judged by the lists in {:.2} s", begun.elapsed().as_secs_f64());
}

/// A node whose lists are read whole.
struct Lists(Node);

impl Lists {
    /// Reads a list whole, a first time for the database's cache to fill, and prints what the second took.
    async fn read_whole(&self, list: &str, rows: usize) {
        assert_eq!(self.read_pages(list).await.1, rows, "{list}");
        let before = resident_memory() >> 20;
        let (times, _) = self.read_pages(list).await;
        let (pages, times) = (times.len(), Times::new(times));
        let more = (resident_memory() >> 20).saturating_sub(before);
        println!("{list}: {rows} rows, {pages} pages, {times}; {more} MiB more");
        assert!(times.median() < LONGEST && more < MOST_MORE, "{list}");
    }

    /// All pages of a list, each from where the page before ended.
    async fn read_pages(&self, list: &str) -> (Vec<Duration>, usize) {
        let (mut times, mut from, mut rows) = (Vec::new(), String::new(), 0);
        loop {
            let uri = format!("{list}limit=1000{from}");
            let (took, page) = self.0.get(&uri).await;
            times.push(took);
            rows += page["items"].as_array().unwrap().len();
            match page["next"].as_str() {
                Some(next) => from = format!("&after={next}"),
                None => return (times, rows),
            }
        }
    }
}
