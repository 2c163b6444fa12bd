//! Sightings: what this member's people and tools say of own indicators.

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use overlap_indicator::Reject;
use overlap_store::{Actor, By, IndicatorId, NewSighting, Page, SightingFilter, SightingKind, SightingRow};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::access::Caller;
use crate::indicators::indicator_id;
use crate::problem::{Problem, ProblemDocument, ProblemKind};
use crate::request::{JsonBody, Params, Segment, not_found, page};
use crate::rfc3339::{parse_rfc3339, rfc3339};
use crate::state::ApiState;

/// The longest source, in characters, as in MISP.
pub(crate) const LONGEST_SOURCE: usize = 255;

/// A sighting.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Sighting, example = json!({
    "id": "b3b5c2b0-0d8e-5d5c-9a3f-0f6b2a1c4d5e", "indicator": "7d0c8f0f6f0e4b1e9c55a0f3b2f4c6d1", "says": "seen",
    "at": "2026-11-18T11:06:40Z", "source": "mail gateway", "stored": "2026-11-18T11:06:41Z"
}))]
pub(crate) struct SightingItem {
    /// Its UUID.
    id: String,
    /// The own indicator.
    indicator: String,
    /// `seen`, `false-positive` or `expired`.
    says: &'static str,
    /// When it was met, or since when it holds no longer.
    #[schema(format = "date-time")]
    at: String,
    /// Where.
    source: String,
    /// When the sighting was stored.
    #[schema(format = "date-time")]
    stored: String,
}

impl From<&SightingRow> for SightingItem {
    fn from(row: &SightingRow) -> Self {
        Self {
            id: row.uuid().to_string(),
            indicator: row.indicator.to_string(),
            says: row.kind.as_str(),
            at: rfc3339(row.at),
            source: row.source.clone(),
            stored: rfc3339(row.stored),
        }
    }
}

/// A page of sightings.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SightingPage {
    /// In the order in which they were stored.
    items: Vec<SightingItem>,
    /// The `after` of the next page; null on the last.
    next: Option<String>,
}

/// Which sightings.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// How many, 1 to 1,000; 100 if not said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// Lists the sightings of an own indicator, in the order in which they were stored.
#[utoipa::path(get, path = "/api/v1/indicators/{id}/sightings", tag = "indicators", params(("id" = String, Path), ListParams),
    responses((status = 200, body = SightingPage), (status = 404, description = "There is no indicator of this id.", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Segment(id): Segment,
    Params(params): Params<ListParams>,
) -> Result<Json<SightingPage>, Problem> {
    let id = indicator_id(&id)?;
    let page = page(params.limit, params.after)?;
    let filter = SightingFilter { indicator: Some(id), ..SightingFilter::default() };
    let found = state.store(move |store| match store.indicator(id)? {
        Some(_) => store.sightings(&filter, &page).map(Some),
        None => Ok(None),
    });
    let Page { rows, next } = found.await?.ok_or_else(|| not_found("indicator"))?;
    Ok(Json(SightingPage {
        items: rows.iter().map(SightingItem::from).collect(),
        next: next.map(|cursor| cursor.0),
    }))
}

/// A sighting to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"says": "seen", "at": "2026-11-18T11:06:40Z", "source": "mail gateway"}))]
pub(crate) struct AddSighting {
    /// `seen`: it was met; `false-positive`: it was met and no offence; `expired`: it holds no longer.
    #[schema(pattern = "^(seen|false-positive|expired)$")]
    says: String,
    /// When it was met, or since when it holds no longer: RFC 3339, later than 1970; now if not said.
    #[schema(
        pattern = r"^(197[1-9]|19[89][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
    )]
    at: Option<String>,
    /// Where; 255 characters at most.
    #[serde(default)]
    #[schema(max_length = 255)]
    source: String,
}

/// Adds a sighting to an own indicator. `seen` widens the time in which it was seen, `expired` sets its expiry; `false-positive` is a statement, and
/// the indicator takes part in exchanges as before.
#[utoipa::path(post, path = "/api/v1/indicators/{id}/sightings", tag = "indicators", params(("id" = String, Path)), request_body = AddSighting,
    responses((status = 201, description = "It is stored.", body = SightingItem), (status = 404, description = "There is no indicator of this id.", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn add(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    Segment(id): Segment,
    JsonBody(asked): JsonBody<AddSighting>,
) -> Result<(StatusCode, Json<SightingItem>), Problem> {
    let row = add_for(&state, caller.actor(), indicator_id(&id)?, asked).await?;
    Ok((StatusCode::CREATED, Json(SightingItem::from(&row))))
}

impl AddSighting {
    /// What a form asks for.
    pub(crate) fn asked(says: String, at: Option<String>, source: String) -> Self {
        Self { says, at, source }
    }
}

/// Adds a sighting for the holder of a token.
pub(crate) async fn add_for(
    state: &ApiState,
    actor: Actor,
    indicator: IndicatorId,
    asked: AddSighting,
) -> Result<SightingRow, Problem> {
    let bad = |detail: String| Problem::new(ProblemKind::BadValue, detail);
    let kind = SightingKind::from_name(&asked.says)
        .ok_or_else(|| bad("says: seen, false-positive or expired".to_owned()))?;
    let now = state.daemon().now();
    let at = match &asked.at {
        None => now.0,
        Some(at) => parse_rfc3339(at).ok_or_else(|| bad("at: an RFC 3339 time since 1970".to_owned()))?,
    };
    let new = NewSighting { indicator, kind, at, source: source(&asked.source).map_err(bad)? };
    let by = By { actor: actor.clone(), at: now };
    let rows = state.store(move |store| store.add_sightings(vec![new], &by)).await?;
    let row = rows.into_iter().next().ok_or_else(|| not_found("indicator"))?;
    tracing::info!(by = %actor, id = %indicator, "sighting added");
    Ok(row)
}

/// The text that says where something was met; refused where it is too long or has the number of a payment card in it.
pub(crate) fn source(text: &str) -> Result<String, String> {
    if text.chars().count() > LONGEST_SOURCE {
        return Err(format!("source: {LONGEST_SOURCE} characters at most"));
    }
    if overlap_indicator::contains_card_number(text) {
        return Err(format!("source: {}", Reject::CardNumber));
    }
    Ok(text.to_owned())
}
