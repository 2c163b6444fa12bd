//! What every handler reaches: the store, the daemon and the tokens.

use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use metrics_exporter_prometheus::PrometheusHandle;
use overlap_store::{Store, StoreError, TokenRecord};
use tokio::sync::Semaphore;

use crate::Daemon;
use crate::access::{TokenCache, find};
use crate::console::Console;
use crate::import::Imports;
use crate::problem::Problem;
use crate::push::{Feed, MAX_STREAMS};
use crate::warning_lists::HeldCounts;

/// The state of the API, shared by its handlers.
#[derive(Clone)]
pub(crate) struct ApiState(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    daemon: Arc<dyn Daemon>,
    metrics: PrometheusHandle,
    tokens: TokenCache,
    imports: Imports,
    openapi: OnceLock<Bytes>,
    console: Console,
    feed: Feed,
    streams: Arc<Semaphore>,
    verifications: Arc<Semaphore>,
    held_counts: HeldCounts,
}

impl ApiState {
    pub(crate) fn new(store: Arc<dyn Store>, daemon: Arc<dyn Daemon>, metrics: PrometheusHandle) -> Self {
        Self(Arc::new(Inner {
            feed: Feed::of(&*store),
            streams: Arc::new(Semaphore::new(MAX_STREAMS)),
            verifications: Arc::new(Semaphore::new(1)),
            store,
            daemon,
            metrics,
            tokens: TokenCache::default(),
            imports: Imports::default(),
            openapi: OnceLock::new(),
            console: Console::default(),
            held_counts: HeldCounts::default(),
        }))
    }

    pub(crate) fn daemon(&self) -> &dyn Daemon {
        &*self.0.daemon
    }

    pub(crate) fn shared_daemon(&self) -> Arc<dyn Daemon> {
        self.0.daemon.clone()
    }

    pub(crate) fn shared_store(&self) -> Arc<dyn Store> {
        self.0.store.clone()
    }

    pub(crate) fn metrics(&self) -> &PrometheusHandle {
        &self.0.metrics
    }

    /// The imports that run.
    pub(crate) fn imports(&self) -> &Imports {
        &self.0.imports
    }

    /// What the console remembers.
    pub(crate) fn console(&self) -> &Console {
        &self.0.console
    }

    /// The store's word that there are new events.
    pub(crate) fn feed(&self) -> Feed {
        self.0.feed.clone()
    }

    /// Streams of events that may begin.
    pub(crate) fn streams(&self) -> &Arc<Semaphore> {
        &self.0.streams
    }

    /// Verifications of the audit chain that may begin: each reads all of it.
    pub(crate) fn verifications(&self) -> &Arc<Semaphore> {
        &self.0.verifications
    }

    /// How many indicators each warning list holds out.
    pub(crate) fn held_counts(&self) -> &HeldCounts {
        &self.0.held_counts
    }

    /// The OpenAPI document, which is known only when every route is.
    pub(crate) fn openapi(&self) -> &OnceLock<Bytes> {
        &self.0.openapi
    }

    /// Asks the store, off the async threads.
    pub(crate) async fn store<T, F>(&self, call: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    {
        let store = self.shared_store();
        off_thread(move || call(&*store)).await?.map_err(Problem::from)
    }

    /// The token with this hash.
    pub(crate) async fn token(&self, hash: [u8; 32]) -> Result<Option<TokenRecord>, Problem> {
        let changes = self.0.store.token_changes();
        if let Some(tokens) = self.0.tokens.known(changes).await {
            return Ok(find(&tokens, hash));
        }
        let inner = self.0.clone();
        let tokens = off_thread(move || inner.tokens.load(changes, || inner.store.tokens())).await??;
        Ok(find(&tokens, hash))
    }

    /// Changes the tokens in the store; a request that begins after this returns is judged by the new ones.
    pub(crate) async fn change_tokens<T, F>(&self, change: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&dyn Store) -> Result<T, Problem> + Send + 'static,
    {
        let inner = self.0.clone();
        off_thread(move || inner.tokens.change(|| change(&*inner.store))).await?
    }
}

impl fmt::Debug for ApiState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiState(..)")
    }
}

/// Runs what blocks on a thread that may. A panic there is this node's failure, not the caller's.
pub(crate) async fn off_thread<T, F>(work: F) -> Result<T, Problem>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(panicked = error.is_panic(), "a call of the API failed on its thread");
        Problem::internal()
    })
}
