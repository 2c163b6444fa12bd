//! How far each sink has the events, and what it refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::codec::Reader;
use crate::database::Batch;
use crate::error::damaged;
use crate::sled_store::SledStore;
use crate::stored::{from_json, to_json};
use crate::{DeadLetter, EventId, SinkName, StoreError, keys};

/// A sink's position, in an export.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PositionRecord {
    sink: String,
    position: String,
}

/// A dead letter: sealed on the disk, plain in an export.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredLetter {
    sink: String,
    event: String,
    reason: String,
    tries: u32,
    given_up: u64,
    again: bool,
}

pub(crate) fn position(store: &SledStore, sink: &SinkName) -> Result<Option<EventId>, StoreError> {
    let plain = store.database.get(&keys::position(sink))?;
    plain.map(|plain| Ok(EventId(Reader::new(&plain).u64()?))).transpose()
}

pub(crate) fn set_position(store: &SledStore, sink: &SinkName, position: EventId) -> Result<(), StoreError> {
    let mut writer = store.writer()?;
    let mut batch = Batch::default();
    batch.put(keys::position(sink), position.0.to_le_bytes().to_vec());
    store.commit(&mut writer, batch, |_| ())
}

pub(crate) fn letters(
    store: &SledStore,
    sink: &SinkName,
    after: EventId,
    most: usize,
) -> Result<Vec<DeadLetter>, StoreError> {
    let begin = keys::letter(sink, after);
    let mut found = Vec::new();
    for key in store.database.keys(&keys::letters(sink))?.into_iter().filter(|key| *key > begin).take(most) {
        // One that was removed meanwhile is no longer there.
        if let Some(plain) = store.database.get(&key)? {
            found.push(from_json::<StoredLetter>(&plain)?.parts()?.1);
        }
    }
    Ok(found)
}

/// How many dead letters there are of each sink: shown wherever sinks are, so they are not counted on the disk.
#[derive(Default)]
pub(crate) struct LetterCounts(BTreeMap<SinkName, u64>);

impl LetterCounts {
    /// Takes a letter that is there now and was not before.
    pub(crate) fn add(&mut self, sink: &SinkName) {
        *self.0.entry(sink.clone()).or_default() += 1;
    }

    fn remove(&mut self, sink: &SinkName) {
        if let Some(count) = self.0.get_mut(sink) {
            *count = count.saturating_sub(1);
        }
    }

    /// Takes the key of a letter from the disk.
    pub(crate) fn load(&mut self, key: &[u8]) -> Result<(), StoreError> {
        self.add(&keys::sink_of_letter(key).ok_or(damaged("a key"))?);
        Ok(())
    }
}

pub(crate) fn count_letters(store: &SledStore, sink: &SinkName) -> u64 {
    store.state().letters.0.get(sink).copied().unwrap_or(0)
}

pub(crate) fn put_letter(
    store: &SledStore,
    sink: &SinkName,
    letter: &DeadLetter,
    position: Option<EventId>,
) -> Result<(), StoreError> {
    let mut writer = store.writer()?;
    let key = keys::letter(sink, letter.event);
    let is_new = store.database.get(&key)?.is_none();
    let mut batch = Batch::default();
    batch.put(key, to_json(&StoredLetter::new(sink, letter))?);
    if let Some(position) = position {
        batch.put(keys::position(sink), position.0.to_le_bytes().to_vec());
    }
    store.commit(&mut writer, batch, |state| {
        if is_new {
            state.letters.add(sink);
        }
    })
}

pub(crate) fn remove_letter(store: &SledStore, sink: &SinkName, event: EventId) -> Result<bool, StoreError> {
    let mut writer = store.writer()?;
    let key = keys::letter(sink, event);
    if store.database.get(&key)?.is_none() {
        return Ok(false);
    }
    let mut batch = Batch::default();
    batch.remove(key);
    store.commit(&mut writer, batch, |state| state.letters.remove(sink)).map(|()| true)
}

impl PositionRecord {
    /// The record of a stored position.
    pub(crate) fn of(key: &[u8], plain: &[u8]) -> Result<Self, StoreError> {
        let sink = key.get(1..).and_then(|name| std::str::from_utf8(name).ok());
        let sink = sink.ok_or(damaged("a sink's name"))?.to_owned();
        Ok(Self { sink, position: EventId(Reader::new(plain).u64()?).to_string() })
    }

    /// The position as it is stored.
    pub(crate) fn put(&self, batch: &mut Batch) -> Result<(), StoreError> {
        let (sink, position) = self.parts()?;
        batch.put(keys::position(&sink), position.0.to_le_bytes().to_vec());
        Ok(())
    }

    /// What it says.
    pub(crate) fn parts(&self) -> Result<(SinkName, EventId), StoreError> {
        let sink = self.sink.parse().map_err(|_| damaged("a sink's name"))?;
        Ok((sink, self.position.parse().map_err(|_| damaged("an event's id"))?))
    }
}

impl StoredLetter {
    fn new(sink: &SinkName, letter: &DeadLetter) -> Self {
        Self {
            sink: sink.to_string(),
            event: letter.event.to_string(),
            reason: letter.reason.clone(),
            tries: letter.tries,
            given_up: letter.given_up,
            again: letter.again,
        }
    }

    /// The letter as it is stored; whose it is.
    pub(crate) fn put(&self, batch: &mut Batch) -> Result<SinkName, StoreError> {
        let (sink, letter) = self.parts()?;
        batch.put(keys::letter(&sink, letter.event), to_json(self)?);
        Ok(sink)
    }

    /// Whose it is, and the letter.
    pub(crate) fn parts(&self) -> Result<(SinkName, DeadLetter), StoreError> {
        let letter = DeadLetter {
            event: self.event.parse().map_err(|_| damaged("an event's id"))?,
            reason: self.reason.clone(),
            tries: self.tries,
            given_up: self.given_up,
            again: self.again,
        };
        Ok((self.sink.parse().map_err(|_| damaged("a sink's name"))?, letter))
    }
}
