//! Warning lists as clients of MISP ask for them.
//!
//! A value is on a list here where its canonical form, whole, is: what holds it out of exchanges, and no more. MISP itself finds a host in
//! a list of hosts where it only ends with an entry. Memory keeps hashes of entries, so a list is told without them.

use axum::Json;
use axum::extract::{Path, Request, State};
use overlap_indicator::{Indicator, Kind, Rules};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

use super::MispError;
use super::asked::body;
use crate::problem::{Problem, ProblemKind};
use crate::state::{ApiState, off_thread};
use crate::{WarningList, WarningLists};

/// Values in one call at most.
const MAX_VALUES: usize = 10_000;

/// What is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(as = MispValues, example = json!(["example.org"]))]
pub(crate) enum Values {
    One(String),
    Many(Vec<String>),
}

/// A list that a value is on.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Hit {
    id: String,
    name: String,
    matched: String,
}

/// Says for each of some values on which warning lists it is. Values that are on none are left out.
#[utoipa::path(post, path = "/misp/warninglists/checkValue", tag = "misp",
    request_body(content = Values, description = "Values, 10,000 at most; a single one may be a text."),
    responses((status = 200, body = Object)))]
pub(crate) async fn check(
    State(state): State<ApiState>,
    request: Request,
) -> Result<Json<BTreeMap<String, Vec<Hit>>>, MispError> {
    let values = values(&body(request).await?)?;
    let (lists, rules) = (state.daemon().warning_lists(), state.daemon().rules());
    let found = off_thread(move || {
        let hits = values.into_iter().map(|value| {
            let hits = hits(&value, &lists, &rules);
            (value, hits)
        });
        hits.filter(|(_, hits)| !hits.is_empty()).collect()
    });
    Ok(Json(found.await?))
}

fn values(body: &[u8]) -> Result<Vec<String>, MispError> {
    let bad = || MispError::bad(format!("a list of texts, {MAX_VALUES} at most, or a text"));
    let read = serde_json::from_slice(body).map_err(|error| match error.is_data() {
        true => bad(),
        false => Problem::new(ProblemKind::BadJson, "the body is not JSON").into(),
    });
    let values = match read? {
        Values::One(value) => vec![value],
        Values::Many(values) => values,
    };
    if values.len() > MAX_VALUES { Err(bad()) } else { Ok(values) }
}

/// The lists that a value is on, of whatever kind it can be read as.
fn hits(value: &str, lists: &WarningLists, rules: &Rules) -> Vec<Hit> {
    let mut on = BTreeMap::new();
    for indicator in Kind::ALL.into_iter().filter_map(|kind| Indicator::parse(kind, value, rules).ok()) {
        on.extend(hits_of(indicator.kind(), indicator.canonical().reveal(), lists));
    }
    on.into_values().collect()
}

/// The lists that an indicator is on, by their numbers.
pub(crate) fn hits_of(kind: Kind, canonical: &str, lists: &WarningLists) -> Vec<(usize, Hit)> {
    let matching = lists.matching(kind, canonical);
    let all = lists.lists().iter().enumerate().filter(|(_, list)| matching.iter().any(|on| on.id == list.id));
    let hit = |(at, list): (usize, &WarningList)| {
        let name = list.name.clone();
        (at, Hit { id: number(at), name, matched: canonical.to_owned() })
    };
    if matching.is_empty() { Vec::new() } else { all.map(hit).collect() }
}

/// Lists are numbered in the order of the config.
fn number(at: usize) -> String {
    (at + 1).to_string()
}

/// What an attribute says of a list that it is on.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Warning {
    value: String,
    #[serde(rename = "match")]
    matched: String,
    warninglist_id: String,
    warninglist_name: String,
    warninglist_category: &'static str,
}

impl Warning {
    /// The warnings of an indicator that is written as `value`.
    pub(crate) fn all(kind: Kind, canonical: &str, value: &str, lists: &WarningLists) -> Vec<Self> {
        let warning = |(_, hit): (usize, Hit)| Self {
            value: value.to_owned(),
            matched: hit.matched,
            warninglist_id: hit.id,
            warninglist_name: hit.name,
            warninglist_category: CATEGORY,
        };
        hits_of(kind, canonical, lists).into_iter().map(warning).collect()
    }
}

/// The category of all: values that are no crime's.
const CATEGORY: &str = "false_positive";

/// A list.
#[derive(Debug, Serialize)]
struct List {
    id: String,
    name: String,
    #[serde(rename = "type")]
    list_type: &'static str,
    description: String,
    version: String,
    enabled: bool,
    default: bool,
    category: &'static str,
    warninglist_entry_count: String,
    valid_attributes: String,
}

/// A list, as it is told among others or alone.
#[derive(Debug, Serialize)]
pub(crate) struct OneList {
    #[serde(rename = "Warninglist")]
    list: List,
}

impl OneList {
    fn of(at: usize, list: &WarningList) -> Self {
        Self {
            list: List {
                id: number(at),
                name: list.name.clone(),
                list_type: list.list_type.as_str(),
                description: list.description.clone(),
                version: list.version.clone(),
                enabled: true,
                default: true,
                category: CATEGORY,
                warninglist_entry_count: list.entries.to_string(),
                valid_attributes: list.matching_attributes.join(", "),
            },
        }
    }
}

/// The lists in force.
#[derive(Debug, Serialize)]
pub(crate) struct AllLists {
    #[serde(rename = "Warninglists")]
    lists: Vec<OneList>,
}

/// Lists the warning lists in force, without their entries.
#[utoipa::path(get, path = "/misp/warninglists/index", tag = "misp", responses((status = 200, body = Object)))]
pub(crate) async fn index(State(state): State<ApiState>) -> Json<AllLists> {
    let lists = state.daemon().warning_lists();
    Json(AllLists {
        lists: lists.lists().iter().enumerate().map(|(at, list)| OneList::of(at, list)).collect(),
    })
}

/// Tells one warning list, by its number, without its entries.
#[utoipa::path(get, path = "/misp/warninglists/view/{list}", tag = "misp", params(("list" = String, Path)),
    responses((status = 200, body = Object)))]
pub(crate) async fn view(
    State(state): State<ApiState>,
    Path(name): Path<String>,
) -> Result<Json<OneList>, MispError> {
    let lists = state.daemon().warning_lists();
    let at = name.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let found = at.and_then(|at| Some(OneList::of(at, lists.lists().get(at)?)));
    found.map(Json).ok_or_else(|| MispError::not_found("warninglist"))
}
