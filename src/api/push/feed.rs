//! The store's word that there are new events, for tasks that wait.

use std::sync::Arc;

use overlap_store::{EventId, Store, StoreError};
use tokio::sync::watch;

/// The last event of a store, as it changes.
#[derive(Clone)]
pub(crate) struct Feed(watch::Receiver<EventId>);

impl Feed {
    /// Listens to a store for as long as it lives.
    pub(crate) fn of(store: &dyn Store) -> Self {
        let (sender, receiver) = watch::channel(EventId::START);
        let first = sender.clone();
        store.on_event(Box::new(move |last| advance(&sender, last)));
        // Asked after it listens: an event that comes in between is not missed.
        advance(&first, store.last_event());
        Self(receiver)
    }

    /// Resolves when there is an event after one; never once the store is gone.
    pub(crate) async fn after(&mut self, seen: EventId) {
        if self.0.wait_for(|last| *last > seen).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Events only ever follow each other: who comes late with an earlier one changes nothing.
fn advance(sender: &watch::Sender<EventId>, last: EventId) {
    sender.send_if_modified(|known| {
        let is_new = last > *known;
        *known = last.max(*known);
        is_new
    });
}

/// Asks the store, off the async threads.
pub(crate) async fn ask<T, F>(store: &Arc<dyn Store>, call: F) -> Result<T, StoreError>
where
    T: Send + 'static,
    F: FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
{
    let store = store.clone();
    let done = tokio::task::spawn_blocking(move || call(&*store)).await;
    done.unwrap_or_else(|error| Err(std::io::Error::other(error).into()))
}
