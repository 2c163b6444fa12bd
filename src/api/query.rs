//! Bulk query: what this node knows of many values at once.

use std::fmt;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use overlap_indicator::{Facet, Indicator, Kind, Reject, Rules};
use overlap_store::{IndicatorId, KnownOverlap, KnownValue, OwnIndicator, Store};
use rayon::iter::ParallelIterator;
use rayon::slice::ParallelSlice;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::WarningLists;
use crate::held::HeldItem;
use crate::problem::{Problem, ProblemDocument, ProblemKind};
use crate::request::{JsonBody, check_json_type, kind};
use crate::rfc3339::rfc3339;
use crate::state::{ApiState, off_thread};

/// Values in one query: the answer is built in memory.
const MAX_VALUES: usize = 10_000;

/// Values that one thread looks up at a time: enough for the store to look up many digests in one walk.
const ASKED_AT_ONCE: usize = 2_500;

/// Values to ask about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"values": ["hxxps://shop[.]example/a", {"kind": "handle", "value": "telegram:bob"}]}))]
pub(crate) struct Query {
    /// 1 to 10,000 of them.
    #[schema(min_items = 1, max_items = 10_000)]
    values: Vec<QueryValue>,
}

/// A value in any spelling that an import would take.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum QueryValue {
    /// Its kind is detected.
    Bare(String),
    /// Its kind is said.
    Named(NamedValue),
}

/// A value with its kind.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamedValue {
    /// Its kind; detected if not said.
    kind: Option<String>,
    /// The value.
    value: String,
}

impl fmt::Debug for QueryValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QueryValue(..)")
    }
}

/// What is known of values.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueryAnswer {
    /// One for each value, in the order of the query.
    items: Vec<QueryItem>,
    /// Whether facets were compared; not while digests are made anew under another salt, when `meets` is empty.
    facets_compared: bool,
}

/// What is known of a value.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(example = json!({
    "kind": "url", "canonical": "https://shop.example/a", "error": null, "candidates": [], "lists": [], "indicator": null,
    "overlaps": [{"peer": "payments", "facet": "host", "indicator": "7d0c8f0f6f0e4b1e9c55a0f3b2f4c6d1", "exact": false,
        "exchange": "00112233445566778899aabbccddeeff", "found": "2026-11-01T08:00:01Z"}],
    "meets": [{"facet": "host", "kind": "domain", "indicator": "7d0c8f0f6f0e4b1e9c55a0f3b2f4c6d1"}], "meets_more": false
}))]
pub(crate) struct QueryItem {
    /// Its kind; null where it has none.
    kind: Option<&'static str>,
    /// Its canonical form; null where it has none.
    canonical: Option<String>,
    /// Why it has none. The value is never repeated.
    error: Option<String>,
    /// The kinds that it could be of, where its kind has to be said.
    candidates: Vec<&'static str>,
    /// Names of the warning lists that it is on.
    lists: Vec<String>,
    /// The own indicator that it is, if it is one.
    indicator: Option<KnownIndicator>,
    /// Who overlaps on it: on the own indicator that it is, on any facet; and on those that it meets,
    /// on the facet where it does, one for each partner.
    overlaps: Vec<QueryOverlap>,
    /// Other own indicators that it meets on a facet, such as the domain that is a URL's host: three for each facet at most.
    meets: Vec<Meeting>,
    /// Whether it meets more than these.
    meets_more: bool,
}

/// An own indicator.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KnownIndicator {
    /// Its id in this node.
    id: String,
    /// How far it may be told (TLP 2.0).
    tlp: &'static str,
    /// What holds it out of exchanges, if anything does.
    held: Option<HeldItem>,
}

/// An overlap.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueryOverlap {
    /// The partner.
    peer: String,
    /// On which facet.
    facet: &'static str,
    /// The id of the own indicator.
    indicator: String,
    /// Whether that is the value itself, rather than one that it meets.
    exact: bool,
    /// The exchange that found it first.
    exchange: String,
    /// When.
    #[schema(format = "date-time")]
    found: String,
}

/// An own indicator that a value meets.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Meeting {
    /// On which facet.
    facet: &'static str,
    /// The indicator's kind.
    kind: &'static str,
    /// Its id in this node.
    indicator: String,
}

/// Says of up to 10,000 values of mixed kinds what this node knows: each one's canonical form, whether it is an own indicator, who overlaps on it and
/// on which facet. Nothing is asked of a partner, and nothing is kept. A value that is none costs only itself: `error` says why.
#[utoipa::path(post, path = "/api/v1/query", tag = "indicators", request_body = Query, responses(
    (status = 200, body = QueryAnswer),
    (status = 413, description = "The body is larger than 4 MiB.", body = ProblemDocument, content_type = "application/problem+json"),
    (status = 415, description = "The body is not JSON.", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn query(
    State(state): State<ApiState>,
    headers: HeaderMap,
    JsonBody(asked): JsonBody<Query>,
) -> Result<Json<QueryAnswer>, Problem> {
    check_json_type(&headers)?;
    if !(1..=MAX_VALUES).contains(&asked.values.len()) {
        return Err(Problem::new(ProblemKind::BadValue, format!("values: 1 to {MAX_VALUES} of them")));
    }
    let (store, lists, rules) =
        (state.shared_store(), state.daemon().warning_lists(), state.daemon().rules());
    let answer = off_thread(move || answer(&*store, &lists, &asked.values, &rules));
    Ok(Json(answer.await?))
}

/// Answers a part at a time, on all processors.
fn answer(store: &dyn Store, lists: &WarningLists, asked: &[QueryValue], rules: &Rules) -> QueryAnswer {
    let parts = asked.par_chunks(ASKED_AT_ONCE).map(|some| answer_some(store, lists, some, rules));
    let parts: Vec<_> = parts.collect();
    let facets_compared = parts.iter().all(|(_, has_facets)| *has_facets);
    QueryAnswer { items: parts.into_iter().flat_map(|(items, _)| items).collect(), facets_compared }
}

fn answer_some(
    store: &dyn Store,
    lists: &WarningLists,
    asked: &[QueryValue],
    rules: &Rules,
) -> (Vec<QueryItem>, bool) {
    let parsed: Vec<_> = asked.iter().map(|value| parse(value, rules)).collect();
    let indicators: Vec<Indicator> =
        parsed.iter().filter_map(|parsed| parsed.as_ref().ok().cloned()).collect();
    let known = store.known(&indicators);
    let mut values = known.values.into_iter();
    // The store says something of each.
    let items = parsed.into_iter().filter_map(|parsed| match parsed {
        Ok(indicator) => values.next().map(|known| known_item(&indicator, known, lists)),
        Err(refused) => Some(*refused),
    });
    (items.collect(), known.has_facets)
}

fn parse(asked: &QueryValue, rules: &Rules) -> Result<Indicator, Box<QueryItem>> {
    let (named, value) = match asked {
        QueryValue::Bare(value) => (None, value),
        QueryValue::Named(NamedValue { kind, value }) => (kind.as_deref(), value),
    };
    let refuse = |error: String, candidates: Vec<Kind>| {
        let candidates = candidates.into_iter().map(Kind::as_str).collect();
        Box::new(QueryItem { error: Some(error), candidates, ..QueryItem::default() })
    };
    let named = named.map(kind).transpose().map_err(|error| refuse(format!("kind: {error}"), Vec::new()))?;
    let indicator = match named {
        Some(kind) => Indicator::parse(kind, value, rules),
        None => Indicator::detect(value, rules),
    };
    indicator.map_err(|reject| {
        let sentence = reject.to_string();
        let candidates = if let Reject::Ambiguous { candidates } = reject { candidates } else { Vec::new() };
        refuse(sentence, candidates)
    })
}

fn known_item(indicator: &Indicator, known: KnownValue, lists: &WarningLists) -> QueryItem {
    let (kind, canonical) = (indicator.kind(), indicator.canonical().reveal());
    let of_lists = lists.matching(kind, canonical).into_iter().map(|list| list.name.clone());
    QueryItem {
        kind: Some(kind.as_str()),
        canonical: Some(canonical.to_owned()),
        error: None,
        candidates: Vec::new(),
        lists: of_lists.collect(),
        indicator: known.own.map(|own| KnownIndicator {
            id: own.id.to_string(),
            tlp: own.tlp.as_str(),
            held: HeldItem::of(own.hold, lists, kind, canonical),
        }),
        overlaps: known.overlaps.into_iter().map(|of| overlap(of, known.id)).collect(),
        meets: known.meets.into_iter().map(meeting).collect(),
        meets_more: known.meets_more,
    }
}

fn overlap(of: KnownOverlap, value: IndicatorId) -> QueryOverlap {
    QueryOverlap {
        peer: of.peer.to_string(),
        facet: of.facet.as_str(),
        indicator: of.indicator.to_string(),
        exact: of.indicator == value,
        exchange: of.exchange.to_string(),
        found: rfc3339(of.found),
    }
}

fn meeting((facet, own): (Facet, OwnIndicator)) -> Meeting {
    Meeting { facet: facet.as_str(), kind: own.kind.as_str(), indicator: own.id.to_string() }
}
