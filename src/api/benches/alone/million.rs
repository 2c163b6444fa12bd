//! A store of a million indicators of mixed kinds, all of which a partner holds.

use std::sync::Arc;
use std::time::Instant;

use overlap_coalition::{EngineName, ExchangeId, Mode, Side, Timestamp};
use overlap_indicator::{Context, Facet, Indicator, Rules, SecretText};
use overlap_store::{ExchangeRecord, ExchangeState, IndicatorId, NewIndicator, SledStore, Store};
use tempfile::TempDir;

use crate::alone::{NOW, fresh_store};

pub(crate) const ROWS: usize = 1_000_000;
/// Rows of one import and of one exchange.
const BATCH: usize = 10_000;

/// The store, with its folder. Every hundredth exchange is with another partner.
pub(crate) fn filled_store() -> (TempDir, Arc<SledStore>) {
    let (folder, store) = fresh_store();
    let (begun, mut after) = (Instant::now(), 0);
    for batch in 0..ROWS / BATCH {
        let rows = (batch * BATCH..(batch + 1) * BATCH).map(indicator).collect();
        store.import(rows, Timestamp(NOW + batch as u64)).unwrap();
        let own = store.indicators_added_after(after, BATCH).unwrap();
        after = own.last().unwrap().added;
        let found: Vec<(IndicatorId, Facet)> = own.iter().map(|row| (row.id, row.kind.facets()[0])).collect();
        let record = exchange(batch as u64);
        store.begin_exchange(&record).unwrap();
        store.store_overlaps(&record, &found, Timestamp(NOW + batch as u64)).unwrap();
    }
    println!("a million overlaps stored in {:.0} s", begun.elapsed().as_secs_f64());
    (folder, Arc::new(store))
}

fn indicator(number: usize) -> NewIndicator {
    let raw = raw(number);
    let indicator = Indicator::detect(&raw, &Rules::default()).unwrap();
    NewIndicator { indicator, raw: SecretText::new(raw), context: Context::default() }
}

/// A value by its number: of ten, five are URLs, two domains, and one each a mail address, an IP address and a handle. A thousand URLs share a site.
pub(crate) fn raw(number: usize) -> String {
    let site = number % 1_000;
    match number % 10 {
        0..5 => format!("https://shop{}.s{site}.example.org/login.php?step={number}", number % 100_000),
        5 | 6 => format!("n{number}.example.org"),
        7 => format!("someone{number}@mail{site}.example.org"),
        8 => format!("11.{}.{}.{}", number >> 16 & 0xff, number >> 8 & 0xff, number & 0xff),
        _ => format!("telegram:@user{number}"),
    }
}

/// A record of an exchange that has ended; every hundredth is with another partner.
pub(crate) fn exchange(number: u64) -> ExchangeRecord {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_le_bytes());
    let peer = if number % 100 == 99 { "hotline" } else { "payments" };
    ExchangeRecord {
        id: ExchangeId(id),
        peer: peer.parse().unwrap(),
        side: Side::Initiator,
        state: ExchangeState::Completed,
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
        ended: Some(NOW),
        failure: None,
        offer: None,
        accept: None,
        receipt: None,
    }
}
