#![forbid(unsafe_code)]
//! The durable store: indicators, overlaps, ledger, receipts.
//!
//! [`Store`] is what the rest of a node sees; [`SledStore`] is the embedded one. Every call may block on the disk: run
//! it off the async threads. A call that returns `Ok` has made its change durable.

mod error;
mod exchange;
mod indicator;
mod ledger;
mod overlap;
mod page;
mod seal;
mod sled_store;
mod snapshot;
mod store;
mod token;

pub use error::StoreError;
pub use exchange::{ExchangeFailure, ExchangeRecord, ExchangeState};
pub use indicator::{ImportCounts, IndicatorFilter, IndicatorId, IndicatorRow, NewIndicator};
pub use ledger::{ChargeLimit, ChargeRefused};
pub use overlap::{OverlapFilter, OverlapRow};
pub use page::{Cursor, Page, PageRequest};
pub use seal::SealKey;
pub use sled_store::{SledStore, SledStoreOptions};
pub use snapshot::{Selection, Snapshot};
pub use store::{Store, StoreCounts};
pub use token::{Role, TokenRecord};
