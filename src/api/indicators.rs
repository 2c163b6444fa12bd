//! Indicators: look at them, take them out.

use std::collections::BTreeSet;
use std::fmt;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use overlap_indicator::{Indicator, Kind, Pap, Rules};
use overlap_store::{By, IndicatorFilter, IndicatorId, IndicatorRow, Override, Page, Store, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::WarningLists;
use crate::access::Caller;
use crate::held::{HeldItem, OverrideItem, overrides};
use crate::problem::{Problem, ProblemDocument, ProblemKind};
use crate::request::{JsonBody, Params, Segment, id_bytes, kind, not_found, page, query_kind};
use crate::rfc3339::rfc3339;
use crate::state::{ApiState, off_thread};

/// An indicator of this node's own.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Indicator, example = json!({
    "id": "7d0c8f0f6f0e4b1e9c55a0f3b2f4c6d1", "kind": "domain", "value": "Example[.]org", "canonical": "example.org",
    "tlp": "amber", "pap": null, "source": "case-12", "first_seen": "2026-10-01T00:00:00Z", "last_seen": null, "expires": null,
    "confidence": 80, "note": "", "imported": "2026-11-01T08:00:00Z", "held": null, "override": null
}))]
pub(crate) struct IndicatorItem {
    /// Its id in this node.
    id: String,
    /// Its kind.
    kind: &'static str,
    /// As it was first written.
    value: String,
    /// Its canonical form.
    canonical: String,
    /// How far it may be told (TLP 2.0).
    tlp: &'static str,
    /// What may be done with it (PAP), where its source said so.
    pap: Option<&'static str>,
    /// Where it is from.
    source: String,
    /// When it was first seen.
    #[schema(format = "date-time")]
    first_seen: Option<String>,
    /// When it was last seen.
    #[schema(format = "date-time")]
    last_seen: Option<String>,
    /// When it stops taking part in exchanges.
    #[schema(format = "date-time")]
    expires: Option<String>,
    /// How sure the member is, 0 to 100.
    confidence: Option<u8>,
    /// Free text.
    note: String,
    /// When it was imported.
    #[schema(format = "date-time")]
    imported: String,
    /// What holds it out of exchanges; null where nothing does.
    held: Option<HeldItem>,
    /// Who overrode a warning list, and why; null where nobody did.
    #[serde(rename = "override")]
    overridden: Option<OverrideItem>,
}

impl IndicatorItem {
    /// An indicator with the lists in force and its override, if it has one.
    pub(crate) fn new(row: IndicatorRow, lists: &WarningLists, of: Option<Override>) -> Self {
        Self {
            held: HeldItem::of(row.hold, lists, row.kind, row.canonical.reveal()),
            overridden: of.map(OverrideItem::from),
            id: row.id.to_string(),
            kind: row.kind.as_str(),
            value: row.raw.reveal().to_owned(),
            canonical: row.canonical.reveal().to_owned(),
            tlp: row.context.tlp.as_str(),
            pap: row.context.pap.map(Pap::as_str),
            source: row.context.source,
            first_seen: row.context.first_seen.map(rfc3339),
            last_seen: row.context.last_seen.map(rfc3339),
            expires: row.context.expires.map(rfc3339),
            confidence: row.context.confidence,
            note: row.context.note,
            imported: rfc3339(row.imported),
        }
    }
}

/// A page of indicators.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IndicatorPage {
    /// In the order of import.
    items: Vec<IndicatorItem>,
    /// The `after` of the next page; null on the last.
    next: Option<String>,
}

/// Which indicators.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// Of this kind only.
    #[param(schema_with = crate::schemas::kind)]
    kind: Option<String>,
    /// `true`: only those that a warning list holds out of exchanges; `false`: only the others.
    held: Option<bool>,
    /// How many, 1 to 1,000; 100 if not said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// Lists this node's own indicators, in the order of import.
#[utoipa::path(get, path = "/api/v1/indicators", tag = "indicators", params(ListParams),
    responses((status = 200, body = IndicatorPage)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Params(params): Params<ListParams>,
) -> Result<Json<IndicatorPage>, Problem> {
    let kind = query_kind(params.kind.as_deref())?;
    let filter = IndicatorFilter { kind, held: params.held, ..IndicatorFilter::default() };
    let page = page(params.limit, params.after)?;
    let read = move |store: &dyn Store| {
        let page = store.indicators(&filter, &page)?;
        Ok((overrides(store, page.rows.iter())?, page))
    };
    let (overrides, Page { rows, next }) = state.store(read).await?;
    let lists = state.daemon().warning_lists();
    let items = rows.into_iter().zip(overrides).map(|(row, of)| IndicatorItem::new(row, &lists, of));
    let items = items.collect();
    Ok(Json(IndicatorPage { items, next: next.map(|cursor| cursor.0) }))
}

/// Shows one indicator.
#[utoipa::path(get, path = "/api/v1/indicators/{id}", tag = "indicators", params(("id" = String, Path)),
    responses((status = 200, body = IndicatorItem), (status = 404, description = "There is none of this id.", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn show(
    State(state): State<ApiState>,
    Segment(id): Segment,
) -> Result<Json<IndicatorItem>, Problem> {
    let id = indicator_id(&id)?;
    let (row, of) = state.store(move |store| Ok((store.indicator(id)?, store.override_of(id)?))).await?;
    let row = row.ok_or_else(|| not_found("indicator"))?;
    Ok(Json(IndicatorItem::new(row, &state.daemon().warning_lists(), of)))
}

/// Takes one indicator out of the store and so out of later exchanges. Overlaps that were found with it stay.
#[utoipa::path(delete, path = "/api/v1/indicators/{id}", tag = "indicators", params(("id" = String, Path)),
    responses((status = 204, description = "It is gone."), (status = 404, description = "There is none of this id.", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    Segment(id): Segment,
) -> Result<StatusCode, Problem> {
    let id = indicator_id(&id)?;
    let by = caller.by(&state);
    if state.store(move |store| store.withdraw(&[id], &by)).await? == 0 {
        return Err(not_found("indicator"));
    }
    tracing::info!(by = %caller.0, indicator = %id, "indicator withdrawn");
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) fn indicator_id(text: &str) -> Result<IndicatorId, Problem> {
    id_bytes(text).map(IndicatorId).ok_or_else(|| not_found("indicator"))
}

/// What to withdraw: values in any spelling, ids, or both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"values": [{"kind": "domain", "value": "example.org"}], "ids": []}))]
pub(crate) struct Withdraw {
    /// By value.
    #[serde(default)]
    values: Vec<WithdrawValue>,
    /// By id.
    #[serde(default)]
    ids: Vec<String>,
}

/// A value to withdraw.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WithdrawValue {
    /// Its kind; detected if not said.
    #[schema(schema_with = crate::schemas::kind_or_none)]
    kind: Option<String>,
    /// The value, in any spelling that an import would take.
    value: String,
}

impl fmt::Debug for WithdrawValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WithdrawValue(kind: {:?})", self.kind)
    }
}

/// What became of a withdrawal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"withdrawn": 1, "unknown": 0}))]
pub(crate) struct Withdrawn {
    /// Indicators that were there and are gone.
    withdrawn: u64,
    /// Values and ids that were not there, or are no indicators.
    unknown: u64,
}

/// Takes indicators out of the store and so out of later exchanges. Overlaps that were found with them stay.
#[utoipa::path(post, path = "/api/v1/indicators/withdraw", tag = "indicators", request_body = Withdraw,
    responses((status = 200, body = Withdrawn)))]
pub(crate) async fn withdraw(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    JsonBody(asked): JsonBody<Withdraw>,
) -> Result<Json<Withdrawn>, Problem> {
    let kinds = asked.values.iter().map(|value| value.kind.as_deref().map(kind).transpose());
    let kinds = kinds.collect::<Result<Vec<_>, _>>();
    let kinds = kinds.map_err(|reason| Problem::new(ProblemKind::BadValue, format!("kind: {reason}")))?;
    let rules = state.daemon().rules();
    let (store, by) = (state.shared_store(), caller.by(&state));
    let done = off_thread(move || withdraw_all(&*store, &asked, (&kinds, &rules), &by)).await??;
    tracing::info!(by = %caller.0, done.withdrawn, done.unknown, "indicators withdrawn");
    Ok(Json(done))
}

fn withdraw_all(
    store: &dyn Store,
    asked: &Withdraw,
    (kinds, rules): (&[Option<Kind>], &Rules),
    by: &By,
) -> Result<Withdrawn, StoreError> {
    let by_id: Vec<Option<IndicatorId>> = asked.ids.iter().map(|id| id_bytes(id).map(IndicatorId)).collect();
    let values: Vec<Option<Indicator>> =
        asked.values.iter().zip(kinds).map(|(value, kind)| parse(*kind, &value.value, rules)).collect();
    let by_value = values
        .iter()
        .map(|value| Some(store.indicator_id(value.as_ref()?.kind(), value.as_ref()?.canonical())));
    let asked: Vec<Option<IndicatorId>> = by_value.chain(by_id).collect();
    let ids: BTreeSet<IndicatorId> = asked.iter().copied().flatten().collect();
    let ids = Vec::from_iter(ids);
    let withdrawn = store.withdraw(&ids, by)?;
    let named = asked.iter().filter(|id| id.is_none()).count() + ids.len();
    Ok(Withdrawn { withdrawn, unknown: (named as u64).saturating_sub(withdrawn) })
}

fn parse(kind: Option<Kind>, value: &str, rules: &Rules) -> Option<Indicator> {
    match kind {
        Some(kind) => Indicator::parse(kind, value, rules).ok(),
        None => Indicator::detect(value, rules).ok(),
    }
}
