//! What the rest of a node sees of the store.

use std::io::{Read, Write};
use std::sync::Arc;

use overlap_coalition::{Charge, DayUse, ExchangeId, MemberId, SignedDocument, Timestamp};
use overlap_indicator::{DigestSalt, Facet, Indicator, Kind, SecretText};
use uuid::Uuid;

use crate::{
    AuditStore, By, ChargeLimit, ChargeRefused, EventStore, ExchangeRecord, FoundOverlap, ImportCounts,
    IndicatorFilter, IndicatorId, IndicatorRow, Known, NewIndicator, NewSighting, OverlapChoice,
    OverlapGroup, OverlapName, OverlapQuery, OverlapRow, OverlapScan, OverlapTally, Override, Overriding,
    Page, PageRequest, SightingFilter, SightingRow, Snapshot, StoreError, TokenRecord,
};

/// How much the store holds.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct StoreCounts {
    /// Indicators by kind; kinds without any are left out.
    pub indicators: Vec<(Kind, u64)>,
    /// Overlaps by partner.
    pub overlaps: Vec<(MemberId, u64)>,
    /// Exchanges.
    pub exchanges: u64,
    /// Bytes on disk.
    pub disk_bytes: u64,
}

/// A roster that was verified when it was stored, its version and its hash.
pub type KnownRoster = (SignedDocument, u64, [u8; 32]);

/// Which values are held out of exchanges until somebody overrides it.
pub trait Warnings: Send + Sync {
    /// Whether a value is, by its canonical form. Asked for every indicator that is imported, and of all when the warnings change.
    fn hold(&self, kind: Kind, canonical: &str) -> bool;
}

/// Holds nothing.
pub(crate) struct NoWarnings;

impl Warnings for NoWarnings {
    fn hold(&self, _kind: Kind, _canonical: &str) -> bool {
        false
    }
}

/// Takes bytes and gives them back once, sealed while they wait.
pub trait Aside: Write + Send {
    /// Ends the writing.
    ///
    /// # Errors
    /// The disk fails.
    fn read_back(self: Box<Self>) -> Result<Box<dyn Read + Send>, StoreError>;
}

/// The durable store. Every call is one transaction unless it says otherwise: done whole and durable when it returns `Ok`, or not at all.
pub trait Store: EventStore + AuditStore + Send + Sync {
    /// Keeps a batch of indicators; of rows with the same kind and canonical form within it the first is kept.
    fn import(&self, batch: Vec<NewIndicator>, now: Timestamp) -> Result<ImportCounts, StoreError>;
    /// A page of indicators, in the order of import.
    fn indicators(
        &self,
        filter: &IndicatorFilter,
        page: &PageRequest,
    ) -> Result<Page<IndicatorRow>, StoreError>;
    /// One indicator.
    fn indicator(&self, id: IndicatorId) -> Result<Option<IndicatorRow>, StoreError>;
    /// What is known of values: whether they are own indicators, which others they meet on a facet, and who overlaps on them.
    fn known(&self, asked: &[Indicator]) -> Known;
    /// Takes indicators out of the store, and so out of later exchanges. Overlaps already found with them stay. Returns how many were there.
    /// Many are taken out in several transactions, each durable before the next and with an entry of its own in the audit chain, so that
    /// memory does not hold all that is rewritten.
    ///
    /// # Errors
    /// The disk fails. Some of them may be gone then; asked again, the call takes out the others.
    fn withdraw(&self, ids: &[IndicatorId], by: &By) -> Result<u64, StoreError>;
    /// Takes other warnings in the place of those before, for what is imported from now on and for all that is there. They are not stored: a store
    /// that was just opened has none.
    ///
    /// # Errors
    /// The disk fails. Then the warnings before are in force again, for all rows.
    fn set_warnings(&self, warnings: Arc<dyn Warnings>) -> Result<(), StoreError>;
    /// Lets an indicator into exchanges that a warning holds out, until it is withdrawn or the override is taken back. Why, by whom and when
    /// is kept ([`Override`]).
    fn begin_override(&self, id: IndicatorId, reason: &str, by: &By) -> Result<Overriding, StoreError>;
    /// Takes an override back; whether there was one.
    fn end_override(&self, id: IndicatorId, by: &By) -> Result<bool, StoreError>;
    /// The override of an indicator.
    fn override_of(&self, id: IndicatorId) -> Result<Option<Override>, StoreError>;
    /// The digests now.
    fn snapshot(&self) -> Arc<Snapshot>;
    /// Makes all digests anew under another epoch, given with its salt, beside all other calls; until it ends, the snapshot has no epoch.
    /// An epoch has one salt, so one whose digests are there already is no work.
    ///
    /// `go_on` is asked every few milliseconds; where it says no, the call ends with `false`, and a later one begins anew.
    fn take_salt(&self, salt: &(u32, DigestSalt), go_on: &dyn Fn() -> bool) -> Result<bool, StoreError>;

    /// Records a new exchange.
    ///
    /// # Errors
    /// [`StoreError::ExchangeIdReused`] for an id that was ever used.
    fn begin_exchange(&self, record: &ExchangeRecord) -> Result<(), StoreError>;
    /// Replaces the record of an exchange.
    fn update_exchange(&self, record: &ExchangeRecord) -> Result<(), StoreError>;
    /// Stores what an exchange found together with its record, in one transaction. `found` has the holders' ids and facets.
    fn store_overlaps(
        &self,
        record: &ExchangeRecord,
        found: &[(IndicatorId, Facet)],
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// One exchange.
    fn exchange(&self, id: ExchangeId) -> Result<Option<ExchangeRecord>, StoreError>;
    /// A page of exchanges, the newest first.
    fn exchanges(
        &self,
        peer: Option<&MemberId>,
        page: &PageRequest,
    ) -> Result<Page<ExchangeRecord>, StoreError>;
    /// A page of the exchanges that have a receipt, the newest first.
    fn receipts(
        &self,
        peer: Option<&MemberId>,
        page: &PageRequest,
    ) -> Result<Page<ExchangeRecord>, StoreError>;
    /// A page of overlaps that match, in the order that the query names.
    fn find_overlaps(
        &self,
        query: &OverlapQuery,
        page: &PageRequest,
    ) -> Result<Page<FoundOverlap>, StoreError>;
    /// Marks overlaps as seen, or takes the marks back; how many marks changed.
    fn mark_overlaps(&self, which: &OverlapChoice, seen: bool, by: &By) -> Result<u64, StoreError>;
    /// How many overlaps there are, at the cost of a look at numbers in memory; `since` is a date as overlaps have.
    fn overlap_tally(&self, since: u64) -> OverlapTally;
    /// When the holder of a token last used the console, in microseconds since 1970-01-01T00:00:00Z.
    fn last_visit(&self, token: &str) -> Result<Option<u64>, StoreError>;
    /// Keeps when the holder of a token last used the console, unless a later date is kept.
    fn set_last_visit(&self, token: &str, date: u64) -> Result<(), StoreError>;

    /// Indicators that were added after a date ([`IndicatorRow::added`]), in that order, the first `most` of them and
    /// [`LONGEST_PAGE`](crate::LONGEST_PAGE) at most. Who goes on with the last one's date misses none and meets none again, whatever is added meanwhile.
    fn indicators_added_after(&self, after: u64, most: usize) -> Result<Vec<IndicatorRow>, StoreError>;
    /// The date of the first indicator that was ever added, be it withdrawn or not.
    fn first_indicator_added(&self) -> Option<u64>;
    /// The indicator with this UUID ([`IndicatorId::uuid`]).
    fn indicator_named(&self, uuid: Uuid) -> Result<Option<IndicatorRow>, StoreError>;
    /// Overlaps with a partner that were added after a date ([`OverlapRow::added`]), as for indicators; with `only_first` those
    /// alone that are the first of their indicator.
    fn overlaps_added_after(
        &self,
        peer: &MemberId,
        only_first: bool,
        after: u64,
        most: usize,
    ) -> Result<Vec<OverlapRow>, StoreError>;
    /// The date of the first overlap with a partner.
    fn first_overlap_added(&self, peer: &MemberId) -> Option<u64>;
    /// The overlap with a partner that has this name.
    fn overlap_named(&self, peer: &MemberId, name: OverlapName) -> Result<Option<OverlapRow>, StoreError>;
    /// Partners with whom there are overlaps, by their ids.
    fn overlap_peers(&self) -> Vec<MemberId>;
    /// Overlaps by what was found together, from the group after the one of this number on, in the order of their numbers.
    fn overlap_groups(&self, after: u32, most: usize) -> Vec<OverlapGroup>;
    /// The group of the overlap that was added at a date.
    fn overlap_group_at(&self, added: u64) -> Option<OverlapGroup>;
    /// Overlaps in the order in which they were added, the first `most` of those that are meant and [`LONGEST_PAGE`](crate::LONGEST_PAGE) at most.
    fn overlaps_meant(&self, scan: &OverlapScan<'_>, most: usize) -> Result<Vec<OverlapRow>, StoreError>;
    /// The overlaps of an own indicator, with whatever partner, in the order in which they were added.
    fn overlaps_of(&self, indicator: IndicatorId) -> Result<Vec<OverlapRow>, StoreError>;
    /// The UUIDs of the overlaps of an own indicator and when each was added, in that order: memory has them, and nothing is unsealed.
    fn overlap_uuids_of(&self, indicator: IndicatorId) -> Vec<(Uuid, u64)>;
    /// The id that an indicator has here, or would have.
    fn indicator_id(&self, kind: Kind, canonical: &SecretText) -> IndicatorId;

    /// Keeps sightings, with what they say of their indicators: the time in which they were seen, or their expiry. Those of indicators that are not
    /// there are left out.
    fn add_sightings(&self, sightings: Vec<NewSighting>, by: &By) -> Result<Vec<SightingRow>, StoreError>;
    /// A page of sightings, in the order in which they were stored.
    fn sightings(&self, filter: &SightingFilter, page: &PageRequest)
    -> Result<Page<SightingRow>, StoreError>;

    /// A UUID that is this store's own for a name, always the same, that looks as if drawn at random (RFC 9562, version 4): a keyed hash.
    fn own_uuid(&self, name: &str) -> Uuid;

    /// Charges a partner for one exchange, atomically against the limit: two at once cannot both take the last one.
    fn charge(
        &self,
        charge: &Charge,
        limit: ChargeLimit,
        now: Timestamp,
    ) -> Result<Result<DayUse, ChargeRefused>, StoreError>;
    /// What a partner has used of the day that counts now.
    fn day_use(&self, partner: &MemberId, now: Timestamp) -> Result<DayUse, StoreError>;

    /// The roster in force, as it was stored, with the highest version seen and its hash.
    fn roster(&self) -> Result<Option<KnownRoster>, StoreError>;
    /// Stores a verified roster; an older version than the highest seen is an error of the caller and is refused.
    fn set_roster(
        &self,
        document: &SignedDocument,
        version: u64,
        hash: [u8; 32],
        by: &By,
    ) -> Result<(), StoreError>;

    /// Adds a token.
    fn add_token(&self, token: &TokenRecord, by: &By) -> Result<(), StoreError>;
    /// Adds a token, or puts it in the place of the one that has its name.
    fn set_token(&self, token: &TokenRecord, by: &By) -> Result<(), StoreError>;
    /// How often tokens were added, replaced or revoked since the store was opened: who keeps a copy of them reads it again where this has grown.
    fn token_changes(&self) -> u64;
    /// Revokes a token by name, with what is kept of its visits; whether it was there.
    fn revoke_token(&self, name: &str, by: &By) -> Result<bool, StoreError>;
    /// All tokens.
    fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError>;

    /// A place on the disk for what cannot be kept in memory and must not lie there plain. Nothing of it outlives the process.
    fn put_aside(&self) -> Result<Box<dyn Aside>, StoreError>;

    /// How much there is.
    fn counts(&self) -> Result<StoreCounts, StoreError>;
    /// Writes everything but the roster and the tokens to a plain, checksummed file: it is not sealed, and says so in its
    /// first line. That it was asked for stands in the audit chain before the first byte is out, and in the file.
    fn export(&self, out: &mut dyn Write, by: &By) -> Result<(), StoreError>;
    /// Fills an empty store from an export. Roster and tokens stay as they are: whom the node trusts is not a file's to
    /// say. The ledger counts the first period that is asked for as spent. The audit chain of the file comes before this store's own entries, which
    /// are numbered anew.
    fn restore(&self, from: &mut dyn Read, by: &By) -> Result<(), StoreError>;
}
