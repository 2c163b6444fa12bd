#![forbid(unsafe_code)]
//! The local API: REST, metrics and health.

mod daemon;

pub use daemon::{Call, Daemon, DaemonStatus, ExchangeAsk, ExchangeProgress, PartnerView, StartRefused};
