//! The exchanges that this node began and that run now.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use overlap_api::{ExchangeProgress, ProgressNews};
use overlap_coalition::{ExchangeId, MemberId};
use tokio::sync::{broadcast, watch};

/// News that wait for a slow listener: what it misses is old.
const NEWS: usize = 64;

/// The exchanges that run, each with a channel that closes at its end.
pub(crate) struct Running {
    entries: Mutex<HashMap<ExchangeId, Entry>>,
    news: broadcast::Sender<ProgressNews>,
}

struct Entry {
    peer: MemberId,
    ended: watch::Sender<()>,
}

impl Default for Running {
    fn default() -> Self {
        Self { entries: Mutex::default(), news: broadcast::Sender::new(NEWS) }
    }
}

impl Running {
    /// Notes that an exchange runs.
    pub(crate) fn begin(&self, id: ExchangeId, peer: MemberId) {
        self.entries().insert(id, Entry { peer, ended: watch::Sender::new(()) });
    }

    /// Tells how far it is.
    pub(crate) fn advance(&self, id: ExchangeId, progress: ExchangeProgress) {
        if let Some(entry) = self.entries().get(&id) {
            let news = ProgressNews { exchange: id, peer: entry.peer.clone(), progress };
            // Mostly nobody listens.
            let _ = self.news.send(news);
        }
    }

    /// Notes its end; whoever waits for it goes on.
    pub(crate) fn end(&self, id: ExchangeId) {
        self.entries().remove(&id);
    }

    /// What tells how exchanges move on.
    pub(crate) fn news(&self) -> broadcast::Receiver<ProgressNews> {
        self.news.subscribe()
    }

    /// Waits for its end.
    pub(crate) async fn ended(&self, id: ExchangeId) {
        let receiver = self.entries().get(&id).map(|entry| entry.ended.subscribe());
        if let Some(mut receiver) = receiver {
            // Nothing is ever sent: the channel closes when the entry goes.
            while receiver.changed().await.is_ok() {}
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<ExchangeId, Entry>> {
        // Every change is one call of the map: it is whole even if a thread panicked.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_waits_goes_on_at_the_end() {
        let running = std::sync::Arc::new(Running::default());
        let id = ExchangeId([1; 16]);
        running.ended(id).await;
        running.begin(id, "police".parse().unwrap());
        let waiting = tokio::spawn({
            let running = running.clone();
            async move { running.ended(id).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        running.end(id);
        waiting.await.unwrap();
        running.ended(id).await;
    }
}
