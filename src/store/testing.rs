//! What the tests of this crate share.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use overlap_coalition::{
    EngineName, ExchangeId, MemberId, Mode, PublicKey, Side, Signature, SignedDocument, Timestamp,
};
use overlap_indicator::{Context, DigestSalt, Facet, Indicator, Kind, Rules, SecretText};
use tempfile::TempDir;

use crate::database::Batch;
use crate::{
    Actor, By, ExchangeRecord, ExchangeState, NewIndicator, OverlapQuery, OverlapRow, Page, PageRequest,
    SealKey, Selection, SledStore, SledStoreOptions, Store, StoreError, Warnings, keys,
};

pub(crate) const NOW: Timestamp = Timestamp(1_790_000_000);

/// A folder and what opens the store in it.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) key: u8,
    pub(crate) epoch: u32,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), key: 1, epoch: 1 }
    }

    pub(crate) fn try_open(&self) -> Result<SledStore, StoreError> {
        open_at(self.folder.path(), self.key, self.epoch)
    }

    pub(crate) fn open(&self) -> SledStore {
        self.try_open().unwrap()
    }
}

/// Opens the store in `folder`.
pub(crate) fn open_at(folder: &Path, key: u8, epoch: u32) -> Result<SledStore, StoreError> {
    SledStore::open(SledStoreOptions {
        path: folder.join("store"),
        seal_key: SealKey::new([key; 32]),
        salt: (epoch, DigestSalt::new([epoch as u8; 32])),
    })
}

pub(crate) fn new_indicator(kind: Kind, raw: &str, context: Context) -> NewIndicator {
    let indicator = Indicator::parse(kind, raw, &Rules::default()).unwrap();
    NewIndicator { indicator, raw: SecretText::new(raw), context }
}

/// A domain that has the number in its name.
pub(crate) fn domain(number: usize) -> NewIndicator {
    new_indicator(Kind::Domain, &format!("WWW.n{number}.example"), Context::default())
}

pub(crate) fn everything() -> Selection {
    Selection { kinds: Kind::ALL.to_vec(), facets: Facet::ALL.to_vec(), tlp_ceiling: None, now: NOW.0 }
}

pub(crate) fn member(name: &str) -> MemberId {
    name.parse().unwrap()
}

pub(crate) fn document(byte: u8) -> SignedDocument {
    let signature = Signature { key: PublicKey([byte; 32]), bytes: [byte; 64] };
    SignedDocument { bytes: vec![byte; 300], signatures: vec![signature] }
}

pub(crate) fn exchange(number: u8, peer: &str) -> ExchangeRecord {
    ExchangeRecord {
        id: ExchangeId([number; 16]),
        peer: member(peer),
        side: Side::Responder,
        state: ExchangeState::Running,
        purpose: "investigation".into(),
        case_reference: String::new(),
        engine: EngineName::Voprf,
        mode: Mode::Overlap,
        own_size: 1024,
        peer_size: 2048,
        matches: None,
        bytes_sent: 1,
        bytes_received: 2,
        disclosed: true,
        seconds: vec![("total".into(), 0.1 + 0.2)],
        began: NOW.0,
        ended: None,
        failure: None,
        offer: Some(document(number)),
        accept: None,
        receipt: None,
    }
}

/// Warns of values that are told.
pub(crate) struct Warned(pub(crate) BTreeSet<String>);

impl Warned {
    pub(crate) fn of<'a>(values: impl IntoIterator<Item = &'a str>) -> Arc<Self> {
        Arc::new(Self(values.into_iter().map(str::to_owned).collect()))
    }
}

impl Warnings for Warned {
    fn hold(&self, _kind: Kind, canonical: &str) -> bool {
        self.0.contains(canonical)
    }
}

/// Somebody who changes something, now.
pub(crate) fn by() -> By {
    by_at(NOW)
}

/// The same, at a time.
pub(crate) fn by_at(at: Timestamp) -> By {
    By { actor: Actor::Token("admin".into()), at }
}

/// Writes over a segment of indicators, as a disk that fails would.
pub(crate) fn lose_segment(store: &SledStore, segment: u32) {
    let mut batch = Batch::default();
    batch.put(keys::numbered(keys::SEGMENT, segment), vec![0xff]);
    store.database.put_lazily(batch).unwrap();
}

/// All pages of a list, read `limit` rows at a time.
pub(crate) fn all_pages<T>(
    limit: usize,
    page: impl Fn(&PageRequest) -> Result<Page<T>, StoreError>,
) -> Vec<T> {
    let mut request = PageRequest { limit, after: None };
    let mut rows = Vec::new();
    loop {
        let page = page(&request).unwrap();
        assert!(page.rows.len() <= limit);
        rows.extend(page.rows);
        match page.next {
            Some(_) => request.after = page.next,
            None => return rows,
        }
    }
}

/// All overlaps that match, read by pages of so many, without their marks.
pub(crate) fn all_overlaps(store: &dyn Store, query: &OverlapQuery, limit: usize) -> Vec<OverlapRow> {
    let found = all_pages(limit, |page| store.find_overlaps(query, page));
    found.into_iter().map(|found| found.row).collect()
}
