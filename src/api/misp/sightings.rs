//! Sightings: added, and listed.

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::response::Response;
use overlap_store::{IndicatorId, NewSighting, SightingFilter, SightingKind, SightingRow, StoreError};
use serde::Serialize;
use serde_json::{Map, Value};

use super::MispError;
use super::asked::Asked;
use super::parts::answer;
use super::read::{blocking, overlap};
use super::scope::Scope;
use super::sighting::{Beside, SightingItem, kind};
use super::sighting_parts::{Meant, SightingParts};
use super::time::{span, time};
use crate::access::Caller;
use crate::lookup::ids_named;
use crate::sightings::source;
use crate::state::ApiState;

const JSON: &str = "application/json";

/// Values in one call at most: each may be of any kind.
const MAX_VALUES: usize = 10_000;

/// How far back a search goes that names no time, as in MISP: 30 days.
const DEFAULT_SPAN: u64 = 30 * 86_400;

/// What was added.
#[derive(Serialize)]
pub(crate) struct Added {
    /// The first of them.
    #[serde(rename = "Sighting")]
    sighting: SightingItem,
    message: String,
}

/// Adds a sighting to the own indicators that are named: `value` or `values` in any spelling, or the `uuid` or `id` of an attribute.
#[utoipa::path(post, path = "/misp/sightings/add", tag = "misp",
    request_body(content = SightingBody),
    responses((status = 200, body = Object)))]
pub(crate) async fn add(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    asked: Asked,
) -> Result<Json<Added>, MispError> {
    add_as(&state, &caller, asked.0).await
}

/// Adds a sighting to the own indicator of an attribute, by its number or its UUID.
#[utoipa::path(post, path = "/misp/sightings/add/{attribute}", tag = "misp", params(("attribute" = String, Path)),
    request_body(content = SightingBody),
    responses((status = 200, body = Object)))]
pub(crate) async fn add_to(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Json<Added>, MispError> {
    let mut members = asked.0;
    for other in ["value", "values", "uuid"] {
        members.remove(other);
    }
    members.insert("id".to_owned(), Value::String(name));
    add_as(&state, &caller, members).await
}

async fn add_as(
    state: &ApiState,
    caller: &Caller,
    members: Map<String, Value>,
) -> Result<Json<Added>, MispError> {
    let scope = Scope::of(state);
    let said = Said::read(&members, scope.now)?;
    let names = names(&members)?;
    let now = state.daemon().now();
    let (rows, sighting) = blocking(move || {
        let new = said.of(ids(&names, &scope)?);
        let rows = scope.store.add_sightings(new, now)?;
        let first =
            rows.first().map(|row| SightingItem::looked_up(row, &scope.groups(), Beside::default(), &scope));
        Ok((rows, first.transpose()?))
    })
    .await?;
    let sighting = sighting.ok_or_else(|| MispError::not_found("attribute"))?;
    tracing::info!(by = %caller.0, sightings = rows.len(), "sightings added");
    Ok(Json(Added { sighting, message: message(&rows) }))
}

fn message(rows: &[SightingRow]) -> String {
    match rows.len() {
        1 => "1 sighting was added.".to_owned(),
        more => format!("{more} sightings were added."),
    }
}

/// What is said of indicators.
struct Said {
    kind: SightingKind,
    at: u64,
    source: String,
}

impl Said {
    fn read(members: &Map<String, Value>, now: u64) -> Result<Self, MispError> {
        let kind = match members.get("type").filter(|value| !value.is_null()) {
            None => Some(SightingKind::Seen),
            Some(value) => number(value).and_then(kind),
        };
        let kind = kind.ok_or_else(|| {
            MispError::bad("type: 0 it was met, 1 it was met and no offence, 2 it holds no longer")
        })?;
        let at =
            when(members, now).ok_or_else(|| MispError::bad("timestamp: seconds since 1970, or a time"))?;
        let source = source(members.get("source").and_then(Value::as_str).unwrap_or_default());
        Ok(Self { kind, at, source: source.map_err(MispError::bad)? })
    }

    fn of(&self, indicators: Vec<IndicatorId>) -> Vec<NewSighting> {
        let of_one =
            |indicator| NewSighting { indicator, kind: self.kind, at: self.at, source: self.source.clone() };
        indicators.into_iter().map(of_one).collect()
    }
}

fn when(members: &Map<String, Value>, now: u64) -> Option<u64> {
    let said = |name| members.get(name).filter(|value| !value.is_null() && value.as_str() != Some(""));
    match (said("timestamp"), said("date"), said("time")) {
        (Some(timestamp), ..) => time(timestamp, now),
        (None, Some(date), None) => time(date, now),
        (None, Some(date), Some(of_day)) => {
            let both = format!("{} {}", date.as_str()?.trim(), of_day.as_str()?.trim());
            time(&Value::String(both), now)
        }
        (None, None, _) => Some(now),
    }
}

/// A sighting to add, of what one of the first four names: for the description alone.
#[derive(utoipa::ToSchema)]
#[schema(as = MispSighting, example = json!({"value": "example.org", "type": "0", "source": "mail gateway", "timestamp": 1795000000}))]
#[expect(dead_code, reason = "it describes")]
pub(crate) struct SightingBody {
    /// A value, in any spelling.
    value: Option<String>,
    /// Values.
    #[schema(max_items = 10000)]
    values: Option<Vec<String>>,
    /// An attribute's or an own indicator's UUID.
    uuid: Option<String>,
    /// An attribute's number, or a UUID.
    id: Option<String>,
    /// 0, it was met, which is meant if not said; 1, it was met and no offence; 2, it holds no longer.
    #[schema(rename = "type", pattern = "^[012]$")]
    kind: Option<String>,
    /// Where; 255 characters at most.
    #[schema(max_length = 255)]
    source: Option<String>,
    /// When: seconds since 1970; now if not said. `date` and `time`, or another form of MISP's, will do too.
    #[schema(minimum = 0)]
    timestamp: Option<u64>,
}

/// How indicators are named.
enum Names {
    Values(Vec<String>),
    Attribute(String),
}

fn names(members: &Map<String, Value>) -> Result<Names, MispError> {
    let values = members.get("values").or_else(|| members.get("value")).filter(|value| !value.is_null());
    if let Some(values) = values {
        let values: Option<Vec<String>> = match values {
            Value::Array(list) => list.iter().map(|value| value.as_str().map(str::to_owned)).collect(),
            Value::String(value) => Some(vec![value.clone()]),
            _ => None,
        };
        return match values {
            Some(values) if values.len() <= MAX_VALUES => Ok(Names::Values(values)),
            _ => Err(MispError::bad(format!("values: texts, {MAX_VALUES} at most"))),
        };
    }
    let name = ["uuid", "id"].into_iter().find_map(|name| members.get(name).and_then(text));
    name.map(Names::Attribute).ok_or_else(|| MispError::not_found("attribute"))
}

fn ids(names: &Names, scope: &Scope) -> Result<Vec<IndicatorId>, StoreError> {
    match names {
        Names::Values(values) => {
            let of_value = |value: &String| ids_named(value, &*scope.store, &scope.rules);
            let ids: std::collections::BTreeSet<_> = values.iter().flat_map(of_value).collect();
            Ok(ids.into_iter().collect())
        }
        Names::Attribute(name) => Ok(indicator(name, scope)?.into_iter().collect()),
    }
}

/// The own indicator that is named by an attribute's number or UUID, or by its own UUID.
fn indicator(name: &str, scope: &Scope) -> Result<Option<IndicatorId>, StoreError> {
    if let Some(row) = overlap(scope, name)? {
        return Ok(Some(row.indicator));
    }
    match name.parse() {
        Ok(uuid) => Ok(scope.store.indicator_named(uuid)?.map(|row| row.id)),
        Err(_) => Ok(None),
    }
}

/// Finds sightings; those of the last 30 days where no time is said.
#[utoipa::path(post, path = "/misp/sightings/restSearch", tag = "misp",
    request_body(content = Object, description = "`id type from to last source org_id includeAttribute includeEvent`"),
    responses((status = 200, body = Object)))]
pub(crate) async fn search(State(state): State<ApiState>, asked: Asked) -> Result<Response, MispError> {
    found(&state, None, asked.0).await
}

/// Finds sightings of one attribute or event: `id` is its number or its UUID.
#[utoipa::path(post, path = "/misp/sightings/restSearch/{context}", tag = "misp", params(("context" = String, Path)),
    request_body(content = Object, description = "`id type from to last source org_id includeAttribute includeEvent`"),
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
    request_body(content = Object, description = "`context`: `attribute` or `event`; `id`: its number or its UUID."),
    responses((status = 200, body = Vec<Object>)))]
pub(crate) async fn list(State(state): State<ApiState>, asked: Asked) -> Result<Response, MispError> {
    let context = asked.0.get("context").and_then(Value::as_str).unwrap_or("attribute").to_owned();
    listed(Scope::of(&state), Some(context), asked.0, false).await
}

/// Lists all sightings.
#[utoipa::path(post, path = "/misp/sightings/index", tag = "misp", request_body(content = Object),
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
    let parts = SightingParts {
        scope,
        filter,
        meant,
        with,
        is_answer,
        place: super::sighting_parts::Place::default(),
    };
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

/// A number, or its digits.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// A text, or a number's digits.
fn text(value: &Value) -> Option<String> {
    value
        .as_str()
        .map(|text| text.trim().to_owned())
        .or_else(|| value.as_u64().map(|number| number.to_string()))
}
