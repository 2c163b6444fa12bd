//! All sinks of a node: each has a task of its own and a durable position.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use overlap_coalition::MemberId;
use overlap_store::{EventFilter, EventId, SinkName, Store, StoreError};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::settings::{Sink, Transport};
use super::state::{Shared, SinkItem, SinkState};
use super::syslog::SyslogTask;
use super::webhook::WebhookTask;

/// The sinks of a node.
pub struct Sinks {
    shared: Shared,
    running: RwLock<Vec<Arc<SinkState>>>,
    tasks: Mutex<JoinSet<()>>,
}

impl Sinks {
    /// No sinks yet. `now` is the clock, in seconds since 1970-01-01T00:00:00Z.
    pub fn new(store: Arc<dyn Store>, node: &MemberId, now: fn() -> u64) -> Self {
        let shared = Shared::new(store, node.as_str().into(), now);
        Self { shared, running: RwLock::default(), tasks: Mutex::default() }
    }

    /// Pushes to these sinks from now on, and to no others. A new one has a durable position when this returns.
    ///
    /// # Errors
    /// The store's; then nothing is pushed.
    pub async fn configure(&self, sinks: Vec<Sink>) -> Result<(), StoreError> {
        let mut tasks = self.tasks.lock().await;
        // One task at a time has a position.
        tasks.shutdown().await;
        self.shared.settled().await;
        let before = self.running();
        self.set_running(Vec::new());
        let mut states = Vec::new();
        for sink in &sinks {
            states.push(Arc::new(self.begin(sink).await?));
        }
        for (sink, state) in sinks.into_iter().zip(&states) {
            let (shared, state) = (self.shared.clone(), state.clone());
            match sink {
                Sink::Webhook(settings) => tasks.spawn(WebhookTask::new(settings, state, shared).run()),
                Sink::Syslog(settings) => tasks.spawn(SyslogTask::new(settings, state, shared).run()),
            };
        }
        let is_gone = |one: &&Arc<SinkState>| states.iter().all(|state| state.sink != one.sink);
        before.iter().filter(is_gone).for_each(|gone| gone.no_longer_measured());
        self.set_running(states);
        Ok(())
    }

    /// Ends all tasks. What was under way is sent again at the next start.
    pub async fn stop(&self) {
        self.tasks.lock().await.shutdown().await;
    }

    /// The state of a sink, with the position that it goes on from.
    async fn begin(&self, sink: &Sink) -> Result<SinkState, StoreError> {
        let Parts { way, name, to, filter, from_start } = Parts::of(sink);
        let bad_name = |_| StoreError::from(std::io::Error::other("a sink's name is none"));
        let id: SinkName = format!("{way}/{name}").parse().map_err(bad_name)?;
        let of = id.clone();
        let position = self
            .shared
            .ask(move |store| {
                if let Some(position) = store.sink_position(&of)? {
                    return Ok(position);
                }
                let position = if from_start { EventId::START } else { store.last_event() };
                store.set_sink_position(&of, position).map(|()| position)
            })
            .await?;
        Ok(SinkState::new((way, name), id, to, filter, position))
    }

    fn set_running(&self, states: Vec<Arc<SinkState>>) {
        *self.running.write().unwrap_or_else(PoisonError::into_inner) = states;
    }

    fn running(&self) -> Vec<Arc<SinkState>> {
        self.running.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The webhook of this name.
    pub(crate) fn webhook(&self, name: &str) -> Option<Arc<SinkState>> {
        self.running().into_iter().find(|state| state.way == WEBHOOK && state.name == name)
    }

    /// How all do. Blocks on the store.
    pub(crate) fn items(&self) -> Result<Vec<SinkItem>, StoreError> {
        self.running().iter().map(|state| SinkItem::of(state, &*self.shared.store)).collect()
    }

    /// How the webhooks do. Blocks on the store.
    pub(crate) fn webhooks(&self) -> Result<Vec<SinkItem>, StoreError> {
        let webhooks = self.running().into_iter().filter(|state| state.way == WEBHOOK);
        webhooks.map(|state| SinkItem::of(&state, &*self.shared.store)).collect()
    }
}

impl fmt::Debug for Sinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sinks({})", self.running().len())
    }
}

const WEBHOOK: &str = "webhook";
const SYSLOG: &str = "syslog";

/// What all kinds of sink have.
struct Parts {
    way: &'static str,
    name: String,
    to: String,
    filter: EventFilter,
    from_start: bool,
}

impl Parts {
    fn of(sink: &Sink) -> Self {
        match sink {
            Sink::Webhook(settings) => Self {
                way: WEBHOOK,
                name: settings.name.clone(),
                to: settings.target.shown(),
                filter: settings.filter.clone(),
                from_start: settings.from_start,
            },
            Sink::Syslog(settings) => {
                let scheme = match settings.transport {
                    Transport::Udp => "udp",
                    Transport::Tcp => "tcp",
                    Transport::Tls(_) => "tls",
                };
                Self {
                    way: SYSLOG,
                    name: settings.name.clone(),
                    to: format!("{scheme}://{}:{}", settings.host, settings.port),
                    filter: settings.filter.clone(),
                    from_start: settings.from_start,
                }
            }
        }
    }
}
