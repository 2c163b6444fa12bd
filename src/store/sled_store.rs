//! The embedded store: opening, and what its parts share.

use std::fmt;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use arc_swap::ArcSwap;
use overlap_coalition::{Charge, DayUse, ExchangeId, MemberId, SignedDocument, Timestamp};
use overlap_indicator::{DigestSalt, Facet, Indicator, Kind, SecretText};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::added::AddedDates;
use crate::audit_book::AuditBook;
use crate::catalog::Catalog;
use crate::database::{Batch, Database, Writer};
use crate::epoch::Epoch;
use crate::error::damaged;
use crate::event_log::EventLog;
use crate::exchange_index::ExchangeIndex;
use crate::folder::Folder;
use crate::ids::IdKey;
use crate::journal::Journals;
use crate::loading::Loaded;
use crate::overlap_book::OverlapBook;
use crate::seal::Sealer;
use crate::seen::SeenMarks;
use crate::sighting_book::SightingBook;
use crate::sinks::LetterCounts;
use crate::spool::Spool;
use crate::store::{NoWarnings, Warnings};
use crate::uuids::{OverlapName, UuidIndex};
use crate::{
    Aside, AuditEntry, AuditFilter, AuditHead, AuditOrder, AuditStore, AuditVerdict, By, ChargeLimit,
    ChargeRefused, DeadLetter, Event, EventFilter, EventId, EventPage, EventStore, ExchangeRecord,
    FoundOverlap, ImportCounts, IndicatorFilter, IndicatorId, IndicatorRow, Known, KnownRoster, NewAudit,
    NewIndicator, NewSighting, Notice, OverlapChoice, OverlapGroup, OverlapQuery, OverlapRow, OverlapScan,
    OverlapTally, Override, Overriding, Page, PageRequest, SealKey, SightingFilter, SightingRow, SinkName,
    Snapshot, Store, StoreCounts, StoreError, TokenRecord, audits, charging, epoch, events, exports, holding,
    indicators, interrupted, keys, loading, overlap_query, overlaps, query, records, restoring, sightings,
    sinks, visits,
};

/// How to open a store.
#[derive(Debug)]
pub struct SledStoreOptions {
    /// Its folder; made, with mode 0700, where it is not there.
    pub path: PathBuf,
    /// The key that opens it.
    pub seal_key: SealKey,
    /// The epoch of the digests' salt and the salt. A store with another epoch's digests makes them anew from its canonical forms.
    pub salt: (u32, DigestSalt),
}

/// The store on sled 0.34.
pub struct SledStore {
    // Fields drop in this order: the databases before the lock on their folder.
    pub(crate) database: Database,
    /// Whoever uses it has the writer too, or holds [`SledStore::salt_change`], so that the last use of an epoch ends before the next one begins.
    epoch: RwLock<Arc<Epoch>>,
    pub(crate) folder: Folder,
    pub(crate) sealer: Sealer,
    state: RwLock<State>,
    published: ArcSwap<Snapshot>,
    writer: Mutex<Writer>,
    /// Held as long as the salt changes.
    pub(crate) salt_change: Mutex<()>,
    pub(crate) indicator_uuids: Mutex<UuidIndex>,
    pub(crate) overlap_uuids: Mutex<UuidIndex>,
    listeners: Mutex<Vec<Listener>>,
    /// Changed by whoever has the writer.
    warnings: RwLock<Arc<dyn Warnings>>,
    /// Held as long as the warnings change.
    pub(crate) warnings_change: Mutex<()>,
}

/// Hears the last event.
type Listener = Box<dyn Fn(EventId) + Send + Sync>;

/// What the store has in memory. It changes only after the change is durable.
pub(crate) struct State {
    pub(crate) ids: IdKey,
    pub(crate) catalog: Catalog,
    pub(crate) journals: Journals,
    pub(crate) overlaps: OverlapBook,
    pub(crate) sightings: SightingBook,
    pub(crate) indicators_added: AddedDates,
    pub(crate) overlaps_added: AddedDates,
    pub(crate) seen: SeenMarks,
    pub(crate) exchanges: ExchangeIndex,
    pub(crate) events: EventLog,
    pub(crate) audit: AuditBook,
    pub(crate) letters: LetterCounts,
    /// How often tokens changed since the store was opened.
    pub(crate) token_changes: u64,
    /// Exchanges whose records stood open when the store was opened.
    pub(crate) unended: Vec<ExchangeId>,
}

impl State {
    /// The last event of all.
    pub(crate) fn last_event(&self) -> EventId {
        let overlap = self.overlaps.last_slot().and_then(|slot| self.overlaps_added.date(slot));
        self.events.last().max(EventId(overlap.unwrap_or(0)))
    }
}

impl SledStore {
    /// Opens or makes a store.
    ///
    /// # Errors
    /// As [`StoreError`] says; a damaged store is moved aside and named in the error.
    pub fn open(options: SledStoreOptions) -> Result<Self, StoreError> {
        let salt = |_| Ok((options.salt, ()));
        Self::open_by_roster(&options.path, &options.seal_key, salt).map(|(store, ())| store)
    }

    /// Opens or makes a store whose salt depends on the roster that is stored in it, if any. `salt` gives the epoch with its
    /// salt, and whatever else it found out.
    ///
    /// # Errors
    /// As [`StoreError`] says, and as `salt` does: then no digest was touched.
    pub fn open_by_roster<T, E: From<StoreError>>(
        path: &Path,
        seal_key: &SealKey,
        salt: impl FnOnce(Option<KnownRoster>) -> Result<((u32, DigestSalt), T), E>,
    ) -> Result<(Self, T), E> {
        let sealer = Sealer::new(seal_key);
        let folder = Folder::open(path, &sealer.fingerprint()?)?;
        let mut main = loading::load_main(&folder, &sealer).map_err(|error| put_aside(&folder, error))?;
        let (salt, found) = salt(main.roster.take())?;
        let loaded = loading::load_epoch(&folder, &sealer, main, &salt);
        let loaded = loaded.map_err(|error| put_aside(&folder, error))?;
        Ok((Self::new(loaded, sealer, folder), found))
    }

    fn new(loaded: Loaded, sealer: Sealer, folder: Folder) -> Self {
        Self {
            published: ArcSwap::from_pointee(loaded.state.catalog.snapshot().clone()),
            state: RwLock::new(loaded.state),
            writer: Mutex::new(loaded.writer),
            salt_change: Mutex::default(),
            indicator_uuids: Mutex::default(),
            overlap_uuids: Mutex::default(),
            listeners: Mutex::default(),
            warnings: RwLock::new(Arc::new(NoWarnings)),
            warnings_change: Mutex::default(),
            database: loaded.database,
            epoch: RwLock::new(Arc::new(loaded.epoch)),
            sealer,
            folder,
        }
    }

    /// Ends the records of exchanges that the last process left open: they failed, or their result stands without a receipt.
    /// Returns which. No part of [`Store`]: only whoever has the store to itself knows that nobody goes on with them.
    ///
    /// # Errors
    /// As [`StoreError`] says; then all of them are as they were.
    pub fn close_interrupted(&self, now: Timestamp) -> Result<Vec<ExchangeId>, StoreError> {
        interrupted::close(self, now)
    }

    /// How many damaged stores lie aside in its folder: the store that took their place began empty, its audit chain too.
    pub fn put_aside(&self) -> u32 {
        self.folder.put_aside()
    }

    /// The epoch of digests that are made now.
    pub(crate) fn epoch(&self) -> Arc<Epoch> {
        self.epoch.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_epoch(&self, epoch: Epoch) {
        *self.epoch.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(epoch);
    }

    /// The warnings by which new rows are judged.
    pub(crate) fn warnings(&self) -> Arc<dyn Warnings> {
        self.warnings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn replace_warnings(&self, warnings: Arc<dyn Warnings>) {
        *self.warnings.write().unwrap_or_else(PoisonError::into_inner) = warnings;
    }

    /// A segment as it is on the disk, opened.
    pub(crate) fn segment_bytes(&self, segment: u32) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        self.database.get(&keys::numbered(keys::SEGMENT, segment))?.ok_or(damaged("a segment is missing"))
    }

    /// What is in memory now.
    pub(crate) fn state(&self) -> RwLockReadGuard<'_, State> {
        // A change of the state runs nothing that panics, and what it leaves is whole between its steps.
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits to be the one that writes.
    pub(crate) fn writer(&self) -> Result<MutexGuard<'_, Writer>, StoreError> {
        self.writer.lock().map_err(|_| StoreError::Stopped)
    }

    /// Makes `batch` durable, then changes what is in memory.
    pub(crate) fn commit(
        &self,
        writer: &mut Writer,
        batch: Batch,
        change: impl FnOnce(&mut State),
    ) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        self.folder.commit(&self.database, writer, batch)?;
        self.change(change);
        self.tell_listeners();
        Ok(())
    }

    /// Whoever listens looks for itself whether it is new.
    fn tell_listeners(&self) {
        let last = self.state().last_event();
        // A listener hands a number on: it cannot panic.
        let listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.iter().for_each(|heard| heard(last));
    }

    /// Changes what is in memory and not on the disk.
    pub(crate) fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Shows exchanges the digests as they are now.
    pub(crate) fn publish(&self) {
        let snapshot = self.state().catalog.snapshot().clone();
        self.published.store(Arc::new(snapshot));
    }
}

/// Moves a damaged store aside, none of whose databases is open any more; other errors stay what they are.
fn put_aside(folder: &Folder, error: StoreError) -> StoreError {
    let StoreError::Damaged { what } = error else { return error };
    match folder.quarantine() {
        Ok(path) => StoreError::Quarantined { what, path },
        Err(error) => error,
    }
}

impl fmt::Debug for SledStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SledStore({})", self.folder.path().display())
    }
}

impl Store for SledStore {
    fn import(&self, batch: Vec<NewIndicator>, now: Timestamp) -> Result<ImportCounts, StoreError> {
        indicators::import(self, batch, now)
    }

    fn indicators(
        &self,
        filter: &IndicatorFilter,
        page: &PageRequest,
    ) -> Result<Page<IndicatorRow>, StoreError> {
        indicators::page(self, filter, page)
    }

    fn indicator(&self, id: IndicatorId) -> Result<Option<IndicatorRow>, StoreError> {
        indicators::one(self, id)
    }

    fn known(&self, asked: &[Indicator]) -> Known {
        query::known(self, asked)
    }

    fn withdraw(&self, ids: &[IndicatorId], by: &By) -> Result<u64, StoreError> {
        indicators::withdraw(self, ids, by)
    }

    fn set_warnings(&self, warnings: Arc<dyn Warnings>) -> Result<(), StoreError> {
        holding::set_warnings(self, warnings)
    }

    fn begin_override(&self, id: IndicatorId, reason: &str, by: &By) -> Result<Overriding, StoreError> {
        holding::begin_override(self, id, reason, by)
    }

    fn end_override(&self, id: IndicatorId, by: &By) -> Result<bool, StoreError> {
        holding::end_override(self, id, by)
    }

    fn override_of(&self, id: IndicatorId) -> Result<Option<Override>, StoreError> {
        holding::override_of(self, id)
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        self.published.load_full()
    }

    fn take_salt(&self, salt: &(u32, DigestSalt), go_on: &dyn Fn() -> bool) -> Result<bool, StoreError> {
        epoch::take_salt(self, salt, go_on)
    }

    fn begin_exchange(&self, record: &ExchangeRecord) -> Result<(), StoreError> {
        records::begin_exchange(self, record)
    }

    fn update_exchange(&self, record: &ExchangeRecord) -> Result<(), StoreError> {
        records::update_exchange(self, record)
    }

    fn store_overlaps(
        &self,
        record: &ExchangeRecord,
        found: &[(IndicatorId, Facet)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        overlaps::store(self, record, found, now)
    }

    fn exchange(&self, id: ExchangeId) -> Result<Option<ExchangeRecord>, StoreError> {
        records::exchange(self, id)
    }

    fn exchanges(
        &self,
        peer: Option<&MemberId>,
        page: &PageRequest,
    ) -> Result<Page<ExchangeRecord>, StoreError> {
        records::exchanges(self, peer, page)
    }

    fn receipts(
        &self,
        peer: Option<&MemberId>,
        page: &PageRequest,
    ) -> Result<Page<ExchangeRecord>, StoreError> {
        records::receipts(self, peer, page)
    }

    fn find_overlaps(
        &self,
        query: &OverlapQuery,
        page: &PageRequest,
    ) -> Result<Page<FoundOverlap>, StoreError> {
        overlap_query::page(self, query, page)
    }

    fn mark_overlaps(&self, which: &OverlapChoice, seen: bool, by: &By) -> Result<u64, StoreError> {
        overlap_query::mark(self, which, seen, by)
    }

    fn overlap_tally(&self, since: u64) -> OverlapTally {
        let state = self.state();
        let mut tally = state.overlaps.tally(state.overlaps_added.first_after(since));
        tally.unseen = tally.unseen.saturating_sub(state.seen.count());
        tally
    }

    fn last_visit(&self, token: &str) -> Result<Option<u64>, StoreError> {
        visits::last(self, token)
    }

    fn set_last_visit(&self, token: &str, date: u64) -> Result<(), StoreError> {
        visits::set(self, token, date)
    }

    fn indicators_added_after(&self, after: u64, most: usize) -> Result<Vec<IndicatorRow>, StoreError> {
        indicators::added_after(self, after, most)
    }

    fn first_indicator_added(&self) -> Option<u64> {
        indicators::first_added(self)
    }

    fn indicator_named(&self, uuid: Uuid) -> Result<Option<IndicatorRow>, StoreError> {
        indicators::named(self, uuid)
    }

    fn overlaps_added_after(
        &self,
        peer: &MemberId,
        only_first: bool,
        after: u64,
        most: usize,
    ) -> Result<Vec<OverlapRow>, StoreError> {
        overlaps::added_after(self, peer, only_first, after, most)
    }

    fn first_overlap_added(&self, peer: &MemberId) -> Option<u64> {
        overlaps::first_added(self, peer)
    }

    fn overlap_named(&self, peer: &MemberId, name: OverlapName) -> Result<Option<OverlapRow>, StoreError> {
        overlaps::named(self, peer, name)
    }

    fn overlap_peers(&self) -> Vec<MemberId> {
        self.state().overlaps.peers()
    }

    fn overlap_groups(&self, after: u32, most: usize) -> Vec<OverlapGroup> {
        overlaps::groups(self, after, most)
    }

    fn overlap_group_at(&self, added: u64) -> Option<OverlapGroup> {
        overlaps::group_at(self, added)
    }

    fn overlaps_meant(&self, scan: &OverlapScan<'_>, most: usize) -> Result<Vec<OverlapRow>, StoreError> {
        overlaps::meant(self, scan, most)
    }

    fn overlaps_of(&self, indicator: IndicatorId) -> Result<Vec<OverlapRow>, StoreError> {
        overlaps::of_indicator(self, indicator)
    }

    fn overlap_uuids_of(&self, indicator: IndicatorId) -> Vec<(Uuid, u64)> {
        overlaps::uuids_of(self, indicator)
    }

    fn indicator_id(&self, kind: Kind, canonical: &SecretText) -> IndicatorId {
        self.state().ids.id(kind, canonical)
    }

    fn add_sightings(&self, sightings: Vec<NewSighting>, by: &By) -> Result<Vec<SightingRow>, StoreError> {
        sightings::add(self, sightings, by)
    }

    fn sightings(
        &self,
        filter: &SightingFilter,
        page: &PageRequest,
    ) -> Result<Page<SightingRow>, StoreError> {
        sightings::page(self, filter, page)
    }

    fn own_uuid(&self, name: &str) -> Uuid {
        self.state().ids.uuid(name)
    }

    fn charge(
        &self,
        charge: &Charge,
        limit: ChargeLimit,
        now: Timestamp,
    ) -> Result<Result<DayUse, ChargeRefused>, StoreError> {
        charging::charge(self, charge, limit, now)
    }

    fn day_use(&self, partner: &MemberId, now: Timestamp) -> Result<DayUse, StoreError> {
        charging::day_use(self, partner, now)
    }

    fn roster(&self) -> Result<Option<KnownRoster>, StoreError> {
        records::roster(self)
    }

    fn set_roster(
        &self,
        document: &SignedDocument,
        version: u64,
        hash: [u8; 32],
        by: &By,
    ) -> Result<(), StoreError> {
        records::set_roster(self, document, (version, hash), by)
    }

    fn add_token(&self, token: &TokenRecord, by: &By) -> Result<(), StoreError> {
        records::add_token(self, token, by)
    }

    fn set_token(&self, token: &TokenRecord, by: &By) -> Result<(), StoreError> {
        records::set_token(self, token, by)
    }

    fn token_changes(&self) -> u64 {
        self.state().token_changes
    }

    fn revoke_token(&self, name: &str, by: &By) -> Result<bool, StoreError> {
        records::revoke_token(self, name, by)
    }

    fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError> {
        records::tokens(self)
    }

    fn put_aside(&self) -> Result<Box<dyn Aside>, StoreError> {
        Ok(Box::new(Spool::new(self.folder.path(), self.sealer.clone())?))
    }

    fn counts(&self) -> Result<StoreCounts, StoreError> {
        // Nobody waits for the state while the disk is looked at.
        let disk_bytes = self.folder.disk_bytes()?;
        let state = self.state();
        Ok(StoreCounts {
            indicators: state.catalog.counts(),
            overlaps: state.overlaps.counts(),
            exchanges: state.exchanges.len(),
            disk_bytes,
        })
    }

    fn export(&self, out: &mut dyn Write, by: &By) -> Result<(), StoreError> {
        exports::export(self, out, by)
    }

    fn restore(&self, from: &mut dyn Read, by: &By) -> Result<(), StoreError> {
        restoring::restore(self, from, by)
    }
}

impl AuditStore for SledStore {
    fn note(&self, by: &By, new: &NewAudit) -> Result<AuditHead, StoreError> {
        audits::note(self, by, new)
    }

    fn audit(
        &self,
        filter: &AuditFilter,
        order: AuditOrder,
        page: &PageRequest,
    ) -> Result<Page<AuditEntry>, StoreError> {
        audits::page(self, filter, order, page)
    }

    fn audit_head(&self) -> AuditHead {
        self.state().audit.head()
    }

    fn audit_actors(&self) -> Vec<String> {
        self.state().audit.actors()
    }

    fn verify_audit(&self, noted: &[AuditHead]) -> Result<AuditVerdict, StoreError> {
        audits::verify(self, noted)
    }
}

impl EventStore for SledStore {
    fn events_after(
        &self,
        after: EventId,
        filter: &EventFilter,
        most: usize,
    ) -> Result<EventPage, StoreError> {
        events::after(self, after, filter, most)
    }

    fn newest_events(&self, filter: &EventFilter, page: &PageRequest) -> Result<Page<Event>, StoreError> {
        events::newest(self, filter, page)
    }

    fn event(&self, id: EventId) -> Result<Option<Event>, StoreError> {
        events::one(self, id)
    }

    fn last_event(&self) -> EventId {
        self.state().last_event()
    }

    fn events_behind(&self, after: EventId, filter: &EventFilter) -> u64 {
        events::behind(self, after, filter)
    }

    fn tell(&self, notice: &Notice, now: Timestamp) -> Result<EventId, StoreError> {
        events::tell(self, notice, now)
    }

    fn on_event(&self, heard: Box<dyn Fn(EventId) + Send + Sync>) {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(heard);
    }

    fn sink_position(&self, sink: &SinkName) -> Result<Option<EventId>, StoreError> {
        sinks::position(self, sink)
    }

    fn set_sink_position(&self, sink: &SinkName, position: EventId) -> Result<(), StoreError> {
        sinks::set_position(self, sink, position)
    }

    fn dead_letters(
        &self,
        sink: &SinkName,
        after: EventId,
        most: usize,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        sinks::letters(self, sink, after, most)
    }

    fn count_dead_letters(&self, sink: &SinkName) -> Result<u64, StoreError> {
        Ok(sinks::count_letters(self, sink))
    }

    fn put_dead_letter(
        &self,
        sink: &SinkName,
        letter: &DeadLetter,
        position: Option<EventId>,
    ) -> Result<(), StoreError> {
        sinks::put_letter(self, sink, letter, position)
    }

    fn remove_dead_letter(&self, sink: &SinkName, event: EventId) -> Result<bool, StoreError> {
        sinks::remove_letter(self, sink, event)
    }
}
