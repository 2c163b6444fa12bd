//! Exchanges, the roster and tokens: one sealed record each.

use data_encoding::HEXLOWER;
use overlap_coalition::{ExchangeId, MemberId, SignedDocument};
use zeroize::Zeroizing;

use crate::audits::{NewAudits, commit_noted};
use crate::database::{Batch, Database, Writer};
use crate::error::damaged;
use crate::event_log::NewEntries;
use crate::page::Cursor;
use crate::sled_store::{SledStore, State};
use crate::store::KnownRoster;
use crate::stored::{StoredExchange, StoredRoster, StoredToken, from_json, to_json};
use crate::{AuditAction, By, ExchangeRecord, NewAudit, Page, PageRequest, StoreError, TokenRecord, keys};

/// The list that pages of exchanges' cursors are of.
const LIST: char = 'x';

pub(crate) fn begin_exchange(store: &SledStore, record: &ExchangeRecord) -> Result<(), StoreError> {
    let mut writer = store.writer()?;
    let sequence = {
        let exchanges = &store.state().exchanges;
        match exchanges.sequence(record.id) {
            Some(_) => return Err(StoreError::ExchangeIdReused),
            None => exchanges.len(),
        }
    };
    let (mut batch, mut told) = (Batch::default(), Told::after(&store.state()));
    batch.put(keys::exchange(record.id), encode_exchange(record, sequence)?);
    match record.ended {
        Some(at) => told.exchange_ended(&mut batch, record, at)?,
        None => told.audits.exchange_begun(&mut batch, record)?,
    }
    store.commit(&mut writer, batch, |state| {
        state.exchanges.push(record.id, &record.peer, record.receipt.is_some());
        told.take_into(state);
    })
}

pub(crate) fn update_exchange(store: &SledStore, record: &ExchangeRecord) -> Result<(), StoreError> {
    let mut writer = store.writer()?;
    let (mut batch, mut told) = (Batch::default(), Told::after(&store.state()));
    put_exchange(store, &mut batch, record, &mut told)?;
    store.commit(&mut writer, batch, |state| {
        take_receipt(state, record);
        told.take_into(state);
    })
}

/// What a change of an exchange's record tells, in the commit of the change: an event where it ends, and entries of the audit chain.
pub(crate) struct Told {
    pub(crate) events: NewEntries,
    pub(crate) audits: NewAudits,
}

impl Told {
    pub(crate) fn after(state: &State) -> Self {
        Self { events: NewEntries::after(state), audits: NewAudits::after(state) }
    }

    fn exchange_ended(
        &mut self,
        batch: &mut Batch,
        record: &ExchangeRecord,
        ended: u64,
    ) -> Result<(), StoreError> {
        self.events.exchange_ended(batch, record, ended)?;
        self.audits.exchange_ended(batch, record, ended)
    }

    /// Takes it into memory.
    pub(crate) fn take_into(self, state: &mut State) {
        self.events.take_into(state);
        self.audits.take_into(state);
    }
}

/// Takes whether a record that is durable now has a receipt.
pub(crate) fn take_receipt(state: &mut State, record: &ExchangeRecord) {
    state.exchanges.set_receipt(record.id, &record.peer, record.receipt.is_some());
}

/// Replaces a record that is there, and tells its end where it ends now.
pub(crate) fn put_exchange(
    store: &SledStore,
    batch: &mut Batch,
    record: &ExchangeRecord,
    told: &mut Told,
) -> Result<(), StoreError> {
    let sequence = store.state().exchanges.sequence(record.id).ok_or(StoreError::NotFound("exchange"))?;
    let stored = exchange(store, record.id)?.ok_or(damaged("an exchange is missing"))?;
    if stored.peer != record.peer {
        return Err(StoreError::NotFound("exchange with this partner"));
    }
    batch.put(keys::exchange(record.id), encode_exchange(record, sequence)?);
    match (stored.ended, record.ended) {
        (None, Some(at)) => told.exchange_ended(batch, record, at),
        _ => Ok(()),
    }
}

pub(crate) fn exchange(store: &SledStore, id: ExchangeId) -> Result<Option<ExchangeRecord>, StoreError> {
    let Some(plain) = store.database.get(&keys::exchange(id))? else { return Ok(None) };
    from_json::<StoredExchange>(&plain)?.into_record().map(Some)
}

pub(crate) fn exchanges(
    store: &SledStore,
    peer: Option<&MemberId>,
    page: &PageRequest,
) -> Result<Page<ExchangeRecord>, StoreError> {
    let before = page.begin(LIST)?.unwrap_or(u64::MAX);
    let found = store.state().exchanges.newest_before(before, peer, page.rows() + 1);
    page_of(store, found, page)
}

/// Exchanges that have a receipt.
pub(crate) fn receipts(
    store: &SledStore,
    peer: Option<&MemberId>,
    page: &PageRequest,
) -> Result<Page<ExchangeRecord>, StoreError> {
    let before = page.begin(LIST)?.unwrap_or(u64::MAX);
    let found = store.state().exchanges.receipts_before(before, peer, page.rows() + 1);
    page_of(store, found, page)
}

fn page_of(
    store: &SledStore,
    mut found: Vec<(u64, ExchangeId)>,
    page: &PageRequest,
) -> Result<Page<ExchangeRecord>, StoreError> {
    let more = found.len() > page.rows();
    found.truncate(page.rows());
    let last = found.last().map(|(sequence, _)| *sequence).filter(|_| more);
    let rows = found.iter().map(|(_, id)| exchange(store, *id)?.ok_or(damaged("an exchange is missing")));
    Ok(Page {
        rows: rows.collect::<Result<_, _>>()?,
        next: last.map(|sequence| Cursor::to_place(LIST, sequence)),
    })
}

fn encode_exchange(record: &ExchangeRecord, sequence: u64) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    to_json(&StoredExchange::new(record, sequence)).map(Zeroizing::new)
}

pub(crate) fn roster(store: &SledStore) -> Result<Option<KnownRoster>, StoreError> {
    roster_of(&store.database)
}

pub(crate) fn roster_of(database: &Database) -> Result<Option<KnownRoster>, StoreError> {
    let Some(plain) = database.get(keys::ROSTER)? else { return Ok(None) };
    let roster: StoredRoster = from_json(&plain)?;
    Ok(Some((roster.document()?, roster.version, roster.hash()?)))
}

pub(crate) fn set_roster(
    store: &SledStore,
    document: &SignedDocument,
    (version, hash): (u64, [u8; 32]),
    by: &By,
) -> Result<(), StoreError> {
    let mut writer = store.writer()?;
    if let Some((_, highest, stored)) = roster(store)?
        && (version < highest || (version == highest && hash != stored))
    {
        return Err(StoreError::RosterVersion { offered: version, highest });
    }
    let mut batch = Batch::default();
    batch.put(keys::ROSTER.to_vec(), to_json(&StoredRoster::new(document, version, hash))?);
    let new =
        NewAudit::of(AuditAction::RosterTaken).on(version).with(format!("hash={}", HEXLOWER.encode(&hash)));
    commit_noted(store, &mut writer, batch, (by, &new), |_| ()).map(drop)
}

pub(crate) fn add_token(store: &SledStore, token: &TokenRecord, by: &By) -> Result<(), StoreError> {
    let mut writer = store.writer()?;
    if store.database.get(&keys::token(&token.name))?.is_some() {
        return Err(StoreError::TokenExists);
    }
    put_token(store, &mut writer, token, by)
}

/// Adds a token, or puts it in the place of the one that has its name.
pub(crate) fn set_token(store: &SledStore, token: &TokenRecord, by: &By) -> Result<(), StoreError> {
    let mut writer = store.writer()?;
    put_token(store, &mut writer, token, by)
}

fn put_token(store: &SledStore, writer: &mut Writer, token: &TokenRecord, by: &By) -> Result<(), StoreError> {
    let mut batch = Batch::default();
    batch.put(keys::token(&token.name), to_json(&StoredToken::new(token))?);
    let roles: Vec<_> = token.roles.iter().map(|role| role.as_str()).collect();
    let new =
        NewAudit::of(AuditAction::TokenAdded).on(&token.name).with(format!("roles={}", roles.join(",")));
    commit_noted(store, writer, batch, (by, &new), |state| state.token_changes += 1).map(drop)
}

/// Revokes a token. Its visit goes with it: whoever gets a token of this name later was never here.
pub(crate) fn revoke_token(store: &SledStore, name: &str, by: &By) -> Result<bool, StoreError> {
    let mut writer = store.writer()?;
    let key = keys::token(name);
    if store.database.get(&key)?.is_none() {
        return Ok(false);
    }
    let mut batch = Batch::default();
    batch.remove(key);
    batch.remove(keys::visit(name));
    let new = NewAudit::of(AuditAction::TokenRevoked).on(name);
    commit_noted(store, &mut writer, batch, (by, &new), |state| state.token_changes += 1).map(|_| true)
}

/// All tokens, by name.
pub(crate) fn tokens(store: &SledStore) -> Result<Vec<TokenRecord>, StoreError> {
    let mut found = Vec::new();
    for key in store.database.keys(&[keys::TOKEN])? {
        // One that was revoked meanwhile is no longer there.
        if let Some(plain) = store.database.get(&key)? {
            found.push(from_json::<StoredToken>(&plain)?.into_record()?);
        }
    }
    Ok(found)
}
