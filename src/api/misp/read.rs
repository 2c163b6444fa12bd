//! What is read: attributes and events, searched for, listed and one by one.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use overlap_store::{OverlapScan, StoreError};
use serde::Serialize;
use serde_json::{Map, Value};

use super::MispError;
use super::asked::Asked;
use super::attribute::Attribute;
use super::attribute_parts::AttributeParts;
use super::event_parts::{EventParts, Told};
use super::filter::{Filter, Form};
use super::parts::answer;
use super::scope::Scope;
use super::search::{Search, overlap_named};
use super::sighting::of_overlap;
use crate::problem::Problem;
use crate::state::{ApiState, off_thread};

const JSON: &str = "application/json";

/// Finds overlaps. Filters are those of MISP; one that cannot be read, or that nothing here ever meets, is met by nothing. Without `limit` all are told.
#[utoipa::path(post, path = "/misp/attributes/restSearch", tag = "misp",
    request_body(content = Option<SearchBody>, description = "`value type category tags uuid eventid eventinfo org from to timestamp publish_timestamp last to_ids published deleted quickFilter searchall page limit includeEventTags includeSightings returnFormat`; other keys are passed over."),
    responses((status = 200, description = "Attributes, or their values, one a line.", content((Object = "application/json"), (String = "text/plain; charset=utf-8")))))]
pub(crate) async fn attributes(State(state): State<ApiState>, asked: Asked) -> Result<Response, MispError> {
    let scope = Scope::of(&state);
    let filter = Filter::read(&asked.0, scope.now)?;
    let media_type = AttributeParts::media_type(filter.form);
    let search = blocking(move || Search::new(scope, filter, true)).await?;
    answer(AttributeParts::new(search), media_type).await
}

/// Finds what exchanges found, as events: every event that has an overlap which is meant, whole. `limit` counts events.
#[utoipa::path(post, path = "/misp/events/restSearch", tag = "misp",
    request_body(content = Option<EventSearchBody>, description = "As for attributes; `metadata` leaves their attributes out."),
    responses((status = 200, body = Object)))]
pub(crate) async fn events(State(state): State<ApiState>, asked: Asked) -> Result<Response, MispError> {
    let scope = Scope::of(&state);
    let filter = Filter::read(&asked.0, scope.now)?;
    if filter.form != Form::Json {
        return Err(MispError::bad("returnFormat: events are told as json"));
    }
    let (with_sightings, only_metadata) = (filter.with_sightings, filter.only_metadata);
    let told = Told::Answer { only_metadata };
    listed(scope, filter, told, with_sightings).await
}

/// Lists events without their attributes; `limit` and `page` in the query give one page.
#[utoipa::path(get, path = "/misp/events/index", tag = "misp",
    responses((status = 200, body = Vec<Object>)))]
pub(crate) async fn index(State(state): State<ApiState>, asked: Asked) -> Result<Response, MispError> {
    indexed(&state, &asked.0).await
}

/// Lists events without their attributes, of those that the filters mean.
#[utoipa::path(post, path = "/misp/events/index", tag = "misp",
    request_body(content = Option<Object>, description = "`page limit eventid eventinfo org tag datefrom dateuntil timestamp publish_timestamp`"),
    responses((status = 200, body = Vec<Object>)))]
pub(crate) async fn search_index(State(state): State<ApiState>, asked: Asked) -> Result<Response, MispError> {
    indexed(&state, &asked.0).await
}

async fn indexed(state: &ApiState, members: &Map<String, Value>) -> Result<Response, MispError> {
    let scope = Scope::of(state);
    let filter = Filter::read(members, scope.now)?;
    listed(scope, filter, Told::Index, false).await
}

async fn listed(
    scope: Scope,
    filter: Filter,
    told: Told,
    with_sightings: bool,
) -> Result<Response, MispError> {
    let parts = blocking(move || {
        let (skip, limit) = (filter.skip(), filter.limit.unwrap_or(u64::MAX));
        let whole = scope.clone();
        let groups = Search::new(scope, filter, false)?.groups_met()?;
        let of_page = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let groups = groups.into_iter().skip(of_page(skip)).take(of_page(limit)).collect();
        Ok(EventParts::new(whole, groups, told, with_sightings))
    });
    answer(parts.await?, JSON).await
}

/// Tells one event with its attributes, by its number or its UUID.
#[utoipa::path(get, path = "/misp/events/view/{event}", tag = "misp", params(("event" = String, Path)),
    responses((status = 200, body = Object)))]
pub(crate) async fn event(
    State(state): State<ApiState>,
    Path(name): Path<String>,
) -> Result<Response, MispError> {
    view(&state, name).await
}

/// Tells one event with its attributes. What a client asks for beside (`deleted`, `extended`) there is not.
#[utoipa::path(post, path = "/misp/events/view/{event}", tag = "misp", params(("event" = String, Path)),
    request_body(content = Option<Object>), responses((status = 200, body = Object)))]
pub(crate) async fn post_event(
    State(state): State<ApiState>,
    Path(name): Path<String>,
    _asked: Asked,
) -> Result<Response, MispError> {
    view(&state, name).await
}

async fn view(state: &ApiState, name: String) -> Result<Response, MispError> {
    let scope = Scope::of(state);
    let of = scope.clone();
    let group = off_thread(move || of.group(&name)).await?.ok_or_else(|| MispError::not_found("event"))?;
    answer(EventParts::new(scope, vec![group], Told::One, true), JSON).await
}

/// An attribute that was asked for.
#[derive(Serialize)]
pub(crate) struct OneAttribute {
    #[serde(rename = "Attribute")]
    attribute: Attribute,
}

/// Tells one overlap, by its number or its UUID.
#[utoipa::path(get, path = "/misp/attributes/view/{attribute}", tag = "misp", params(("attribute" = String, Path)),
    responses((status = 200, body = Object)))]
pub(crate) async fn attribute(
    State(state): State<ApiState>,
    Path(name): Path<String>,
) -> Result<Json<OneAttribute>, MispError> {
    let scope = Scope::of(&state);
    let attribute = blocking(move || one(&scope, &name)).await?;
    attribute
        .map(|attribute| Json(OneAttribute { attribute }))
        .ok_or_else(|| MispError::not_found("attribute"))
}

fn one(scope: &Scope, name: &str) -> Result<Option<Attribute>, StoreError> {
    let Some(row) = overlap(scope, name)? else { return Ok(None) };
    let Some(group) = scope.group_at(row.added) else { return Ok(None) };
    let mut attribute = Attribute::alone(&row, &group, scope);
    attribute.sightings = Some(of_overlap(scope, &row, &group)?);
    Ok(Some(attribute))
}

/// The overlap with this number or UUID.
///
/// # Errors
/// The store's.
pub(crate) fn overlap(scope: &Scope, name: &str) -> Result<Option<overlap_store::OverlapRow>, StoreError> {
    if let Ok(added) = name.parse::<u64>() {
        let scan = OverlapScan { after: added.saturating_sub(1), until: added, skip: 0, is_meant: &|_| true };
        let row = scope.store.overlaps_meant(&scan, 1)?.pop();
        return Ok(row.filter(|row| row.added == added));
    }
    match name.parse() {
        Ok(uuid) => overlap_named(scope, uuid),
        Err(_) => Ok(None),
    }
}

/// Runs what asks the store, off the async threads.
///
/// # Errors
/// The store's.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, MispError> {
    Ok(off_thread(work).await?.map_err(Problem::from)?)
}

/// A search: for the description alone, [`Filter`] reads it.
#[derive(utoipa::ToSchema)]
#[schema(as = MispSearch, example = json!({"type": ["domain", "url"], "tags": "overlapd:peer=\"payments\"", "page": 1, "limit": 100}))]
#[expect(dead_code, reason = "it describes")]
pub(crate) struct SearchBody {
    /// In which form: `json`, or for attributes `text`, a value on each line.
    #[schema(rename = "returnFormat", pattern = "^(json|text)$")]
    return_format: Option<String>,
}

/// A search for events: for the description alone.
#[derive(utoipa::ToSchema)]
#[schema(as = MispEventSearch, example = json!({"tags": "overlapd:peer=\"payments\"", "metadata": true}))]
#[expect(dead_code, reason = "it describes")]
pub(crate) struct EventSearchBody {
    /// In which form: `json`.
    #[schema(rename = "returnFormat", pattern = "^json$")]
    return_format: Option<String>,
}
