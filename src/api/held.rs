//! Indicators that warning lists hold out of exchanges, and the admins who override it.

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use overlap_indicator::{Kind, Reject, contains_card_number};
use overlap_store::{By, Hold, IndicatorId, Override, Overriding, Role, Store, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::WarningLists;
use crate::access::Caller;
use crate::indicators::{IndicatorItem, indicator_id, show};
use crate::problem::{Problem, ProblemDocument, ProblemKind};
use crate::request::{JsonBody, Segment, not_found};
use crate::rfc3339::rfc3339;
use crate::state::ApiState;

/// The longest reason, in characters: a sentence or two.
pub(crate) const LONGEST_REASON: usize = 1_000;

/// What holds an indicator out of exchanges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Held, example = json!({"list": "Public DNS resolvers", "description": "The well-known public DNS resolvers", "also_on": [], "may_override": "admin"}))]
pub(crate) struct HeldItem {
    /// The name of the list that it is on; null for the moment that lists are being read again.
    pub(crate) list: Option<String>,
    /// What the list is.
    pub(crate) description: Option<String>,
    /// Names of other lists that it is on.
    pub(crate) also_on: Vec<String>,
    /// The role of a token that may override it.
    pub(crate) may_override: &'static str,
}

/// Who overrode it, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Override)]
pub(crate) struct OverrideItem {
    /// The name of the token.
    by: String,
    /// When.
    #[schema(format = "date-time")]
    at: String,
    /// Why.
    reason: String,
}

impl HeldItem {
    /// What holds a value, if anything does.
    pub(crate) fn of(hold: Hold, lists: &WarningLists, kind: Kind, canonical: &str) -> Option<Self> {
        if hold != Hold::Held {
            return None;
        }
        let mut on = lists.matching(kind, canonical).into_iter();
        let first = on.next();
        Some(Self {
            list: first.map(|list| list.name.clone()),
            description: first.map(|list| list.description.clone()),
            also_on: on.map(|list| list.name.clone()).collect(),
            may_override: Role::Admin.as_str(),
        })
    }
}

impl From<Override> for OverrideItem {
    fn from(of: Override) -> Self {
        Self { by: of.by, at: rfc3339(of.at), reason: of.reason }
    }
}

/// An override to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "the resolver is run by the suspects, case C-17"}))]
pub(crate) struct NewOverride {
    /// Why, in 1 to 1,000 characters that are not all blank; it is kept with the override.
    #[schema(min_length = 1, max_length = 1000, pattern = r"\S")]
    reason: String,
}

/// Lets an indicator into exchanges that a warning list holds out. It stays in until the override is taken back or the indicator withdrawn, whatever
/// the lists say later.
#[utoipa::path(post, path = "/api/v1/indicators/{id}/override", tag = "warning lists", params(("id" = String, Path)),
    request_body = NewOverride, responses(
    (status = 200, description = "It takes part in exchanges from now on.", body = IndicatorItem),
    (status = 404, description = "There is none of this id.", body = ProblemDocument, content_type = "application/problem+json"),
    (status = 409, description = "No list holds it out, or it is overridden already.", body = ProblemDocument, content_type = "application/problem+json"),
    (status = 415, description = "The body is not JSON.", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn begin(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    Segment(id): Segment,
    JsonBody(asked): JsonBody<NewOverride>,
) -> Result<Json<IndicatorItem>, Problem> {
    begin_for(&state, caller.by(&state), indicator_id(&id)?, asked.reason).await?;
    show(State(state), Segment(id)).await
}

/// Lets an indicator into exchanges for the holder of a token.
pub(crate) async fn begin_for(
    state: &ApiState,
    by: By,
    id: IndicatorId,
    reason: String,
) -> Result<(), Problem> {
    let (reason, who) = (checked(reason)?, by.actor.clone());
    match state.store(move |store| store.begin_override(id, &reason, &by)).await? {
        Overriding::Done => {}
        Overriding::Unknown => return Err(not_found("indicator")),
        Overriding::NotHeld => {
            return Err(Problem::new(ProblemKind::NotHeld, "no warning list holds this indicator out"));
        }
        Overriding::Already => {
            return Err(Problem::new(ProblemKind::Overridden, "it is overridden: see who did so, and why"));
        }
    }
    tracing::info!(by = who.name(), indicator = %id, "a warning was overridden");
    Ok(())
}

/// Takes an override back: a list that has the indicator holds it out of exchanges again.
#[utoipa::path(delete, path = "/api/v1/indicators/{id}/override", tag = "warning lists", params(("id" = String, Path)), responses(
    (status = 204, description = "It is taken back."),
    (status = 404, description = "There is no indicator of this id that is overridden.", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn end(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    Segment(id): Segment,
) -> Result<StatusCode, Problem> {
    end_for(&state, caller.by(&state), indicator_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes an override back for the holder of a token.
pub(crate) async fn end_for(state: &ApiState, by: By, id: IndicatorId) -> Result<(), Problem> {
    let who = by.actor.clone();
    if !state.store(move |store| store.end_override(id, &by)).await? {
        return Err(not_found("override"));
    }
    tracing::info!(by = %who, indicator = %id, "an override was taken back");
    Ok(())
}

/// A reason that can be kept.
fn checked(text: String) -> Result<String, Problem> {
    let refuse = |why: String| Err(Problem::new(ProblemKind::BadValue, format!("reason: {why}")));
    if text.trim().is_empty() || text.chars().count() > LONGEST_REASON {
        return refuse(format!("1 to {LONGEST_REASON} characters that are not all blank"));
    }
    if contains_card_number(&text) {
        return refuse(Reject::CardNumber.to_string());
    }
    Ok(text)
}

/// The overrides of rows that have one, in the rows' order.
pub(crate) fn overrides<'a>(
    store: &dyn Store,
    rows: impl Iterator<Item = &'a overlap_store::IndicatorRow>,
) -> Result<Vec<Option<Override>>, StoreError> {
    rows.map(|row| match row.hold {
        Hold::Overridden => store.override_of(row.id),
        Hold::Free | Hold::Held => Ok(None),
    })
    .collect()
}
