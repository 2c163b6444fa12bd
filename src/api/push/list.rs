//! Events page by page.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use overlap_store::{EventFilter, EventId, EventType, Store, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::native::EventItem;
use super::shown::WHOLE;
use crate::nearest::nearest;
use crate::problem::{Problem, ProblemDocument};
use crate::request::{Params, bad_query, page, query_peer};
use crate::state::ApiState;

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventList {
    /// In the order in which they happened.
    items: Vec<EventItem>,
    /// The `after` of the next page; null on the last.
    next: Option<String>,
}

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// Of these types only, with commas between them.
    #[param(pattern = "^[a-z.]+(,[a-z.]+)*$", example = "overlap.found,exchange.failed")]
    types: Option<String>,
    /// About this partner only.
    #[param(schema_with = crate::schemas::member)]
    peer: Option<String>,
    /// How many, 1 to 1,000; 100 if not said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u64>,
    /// After the event with this id; sixteen zeros are before the first.
    #[param(pattern = "^[0-9a-f]{16}$", example = "0000000000000000")]
    after: Option<String>,
}

/// Lists events, the first that there is first.
#[utoipa::path(get, path = "/api/v1/events/list", tag = "events", params(ListParams), responses(
    (status = 200, body = EventList),
    (status = 400, description = "The query is not valid, or no event has the id in `after`.", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Params(params): Params<ListParams>,
) -> Result<Json<EventList>, Problem> {
    let limit = page(params.limit, None)?.limit;
    let filter = filter(params.types.as_deref(), params.peer.as_deref())?;
    let after = params.after.as_deref().map(event_id).transpose()?.unwrap_or(EventId::START);
    known(&state, after).await?;
    let found = state.store(move |store| store.events_after(after, &filter, limit)).await?;
    let node = state.daemon().status().member;
    let items = found.events.iter().map(|event| EventItem::new(event, node.as_str(), WHOLE)).collect();
    Ok(Json(EventList { items, next: found.more.then(|| found.upto.to_string()) }))
}

/// The filter that a query names.
pub(crate) fn filter(types: Option<&str>, peer: Option<&str>) -> Result<EventFilter, Problem> {
    let types: Option<BTreeSet<EventType>> =
        types.map(|types| types.split(',').map(event_type).collect()).transpose()?;
    Ok(EventFilter { types, peers: query_peer(peer)?.map(|peer| BTreeSet::from([peer])) })
}

fn event_type(name: &str) -> Result<EventType, Problem> {
    EventType::named(name).ok_or_else(|| match nearest(name, EventType::ALL.map(EventType::as_str)) {
        Some(near) => bad_query(format!("types: unknown type; the nearest is `{near}`")),
        None => bad_query("types: unknown type"),
    })
}

/// The event's id that a query or a header names.
pub(crate) fn event_id(text: &str) -> Result<EventId, Problem> {
    text.parse().map_err(|error| bad_query(format!("after: {error}")))
}

/// Refuses an id that no event has: who goes on after it would not know what it missed.
pub(crate) async fn known(state: &ApiState, id: EventId) -> Result<(), Problem> {
    let is_known = move |store: &dyn Store| -> Result<bool, StoreError> {
        Ok(id == EventId::START || store.event(id)?.is_some())
    };
    match state.store(is_known).await? {
        true => Ok(()),
        false => Err(bad_query("after: no event has this id; begin again after 0000000000000000")),
    }
}
