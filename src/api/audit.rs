//! The audit chain: who did what, and whether the record of it is whole.

use axum::Json;
use axum::extract::State;
use overlap_coalition::Timestamp;
use overlap_store::{
    Actor, AuditAction, AuditEntry, AuditFilter, AuditHead, AuditOrder, AuditVerdict, By, NewAudit, Page,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::access::Caller;
use crate::problem::{Problem, ProblemDocument};
use crate::request::{Params, bad_query, page};
use crate::rfc3339::rfc3339;
use crate::state::ApiState;

/// The longest name of an actor that is asked for, in bytes: longer than any there is.
const LONGEST_ACTOR: usize = 128;

/// An entry of the audit chain.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry, example = json!({
    "number": 2, "time": "2026-11-01T08:00:00Z", "actor": "token:operator", "action": "token.added", "object": "siem",
    "detail": "roles=read", "hash": "f1f3e5b8f0a4a5b0a1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f5061728"
}))]
pub(crate) struct AuditItem {
    /// Counts entries from 1, without gaps. It makes the order; the time does not.
    #[schema(minimum = 1)]
    number: u64,
    /// When, by the node's clock.
    #[schema(format = "date-time")]
    time: String,
    /// Who: `token:` or `console:` and a token's name, `daemon`, `offline` or `stranger`.
    actor: String,
    /// What was done; a later version may know more actions.
    action: String,
    /// To what: an id or a name; may be empty. Never an indicator's value.
    object: String,
    /// More of it, as `name=value` with blanks between; may be empty.
    detail: String,
    /// SHA-256 over all this and the hash of the entry before, in hex.
    hash: String,
}

impl From<AuditEntry> for AuditItem {
    fn from(entry: AuditEntry) -> Self {
        let AuditEntry { number, time, actor, action, object, detail, hash } = entry;
        let hash = data_encoding::HEXLOWER.encode(&hash);
        Self { number, time: rfc3339(time), actor, action, object, detail, hash }
    }
}

/// A page of the audit chain.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditPage {
    /// In the order that was asked for.
    items: Vec<AuditItem>,
    /// The `after` of the next page; null on the last.
    next: Option<String>,
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// Of this actor only, as entries have it.
    #[param(example = "token:operator")]
    actor: Option<String>,
    /// Of this action only.
    #[param(schema_with = crate::schemas::audit_action)]
    action: Option<String>,
    /// `newest` first, which is meant if not said, or `oldest` first, as a chain is verified.
    #[param(schema_with = crate::schemas::audit_order)]
    order: Option<String>,
    /// How many, 1 to 1,000; 100 if not said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u64>,
    /// The `next` of the page before, in the same order.
    after: Option<String>,
}

/// Lists entries of the audit chain: who did what at this node.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(ListParams), responses((status = 200, body = AuditPage)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Params(params): Params<ListParams>,
) -> Result<Json<AuditPage>, Problem> {
    let filter = filter(params.actor, params.action.as_deref())?;
    let order = match params.order.as_deref() {
        None | Some("newest") => AuditOrder::Newest,
        Some("oldest") => AuditOrder::Oldest,
        Some(_) => return Err(bad_query("order: `newest` or `oldest`")),
    };
    let page = page(params.limit, params.after)?;
    let Page { rows, next } = state.store(move |store| store.audit(&filter, order, &page)).await?;
    let items = rows.into_iter().map(AuditItem::from).collect();
    Ok(Json(AuditPage { items, next: next.map(|cursor| cursor.0) }))
}

/// The entries that a query names.
pub(crate) fn filter(actor: Option<String>, action: Option<&str>) -> Result<AuditFilter, Problem> {
    if actor.as_ref().is_some_and(|actor| actor.len() > LONGEST_ACTOR) {
        return Err(bad_query(format!("actor: at most {LONGEST_ACTOR} bytes")));
    }
    let named =
        |name| AuditAction::named(name).ok_or_else(|| bad_query("action: there is none of this name"));
    Ok(AuditFilter { actor, action: action.map(named).transpose()? })
}

/// The last entry of a chain, as an auditor notes it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditHead, example = json!({"number": 2, "hash": "f1f3e5b8f0a4a5b0a1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f5061728"}))]
pub(crate) struct HeadItem {
    /// Its number; 0 where there is none.
    number: u64,
    /// Its hash, in hex; zeroes where there is none.
    hash: String,
}

impl From<AuditHead> for HeadItem {
    fn from(head: AuditHead) -> Self {
        Self { number: head.number, hash: data_encoding::HEXLOWER.encode(&head.hash) }
    }
}

/// Shows the last entry's number and hash: who keeps them elsewhere can tell later whether anything up to it was changed.
#[utoipa::path(get, path = "/api/v1/audit/head", tag = "audit", responses((status = 200, body = HeadItem)))]
pub(crate) async fn head(State(state): State<ApiState>) -> Result<Json<HeadItem>, Problem> {
    let head = state.store(|store| Ok(store.audit_head())).await?;
    Ok(Json(head.into()))
}

/// What a verification is to find.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct VerifyParams {
    /// A head that was noted earlier and has to be in the chain: its number, a colon and its hash in hex.
    #[param(pattern = "^[0-9]{1,19}:[0-9a-f]{64}$")]
    head: Option<String>,
}

/// What a verification found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditVerdict, example = json!({
    "intact": false, "head": {"number": 2, "hash": "f1f3e5b8f0a4a5b0a1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f5061728"},
    "broken": {"number": 3, "fault": "hash", "why": "its hash is not that of what it says and of the entry before it"}
}))]
pub(crate) struct VerdictItem {
    /// Whether every entry is as it has to be.
    intact: bool,
    /// Up to where it is.
    head: HeadItem,
    /// The first entry that is not; null where all are.
    broken: Option<BreakItem>,
}

/// Where a chain is not right.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditBreak)]
pub(crate) struct BreakItem {
    /// The entry's number.
    number: u64,
    /// `missing`, `unreadable`, `hash`, `not-noted` or `cut-short`.
    fault: &'static str,
    /// The same as a sentence.
    why: String,
}

impl From<AuditVerdict> for VerdictItem {
    fn from(verdict: AuditVerdict) -> Self {
        let broken = verdict.broken.map(|broken| BreakItem {
            number: broken.number,
            fault: broken.fault.as_str(),
            why: broken.fault.to_string(),
        });
        Self { intact: broken.is_none(), head: verdict.head.into(), broken }
    }
}

/// Reads the whole chain and says whether it is right. It takes a while where the chain is long; one runs at a time.
#[utoipa::path(get, path = "/api/v1/audit/verify", tag = "audit", params(VerifyParams), responses(
    (status = 200, description = "It was read: `intact` says whether it is right.", body = VerdictItem),
    (status = 400, description = "The head is none.", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn verify(
    State(state): State<ApiState>,
    Params(params): Params<VerifyParams>,
) -> Result<Json<VerdictItem>, Problem> {
    let noted = params.head.as_deref().map(str::parse).transpose();
    let noted: Option<AuditHead> = noted.map_err(|error| bad_query(format!("head: {error}")))?;
    Ok(Json(verdict(&state, noted.into_iter().collect()).await?.into()))
}

/// Verifies the chain, when no other verification runs.
pub(crate) async fn verdict(state: &ApiState, noted: Vec<AuditHead>) -> Result<AuditVerdict, Problem> {
    let one = state.verifications().clone().acquire_owned().await.map_err(|_| Problem::internal())?;
    // A caller that hangs up does not end the work, so the work holds the place.
    let verify = move |store: &dyn overlap_store::Store| {
        let _one = one;
        store.verify_audit(&noted)
    };
    state.store(verify).await
}

impl Caller {
    /// The caller as the audit chain has it.
    pub(crate) fn actor(&self) -> Actor {
        Actor::Token(self.0.to_string())
    }

    /// The caller, now.
    pub(crate) fn by(&self, state: &ApiState) -> By {
        by(state, self.actor())
    }
}

/// Somebody, now.
pub(crate) fn by(state: &ApiState, actor: Actor) -> By {
    By { actor, at: now(state) }
}

fn now(state: &ApiState) -> Timestamp {
    state.daemon().now()
}

/// Appends an entry of what changes nothing in the store, or is about to begin; says its number.
pub(crate) async fn note(state: &ApiState, by: By, new: NewAudit) -> Result<u64, Problem> {
    Ok(state.store(move |store| store.note(&by, &new)).await?.number)
}
