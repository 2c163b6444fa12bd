//! Overlaps: what exchanges found.

use axum::Json;
use axum::extract::State;
use overlap_store::{OverlapQuery, OverlapRow, Page};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::problem::Problem;
use crate::request::{Params, page, query_kind, query_peer};
use crate::rfc3339::rfc3339;
use crate::state::ApiState;

/// An own indicator that a partner holds too, on one facet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Overlap, example = json!({
    "peer": "payments", "kind": "domain", "facet": "host", "value": "Example[.]org", "canonical": "example.org",
    "exchange": "00112233445566778899aabbccddeeff", "found": "2026-11-01T08:00:01Z"
}))]
pub(crate) struct OverlapItem {
    /// The partner.
    peer: String,
    /// The own indicator's kind.
    kind: &'static str,
    /// On which facet.
    facet: &'static str,
    /// The own indicator as it was first written.
    value: String,
    /// Its canonical form.
    canonical: String,
    /// The exchange that found it first.
    exchange: String,
    /// When.
    #[schema(format = "date-time")]
    found: String,
}

impl From<OverlapRow> for OverlapItem {
    fn from(row: OverlapRow) -> Self {
        Self {
            peer: row.peer.to_string(),
            kind: row.kind.as_str(),
            facet: row.facet.as_str(),
            value: row.raw.reveal().to_owned(),
            canonical: row.canonical.reveal().to_owned(),
            exchange: row.exchange.to_string(),
            found: rfc3339(row.found),
        }
    }
}

/// A page of overlaps.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OverlapPage {
    /// In the order in which they were found.
    items: Vec<OverlapItem>,
    /// The `after` of the next page; null on the last.
    next: Option<String>,
}

/// Which overlaps.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// With this partner only.
    #[param(schema_with = crate::schemas::member)]
    peer: Option<String>,
    /// Of this kind only.
    #[param(schema_with = crate::schemas::kind)]
    kind: Option<String>,
    /// How many, 1 to 1,000; 100 if not said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// Lists overlaps, one for each own indicator and facet, in the order in which they were found.
#[utoipa::path(get, path = "/api/v1/overlaps", tag = "overlaps", params(ListParams),
    responses((status = 200, body = OverlapPage)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Params(params): Params<ListParams>,
) -> Result<Json<OverlapPage>, Problem> {
    let peer = query_peer(params.peer.as_deref())?;
    let kind = query_kind(params.kind.as_deref())?;
    let query = OverlapQuery { peer, kind, ..OverlapQuery::oldest_first() };
    let page = page(params.limit, params.after)?;
    let Page { rows, next } = state.store(move |store| store.find_overlaps(&query, &page)).await?;
    let items = rows.into_iter().map(|found| OverlapItem::from(found.row)).collect();
    Ok(Json(OverlapPage { items, next: next.map(|cursor| cursor.0) }))
}
