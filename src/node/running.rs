//! The exchanges that this node began and that run now.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use overlap_api::ExchangeProgress;
use overlap_coalition::ExchangeId;
use tokio::sync::watch;

/// The exchanges that run, each with its progress and a channel that closes at its end.
#[derive(Default)]
pub(crate) struct Running(Mutex<HashMap<ExchangeId, Entry>>);

struct Entry {
    progress: ExchangeProgress,
    ended: watch::Sender<()>,
}

impl Running {
    /// Notes that an exchange runs.
    pub(crate) fn begin(&self, id: ExchangeId) {
        let progress = ExchangeProgress { phase: "offer".to_owned(), done: 0, total: 0 };
        self.entries().insert(id, Entry { progress, ended: watch::Sender::new(()) });
    }

    /// Notes how far it is.
    pub(crate) fn advance(&self, id: ExchangeId, progress: ExchangeProgress) {
        if let Some(entry) = self.entries().get_mut(&id) {
            entry.progress = progress;
        }
    }

    /// Notes its end; whoever waits for it goes on.
    pub(crate) fn end(&self, id: ExchangeId) {
        self.entries().remove(&id);
    }

    /// How far it is; `None` if it does not run.
    pub(crate) fn progress(&self, id: ExchangeId) -> Option<ExchangeProgress> {
        self.entries().get(&id).map(|entry| entry.progress.clone())
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        running.begin(id);
        let waiting = tokio::spawn({
            let running = running.clone();
            async move { running.ended(id).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        running.end(id);
        waiting.await.unwrap();
        assert_eq!(running.progress(id), None);
    }
}
