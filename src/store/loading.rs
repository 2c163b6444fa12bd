//! What opening reads: everything that is kept in memory.

use overlap_coalition::ExchangeId;
use overlap_indicator::{Digest, DigestSalt, Digester, Facet, Indicator, Rules};

use crate::added::{AddedDates, Run, date_of_seconds, slot_of};
use crate::audit_book::AuditBook;
use crate::catalog::{Catalog, Fresh};
use crate::codec::Reader;
use crate::database::{Batch, Database, Writer};
use crate::digest_cache::DigestCache;
use crate::epoch::Epoch;
use crate::error::damaged;
use crate::event_log::EventLog;
use crate::exchange_index::{ExchangeIndex, Indexed};
use crate::folder::Folder;
use crate::ids::IdKey;
use crate::journal::{self, Journals};
use crate::ledger::{Calendar, Spent};
use crate::overlap_book::OverlapBook;
use crate::row_meta::Place;
use crate::seal::Sealer;
use crate::seen::SeenMarks;
use crate::segment::{rows_in, unpack};
use crate::sighting_book::SightingBook;
use crate::sinks::LetterCounts;
use crate::sled_store::State;
use crate::snapshot::{Entry, sort_entries};
use crate::store::KnownRoster;
use crate::stored::{StoredExchange, from_json};
use crate::{IndicatorId, IndicatorRow, Override, StoreError, keys, records, restored_audit};

/// Values of an unfinished restore that are removed together.
pub(crate) const UNDO_KEYS: usize = 4096;

/// An open store's parts.
pub(crate) struct Loaded {
    pub(crate) database: Database,
    pub(crate) epoch: Epoch,
    pub(crate) state: State,
    pub(crate) writer: Writer,
}

/// What is kept whatever the epoch.
pub(crate) struct Main {
    /// The roster that is stored, which says what epoch it is.
    pub(crate) roster: Option<KnownRoster>,
    database: Database,
    state: State,
    writer: Writer,
}

/// Opens the database and reads what memory keeps of it.
pub(crate) fn load_main(folder: &Folder, sealer: &Sealer) -> Result<Main, StoreError> {
    let path = folder.path().join("main");
    let mut database = Database::open(&path, b"overlapd store 1".to_vec(), sealer.clone())?;
    crate::folder::sync_folder(&path)?;
    crate::folder::sync_folder(folder.path())?;
    if folder.is_restoring() {
        database = undo_restore(folder, database)?;
    } else if database.get(keys::ASIDE)?.is_some() {
        database = restored_audit::forget_aside(folder, database)?;
    }
    let mut reading = Reading::default();
    let (database, mut writer) = database.read_all(|key, plain| reading.take(key, plain))?;
    if writer.commits() < folder.watermark()? {
        return Err(damaged("its newest writes are missing"));
    }
    reading.catalog.index_loaded()?;
    reading.take_overrides();
    reading.keep_dates(folder, &database, &mut writer)?;
    let ids = match reading.ids.take() {
        Some(ids) => ids,
        None if writer.commits() == 0 => begin(folder, &database, &mut writer, sealer)?,
        None => return Err(damaged("the key of ids is missing")),
    };
    let state = State {
        ids,
        catalog: reading.catalog,
        journals: reading.journals,
        overlaps: reading.overlaps,
        sightings: reading.sightings,
        indicators_added: reading.indicators_added.dates,
        overlaps_added: reading.overlaps_added.dates,
        seen: reading.seen,
        exchanges: ExchangeIndex::load(reading.exchanges)?,
        events: reading.events,
        audit: reading.audit,
        letters: reading.letters,
        token_changes: 0,
        unended: reading.unended,
    };
    Ok(Main { roster: records::roster_of(&database)?, database, state, writer })
}

/// Opens the epoch's digests, and makes those that are not there.
pub(crate) fn load_epoch(
    folder: &Folder,
    sealer: &Sealer,
    main: Main,
    salt: &(u32, DigestSalt),
) -> Result<Loaded, StoreError> {
    let Main { database, mut state, writer, .. } = main;
    DigestCache::remove_others(folder.path(), salt.0)?;
    let epoch = Epoch::open(folder.path(), sealer, salt)?;
    let epoch = load_digests(&mut state.catalog, &database, epoch)?;
    Ok(Loaded { database, epoch, state, writer })
}

/// Makes the digests of all facets of a stored row. A form that the rules do not take back, which no rule set that made it
/// refuses, has none, and so takes no part in exchanges.
pub(crate) fn digests_of(digester: &Digester, row: &IndicatorRow) -> Vec<(Facet, Digest)> {
    match Indicator::parse(row.kind, row.canonical.reveal(), &Rules::default()) {
        Ok(indicator) => digests(digester, &indicator),
        Err(_) => {
            tracing::error!(id = %row.id, kind = %row.kind, "a stored canonical form is none: it takes no part in exchanges");
            Vec::new()
        }
    }
}

/// The digests of all facets of an indicator.
pub(crate) fn digests(digester: &Digester, indicator: &Indicator) -> Vec<(Facet, Digest)> {
    indicator.facets().iter().map(|facet| (facet.facet, digester.digest(facet))).collect()
}

/// The first records of a new store.
fn begin(
    folder: &Folder,
    database: &Database,
    writer: &mut Writer,
    sealer: &Sealer,
) -> Result<IdKey, StoreError> {
    let mut bytes = [0; 32];
    sealer.fill_random(&mut bytes)?;
    let ids = IdKey::new(bytes);
    let spent = if folder.had_damage() { Spent::FirstDay } else { Spent::None };
    let mut batch = Batch::default();
    batch.put(keys::ID_KEY.to_vec(), ids.expose_bytes().to_vec());
    batch.put(keys::DAY.to_vec(), Calendar { highest: 0, spent }.encode());
    folder.commit(database, writer, batch)?;
    Ok(ids)
}

/// Removes what an unfinished restore wrote. The calendar stays: it counts the first day as spent.
fn undo_restore(folder: &Folder, database: Database) -> Result<Database, StoreError> {
    const WRITTEN: [u8; 14] = [
        keys::INDICATORS_ADDED,
        keys::OVERLAPS_ADDED,
        keys::SEGMENT,
        keys::JOURNAL,
        keys::OVERLAPS,
        keys::EXCHANGE,
        keys::LEDGER,
        keys::EVENT,
        keys::LETTER,
        keys::OVERLAPS_SEEN,
        keys::POSITION,
        keys::SIGHTING,
        keys::VISIT,
        keys::OVERRIDE,
    ];
    tracing::warn!("a restore did not end: what it wrote is removed");
    let (database, mut writer) = database.read_all(|_, _| Ok(()))?;
    for table in WRITTEN {
        for some in database.keys(&[table])?.chunks(UNDO_KEYS) {
            let mut batch = Batch::default();
            some.iter().for_each(|key| batch.remove(key.clone()));
            folder.commit(&database, &mut writer, batch)?;
        }
    }
    restored_audit::take_back(folder, &database, &mut writer)?;
    folder.end_restore()?;
    Ok(database)
}

#[derive(Default)]
struct Reading {
    ids: Option<IdKey>,
    catalog: Catalog,
    journals: Journals,
    overlaps: OverlapBook,
    sightings: SightingBook,
    indicators_added: ReadDates,
    overlaps_added: ReadDates,
    seen: SeenMarks,
    exchanges: Vec<Indexed>,
    events: EventLog,
    audit: AuditBook,
    letters: LetterCounts,
    unended: Vec<ExchangeId>,
    overrides: Vec<IndicatorId>,
}

/// The dates of a table's rows. A store that was made before there were any gets them of the times that its rows have.
#[derive(Default)]
struct ReadDates {
    dates: AddedDates,
    made: Vec<Run>,
}

impl ReadDates {
    /// Takes the rows of a segment, which come after all dates that are stored.
    fn take(&mut self, segment: u32, seconds: impl Iterator<Item = (usize, u64)>) {
        if !self.dates.is_empty() && self.made.is_empty() {
            return;
        }
        let rows = seconds.map(|(row, seconds)| (slot_of(segment, row), date_of_seconds(seconds)));
        let runs = self.dates.plan(rows);
        self.made.extend(&runs);
        self.dates.add(runs);
    }
}

impl Reading {
    /// Marks indicators that are overridden, now that they are found by their ids.
    fn take_overrides(&mut self) {
        for id in std::mem::take(&mut self.overrides) {
            if let Some(place) = self.catalog.place(id) {
                self.catalog.set_overridden(place, true);
            }
        }
    }

    /// Makes the dates durable that were made, before anybody sees one.
    fn keep_dates(
        &mut self,
        folder: &Folder,
        database: &Database,
        writer: &mut Writer,
    ) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        let tables =
            [(&self.indicators_added, keys::INDICATORS_ADDED), (&self.overlaps_added, keys::OVERLAPS_ADDED)];
        for (read, table) in tables {
            AddedDates::default().put(&read.made, table, &mut batch);
        }
        if batch.is_empty() {
            return Ok(());
        }
        folder.commit(database, writer, batch)
    }

    fn take_segment(&mut self, segment: u32, plain: &[u8]) -> Result<(), StoreError> {
        self.catalog.load(segment, plain)?;
        let mut seconds = Vec::new();
        for (at, row) in rows_in(plain)?.enumerate() {
            // The first row that was ever stored has a date even where it was withdrawn.
            seconds.push((at, row?.map_or(0, |row| row.imported)));
        }
        self.indicators_added.take(segment, seconds.into_iter());
        Ok(())
    }

    fn take(&mut self, key: &[u8], plain: &[u8]) -> Result<(), StoreError> {
        let number = || keys::number_of(key).ok_or(damaged("a key"));
        match key.first() {
            Some(&keys::INDICATORS_ADDED) => self.indicators_added.dates.load(number()?, plain),
            Some(&keys::OVERLAPS_ADDED) => self.overlaps_added.dates.load(number()?, plain),
            Some(&keys::SEGMENT) => self.take_segment(number()?, plain),
            Some(&keys::JOURNAL) => {
                let changed = journal::unpack(plain)?;
                self.catalog.change(&changed);
                self.journals.add(number()?, &changed);
                Ok(())
            }
            Some(&keys::OVERLAPS) => {
                let rows = self.overlaps.load(number()?, plain)?;
                let found = rows.iter().map(|row| row.found).enumerate();
                self.overlaps_added.take(number()?, found);
                Ok(())
            }
            Some(&keys::OVERLAPS_SEEN) => {
                let segment = number()?;
                let rows = self.overlaps.segment(segment).map_or(0, |(_, rows)| rows.len());
                self.seen.load(segment, plain, rows)
            }
            Some(&keys::SIGHTING) => self.sightings.load(number()?, plain),
            Some(&keys::EXCHANGE) => {
                let exchange: StoredExchange = from_json(plain)?;
                let id = exchange.id()?;
                if exchange.ended.is_none() {
                    self.unended.push(id);
                }
                let (sequence, peer, has_receipt) =
                    (exchange.sequence, exchange.peer()?, exchange.has_receipt());
                self.exchanges.push(Indexed { sequence, id, peer, has_receipt });
                Ok(())
            }
            Some(_) if key == keys::ID_KEY => {
                self.ids = Some(IdKey::new(Reader::new(plain).array()?));
                Ok(())
            }
            Some(&keys::EVENT) => self.events.load(plain),
            Some(&keys::AUDIT) => self.audit.load(keys::audit_number(key), plain),
            Some(&keys::LETTER) => self.letters.load(key),
            Some(&keys::OVERRIDE) => {
                self.overrides.push(keys::overridden(key).ok_or(damaged("a key"))?);
                Override::decode(plain).map(|_| ())
            }
            Some(
                &keys::LEDGER
                | &keys::TOKEN
                | &keys::META
                | &keys::VISIT
                | &keys::POSITION
                | &keys::AUDIT_ASIDE,
            ) => Ok(()),
            _ => Err(damaged("a key")),
        }
    }
}

/// Reads the epoch's digests, and makes those that are not there.
fn load_digests(catalog: &mut Catalog, database: &Database, mut epoch: Epoch) -> Result<Epoch, StoreError> {
    let segments = catalog.snapshot().segments();
    let mut has: Vec<Vec<bool>> =
        segments.iter().map(|table| table.rows().map(|meta| !meta.live).collect()).collect();
    let mut entries = Vec::with_capacity(catalog.len());
    epoch.cache = epoch.cache.read(|cached| {
        let there = catalog.meta(cached.place).filter(|meta| meta.live && meta.id == cached.id);
        let slot = has.get_mut(cached.place.segment as usize);
        let slot = slot.and_then(|rows| rows.get_mut(usize::from(cached.place.row)));
        if let (Some(meta), Some(slot @ false)) = (there, slot) {
            *slot = true;
            let entry = |(facet, digest): (Facet, Digest)| Entry::new(digest, facet, meta.kind, cached.place);
            entries.extend(cached.digests.into_iter().map(entry));
        }
    })?;
    for (segment, rows) in has.iter().enumerate().filter(|(_, rows)| rows.contains(&false)) {
        make_digests(segment as u32, rows, database, &epoch, &mut entries)?;
    }
    sort_entries(&mut entries);
    catalog.load_digests(entries, epoch.number);
    Ok(epoch)
}

/// Makes the digests of the rows of a segment that have none.
fn make_digests(
    segment: u32,
    has: &[bool],
    database: &Database,
    epoch: &Epoch,
    entries: &mut Vec<Entry>,
) -> Result<(), StoreError> {
    let bytes =
        database.get(&keys::numbered(keys::SEGMENT, segment))?.ok_or(damaged("a segment is missing"))?;
    let rows = fresh_rows(&bytes, &epoch.digester, |at| has.get(at) == Some(&false))?;
    entries.extend(rows.iter().flat_map(|(at, fresh)| entries_of(segment, *at, fresh)));
    epoch.cache.keep(&runs_of(segment, &rows))
}

/// The rows of a packed segment that are wanted, by their number, with their digests.
pub(crate) fn fresh_rows(
    bytes: &[u8],
    digester: &Digester,
    wanted: impl Fn(usize) -> bool,
) -> Result<Vec<(u16, Fresh)>, StoreError> {
    let rows = unpack(bytes)?.into_iter().enumerate().filter(|(at, _)| wanted(*at));
    let fresh = |(at, row): (usize, Option<IndicatorRow>)| {
        row.map(|row| (at as u16, Fresh { digests: digests_of(digester, &row), row }))
    };
    Ok(rows.filter_map(fresh).collect())
}

/// A row's digests as a snapshot has them.
pub(crate) fn entries_of(segment: u32, row: u16, fresh: &Fresh) -> impl Iterator<Item = Entry> {
    let (kind, place) = (fresh.row.kind, Place { segment, row });
    fresh.digests.iter().map(move |(facet, digest)| Entry::new(*digest, *facet, kind, place))
}

/// Rows as they are kept: those that follow each other together, from the first one's place on.
pub(crate) fn runs_of(segment: u32, rows: &[(u16, Fresh)]) -> Vec<(Place, Vec<&Fresh>)> {
    let follow = |a: &(u16, Fresh), b: &(u16, Fresh)| a.0.checked_add(1) == Some(b.0);
    let runs = rows.chunk_by(follow).filter_map(|run| {
        let place = Place { segment, row: run.first()?.0 };
        Some((place, run.iter().map(|(_, fresh)| fresh).collect()))
    });
    runs.collect()
}
