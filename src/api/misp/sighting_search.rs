//! Finding and listing sightings.

use axum::extract::{Path, State};
use axum::response::Response;
use overlap_store::{SightingFilter, StoreError};
use serde_json::{Map, Value};

use super::MispError;
use super::asked::Asked;
use super::parts::answer;
use super::read::blocking;
use super::scope::Scope;
use super::sighting::{Beside, kind};
use super::sighting_parts::{Meant, Place, SightingParts};
use super::sightings::{indicator, number, text};
use super::time::{span, time};
use crate::state::ApiState;

const JSON: &str = "application/json";

/// How far back a search goes that names no time, as in MISP: 30 days.
const DEFAULT_SPAN: u64 = 30 * 86_400;

/// Finds sightings; those of the last 30 days where no time is said.
#[utoipa::path(post, path = "/misp/sightings/restSearch", tag = "misp",
    request_body(content = Option<Object>, description = "`id type from to last source org_id includeAttribute includeEvent`"),
    responses((status = 200, body = Object)))]
pub(crate) async fn search(State(state): State<ApiState>, asked: Asked) -> Result<Response, MispError> {
    found(&state, None, asked.0).await
}

/// Finds sightings of one attribute or event: `id` is its number or its UUID.
#[utoipa::path(post, path = "/misp/sightings/restSearch/{context}", tag = "misp", params(("context" = String, Path)),
    request_body(content = Option<Object>, description = "`id type from to last source org_id includeAttribute includeEvent`"),
    responses((status = 200, body = Object)))]
pub(crate) async fn search_in(
    State(state): State<ApiState>,
    Path(context): Path<String>,
    asked: Asked,
) -> Result<Response, MispError> {
    found(&state, Some(context), asked.0).await
}

async fn found(
    state: &ApiState,
    context: Option<String>,
    mut members: Map<String, Value>,
) -> Result<Response, MispError> {
    let scope = Scope::of(state);
    if !["from", "to", "last"].iter().any(|name| members.contains_key(*name)) {
        members.insert("from".to_owned(), scope.now.saturating_sub(DEFAULT_SPAN).into());
    }
    listed(scope, context, members, true).await
}

/// Lists the sightings of an attribute or an event.
#[utoipa::path(post, path = "/misp/sightings/listSightings", tag = "misp",
    request_body(content = Option<Object>, description = "`context`: `attribute` or `event`; `id`: its number or its UUID."),
    responses((status = 200, body = Vec<Object>)))]
pub(crate) async fn list(State(state): State<ApiState>, asked: Asked) -> Result<Response, MispError> {
    let context = asked.0.get("context").and_then(Value::as_str).unwrap_or("attribute").to_owned();
    listed(Scope::of(&state), Some(context), asked.0, false).await
}

/// Lists all sightings.
#[utoipa::path(post, path = "/misp/sightings/index", tag = "misp", request_body(content = Option<Object>),
    responses((status = 200, body = Vec<Object>)))]
pub(crate) async fn index(State(state): State<ApiState>, asked: Asked) -> Result<Response, MispError> {
    listed(Scope::of(&state), None, asked.0, false).await
}

async fn listed(
    scope: Scope,
    context: Option<String>,
    members: Map<String, Value>,
    is_answer: bool,
) -> Result<Response, MispError> {
    let on = |name: &str| {
        members.get(name).is_some_and(|value| {
            value.as_bool().unwrap_or_else(|| number(value).is_some_and(|number| number > 0))
        })
    };
    let with = Beside { attribute: on("includeAttribute"), event: on("includeEvent") };
    let of = scope.clone();
    let asked = blocking(move || Asking::read(&members, context.as_deref(), &of)).await?;
    // What cannot be met by any is asked of a time at which there is none.
    let Asking { filter, meant } = asked.unwrap_or_else(Asking::of_none);
    let parts = SightingParts { scope, filter, meant, with, is_answer, place: Place::default() };
    answer(parts, JSON).await
}

/// Which sightings are asked for.
struct Asking {
    filter: SightingFilter,
    meant: Meant,
}

impl Asking {
    fn of_none() -> Self {
        let filter = SightingFilter { from: Some(1), until: Some(0), ..SightingFilter::default() };
        Self { filter, meant: Meant::default() }
    }

    /// None where what is asked for is met by none, or cannot be read.
    fn read(
        members: &Map<String, Value>,
        context: Option<&str>,
        scope: &Scope,
    ) -> Result<Option<Self>, StoreError> {
        let Some(mut asking) = Self::plain(members, scope) else { return Ok(None) };
        let id = members.get("id").and_then(text);
        match (context, id) {
            (Some("attribute"), Some(id)) => match indicator(&id, scope)? {
                Some(indicator) => asking.filter.indicator = Some(indicator),
                None => return Ok(None),
            },
            (Some("event"), Some(id)) => match scope.group(&id) {
                Some(group) => asking.meant.event = Some(group.number),
                None => return Ok(None),
            },
            (None, None) => {}
            _ => return Ok(None),
        }
        Ok(Some(asking))
    }

    fn plain(members: &Map<String, Value>, scope: &Scope) -> Option<Self> {
        let mut asking = Self { filter: SightingFilter::default(), meant: Meant::default() };
        for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
            match name.as_str() {
                "type" => asking.filter.kind = Some(kind(number(value)?)?),
                "from" => asking.filter.from = Some(time(value, scope.now)?),
                "to" => asking.filter.until = Some(time(value, scope.now)?),
                "last" => {
                    let span = span(value, scope.now)?;
                    (asking.filter.from, asking.filter.until) = (Some(span.from), Some(span.until));
                }
                "source" => asking.meant.source = Some(value.as_str()?.to_owned()),
                "org_id" if !scope.own.names().contains(&text(value)?.as_str()) => return None,
                "returnFormat" if value.as_str() != Some("json") => return None,
                _ => {}
            }
        }
        Some(asking)
    }
}
