//! Adding sightings.

use axum::Json;
use axum::extract::{Extension, Path, State};
use overlap_store::{IndicatorId, NewSighting, SightingKind, SightingRow, StoreError};
use serde::Serialize;
use serde_json::{Map, Value};

use super::MispError;
use super::asked::Asked;
use super::read::{blocking, overlap};
use super::scope::Scope;
use super::sighting::{Beside, SightingItem, kind};
use super::time::time;
use crate::access::Caller;
use crate::lookup::ids_named;
use crate::sightings::source;
use crate::state::ApiState;

/// Values in one call at most: each may be of any kind.
const MAX_VALUES: usize = 10_000;

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
    let by = caller.by(state);
    let (rows, sighting) = blocking(move || {
        let new = said.of(ids(&names, &scope)?);
        let rows = scope.store.add_sightings(new, &by)?;
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
pub(super) fn indicator(name: &str, scope: &Scope) -> Result<Option<IndicatorId>, StoreError> {
    if let Some(row) = overlap(scope, name)? {
        return Ok(Some(row.indicator));
    }
    match name.parse() {
        Ok(uuid) => Ok(scope.store.indicator_named(uuid)?.map(|row| row.id)),
        Err(_) => Ok(None),
    }
}

/// A number, or its digits.
pub(super) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// A text, or a number's digits.
pub(super) fn text(value: &Value) -> Option<String> {
    value
        .as_str()
        .map(|text| text.trim().to_owned())
        .or_else(|| value.as_u64().map(|number| number.to_string()))
}
