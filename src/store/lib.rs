#![forbid(unsafe_code)]
//! The durable store: indicators, overlaps, ledger, receipts
