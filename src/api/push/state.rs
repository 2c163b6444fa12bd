//! How a sink does: what its task notes and the API shows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use overlap_store::{EventFilter, EventId, SinkName, Store, StoreError};
use serde::Serialize;
use tokio::sync::{Notify, RwLock};
use utoipa::ToSchema;

use super::feed::{Feed, ask};
use crate::rfc3339::rfc3339;

/// How often a task counts what waits.
const MEASURE_EVERY: Duration = Duration::from_secs(5);

/// What every sink's task has.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) node: Arc<str>,
    pub(crate) feed: Feed,
    /// The clock, in seconds since 1970-01-01T00:00:00Z.
    pub(crate) now: fn() -> u64,
    /// Read by every call of the store that is under way.
    under_way: Arc<RwLock<()>>,
}

impl Shared {
    pub(crate) fn new(store: Arc<dyn Store>, node: Arc<str>, now: fn() -> u64) -> Self {
        let feed = Feed::of(&*store);
        Self { store, node, feed, now, under_way: Arc::default() }
    }

    /// Asks the store, off the async threads. A call goes on where the task that made it is ended.
    pub(crate) async fn ask<T, F>(&self, call: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    {
        let under_way = self.under_way.clone().read_owned().await;
        let call = move |store: &dyn Store| {
            let _under_way = under_way;
            call(store)
        };
        ask(&self.store, call).await
    }

    /// Waits until no call is under way: one that a task left behind must not undo what its successor does.
    pub(crate) async fn settled(&self) {
        drop(self.under_way.write().await);
    }
}

/// A sink that runs.
pub(crate) struct SinkState {
    pub(crate) sink: SinkName,
    pub(crate) way: &'static str,
    pub(crate) name: String,
    pub(crate) to: String,
    pub(crate) filter: EventFilter,
    /// Ends a wait: there may be letters to send again.
    pub(crate) wake: Notify,
    letters: AtomicBool,
    noted: Mutex<Noted>,
    measured: Mutex<Option<Instant>>,
}

struct Noted {
    position: EventId,
    delivered: u64,
    failed: u64,
    error: Option<(String, u64)>,
}

impl SinkState {
    pub(crate) fn new(
        (way, name): (&'static str, String),
        sink: SinkName,
        to: String,
        filter: EventFilter,
        position: EventId,
    ) -> Self {
        Self {
            sink,
            way,
            name,
            to,
            filter,
            wake: Notify::new(),
            letters: AtomicBool::new(true),
            noted: Mutex::new(Noted { position, delivered: 0, failed: 0, error: None }),
            measured: Mutex::default(),
        }
    }

    /// Up to where every event was sent.
    pub(crate) fn position(&self) -> EventId {
        self.noted().position
    }

    /// Nothing before an event is left to send.
    pub(crate) fn reached(&self, position: EventId) {
        self.noted().position = position;
    }

    /// Some events were sent, or given up.
    pub(crate) fn delivered(&self, events: usize, position: Option<EventId>) {
        let mut noted = self.noted();
        noted.delivered += events as u64;
        noted.error = None;
        noted.position = position.unwrap_or(noted.position);
        metrics::counter!("overlapd_events_delivered_total", "sink" => self.sink.to_string())
            .increment(events as u64);
    }

    /// Something went wrong, in words that hold nothing of what the receiver said.
    pub(crate) fn failed(&self, why: String, now: u64) {
        let mut noted = self.noted();
        if noted.error.as_ref().is_none_or(|(known, _)| *known != why) {
            tracing::warn!(sink = %self.sink, %why, "events cannot be delivered: it is tried again");
        }
        noted.failed += 1;
        noted.error = Some((why, now));
        metrics::counter!("overlapd_deliveries_failed_total", "sink" => self.sink.to_string()).increment(1);
    }

    /// Asks the task to look for letters that are to be sent again.
    pub(crate) fn look_for_letters(&self) {
        self.letters.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// Whether it was asked to, since the last time.
    pub(crate) fn is_to_look(&self) -> bool {
        self.letters.swap(false, Ordering::AcqRel)
    }

    /// Shows how far behind it is, where that was not shown just now: counting a million events takes milliseconds.
    pub(crate) fn measure_sometimes(&self, store: &dyn Store) {
        let mut measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        if measured.is_none_or(|at| at.elapsed() >= MEASURE_EVERY) {
            *measured = Some(Instant::now());
            drop(measured);
            self.measure(store);
        }
    }

    /// Shows how far behind it is.
    pub(crate) fn measure(&self, store: &dyn Store) -> u64 {
        let behind = store.events_behind(self.position(), &self.filter);
        self.show_behind(behind);
        behind
    }

    /// It is in the config no more: nothing waits for it.
    pub(crate) fn no_longer_measured(&self) {
        self.show_behind(0);
    }

    fn show_behind(&self, behind: u64) {
        // A gauge is a float: what it cannot tell apart is beyond 2^53.
        #[allow(clippy::cast_precision_loss, reason = "a count far below 2^53")]
        metrics::gauge!("overlapd_sink_behind", "sink" => self.sink.to_string()).set(behind as f64);
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        // Every change is whole even if a thread panicked.
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place that events are pushed to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Sink, example = json!({
    "name": "soc", "way": "webhook", "to": "https://soc.example", "position": "0006608b8dc5e0c0", "behind": 12, "delivered": 4000,
    "failed": 3, "dead_letters": 1, "error": "it answers with status 503", "error_at": "2026-11-18T11:06:40Z"
}))]
pub(crate) struct SinkItem {
    /// Its name.
    pub(crate) name: String,
    /// `webhook` or `syslog`.
    pub(crate) way: &'static str,
    /// Where, without path and query.
    pub(crate) to: String,
    /// The last event up to which all were sent.
    pub(crate) position: String,
    /// Events that wait.
    pub(crate) behind: u64,
    /// Events sent since the node started.
    pub(crate) delivered: u64,
    /// Tries that failed since the node started.
    pub(crate) failed: u64,
    /// Events that it refused for good.
    pub(crate) dead_letters: u64,
    /// What went wrong last, in words; null once it works again.
    pub(crate) error: Option<String>,
    /// When.
    #[schema(format = "date-time")]
    pub(crate) error_at: Option<String>,
}

impl SinkItem {
    /// How a sink does now. Blocks on the store.
    pub(crate) fn of(state: &SinkState, store: &dyn Store) -> Result<Self, StoreError> {
        let (behind, dead_letters) = (state.measure(store), store.count_dead_letters(&state.sink)?);
        let noted = state.noted();
        Ok(Self {
            name: state.name.clone(),
            way: state.way,
            to: state.to.clone(),
            position: noted.position.to_string(),
            behind,
            delivered: noted.delivered,
            failed: noted.failed,
            dead_letters,
            error: noted.error.as_ref().map(|(why, _)| why.clone()),
            error_at: noted.error.as_ref().map(|(_, at)| rfc3339(*at)),
        })
    }
}
