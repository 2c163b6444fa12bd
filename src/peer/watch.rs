//! How far the exchanges are that run now, for whoever looks: their phase, and the bytes that went over their channels.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use overlap_coalition::ExchangeId;

/// How far an exchange that runs is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeStep {
    /// Which phase.
    pub phase: String,
    /// Items done in it.
    pub done: u64,
    /// Items in it.
    pub total: u64,
    /// Application bytes that this node handed to the transport until now.
    pub bytes_sent: u64,
    /// Application bytes that this node received until now.
    pub bytes_received: u64,
}

/// Bytes of a channel, counted as they move and not by whole frames, of which one may be most of an exchange. Every clone counts the same.
#[derive(Clone, Default)]
pub(crate) struct Traffic(Arc<Counts>);

#[derive(Default)]
struct Counts {
    sent: AtomicU64,
    received: AtomicU64,
}

impl Traffic {
    /// Some bytes were handed to the transport.
    pub(crate) fn sent(&self, bytes: usize) {
        self.0.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Some bytes came.
    pub(crate) fn received(&self, bytes: usize) {
        self.0.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// The exchanges that run now, on either side.
#[derive(Default)]
pub(crate) struct Watch(Mutex<HashMap<ExchangeId, Watched>>);

/// One of them.
#[derive(Clone)]
pub(crate) struct Watched {
    traffic: Traffic,
    phase: Arc<Mutex<Phase>>,
}

struct Phase {
    name: String,
    done: u64,
    total: u64,
}

/// Keeps an exchange among those that run until it is dropped.
pub(crate) struct Running {
    watch: Arc<Watch>,
    id: ExchangeId,
    watched: Watched,
}

impl Watch {
    /// An exchange begins whose bytes go over the channel of this traffic.
    pub(crate) fn begin(self: &Arc<Self>, id: ExchangeId, traffic: Traffic) -> Running {
        let phase = Phase { name: "offer".to_owned(), done: 0, total: 0 };
        let watched = Watched { traffic, phase: Arc::new(Mutex::new(phase)) };
        self.exchanges().insert(id, watched.clone());
        Running { watch: self.clone(), id, watched }
    }

    /// How far an exchange is; `None` if it does not run.
    pub(crate) fn look(&self, id: ExchangeId) -> Option<ExchangeStep> {
        let watched = self.exchanges().get(&id).cloned();
        watched.map(|watched| watched.step())
    }

    fn exchanges(&self) -> MutexGuard<'_, HashMap<ExchangeId, Watched>> {
        // Every change is one call of the map: it is whole even if a thread panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    /// Notes how far the engine is.
    pub(crate) fn advance(&self, phase: &str, done: u64, total: u64) {
        *self.phase() = Phase { name: phase.to_owned(), done, total };
    }

    /// How far it is now.
    pub(crate) fn step(&self) -> ExchangeStep {
        let phase = self.phase();
        ExchangeStep {
            phase: phase.name.clone(),
            done: phase.done,
            total: phase.total,
            bytes_sent: self.traffic.0.sent.load(Ordering::Relaxed),
            bytes_received: self.traffic.0.received.load(Ordering::Relaxed),
        }
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        // Replaced whole.
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    /// What is noted of it.
    pub(crate) fn watched(&self) -> &Watched {
        &self.watched
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.watch.exchanges().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_is_seen_as_long_as_it_runs() {
        let (watch, traffic, id) = (Arc::new(Watch::default()), Traffic::default(), ExchangeId([1; 16]));
        assert_eq!(watch.look(id), None);
        traffic.sent(3);
        let running = watch.begin(id, traffic.clone());
        traffic.sent(4);
        traffic.received(9);
        running.watched().advance("blind", 2, 8);
        let step = watch.look(id).unwrap();
        assert_eq!((step.phase.as_str(), step.done, step.total), ("blind", 2, 8));
        assert_eq!((step.bytes_sent, step.bytes_received), (7, 9));
        drop(running);
        assert_eq!(watch.look(id), None);
    }
}
