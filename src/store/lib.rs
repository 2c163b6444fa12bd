#![forbid(unsafe_code)]
//! The durable store: indicators, overlaps, ledger, receipts, audit chain.
//!
//! [`Store`] is what the rest of a node sees; [`SledStore`] is the embedded one. Every call may block on the disk: run
//! it off the async threads. A call that returns `Ok` has made its change durable.

mod added;
mod audit;
mod audit_book;
mod audit_verifier;
mod audits;
mod catalog;
mod charging;
mod codec;
mod database;
mod digest_cache;
mod epoch;
mod error;
mod event;
mod event_log;
mod events;
mod exchange;
mod exchange_index;
mod export_format;
mod exports;
mod folder;
mod hold;
mod holding;
mod ids;
mod indicator;
mod indicators;
mod interrupted;
mod journal;
mod keys;
mod ledger;
mod loading;
mod overlap;
mod overlap_book;
mod overlap_group;
mod overlap_groups;
mod overlap_query;
mod overlap_tally;
mod overlaps;
mod page;
mod place_index;
mod query;
mod records;
mod restored_audit;
mod restoring;
mod row_meta;
mod seal;
mod seen;
mod segment;
mod sighting;
mod sighting_book;
mod sightings;
mod sinks;
mod sled_store;
mod snapshot;
mod spool;
mod store;
mod stored;
mod token;
mod uuids;
mod visits;

#[cfg(test)]
mod added_tests;
#[cfg(test)]
mod audit_tests;
#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod epoch_tests;
#[cfg(test)]
mod event_tests;
#[cfg(test)]
mod export_tests;
#[cfg(test)]
mod holding_tests;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod overlap_query_tests;
#[cfg(test)]
mod query_tests;
#[cfg(test)]
mod sighting_tests;
#[cfg(test)]
mod store_tests;
#[cfg(test)]
mod testing;

pub use added::ADDED_STEP;
pub use audit::{
    Actor, AuditAction, AuditEntry, AuditFilter, AuditHead, AuditOrder, AuditStore, BadAuditHead, By,
    LONGEST_AUDIT_DETAIL, LONGEST_AUDIT_OBJECT, NewAudit,
};
pub use audit_verifier::{AuditBreak, AuditFault, AuditVerdict, AuditVerifier};
pub use error::StoreError;
pub use event::{
    BadEventId, BadSinkName, DeadLetter, Event, EventBody, EventFilter, EventId, EventPage, EventStore,
    EventType, Notice, SinkName,
};
pub use exchange::{ExchangeFailure, ExchangeRecord, ExchangeState, FailureCode};
pub use hold::{Hold, Override, Overriding};
pub use indicator::{ImportCounts, IndicatorFilter, IndicatorId, IndicatorRow, NewIndicator};
pub use ledger::{ChargeLimit, ChargeRefused};
pub use overlap::OverlapRow;
pub use overlap_group::{OverlapBrief, OverlapGroup, OverlapScan};
pub use overlap_query::{FoundOverlap, OverlapChoice, OverlapOrder, OverlapQuery, OverlapSeat};
pub use overlap_tally::OverlapTally;
pub use page::{Cursor, LONGEST_PAGE, Page, PageRequest};
pub use query::{Known, KnownOverlap, KnownValue, OwnIndicator};
pub use seal::SealKey;
pub use sighting::{NewSighting, SightingFilter, SightingKind, SightingRow};
pub use sled_store::{SledStore, SledStoreOptions};
pub use snapshot::{Digests, Selection, Snapshot};
pub use store::{Aside, KnownRoster, Store, StoreCounts, Warnings};
pub use token::{Role, TokenRecord};
pub use uuids::{OverlapName, UUID_NAMESPACE};
