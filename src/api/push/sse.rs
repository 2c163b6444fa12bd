//! Events as server-sent events (WHATWG HTML, section 9.2).

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use overlap_coalition::MemberId;
use overlap_store::{Event, EventFilter, EventId, Role};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, broadcast, mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use utoipa::{IntoParams, ToSchema};

use super::ecs::ecs;
use super::list::{event_id, filter, known};
use super::native::EventItem;
use super::settings::EventFormat;
use super::shown::WHOLE;
use crate::access::{bearer_hash, still_has};
use crate::daemon::ProgressNews;
use crate::problem::{Problem, ProblemDocument, ProblemKind};
use crate::request::{Params, bad_query};
use crate::serve::Stopping;
use crate::state::ApiState;

/// Streams at the same time: each holds a connection, of which there are 256.
pub(crate) const MAX_STREAMS: usize = 64;

/// Events that are read together.
const PAGE: usize = 64;

/// How often a comment is sent where nothing else is, in seconds: less than proxies close a silent connection after.
const HEARTBEAT: u64 = 15;

/// How often it is looked whether the token still stands.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long a client may take nothing of what waits for it: then it has lost the connection, or the others wait for it in vain.
const STALL: Duration = Duration::from_secs(60);

/// How long a stream may last whose caller did not come with a bearer token, and so cannot be looked up again.
const UNNAMED_LIFE: Duration = Duration::from_secs(60);

/// How long a browser waits before it connects again, in milliseconds.
const RETRY: u64 = 2_000;

/// The name of the events that are not kept.
const PROGRESS: &str = "exchange.progress";

/// Which events, and in which form.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamParams {
    /// Of these types only, with commas between them; `exchange.progress` is one, too.
    #[param(pattern = "^[a-z.]+(,[a-z.]+)*$", example = "overlap.found,exchange.progress")]
    types: Option<String>,
    /// About this partner only.
    #[param(schema_with = crate::schemas::member)]
    peer: Option<String>,
    /// `native`, which is also meant if nothing is said, or `ecs`: the Elastic Common Schema.
    #[param(inline)]
    format: Option<FormatName>,
    /// After the event with this id; sixteen zeros are before the first. The header `Last-Event-ID` says the same and counts first. Without either,
    /// events from now on.
    #[param(pattern = "^[0-9a-f]{16}$", example = "0000000000000000")]
    after: Option<String>,
    /// Seconds between comments that keep a silent connection open, 1 to 60; 15 if not said.
    #[param(minimum = 1, maximum = 60)]
    heartbeat: Option<u64>,
}

/// The form of events.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FormatName {
    /// This program's own.
    Native,
    /// The Elastic Common Schema.
    Ecs,
}

/// An event as the stream has it, for the document: the stream itself is text.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a schema, of which no value is ever made")]
pub(crate) struct StreamedEvent {
    /// Its id; `exchange.progress` is not kept and has none.
    #[schema(pattern = "^[0-9a-f]{16}$")]
    id: Option<String>,
    /// Its type.
    event: String,
    /// The event, as JSON in the form that was asked for.
    #[schema(content_media_type = "application/json")]
    data: String,
}

/// Sends events as they happen, and before them those that the caller has missed. The answer does not end by itself.
#[utoipa::path(get, path = "/api/v1/events", tag = "events",
    params(StreamParams, ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was received.")),
    responses(
        (status = 200, description = "The stream. The schema is that of each event.", body = StreamedEvent, content_type = "text/event-stream"),
        (status = 400, description = "The query is not valid, or no event has the id.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "There are too many streams.", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn stream(
    State(state): State<ApiState>,
    stopping: Option<Extension<Stopping>>,
    headers: HeaderMap,
    Params(params): Params<StreamParams>,
) -> Result<Response, Problem> {
    let (types, progress) = without_progress(params.types.as_deref());
    let mut filter = filter(types.as_deref(), params.peer.as_deref())?;
    if params.types.is_some() && types.is_none() {
        filter.types = Some(std::collections::BTreeSet::new());
    }
    let heartbeat = params.heartbeat.unwrap_or(HEARTBEAT);
    if !(1..=60).contains(&heartbeat) {
        return Err(bad_query("heartbeat: a number from 1 to 60"));
    }
    let after = begin(&state, &headers, params.after.as_deref()).await?;
    let permit = state.streams().clone().try_acquire_owned().map_err(|_| too_many())?;
    let (sender, receiver) = mpsc::channel(1);
    let stream = EventStream {
        format: match params.format {
            Some(FormatName::Ecs) => EventFormat::Ecs,
            _ => EventFormat::Native,
        },
        node: state.daemon().status().member,
        progress: progress.then(|| state.daemon().progress_news()).flatten(),
        token: bearer_hash(&headers),
        stopping: stopping.map(|Extension(Stopping(stopping))| stopping),
        heartbeat: Duration::from_secs(heartbeat),
        ends: Instant::now() + UNNAMED_LIFE,
        state,
        filter,
        after,
        sender,
        _permit: permit,
    };
    tokio::spawn(stream.run());
    Ok(response(receiver))
}

fn response(receiver: mpsc::Receiver<Bytes>) -> Response {
    let chunks = futures_util::stream::unfold(receiver, |mut receiver| async move {
        let chunk = receiver.recv().await?;
        Some((Ok::<_, Infallible>(chunk), receiver))
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, Body::from_stream(chunks)).into_response()
}

fn too_many() -> Problem {
    Problem::new(ProblemKind::Busy, format!("{MAX_STREAMS} streams of events at most: end one first"))
}

/// The types but for progress, and whether progress is wanted.
fn without_progress(types: Option<&str>) -> (Option<String>, bool) {
    let Some(types) = types else { return (None, true) };
    let others: Vec<&str> = types.split(',').filter(|name| *name != PROGRESS).collect();
    let wanted = others.len() < types.split(',').count();
    ((!others.is_empty()).then(|| others.join(",")), wanted)
}

/// Where to begin. The header counts before the query: a browser that connects again sends both.
async fn begin(state: &ApiState, headers: &HeaderMap, after: Option<&str>) -> Result<EventId, Problem> {
    let header = headers.get("last-event-id").map(|id| id.to_str().unwrap_or("?"));
    let Some(named) = header.filter(|id| !id.is_empty()).or(after) else {
        return state.store(|store| Ok(store.last_event())).await;
    };
    let id = event_id(named)?;
    known(state, id).await?;
    Ok(id)
}

struct EventStream {
    state: ApiState,
    filter: EventFilter,
    format: EventFormat,
    node: MemberId,
    progress: Option<broadcast::Receiver<ProgressNews>>,
    token: Option<[u8; 32]>,
    stopping: Option<watch::Receiver<bool>>,
    heartbeat: Duration,
    ends: Instant,
    after: EventId,
    sender: mpsc::Sender<Bytes>,
    _permit: OwnedSemaphorePermit,
}

/// The client is gone or slow, its token is revoked, or the node stops.
struct Over;

impl EventStream {
    async fn run(mut self) {
        // How it ends says nothing: the client connects again, or does not.
        let _: Result<Infallible, Over> = self.send_all().await;
    }

    async fn send_all(&mut self) -> Result<Infallible, Over> {
        self.send(format!("retry: {RETRY}\n\n")).await?;
        let mut feed = self.state.feed();
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut next_beat = Instant::now() + self.heartbeat;
        loop {
            let sent = self.send_page().await?;
            if sent > 0 {
                next_beat = Instant::now() + self.heartbeat;
                if sent == PAGE {
                    self.check_token().await?;
                    continue;
                }
            }
            let after = self.after;
            tokio::select! {
                () = feed.after(after) => {}
                news = news(&mut self.progress) => self.send_progress(&news).await?,
                () = sleep_until(next_beat) => {
                    self.send(":\n\n".to_owned()).await?;
                    next_beat = Instant::now() + self.heartbeat;
                }
                _ = look.tick() => self.check_token().await?,
                () = stop(&mut self.stopping) => return Err(Over),
                () = self.sender.closed() => return Err(Over),
            }
        }
    }

    /// Sends the next events; how many.
    async fn send_page(&mut self) -> Result<usize, Over> {
        let (after, filter) = (self.after, self.filter.clone());
        let page = self.state.store(move |store| store.events_after(after, &filter, PAGE)).await;
        let page = page.map_err(|_| Over)?;
        for event in &page.events {
            let data = self.data(event);
            self.send(format!("id: {}\nevent: {}\ndata: {data}\n\n", event.id, event.event_type)).await?;
        }
        self.after = page.upto;
        Ok(page.events.len())
    }

    /// JSON, which has no line end in it.
    fn data(&self, event: &Event) -> String {
        match self.format {
            EventFormat::Native => EventItem::new(event, self.node.as_str(), WHOLE).json(),
            EventFormat::Ecs => ecs(event, self.node.as_str(), WHOLE).to_string(),
        }
    }

    /// Without an id: who connects again is told of the last that was kept.
    async fn send_progress(&mut self, news: &ProgressNews) -> Result<(), Over> {
        if self.filter.peers.as_ref().is_some_and(|peers| !peers.contains(&news.peer)) {
            return Ok(());
        }
        let data = json!({
            "type": PROGRESS, "node": self.node.as_str(), "peer": news.peer.as_str(),
            "data": {
                "exchange": news.exchange.to_string(), "phase": news.progress.phase, "done": news.progress.done,
                "total": news.progress.total, "bytes_sent": news.progress.bytes_sent,
                "bytes_received": news.progress.bytes_received,
            },
        });
        self.send(format!("event: {PROGRESS}\ndata: {data}\n\n")).await
    }

    async fn send(&mut self, text: String) -> Result<(), Over> {
        match tokio::time::timeout(STALL, self.sender.send(text.into())).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Over),
        }
    }

    async fn check_token(&self) -> Result<(), Over> {
        let stands = match self.token {
            Some(hash) => still_has(&self.state, hash, Role::Read).await,
            None => Instant::now() < self.ends,
        };
        if stands { Ok(()) } else { Err(Over) }
    }
}

/// The next news of an exchange that runs; never where nobody tells any.
async fn news(progress: &mut Option<broadcast::Receiver<ProgressNews>>) -> ProgressNews {
    use broadcast::error::RecvError;
    while let Some(receiver) = progress {
        match receiver.recv().await {
            Ok(news) => return news,
            // What was missed is old: the next says more.
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => *progress = None,
        }
    }
    std::future::pending().await
}

/// Resolves when the listener stops.
async fn stop(stopping: &mut Option<watch::Receiver<bool>>) {
    match stopping {
        Some(stopping) => drop(stopping.wait_for(|stopping| *stopping).await),
        None => std::future::pending().await,
    }
}
