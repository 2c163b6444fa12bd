//! Exchanges: begin one, watch it, read the record.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::{Extension, Json};
use overlap_coalition::{EngineName, ExchangeId, MemberId, Mode};
use overlap_store::{Actor, AuditAction, ExchangeFailure, ExchangeRecord, NewAudit, Page};
use serde::{Deserialize, Serialize, Serializer};
use utoipa::{IntoParams, ToSchema};

use crate::access::Caller;
use crate::audit::{by, note};
use crate::problem::{Problem, ProblemDocument, ProblemKind};
use crate::request::{JsonBody, Params, Segment, bad_query, exchange_id, not_found, page, query_peer};
use crate::rfc3339::rfc3339;
use crate::state::ApiState;
use crate::{ExchangeAsk, ExchangeProgress, StartRefused};

/// The longest that a call waits for an exchange's end, in seconds: less than proxies and clients give up after.
const LONGEST_WAIT: u64 = 60;

/// The longest purpose and case reference, in bytes, as an offer holds them.
const LONGEST_PURPOSE: usize = 256;

/// An exchange, whole.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Exchange, example = json!({
    "exchange": "00112233445566778899aabbccddeeff", "peer": "payments", "role": "initiator", "state": "completed",
    "engine": "voprf", "mode": "overlap", "purpose": "investigation", "case": "C-17", "own_size": 4608,
    "peer_size": 5120, "matches": 42, "bytes_sent": 410000, "bytes_received": 520000,
    "disclosed": true, "seconds": {"total": 0.61, "engine": 0.44}, "began": "2026-11-01T08:00:00Z", "ended": "2026-11-01T08:00:01Z",
    "failure": null, "progress": null
}))]
pub(crate) struct ExchangeItem {
    /// Its id.
    exchange: String,
    /// The partner.
    peer: String,
    /// Which side this node was: `initiator` or `responder`.
    role: &'static str,
    /// `offered`, `running`, `learned`, `completed`, `refused` or `failed`.
    state: &'static str,
    /// The engine: `voprf` or `vole`.
    engine: &'static str,
    /// What it tells.
    mode: &'static str,
    /// What for.
    purpose: String,
    /// The initiator's case reference.
    case: String,
    /// This side's padded size; 0 before it is known.
    own_size: u64,
    /// The partner's padded size; 0 before it is known.
    peer_size: u64,
    /// Facets that both hold; null for a side that is not to learn, and before it does.
    matches: Option<u64>,
    /// Application bytes that this node sent; until now, while it runs.
    bytes_sent: u64,
    /// Application bytes that this node received; until now, while it runs.
    bytes_received: u64,
    /// Whether anything of this side's set beyond its padded size may have reached the partner.
    disclosed: bool,
    /// Seconds by phase, `total` first. The engine's own phases stand before `engine`, which has them in it.
    #[schema(value_type = std::collections::BTreeMap<String, f64>)]
    seconds: Seconds,
    /// When it began.
    #[schema(format = "date-time")]
    began: String,
    /// When it ended.
    #[schema(format = "date-time")]
    ended: Option<String>,
    /// Why it was refused or failed; of one that is `learned` and has ended, why its receipt is not signed by both.
    failure: Option<FailureItem>,
    /// How far it is, while it runs.
    progress: Option<ProgressItem>,
}

/// Phases and their seconds, in their order.
#[derive(Debug)]
struct Seconds(Vec<(String, f64)>);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(phase, seconds)| (phase, seconds)))
    }
}

/// Why an exchange was refused or failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExchangeFailure)]
pub(crate) struct FailureItem {
    /// The code, such as `exchanges-today`; `network` where the partner cannot be reached or vanished, `interrupted` where this
    /// node ended in the middle.
    code: &'static str,
    /// Who erred or refused: `own`, `peer` or `network`.
    by: &'static str,
    /// What happened and what to do. A partner may have written it: text, never markup.
    sentence: String,
    /// When trying again may help, in seconds.
    retry_after: Option<u64>,
}

/// How far a running exchange is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExchangeProgress)]
pub(crate) struct ProgressItem {
    /// The phase.
    phase: String,
    /// Items done in it.
    done: u64,
    /// Items in it.
    total: u64,
}

impl ExchangeItem {
    fn new(record: ExchangeRecord, progress: Option<ExchangeProgress>) -> Self {
        let (bytes_sent, bytes_received) = traffic(&record, progress.as_ref());
        Self {
            exchange: record.id.to_string(),
            peer: record.peer.to_string(),
            role: record.side.as_str(),
            state: record.state.as_str(),
            engine: record.engine.as_str(),
            mode: record.mode.as_str(),
            purpose: record.purpose,
            case: record.case_reference,
            own_size: record.own_size,
            peer_size: record.peer_size,
            matches: record.matches,
            bytes_sent,
            bytes_received,
            disclosed: record.disclosed,
            seconds: Seconds(record.seconds),
            began: rfc3339(record.began),
            ended: record.ended.map(rfc3339),
            failure: record.failure.map(FailureItem::from),
            progress: progress.map(ProgressItem::from),
        }
    }
}

/// Bytes sent and received: those of the record, which is written now and then, or what has moved since.
pub(crate) fn traffic(record: &ExchangeRecord, progress: Option<&ExchangeProgress>) -> (u64, u64) {
    let (sent, received) = progress.map_or((0, 0), |progress| (progress.bytes_sent, progress.bytes_received));
    (record.bytes_sent.max(sent), record.bytes_received.max(received))
}

/// How far an exchange is, while it runs.
pub(crate) fn progress_of(state: &ApiState, record: &ExchangeRecord) -> Option<ExchangeProgress> {
    record.ended.is_none().then(|| state.daemon().progress(record.id)).flatten()
}

impl From<ExchangeFailure> for FailureItem {
    fn from(failure: ExchangeFailure) -> Self {
        Self {
            code: failure.code.as_str(),
            by: failure.by,
            sentence: failure.sentence,
            retry_after: failure.retry_after,
        }
    }
}

impl From<ExchangeProgress> for ProgressItem {
    fn from(progress: ExchangeProgress) -> Self {
        Self { phase: progress.phase, done: progress.done, total: progress.total }
    }
}

/// An exchange to begin.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"peer": "payments", "mode": "overlap", "engine": "auto", "purpose": "investigation", "case": "C-17"}))]
pub(crate) struct BeginExchange {
    /// With whom.
    #[schema(schema_with = crate::schemas::member)]
    peer: String,
    /// `overlap`, which is also meant if nothing is said.
    #[schema(schema_with = crate::schemas::mode_or_none)]
    mode: Option<String>,
    /// `auto`, `voprf` or `vole`; `auto` if not said: the agreement's where it fixes one, else the faster at the two sets' sizes.
    /// Another than the agreement's is refused.
    #[schema(schema_with = crate::schemas::engine_or_none)]
    engine: Option<String>,
    /// What for, 256 bytes at most; if not said, the first of the agreement's purposes by the alphabet, or none where it
    /// names none.
    #[schema(schema_with = crate::schemas::purpose_or_none)]
    purpose: Option<String>,
    /// The caller's case reference, 256 bytes at most.
    #[schema(schema_with = crate::schemas::purpose_or_none)]
    case: Option<String>,
}

/// An exchange that runs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"exchange": "00112233445566778899aabbccddeeff"}))]
pub(crate) struct Begun {
    /// Its id.
    exchange: String,
}

/// Begins an exchange. It runs on by itself: its record tells its end.
#[utoipa::path(post, path = "/api/v1/exchanges", tag = "exchanges", request_body = BeginExchange, responses(
    (status = 202, description = "It runs.", body = Begun, headers(("Location" = String, description = "Its record."))),
    (status = 404, description = "No partner of this name.", body = ProblemDocument, content_type = "application/problem+json"),
    (status = 409, description = "Refused by this node's policy or by the partner: `code` says why, `retry_after` when to try again.",
        body = ProblemDocument, content_type = "application/problem+json"),
    (status = 502, description = "The partner cannot be reached.", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn begin(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    JsonBody(asked): JsonBody<BeginExchange>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Begun>), Problem> {
    let exchange = begin_for(&state, caller.actor(), asked.check()?).await?.to_string();
    tracing::info!(by = %caller.0, exchange, "exchange begun");
    let location = format!("/api/v1/exchanges/{exchange}");
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(Begun { exchange })))
}

/// Begins an exchange for somebody. Who asks stands in the audit chain before the partner hears of it; what the store says of the exchange comes after.
pub(crate) async fn begin_for(
    state: &ApiState,
    actor: Actor,
    asked: ExchangeAsk,
) -> Result<ExchangeId, Problem> {
    let (peer, engine) = (asked.peer.clone(), asked.engine.map_or("auto", EngineName::as_str));
    let new = NewAudit::of(AuditAction::ExchangeAsked).on(&peer).with(format!("engine={engine}"));
    note(state, by(state, actor), new).await?;
    let refused = match state.daemon().begin_exchange(asked).await {
        Ok(id) => return Ok(id),
        Err(refused) => refused,
    };
    let new = NewAudit::of(AuditAction::ExchangeRefused).on(&peer).with(format!("code={}", refused.code()));
    note(state, by(state, Actor::Daemon), new).await?;
    Err(refused.into())
}

impl BeginExchange {
    /// An exchange that a form asks for.
    pub(crate) fn asked(
        peer: String,
        engine: Option<String>,
        purpose: Option<String>,
        case: Option<String>,
    ) -> Result<ExchangeAsk, Problem> {
        Self { peer, mode: None, engine, purpose, case }.check()
    }

    fn check(self) -> Result<ExchangeAsk, Problem> {
        let peer: MemberId = self.peer.parse().map_err(|_| StartRefused::UnknownPeer)?;
        if self.mode.is_some_and(|mode| mode != Mode::Overlap.as_str()) {
            return Err(bad_value("mode: `overlap` is known"));
        }
        let texts = [("purpose", self.purpose.as_deref()), ("case", self.case.as_deref())];
        for (field, text) in texts {
            if text.is_some_and(|text| text.len() > LONGEST_PURPOSE) {
                return Err(bad_value(format!("{field}: at most {LONGEST_PURPOSE} bytes")));
            }
        }
        Ok(ExchangeAsk {
            peer,
            purpose: self.purpose,
            case_reference: self.case.unwrap_or_default(),
            engine: engine(self.engine.as_deref())?,
        })
    }
}

fn engine(name: Option<&str>) -> Result<Option<EngineName>, Problem> {
    let Some(name) = name.filter(|name| *name != "auto") else { return Ok(None) };
    let engine = EngineName::ALL.into_iter().find(|engine| engine.as_str() == name);
    engine.map(Some).ok_or_else(|| bad_value("engine: `auto`, `voprf` and `vole` are known"))
}

fn bad_value(detail: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::BadValue, detail)
}

impl From<StartRefused> for Problem {
    fn from(refused: StartRefused) -> Self {
        match refused {
            StartRefused::UnknownPeer => Problem::new(ProblemKind::UnknownPeer, refused.to_string()),
            StartRefused::Policy(refusal) => Problem::refused(refusal),
            StartRefused::Unreachable(_) => Problem::new(ProblemKind::Unreachable, refused.to_string()),
            StartRefused::Internal(cause) => {
                tracing::error!(%cause, "an exchange could not be begun");
                Problem::internal()
            }
        }
    }
}

/// Which exchanges.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// With this partner only.
    #[param(schema_with = crate::schemas::member)]
    peer: Option<String>,
    /// How many, 1 to 1,000; 100 if not said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// A page of exchanges.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExchangePage {
    /// The newest first.
    items: Vec<ExchangeItem>,
    /// The `after` of the next page; null on the last.
    next: Option<String>,
}

/// Lists exchanges, the newest first.
#[utoipa::path(get, path = "/api/v1/exchanges", tag = "exchanges", params(ListParams),
    responses((status = 200, body = ExchangePage)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Params(params): Params<ListParams>,
) -> Result<Json<ExchangePage>, Problem> {
    let peer = query_peer(params.peer.as_deref())?;
    let page = page(params.limit, params.after)?;
    let Page { rows, next } = state.store(move |store| store.exchanges(peer.as_ref(), &page)).await?;
    let items = rows.into_iter().map(|record| item(&state, record)).collect();
    Ok(Json(ExchangePage { items, next: next.map(|cursor| cursor.0) }))
}

/// How to read an exchange.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ShowParams {
    /// Seconds to wait for its end, at most 60; the answer comes at its end or when they have passed. 0 if not said.
    #[param(minimum = 0, maximum = 60)]
    wait: Option<u64>,
}

/// Shows one exchange, at its end if asked to wait for it.
#[utoipa::path(get, path = "/api/v1/exchanges/{id}", tag = "exchanges", params(("id" = String, Path), ShowParams), responses(
    (status = 200, body = ExchangeItem),
    (status = 404, description = "There is none of this id.", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn show(
    State(state): State<ApiState>,
    Segment(id): Segment,
    Params(params): Params<ShowParams>,
) -> Result<Json<ExchangeItem>, Problem> {
    let id = exchange_id(&id)?;
    let wait = params.wait.unwrap_or(0);
    if wait > LONGEST_WAIT {
        return Err(bad_query(format!("wait: at most {LONGEST_WAIT} seconds")));
    }
    let mut record = read(&state, id).await?;
    if wait > 0 && record.ended.is_none() {
        // Ended or not: the record says which.
        let _ = tokio::time::timeout(Duration::from_secs(wait), state.daemon().ended(id)).await;
        record = read(&state, id).await?;
    }
    Ok(Json(item(&state, record)))
}

async fn read(state: &ApiState, id: ExchangeId) -> Result<ExchangeRecord, Problem> {
    let record = state.store(move |store| store.exchange(id)).await?;
    record.ok_or_else(|| not_found("exchange"))
}

fn item(state: &ApiState, record: ExchangeRecord) -> ExchangeItem {
    let progress = progress_of(state, &record);
    ExchangeItem::new(record, progress)
}
