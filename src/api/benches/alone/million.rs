//! A store of a million indicators, all of which partners hold, found by a hundred exchanges.

use std::sync::Arc;
use std::time::Instant;

use overlap_coalition::{EngineName, ExchangeId, Mode, Side, Timestamp};
use overlap_indicator::{Context, Facet, Indicator, Kind, Rules, SecretText};
use overlap_store::{ExchangeRecord, ExchangeState, IndicatorId, NewIndicator, SledStore, Store};
use overlap_tests::resident_memory;
use tempfile::TempDir;

use crate::alone::{NOW, fresh_store};

pub(crate) const ROWS: usize = 1_000_000;
/// When the first batch is imported and exchanged, a day before the clock; each later one is a second after the one before.
pub(crate) const FIRST: u64 = NOW - 86_400;
/// Rows of one import and of one exchange.
const BATCH: usize = 10_000;

/// What the store is filled with.
pub(crate) struct Million {
    /// A value by its row's number.
    pub(crate) value: fn(usize) -> String,
    /// The facet that the partner matches, by the row's kind.
    pub(crate) facet: fn(Kind) -> Facet,
    /// The partner's name, by the exchange's number.
    pub(crate) partner: fn(u64) -> String,
}

impl Million {
    /// The store, with its folder.
    pub(crate) fn stored(&self) -> (TempDir, Arc<SledStore>) {
        let (folder, store) = fresh_store();
        let (begun, mut after) = (Instant::now(), 0);
        for batch in 0..ROWS / BATCH {
            let now = Timestamp(FIRST + batch as u64);
            let rows = (batch * BATCH..(batch + 1) * BATCH).map(|number| indicator((self.value)(number)));
            store.import(rows.collect(), now).unwrap();
            let own = store.indicators_added_after(after, BATCH).unwrap();
            after = own.last().unwrap().added;
            let found: Vec<(IndicatorId, Facet)> =
                own.iter().map(|row| (row.id, (self.facet)(row.kind))).collect();
            let record = exchange(batch as u64, &(self.partner)(batch as u64));
            let record = ExchangeRecord { began: now.0, ended: Some(now.0), ..record };
            store.begin_exchange(&record).unwrap();
            store.store_overlaps(&record, &found, now).unwrap();
        }
        let seconds = begun.elapsed().as_secs_f64();
        println!("a million overlaps stored in {seconds:.0} s; {} MiB resident", resident_memory() >> 20);
        (folder, Arc::new(store))
    }
}

fn indicator(raw: String) -> NewIndicator {
    let indicator = Indicator::detect(&raw, &Rules::default()).unwrap();
    NewIndicator { indicator, raw: SecretText::new(raw), context: Context::default() }
}

/// A record of an exchange that has ended.
pub(crate) fn exchange(number: u64, partner: &str) -> ExchangeRecord {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_le_bytes());
    ExchangeRecord {
        id: ExchangeId(id),
        peer: partner.parse().unwrap(),
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
