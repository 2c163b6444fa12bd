//! Whether an exchange has ended, runs, or is over without anybody knowing how.

use overlap_store::{ExchangeRecord, Store, StoreError};

use crate::{Daemon, ExchangeProgress};

/// An exchange as pages show it.
pub(crate) struct Looked {
    pub(crate) record: ExchangeRecord,
    /// How far it is, while it runs.
    pub(crate) progress: Option<ExchangeProgress>,
    /// It runs no more, and its end could not be stored: the disk failed, or was full. The next start of the node ends its record.
    pub(crate) is_untold: bool,
}

impl Looked {
    /// Looks whether an exchange runs whose record was read before. Blocks on the store.
    ///
    /// # Errors
    /// The store's.
    pub(crate) fn at(
        record: ExchangeRecord,
        store: &dyn Store,
        daemon: &dyn Daemon,
    ) -> Result<Self, StoreError> {
        let is_open = record.ended.is_none();
        let progress = is_open.then(|| daemon.progress(record.id)).flatten();
        if !is_open || progress.is_some() {
            return Ok(Self { record, progress, is_untold: false });
        }
        // It may have ended since its record was read. What can be stored of an end is stored before it counts as over.
        let record = store.exchange(record.id)?.unwrap_or(record);
        let is_untold = record.ended.is_none();
        Ok(Self { record, progress: None, is_untold })
    }

    /// Whether it runs.
    pub(crate) fn runs(&self) -> bool {
        self.record.ended.is_none() && !self.is_untold
    }
}

#[cfg(test)]
mod tests {
    use overlap_store::{ExchangeState, PageRequest};

    use super::*;
    use crate::testing::{TestNode, exchange};

    #[test]
    fn an_exchange_that_ended_since_its_record_was_read_has_its_end() {
        let node = TestNode::new();
        node.daemon.run_nothing();
        let running = exchange(1, ExchangeState::Running);
        node.store.begin_exchange(&running).unwrap();
        let look = |record: &ExchangeRecord| Looked::at(record.clone(), &*node.store, &*node.daemon).unwrap();
        assert!(look(&running).is_untold && !look(&running).runs());
        node.store.update_exchange(&exchange(1, ExchangeState::Completed)).unwrap();
        let ended = look(&running);
        assert!(!ended.is_untold && !ended.runs() && ended.record.state == ExchangeState::Completed);
        let stored = node.store.exchanges(None, &PageRequest { limit: 1, after: None }).unwrap().rows;
        assert!(!look(&stored[0]).is_untold);
    }
}
