//! Health, readiness, metrics and the API's own description: what machines ask.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use overlap_indicator::Kind;
use overlap_store::StoreCounts;
use serde::Serialize;
use utoipa::ToSchema;

use crate::DaemonStatus;
use crate::problem::Problem;
use crate::state::ApiState;

/// The process answers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"status": "ok"}))]
pub(crate) struct Health {
    /// Always `ok`.
    status: &'static str,
}

/// Whether the node can work.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"ready": true}))]
pub(crate) struct Ready {
    /// Whether the peer endpoint is bound and the store is open.
    ready: bool,
}

/// Says that the process answers.
#[utoipa::path(get, path = "/api/v1/health", tag = "node", responses((status = 200, body = Health)))]
pub(crate) async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Says whether the node can work.
#[utoipa::path(get, path = "/api/v1/ready", tag = "node", responses(
    (status = 200, description = "It can.", body = Ready),
    (status = 503, description = "It cannot, yet or any more.", body = Ready),
))]
pub(crate) async fn ready(State(state): State<ApiState>) -> (StatusCode, Json<Ready>) {
    let ready = state.daemon().status().ready;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Ready { ready }))
}

/// Counters and gauges in Prometheus' text form.
#[utoipa::path(get, path = "/metrics", tag = "node", responses(
    (status = 200, body = String, content_type = "text/plain; version=0.0.4"),
))]
pub(crate) async fn metrics(State(state): State<ApiState>) -> Result<Response, Problem> {
    let counts = state.store(|store| store.counts()).await?;
    set_gauges(&counts, &state.daemon().status());
    let text = state.metrics().render();
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}

/// Gauges of what is only known by asking: set at each scrape.
fn set_gauges(counts: &StoreCounts, status: &DaemonStatus) {
    // Every kind: one whose last indicator was withdrawn would keep the number that it had.
    for kind in Kind::ALL {
        let count = counts.indicators.iter().find(|(of, _)| *of == kind).map_or(0, |(_, count)| *count);
        metrics::gauge!("overlapd_indicators", "kind" => kind.as_str()).set(count as f64);
    }
    for (peer, count) in &counts.overlaps {
        metrics::gauge!("overlapd_overlaps", "peer" => peer.to_string()).set(*count as f64);
    }
    metrics::gauge!("overlapd_store_bytes").set(counts.disk_bytes as f64);
    metrics::gauge!("overlapd_ready").set(f64::from(u8::from(status.ready)));
    metrics::gauge!("overlapd_roster_version").set(status.roster_version as f64);
    metrics::gauge!("overlapd_roster_expires_seconds").set(status.roster_expires.0 as f64);
    metrics::gauge!("overlapd_certificate_ends_seconds").set(status.certificate_ends.0 as f64);
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "node", responses(
    (status = 200, description = "OpenAPI 3.1.", body = Object, content_type = "application/json"),
))]
pub(crate) async fn openapi(State(state): State<ApiState>) -> Result<Response, Problem> {
    let document = state.openapi().get().cloned().ok_or_else(Problem::internal)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], document).into_response())
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;
    use crate::testing::TestNode;

    #[test]
    fn the_gauge_of_a_kind_falls_to_zero() {
        let status = crate::Daemon::status(&*TestNode::new().daemon);
        let recorder = PrometheusBuilder::new().build_recorder();
        let shown = |indicators: Vec<(Kind, u64)>| {
            let counts = StoreCounts { indicators, ..StoreCounts::default() };
            metrics::with_local_recorder(&recorder, || set_gauges(&counts, &status));
            recorder.handle().render()
        };
        assert!(shown(vec![(Kind::Iban, 7)]).contains("overlapd_indicators{kind=\"iban\"} 7"));
        assert!(shown(Vec::new()).contains("overlapd_indicators{kind=\"iban\"} 0"));
    }
}
