//! The alarm that the secretariat signed two rosters of one version: an event, once for each version, whatever is restarted meanwhile.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use overlap_coalition::{RosterError, Timestamp};
use overlap_store::{EventBody, EventFilter, EventId, EventType, Notice, Store, StoreError};

use crate::PeerSetupError;

/// Events that are read together.
const PAGE: usize = 1_000;

/// Raises the alarm.
#[derive(Debug, Default)]
pub(crate) struct RosterAlarm {
    /// The versions that were told of; read from the store's events before the first is told.
    told: Mutex<Option<BTreeSet<u64>>>,
}

impl RosterAlarm {
    /// Makes an event of what was wrong with a roster, where it was this and is not told yet. A store that fails is logged: what
    /// was wrong counts more, and the next time it is told.
    pub(crate) fn tell_of(&self, error: &PeerSetupError, store: &dyn Store, now: Timestamp) {
        let PeerSetupError::Roster(RosterError::Equivocation { version }) = *error else { return };
        if let Err(error) = self.tell(version, store, now) {
            tracing::error!(%error, "the alarm could not be stored");
        }
    }

    fn tell(&self, version: u64, store: &dyn Store, now: Timestamp) -> Result<(), StoreError> {
        // A version is noted after it is stored: a set that a panic left behind is whole.
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let versions = match &mut *told {
            Some(versions) => versions,
            none => none.insert(versions_told(store)?),
        };
        if !versions.contains(&version) {
            store.tell(&Notice::RosterAlarm { version }, now)?;
            versions.insert(version);
        }
        Ok(())
    }
}

/// The versions of which the events tell. What type an event has is in memory: only the alarms are read from the disk.
fn versions_told(store: &dyn Store) -> Result<BTreeSet<u64>, StoreError> {
    let filter = EventFilter { types: Some([EventType::RosterAlarm].into()), peers: None };
    let (mut versions, mut after) = (BTreeSet::new(), EventId::START);
    loop {
        let page = store.events_after(after, &filter, PAGE)?;
        versions.extend(page.events.iter().filter_map(|event| match event.body {
            EventBody::Notice(Notice::RosterAlarm { version }) => Some(version),
            _ => None,
        }));
        if !page.more {
            return Ok(versions);
        }
        after = page.upto;
    }
}
