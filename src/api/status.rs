//! The node at a glance.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use overlap_store::StoreCounts;
use serde::Serialize;
use utoipa::ToSchema;

use crate::DaemonStatus;
use crate::problem::Problem;
use crate::push::SinkItem;
use crate::rfc3339::rfc3339;
use crate::state::{ApiState, off_thread};

/// The node at a glance.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "member": "police", "coalition": "example", "version": "0.1.0", "ready": true, "peer_address": "127.0.0.1:7700",
    "roster_version": 3, "roster_expires": "2027-01-01T00:00:00Z", "certificate_ends": "2026-12-31T23:59:59Z",
    "salt_epoch": 1, "started": "2026-11-01T08:00:00Z", "indicators": {"url": 1200, "wallet": 310},
    "overlaps": {"payments": 42}, "exchanges": 7, "disk_bytes": 1048576, "sinks": []
}))]
pub(crate) struct Status {
    /// This node's member.
    member: String,
    /// Its coalition.
    coalition: String,
    /// The version of the program.
    version: &'static str,
    /// Whether the peer endpoint is bound and the store is open.
    ready: bool,
    /// Where partners reach it.
    peer_address: String,
    /// The version of the roster in force.
    roster_version: u64,
    /// When that roster ends.
    #[schema(format = "date-time")]
    roster_expires: String,
    /// When this node's own certificate ends.
    #[schema(format = "date-time")]
    certificate_ends: String,
    /// The epoch of the digests' salt; null while digests are made anew under another one.
    salt_epoch: Option<u32>,
    /// When the node started.
    #[schema(format = "date-time")]
    started: String,
    /// Indicators by kind; kinds without any are left out.
    indicators: BTreeMap<&'static str, u64>,
    /// Overlaps by partner.
    overlaps: BTreeMap<String, u64>,
    /// Exchanges ever begun.
    exchanges: u64,
    /// Bytes on disk.
    disk_bytes: u64,
    /// Where events are pushed to, and how far each is.
    sinks: Vec<SinkItem>,
}

/// The node at a glance.
#[utoipa::path(get, path = "/api/v1/status", tag = "node", responses((status = 200, body = Status)))]
pub(crate) async fn status(State(state): State<ApiState>) -> Result<Json<Status>, Problem> {
    let counts = state.store(|store| store.counts()).await?;
    let sinks = match state.daemon().sinks() {
        Some(sinks) => off_thread(move || sinks.items()).await??,
        None => Vec::new(),
    };
    Ok(Json(Status::new(state.daemon().status(), counts, sinks)))
}

impl Status {
    fn new(daemon: DaemonStatus, counts: StoreCounts, sinks: Vec<SinkItem>) -> Self {
        Self {
            member: daemon.member.to_string(),
            coalition: daemon.coalition,
            version: env!("CARGO_PKG_VERSION"),
            ready: daemon.ready,
            peer_address: daemon.peer_address,
            roster_version: daemon.roster_version,
            roster_expires: rfc3339(daemon.roster_expires.0),
            certificate_ends: rfc3339(daemon.certificate_ends.0),
            salt_epoch: daemon.salt_epoch,
            started: rfc3339(daemon.started.0),
            indicators: counts.indicators.iter().map(|(kind, count)| (kind.as_str(), *count)).collect(),
            overlaps: counts.overlaps.iter().map(|(peer, count)| (peer.to_string(), *count)).collect(),
            exchanges: counts.exchanges,
            disk_bytes: counts.disk_bytes,
            sinks,
        }
    }
}
