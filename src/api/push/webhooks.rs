//! Webhooks as operators see them, and their dead letters.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use overlap_store::{AuditAction, By, DeadLetter, Event, EventId, NewAudit, SinkName, Store, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::native::EventItem;
use super::shown::WHOLE;
use super::sinks::Sinks;
use super::state::{SinkItem, SinkState};
use crate::access::Caller;
use crate::problem::{Problem, ProblemDocument};
use crate::request::{Params, Segment, not_found, page};
use crate::rfc3339::rfc3339;
use crate::state::{ApiState, off_thread};

/// Letters that are marked in one step.
const AT_ONCE: usize = 1_000;

/// The webhooks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookList {
    /// All of them.
    items: Vec<SinkItem>,
}

/// Shows the webhooks of the config, and how each does.
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "events", responses((status = 200, body = WebhookList)))]
pub(crate) async fn webhooks(State(state): State<ApiState>) -> Result<Json<WebhookList>, Problem> {
    let Some(sinks) = state.daemon().sinks() else { return Ok(Json(WebhookList { items: Vec::new() })) };
    let items = off_thread(move || sinks.webhooks()).await??;
    Ok(Json(WebhookList { items }))
}

/// An event that a webhook refused for good.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetter, example = json!({
    "id": "0006608b8dc5e0c0", "reason": "it answers with status 422", "tries": 5, "given_up": "2026-11-18T11:06:40Z", "again": false,
    "event": {"id": "0006608b8dc5e0c0", "type": "roster.alarm", "time": "2026-11-18T11:06:40Z", "node": "police", "peer": null, "data": {"version": 3}}
}))]
pub(crate) struct LetterItem {
    /// The event's id.
    id: String,
    /// Why it was given up.
    reason: String,
    /// How often it was sent.
    tries: u32,
    /// When it was given up.
    #[schema(format = "date-time")]
    given_up: String,
    /// Whether it waits to be sent again.
    again: bool,
    /// The event; null where the store was restored from before it.
    event: Option<EventItem>,
}

/// A page of dead letters.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LetterPage {
    /// In the order of their events.
    items: Vec<LetterItem>,
    /// The `after` of the next page; null on the last.
    next: Option<String>,
}

/// Which dead letters.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LetterParams {
    /// How many, 1 to 1,000; 100 if not said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u64>,
    /// The `next` of the page before.
    #[param(pattern = "^[0-9a-f]{16}$")]
    after: Option<String>,
}

/// Lists what a webhook refused for good.
#[utoipa::path(get, path = "/api/v1/webhooks/{name}/dead-letters", tag = "events",
    params(("name" = String, Path, description = "The webhook."), LetterParams), responses(
        (status = 200, body = LetterPage),
        (status = 400, description = "The query is not valid.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No webhook has this name.", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn dead_letters(
    State(state): State<ApiState>,
    Segment(name): Segment,
    Params(params): Params<LetterParams>,
) -> Result<Json<LetterPage>, Problem> {
    let limit = page(params.limit, None)?.limit;
    let after = params.after.as_deref().map(super::list::event_id).transpose()?.unwrap_or(EventId::START);
    let Letters { letters, next } = letters_of(&state, &name, after, limit).await?;
    let node = state.daemon().status().member;
    let items = letters.into_iter().map(|letter| item(letter, node.as_str())).collect();
    Ok(Json(LetterPage { items, next: next.map(|next| next.to_string()) }))
}

/// A page of a webhook's dead letters.
pub(crate) struct Letters {
    /// In the order of their events, each with its event where the store has it.
    pub(crate) letters: Vec<(DeadLetter, Option<Event>)>,
    /// After which event the next page begins; `None` on the last.
    pub(crate) next: Option<EventId>,
}

/// The first `limit` dead letters of a webhook after an event.
pub(crate) async fn letters_of(
    state: &ApiState,
    name: &str,
    after: EventId,
    limit: usize,
) -> Result<Letters, Problem> {
    let sink = webhook(state, name)?.sink.clone();
    let read = move |store: &dyn Store| {
        let mut letters = store.dead_letters(&sink, after, limit + 1)?;
        let more = letters.len() > limit;
        letters.truncate(limit);
        let next = letters.last().filter(|_| more).map(|letter| letter.event);
        let letters = letters.into_iter().map(|letter| Ok((store.event(letter.event)?, letter)));
        let letters = letters.map(|read: Result<_, StoreError>| read.map(|(event, letter)| (letter, event)));
        Ok(Letters { letters: letters.collect::<Result<_, _>>()?, next })
    };
    state.store(read).await
}

fn item((letter, event): (DeadLetter, Option<Event>), node: &str) -> LetterItem {
    LetterItem {
        id: letter.event.to_string(),
        reason: letter.reason,
        tries: letter.tries,
        given_up: rfc3339(letter.given_up),
        again: letter.again,
        event: event.map(|event| EventItem::new(&event, node, WHOLE)),
    }
}

/// How many events will be sent again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"queued": 3}))]
pub(crate) struct Queued {
    /// This many.
    queued: u64,
}

/// Sends every dead letter of a webhook again.
#[utoipa::path(post, path = "/api/v1/webhooks/{name}/dead-letters/send", tag = "events",
    params(("name" = String, Path, description = "The webhook.")), responses(
        (status = 202, description = "They wait to be sent.", body = Queued),
        (status = 404, description = "No webhook has this name.", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn send_all_again(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    Segment(name): Segment,
) -> Result<(StatusCode, Json<Queued>), Problem> {
    let queued = send_all_for(&state, caller.by(&state), &name).await?;
    Ok((StatusCode::ACCEPTED, Json(Queued { queued })))
}

/// Sends every dead letter of a webhook again, for the holder of a token; returns how many.
pub(crate) async fn send_all_for(state: &ApiState, by: By, name: &str) -> Result<u64, Problem> {
    let webhook = webhook(state, name)?;
    let (sink, who) = (webhook.sink.clone(), by.actor.clone());
    let new = NewAudit::of(AuditAction::LettersResent).on(&webhook.name).with("all=yes");
    let queued = state
        .store(move |store| {
            store.note(&by, &new)?;
            queue_all(store, &sink)
        })
        .await?;
    tracing::info!(by = %who, webhook = %webhook.name, queued, "dead letters are sent again");
    webhook.look_for_letters();
    Ok(queued)
}

fn queue_all(store: &dyn Store, sink: &SinkName) -> Result<u64, StoreError> {
    let (mut after, mut queued) = (EventId::START, 0);
    loop {
        let letters = store.dead_letters(sink, after, AT_ONCE)?;
        let Some(last) = letters.last() else { return Ok(queued) };
        after = last.event;
        for letter in letters {
            store.put_dead_letter(sink, &DeadLetter { again: true, ..letter }, None)?;
            queued += 1;
        }
    }
}

/// Sends a dead letter again.
#[utoipa::path(post, path = "/api/v1/webhooks/{name}/dead-letters/{event}/send", tag = "events",
    params(("name" = String, Path, description = "The webhook."), ("event" = String, Path, description = "The event's id.")), responses(
        (status = 202, description = "It waits to be sent.", body = Queued),
        (status = 404, description = "There is no such dead letter.", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn send_again(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    path: Result<Path<(String, String)>, axum::extract::rejection::PathRejection>,
) -> Result<(StatusCode, Json<Queued>), Problem> {
    let (name, event) = letter(path)?;
    match send_for(&state, caller.by(&state), &name, event).await? {
        true => Ok((StatusCode::ACCEPTED, Json(Queued { queued: 1 }))),
        false => Err(not_found("dead letter")),
    }
}

/// Sends a dead letter again, for the holder of a token; whether it was there.
pub(crate) async fn send_for(state: &ApiState, by: By, name: &str, event: EventId) -> Result<bool, Problem> {
    let webhook = webhook(state, name)?;
    let (sink, who) = (webhook.sink.clone(), by.actor.clone());
    let new = NewAudit::of(AuditAction::LettersResent).on(&webhook.name).with(format!("event={event}"));
    let was_there = state
        .store(move |store| {
            let Some(letter) = letter_of(store, &sink, event)? else { return Ok(false) };
            store.note(&by, &new)?;
            store.put_dead_letter(&sink, &DeadLetter { again: true, ..letter }, None).map(|()| true)
        })
        .await?;
    if was_there {
        tracing::info!(by = %who, webhook = %webhook.name, %event, "a dead letter is sent again");
        webhook.look_for_letters();
    }
    Ok(was_there)
}

/// Discards a dead letter: the webhook never gets the event.
#[utoipa::path(delete, path = "/api/v1/webhooks/{name}/dead-letters/{event}", tag = "events",
    params(("name" = String, Path, description = "The webhook."), ("event" = String, Path, description = "The event's id.")), responses(
        (status = 204, description = "It is discarded."),
        (status = 404, description = "There is no such dead letter.", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn discard(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    path: Result<Path<(String, String)>, axum::extract::rejection::PathRejection>,
) -> Result<StatusCode, Problem> {
    let (name, event) = letter(path)?;
    match discard_for(&state, caller.by(&state), &name, event).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(not_found("dead letter")),
    }
}

/// Discards a dead letter, for the holder of a token; whether it was there.
pub(crate) async fn discard_for(
    state: &ApiState,
    by: By,
    name: &str,
    event: EventId,
) -> Result<bool, Problem> {
    let webhook = webhook(state, name)?;
    let (sink, who) = (webhook.sink.clone(), by.actor.clone());
    let new = NewAudit::of(AuditAction::LetterDiscarded).on(&webhook.name).with(format!("event={event}"));
    let removed = state.store(move |store| {
        if letter_of(store, &sink, event)?.is_none() {
            return Ok(false);
        }
        store.note(&by, &new)?;
        store.remove_dead_letter(&sink, event)
    });
    let was_there = removed.await?;
    if was_there {
        tracing::info!(by = %who, webhook = %webhook.name, %event, "a dead letter was discarded");
    }
    Ok(was_there)
}

/// The dead letter of an event.
pub(crate) fn letter_of(
    store: &dyn Store,
    sink: &SinkName,
    event: EventId,
) -> Result<Option<DeadLetter>, StoreError> {
    let before = EventId(event.0.saturating_sub(1));
    let found = store.dead_letters(sink, before, 1)?;
    Ok(found.into_iter().find(|letter| letter.event == event))
}

fn letter(
    path: Result<Path<(String, String)>, axum::extract::rejection::PathRejection>,
) -> Result<(String, EventId), Problem> {
    let Ok(Path((name, event))) = path else { return Err(not_found("dead letter")) };
    let event = event.parse().map_err(|_| not_found("dead letter"))?;
    Ok((name, event))
}

fn webhook(state: &ApiState, name: &str) -> Result<Arc<SinkState>, Problem> {
    let sinks: Option<Arc<Sinks>> = state.daemon().sinks();
    sinks.and_then(|sinks| sinks.webhook(name)).ok_or_else(|| not_found("webhook"))
}
