//! Restoring an export into an empty store.
//!
//! The whole file is read, checked and decoded before anything is written; meanwhile it waits in a sealed spool. Then a marker is set, the records
//! are written, and the marker is removed: a crash in between leaves an empty store that can be tried again. Tokens and
//! roster are this node's own: an export has none, and neither a restore nor such a crash touches them.

use std::collections::HashSet;
use std::io::{self, BufReader, Read, Write};

use overlap_coalition::{DayUse, ExchangeId, MemberId};
use overlap_indicator::Indicator;

use crate::charging::calendar;
use crate::database::{Batch, Writer};
use crate::error::damaged;
use crate::event_log::StoredEvent;
use crate::export_format::{ExportReader, IdentityRecord, LedgerRecord, Record, VisitRecord};
use crate::ids::IdKey;
use crate::indicators::{hold, store_plan};
use crate::ledger::{Calendar, PartnerUse};
use crate::loading::digests;
use crate::sighting_book::pack;
use crate::sinks::{LetterCounts, PositionRecord, StoredLetter};
use crate::sled_store::SledStore;
use crate::spool::Spool;
use crate::stored::{StoredExchange, to_json, unhex};
use crate::{
    AuditEntry, By, EventId, IndicatorId, IndicatorRow, LONGEST_AUDIT_DETAIL, LONGEST_AUDIT_OBJECT,
    OverlapRow, Override, SightingRow, StoreError, audits, keys, overlaps, restored_audit, visits,
};

/// Rows that are written together.
const ROWS: usize = 8192;
/// The longest name of a token that a record may have, in bytes; the API gives shorter ones.
const LONGEST_TOKEN_NAME: usize = 256;

pub(crate) fn restore(store: &SledStore, from: &mut dyn Read, by: &By) -> Result<(), StoreError> {
    let mut writer = store.writer()?;
    check_empty(store)?;
    let own = restored_audit::own(store)?;
    let checked = check(store, from)?;
    store.folder.begin_restore()?;
    let written = write(store, &mut writer, checked, &own)
        .and_then(|()| restored_audit::append_own(store, &mut writer, &own, by));
    if written.is_err() {
        writer.stop();
        return written;
    }
    store.folder.end_restore()?;
    restored_audit::forget(store, &mut writer)
}

fn check_empty(store: &SledStore) -> Result<(), StoreError> {
    let state = store.state();
    let empty = state.catalog.snapshot().segments().is_empty()
        && state.overlaps.is_empty()
        && state.exchanges.len() == 0
        && state.sightings.next() == 0
        && store.database.keys(&[keys::LEDGER])?.is_empty();
    if empty { Ok(()) } else { Err(StoreError::BadExport("the store is not empty")) }
}

/// Passes bytes on and keeps them in a spool.
struct Tee<'a> {
    from: &'a mut dyn Read,
    to: Spool,
}

impl Read for Tee<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let taken = self.from.read(out)?;
        self.to.write_all(&out[..taken])?;
        Ok(taken)
    }
}

/// Reads, checks and decodes all of an export, and gives it back in a spool.
fn check(store: &SledStore, from: &mut dyn Read) -> Result<Spool, StoreError> {
    let to = Spool::new(store.folder.path(), store.sealer.clone())?;
    let mut from = ExportReader::new(BufReader::new(Tee { from, to }))?;
    let mut checks = Checks::default();
    while let Some(record) = from.next()? {
        checks.check(from.section(), record).map_err(|error| match error {
            StoreError::Damaged { what } => StoreError::BadExport(what),
            error => error,
        })?;
    }
    if !checks.identity {
        return Err(StoreError::BadExport("the key of ids is missing"));
    }
    Ok(from.into_inner().into_inner().to)
}

/// The highest number of an audit entry that is restored: a number that every reader of JSON reads, and room for all that come after.
const MOST_AUDITS: u64 = 1 << 52;

#[derive(Default)]
struct Checks {
    identity: bool,
    exchanges: HashSet<ExchangeId>,
    last_event: EventId,
    sightings: u32,
    overrides: HashSet<IndicatorId>,
    last_audit: u64,
}

impl Checks {
    fn check(&mut self, section: Option<&str>, record: Record) -> Result<(), StoreError> {
        let belongs = match &record {
            Record::Exchange(_) => "exchanges",
            Record::Indicator(_) => "indicators",
            Record::Overlap(_) => "overlaps",
            _ => "node",
        };
        if section != Some(belongs) {
            return Err(StoreError::BadExport("a record stands in another section"));
        }
        let fresh = match record {
            Record::Identity(identity) => {
                id_key(&identity)?;
                !std::mem::replace(&mut self.identity, true)
            }
            Record::Ledger(ledger) => partner_use(&ledger).map(|_| true)?,
            Record::Visit(visit) => is_token_name(&visit.token),
            Record::Sighting(sighting) => {
                let in_order = sighting.into_row()?.number == self.sightings;
                self.sightings += 1;
                in_order
            }
            Record::Event(event) => {
                event.told()?;
                let id = event.entry()?.id;
                std::mem::replace(&mut self.last_event, id) < id
            }
            Record::Position(position) => position.parts().map(|_| true)?,
            Record::Letter(letter) => letter.parts().map(|_| true)?,
            Record::Audit(audit) => {
                let entry = audit.into_entry()?;
                is_within_limits(&entry)?;
                // What this store has is put aside by the identity.
                self.identity && std::mem::replace(&mut self.last_audit, entry.number) < entry.number
            }
            Record::Override(of) => self.overrides.insert(of.into_override()?.0),
            Record::Exchange(exchange) => {
                let in_order = exchange.sequence == self.exchanges.len() as u64;
                let id = exchange.into_record()?.id;
                in_order && self.exchanges.insert(id)
            }
            Record::Indicator(indicator) => indicator.into_row(|_, _| IndicatorId([0; 16])).map(|_| true)?,
            Record::Overlap(overlap) => overlap.into_row().map(|_| true)?,
            Record::Section(_) | Record::End(_) => true,
        };
        if fresh { Ok(()) } else { Err(StoreError::BadExport("a record is there twice or out of order")) }
    }
}

/// Whether an entry can be one of a node's: what is appended after it has a number too, and what is listed a size.
fn is_within_limits(entry: &AuditEntry) -> Result<(), StoreError> {
    let AuditEntry { number, actor, action, object, detail, .. } = entry;
    let short = [action, object].into_iter().all(|text| text.len() <= LONGEST_AUDIT_OBJECT);
    // An actor is a token's name behind a short word.
    let short = short && actor.len() <= LONGEST_TOKEN_NAME + 16;
    let is_within = short && detail.len() <= LONGEST_AUDIT_DETAIL && *number <= MOST_AUDITS;
    if is_within {
        Ok(())
    } else {
        Err(StoreError::BadExport("an audit entry is longer than any, or beyond the last number"))
    }
}

/// The names that tokens can have are short.
fn is_token_name(name: &str) -> bool {
    (1..=LONGEST_TOKEN_NAME).contains(&name.len())
}

fn id_key(identity: &IdentityRecord) -> Result<IdKey, StoreError> {
    unhex(&identity.id_key).map(IdKey::new)
}

fn partner_use(ledger: &LedgerRecord) -> Result<(MemberId, PartnerUse), StoreError> {
    let partner = ledger.partner.parse().map_err(|_| damaged("a member's id"))?;
    let used = DayUse { exchanges: ledger.exchanges, items: ledger.items };
    Ok((partner, PartnerUse { day: ledger.day, used }))
}

/// Records of one table that wait to be written together.
#[derive(Default)]
struct Waiting {
    rows: Vec<(IndicatorRow, Indicator)>,
    overlaps: Vec<OverlapRow>,
    exchanges: Vec<StoredExchange>,
    sightings: Vec<SightingRow>,
    ledger: Vec<(MemberId, PartnerUse)>,
    visits: Vec<VisitRecord>,
    /// Of each overlap, whether it is marked.
    seen: Vec<bool>,
    events: Vec<StoredEvent>,
    positions: Vec<PositionRecord>,
    letters: Vec<StoredLetter>,
    audits: Vec<AuditEntry>,
    /// These wait for the last indicator: admins made them, one at a time.
    overrides: Vec<(IndicatorId, Override)>,
}

impl Waiting {
    fn len(&self) -> usize {
        let records = self.exchanges.len() + self.ledger.len() + self.visits.len() + self.sightings.len();
        self.rows.len() + self.overlaps.len() + records + self.of_events() + self.audits.len()
    }

    fn of_events(&self) -> usize {
        self.events.len() + self.positions.len() + self.letters.len()
    }
}

fn write(store: &SledStore, writer: &mut Writer, spool: Spool, own: &[AuditEntry]) -> Result<(), StoreError> {
    let mut from = ExportReader::new(BufReader::new(spool.into_reader()?))?;
    let mut waiting = Waiting::default();
    while let Some(record) = from.next()? {
        match record {
            Record::Identity(identity) => write_identity(store, writer, &identity, own)?,
            Record::Ledger(ledger) => waiting.ledger.push(partner_use(&ledger)?),
            Record::Visit(visit) => waiting.visits.push(visit),
            Record::Event(event) => waiting.events.push(event),
            Record::Position(position) => waiting.positions.push(position),
            Record::Letter(letter) => waiting.letters.push(letter),
            Record::Audit(audit) => waiting.audits.push(audit.into_entry()?),
            Record::Override(of) => waiting.overrides.push(of.into_override()?),
            Record::Exchange(exchange) => waiting.exchanges.push(*exchange),
            Record::Sighting(sighting) => waiting.sightings.push(sighting.into_row()?),
            Record::Indicator(record) => {
                let ids = &store.state().ids;
                let (mut row, indicator) = record.into_row(|kind, canonical| ids.id(kind, canonical))?;
                row.hold = hold(&*store.warnings(), row.kind, &row.canonical);
                waiting.rows.push((row, indicator));
            }
            Record::Overlap(overlap) => {
                waiting.seen.push(overlap.seen);
                waiting.overlaps.push(overlap.into_row()?);
            }
            Record::Section(_) | Record::End(_) => {}
        }
        if waiting.len() >= ROWS {
            write_waiting(store, writer, &mut waiting)?;
        }
    }
    write_waiting(store, writer, &mut waiting)?;
    write_overrides(store, writer, &waiting.overrides)
}

/// Overrides of indicators that the file does not have are left out.
fn write_overrides(
    store: &SledStore,
    writer: &mut Writer,
    overrides: &[(IndicatorId, Override)],
) -> Result<(), StoreError> {
    for some in overrides.chunks(ROWS) {
        let (mut batch, mut places) = (Batch::default(), Vec::new());
        for (id, of) in some {
            let Some(place) = store.state().catalog.place(*id) else { continue };
            batch.put(keys::override_of(*id), of.encode()?);
            places.push(place);
        }
        store.commit(writer, batch, |state| {
            places.iter().for_each(|place| state.catalog.set_overridden(*place, true));
        })?;
        store.publish();
    }
    Ok(())
}

/// From here on the first day that is asked for is spent. The events of the file, and how far its sinks are, take the place of what this
/// store has: an empty one has at most a few notices. Its own audit chain is put aside.
fn write_identity(
    store: &SledStore,
    writer: &mut Writer,
    identity: &IdentityRecord,
    own: &[AuditEntry],
) -> Result<(), StoreError> {
    let ids = id_key(identity)?;
    let stored = calendar(store)?;
    let calendar = Calendar { highest: stored.highest.max(identity.highest_day), ..stored }.restored();
    let mut batch = Batch::default();
    batch.put(keys::ID_KEY.to_vec(), ids.expose_bytes().to_vec());
    batch.put(keys::DAY.to_vec(), calendar.encode());
    for table in [keys::EVENT, keys::POSITION, keys::LETTER] {
        store.database.keys(&[table])?.into_iter().for_each(|key| batch.remove(key));
    }
    restored_audit::put_aside(&mut batch, own)?;
    store.commit(writer, batch, |state| {
        state.ids = ids;
        state.events.clear();
        state.audit.clear();
        state.letters = LetterCounts::default();
    })
}

fn write_waiting(store: &SledStore, writer: &mut Writer, waiting: &mut Waiting) -> Result<(), StoreError> {
    write_records(store, writer, waiting)?;
    let rows = std::mem::take(&mut waiting.rows);
    let epoch = store.epoch();
    let plan =
        store.state().catalog.plan(rows.into_iter(), |indicator| digests(&epoch.digester, indicator), 0);
    store_plan(store, writer, plan)?;
    write_overlaps(store, writer, std::mem::take(&mut waiting.overlaps), std::mem::take(&mut waiting.seen))
}

/// Rows and their marks, in one commit for each partner.
fn write_overlaps(
    store: &SledStore,
    writer: &mut Writer,
    rows: Vec<OverlapRow>,
    seen: Vec<bool>,
) -> Result<(), StoreError> {
    let mut seen = seen.into_iter();
    for of_one_partner in rows.chunk_by(|a, b| a.peer == b.peer) {
        let Some(peer) = of_one_partner.first().map(|row| &row.peer) else { continue };
        let mut batch = Batch::default();
        let stored = overlaps::put(store, &mut batch, peer, of_one_partner.to_vec())?;
        let marked = stored.slots.iter().zip(seen.by_ref()).filter(|(_, seen)| *seen).map(|(slot, _)| *slot);
        let marks = store.state().seen.plan(marked, true);
        marks.put(&mut batch);
        store.commit(writer, batch, |state| {
            stored.take_into(state, peer);
            state.seen.take(marks);
        })?;
    }
    Ok(())
}

fn write_records(store: &SledStore, writer: &mut Writer, waiting: &mut Waiting) -> Result<(), StoreError> {
    let mut batch = Batch::default();
    for (partner, used) in waiting.ledger.drain(..) {
        batch.put(keys::ledger(&partner), used.encode());
    }
    for VisitRecord { token, date } in waiting.visits.drain(..) {
        visits::put(&mut batch, &token, date);
    }
    let mut told = Vec::with_capacity(waiting.events.len());
    for event in waiting.events.drain(..) {
        let entry = event.entry()?;
        batch.put(keys::event(entry.id), to_json(&event)?);
        told.push(entry);
    }
    waiting.positions.drain(..).try_for_each(|position| position.put(&mut batch))?;
    let letters = waiting.letters.drain(..).map(|letter| letter.put(&mut batch));
    let letters = letters.collect::<Result<Vec<_>, _>>()?;
    let audits = std::mem::take(&mut waiting.audits);
    for entry in &audits {
        batch.put(keys::audit(keys::AUDIT, entry.number), audits::pack(entry)?);
    }
    let mut begun = Vec::with_capacity(waiting.exchanges.len());
    for exchange in waiting.exchanges.drain(..) {
        let (id, peer) = (exchange.id()?, exchange.peer()?);
        batch.put(keys::exchange(id), to_json(&exchange)?);
        begun.push((id, peer, exchange.has_receipt()));
    }
    let sightings = std::mem::take(&mut waiting.sightings);
    for sighting in &sightings {
        batch.put(keys::numbered(keys::SIGHTING, sighting.number), pack(sighting)?);
    }
    store.commit(writer, batch, |state| {
        letters.iter().for_each(|sink| state.letters.add(sink));
        sightings.iter().for_each(|row| state.sightings.push(row));
        begun.iter().for_each(|(id, peer, has)| state.exchanges.push(*id, peer, *has));
        told.into_iter().for_each(|entry| state.events.add(entry));
        audits.iter().for_each(|entry| state.audit.push(entry));
    })
}
