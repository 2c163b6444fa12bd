//! The imports that run. One goes on where its caller hung up, so whoever stops the node waits for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, watch};

use crate::serve::STOP_TIMEOUT;

/// Imports that run at the same time; others wait. Each holds a few batches in memory and two blocking threads.
const AT_ONCE: usize = 4;

/// How long one that is broken off may take to commit what it has in hand and to tell its end.
const BREAK_OFF: Duration = Duration::from_secs(10);

/// The imports of a node.
#[derive(Clone, Debug)]
pub struct Imports(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    places: Arc<Semaphore>,
    under_way: watch::Sender<usize>,
    broken_off: AtomicBool,
}

/// An import that runs, until this is dropped.
pub(crate) struct UnderWay(Imports);

impl Default for Imports {
    /// None yet.
    fn default() -> Self {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        Self(Arc::new(Inner { places, under_way: watch::Sender::new(0), broken_off: AtomicBool::new(false) }))
    }
}

impl Imports {
    /// What each import takes one of.
    pub(crate) fn places(&self) -> &Arc<Semaphore> {
        &self.0.places
    }

    /// An import begins.
    pub(crate) fn begin(&self) -> UnderWay {
        self.0.under_way.send_modify(|running| *running += 1);
        UnderWay(self.clone())
    }

    /// Whether imports are to end before their files do.
    pub(crate) fn are_broken_off(&self) -> bool {
        self.0.broken_off.load(Ordering::Acquire)
    }

    /// Waits until every import has ended and its end is in the audit chain, when no more can begin. They have as long as other calls have from the
    /// begin of the stop, 10 seconds; those that still run then are broken off, and keep the batches that are committed.
    pub async fn end(&self, stop_began: Instant) {
        if self.have_ended(STOP_TIMEOUT.saturating_sub(stop_began.elapsed())).await {
            return;
        }
        self.0.broken_off.store(true, Ordering::Release);
        tracing::warn!(imports = self.running(), "imports were broken off by the stop of the node");
        if !self.have_ended(BREAK_OFF).await {
            tracing::error!(
                imports = self.running(),
                "imports did not end: the audit chain has no end of them"
            );
        }
    }

    async fn have_ended(&self, within: Duration) -> bool {
        let mut running = self.0.under_way.subscribe();
        // The sender is this.
        tokio::time::timeout(within, running.wait_for(|running| *running == 0)).await.is_ok()
    }

    fn running(&self) -> usize {
        *self.0.under_way.borrow()
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.0.under_way.send_modify(|running| *running = running.saturating_sub(1));
    }
}
