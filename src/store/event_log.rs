//! The log of events that are no rows of their own: ends of exchanges, and notices.
//!
//! An entry is written in the commit of what it tells. It names an exchange and does not repeat its record. Memory has what filters ask for.

use overlap_coalition::{ExchangeId, MemberId};
use serde::{Deserialize, Serialize};

use crate::added::date_of_seconds;
use crate::database::Batch;
use crate::error::damaged;
use crate::sled_store::State;
use crate::stored::{to_json, unhex};
use crate::{ADDED_STEP, EventId, EventType, ExchangeRecord, Notice, StoreError, keys};

/// All entries, without what they tell.
#[derive(Default)]
pub(crate) struct EventLog {
    entries: Vec<Entry>,
}

/// An entry, without what it tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: EventId,
    pub(crate) event_type: EventType,
    pub(crate) peer: Option<MemberId>,
}

/// An entry, whole: sealed on the disk, plain in an export.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredEvent {
    id: String,
    #[serde(rename = "type")]
    event_type: String,
    pub(crate) time: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    peer: Option<String>,
    /// Of an exchange's end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exchange: Option<String>,
    /// Of a roster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    /// Of a certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ends: Option<u64>,
}

/// What an entry tells.
pub(crate) enum Told {
    Exchange(ExchangeId),
    Notice(Notice),
}

impl EventLog {
    pub(crate) fn last(&self) -> EventId {
        self.entries.last().map_or(EventId::START, |entry| entry.id)
    }

    /// Entries after an id, in their order.
    pub(crate) fn after(&self, after: EventId) -> impl Iterator<Item = &Entry> {
        let begin = self.entries.partition_point(|entry| entry.id <= after);
        self.entries.iter().skip(begin)
    }

    /// Entries up to an id, the last first.
    pub(crate) fn until(&self, until: EventId) -> impl Iterator<Item = &Entry> {
        let end = self.entries.partition_point(|entry| entry.id <= until);
        self.entries.iter().take(end).rev()
    }

    /// Takes an entry that is stored now.
    pub(crate) fn add(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    /// Takes the entry that comes next from the disk.
    pub(crate) fn load(&mut self, plain: &[u8]) -> Result<(), StoreError> {
        let entry = crate::stored::from_json::<StoredEvent>(plain)?.entry()?;
        self.entries.push(entry);
        Ok(())
    }
}

/// Entries of one commit.
pub(crate) struct NewEntries {
    last: EventId,
    entries: Vec<Entry>,
}

impl NewEntries {
    /// Entries that follow every event there is.
    pub(crate) fn after(state: &State) -> Self {
        Self { last: state.last_event(), entries: Vec::new() }
    }

    /// Tells the end of an exchange.
    pub(crate) fn exchange_ended(
        &mut self,
        batch: &mut Batch,
        record: &ExchangeRecord,
        ended: u64,
    ) -> Result<(), StoreError> {
        let event_type = EventType::of_end(record.state);
        let stored = StoredEvent::new(self.next(ended), event_type, ended, Some(&record.peer));
        self.put(batch, StoredEvent { exchange: Some(record.id.to_string()), ..stored })
    }

    /// Tells a notice.
    pub(crate) fn notice(&mut self, batch: &mut Batch, notice: &Notice, now: u64) -> Result<(), StoreError> {
        let mut stored = StoredEvent::new(self.next(now), notice.event_type(), now, notice.peer());
        match notice {
            Notice::RosterAlarm { version } => stored.version = Some(*version),
            Notice::CertificateExpiring { ends, .. } => stored.ends = Some(*ends),
            Notice::PartnerSuspended(_) | Notice::PartnerRevoked(_) | Notice::PartnerReinstated(_) => {}
        }
        self.put(batch, stored)
    }

    /// The last event there is once these are stored.
    pub(crate) fn last(&self) -> EventId {
        self.last
    }

    /// Takes them into memory.
    pub(crate) fn take_into(self, state: &mut State) {
        self.entries.into_iter().for_each(|entry| state.events.add(entry));
    }

    /// The clock's date, or what follows the last event, whichever is later.
    fn next(&mut self, seconds: u64) -> EventId {
        self.last = EventId(date_of_seconds(seconds).max(self.last.0 + ADDED_STEP));
        self.last
    }

    fn put(&mut self, batch: &mut Batch, stored: StoredEvent) -> Result<(), StoreError> {
        let entry = stored.entry()?;
        batch.put(keys::event(entry.id), to_json(&stored)?);
        self.entries.push(entry);
        Ok(())
    }
}

impl StoredEvent {
    fn new(id: EventId, event_type: EventType, time: u64, peer: Option<&MemberId>) -> Self {
        Self {
            id: id.to_string(),
            event_type: event_type.as_str().to_owned(),
            time,
            peer: peer.map(MemberId::to_string),
            exchange: None,
            version: None,
            ends: None,
        }
    }

    /// What memory has of it.
    pub(crate) fn entry(&self) -> Result<Entry, StoreError> {
        Ok(Entry {
            id: self.id.parse().map_err(|_| damaged("an event's id"))?,
            event_type: EventType::named(&self.event_type).ok_or(damaged("an event's type"))?,
            peer: self.peer()?,
        })
    }

    fn peer(&self) -> Result<Option<MemberId>, StoreError> {
        self.peer.as_deref().map(str::parse).transpose().map_err(|_| damaged("a member's id"))
    }

    /// What it tells.
    pub(crate) fn told(&self) -> Result<Told, StoreError> {
        let missing = || damaged("an event lacks a field");
        let peer = || self.peer()?.ok_or_else(missing);
        let notice = match self.entry()?.event_type {
            EventType::OverlapFound => return Err(damaged("an overlap in the log of events")),
            EventType::ExchangeCompleted
            | EventType::ExchangeRefused
            | EventType::ExchangeFailed
            | EventType::ExchangeUnsigned => {
                let id = self.exchange.as_deref().ok_or_else(missing)?;
                return Ok(Told::Exchange(ExchangeId(unhex(id)?)));
            }
            EventType::RosterAlarm => Notice::RosterAlarm { version: self.version.ok_or_else(missing)? },
            EventType::PartnerSuspended => Notice::PartnerSuspended(peer()?),
            EventType::PartnerRevoked => Notice::PartnerRevoked(peer()?),
            EventType::PartnerReinstated => Notice::PartnerReinstated(peer()?),
            EventType::CertificateExpiring => {
                Notice::CertificateExpiring { peer: self.peer()?, ends: self.ends.ok_or_else(missing)? }
            }
        };
        Ok(Told::Notice(notice))
    }
}
