//! Appending to the audit chain, reading it and verifying it.

use overlap_coalition::Timestamp;

use crate::audit::cut;
use crate::codec::{Reader, put_text};
use crate::database::{Batch, Writer};
use crate::error::damaged;
use crate::page::Cursor;
use crate::sled_store::{SledStore, State};
use crate::{
    AuditAction, AuditBreak, AuditEntry, AuditFault, AuditFilter, AuditHead, AuditOrder, AuditVerdict,
    AuditVerifier, By, ExchangeRecord, ExchangeState, LONGEST_AUDIT_DETAIL, LONGEST_AUDIT_OBJECT, NewAudit,
    Page, PageRequest, StoreError, keys,
};

const VERSION: u8 = 1;

/// The lists that these pages' cursors are of, by their orders.
const OLDEST: char = 'a';
const NEWEST: char = 'z';

/// Entries of one commit.
pub(crate) struct NewAudits {
    head: AuditHead,
    entries: Vec<AuditEntry>,
}

impl NewAudits {
    /// Entries that follow the chain's head. Whoever makes them has the writer, so nobody else does.
    pub(crate) fn after(state: &State) -> Self {
        Self::after_head(state.audit.head())
    }

    pub(crate) fn after_head(head: AuditHead) -> Self {
        Self { head, entries: Vec::new() }
    }

    /// Puts an entry into the commit of what it tells.
    pub(crate) fn put(&mut self, batch: &mut Batch, by: &By, new: &NewAudit) -> Result<(), StoreError> {
        let entry = AuditEntry {
            number: 0,
            time: by.at.0,
            actor: by.actor.to_string(),
            action: new.action.as_str().to_owned(),
            object: cut(&new.object, LONGEST_AUDIT_OBJECT),
            detail: cut(&new.detail, LONGEST_AUDIT_DETAIL),
            hash: [0; 32],
        };
        self.append(batch, entry)
    }

    /// Puts an entry after the last one, whatever its number and its hash were.
    pub(crate) fn append(&mut self, batch: &mut Batch, entry: AuditEntry) -> Result<(), StoreError> {
        let mut entry = AuditEntry { number: self.head.number.saturating_add(1), ..entry };
        entry.hash = entry.hash_after(&self.head.hash);
        batch.put(keys::audit(keys::AUDIT, entry.number), pack(&entry)?);
        self.head = entry.head();
        self.entries.push(entry);
        Ok(())
    }

    /// Tells that an exchange has a record now.
    pub(crate) fn exchange_begun(
        &mut self,
        batch: &mut Batch,
        record: &ExchangeRecord,
    ) -> Result<(), StoreError> {
        let detail = format!(
            "peer={} side={} mode={} engine={}",
            record.peer, record.side, record.mode, record.engine
        );
        let new = NewAudit::of(AuditAction::ExchangeBegun).on(record.id).with(detail);
        self.put(batch, &By::daemon(Timestamp(record.began)), &new)
    }

    /// Tells how an exchange ended.
    pub(crate) fn exchange_ended(
        &mut self,
        batch: &mut Batch,
        record: &ExchangeRecord,
        ended: u64,
    ) -> Result<(), StoreError> {
        let action = match record.state {
            ExchangeState::Refused => AuditAction::ExchangeRefused,
            _ => AuditAction::ExchangeEnded,
        };
        let mut detail = format!(
            "peer={} side={} mode={} outcome={}",
            record.peer, record.side, record.mode, record.state
        );
        if let Some(failure) = &record.failure {
            detail.push_str(&format!(" code={} by={}", failure.code.as_str(), failure.by));
        }
        if record.disclosed {
            detail.push_str(" disclosed=yes");
        }
        let new = NewAudit::of(action).on(record.id).with(detail);
        self.put(batch, &By::daemon(Timestamp(ended)), &new)
    }

    /// The last entry there is once these are stored.
    pub(crate) fn head(&self) -> AuditHead {
        self.head
    }

    /// Takes them into memory.
    pub(crate) fn take_into(self, state: &mut State) {
        self.entries.iter().for_each(|entry| state.audit.push(entry));
    }
}

/// Appends an entry by itself.
pub(crate) fn note(store: &SledStore, by: &By, new: &NewAudit) -> Result<AuditHead, StoreError> {
    let mut writer = store.writer()?;
    commit_noted(store, &mut writer, Batch::default(), (by, new), |_| ())
}

/// Commits a change together with its entry, and puts both into memory; says where the chain stands then.
pub(crate) fn commit_noted(
    store: &SledStore,
    writer: &mut Writer,
    mut batch: Batch,
    (by, new): (&By, &NewAudit),
    apply: impl FnOnce(&mut State),
) -> Result<AuditHead, StoreError> {
    let mut noted = NewAudits::after(&store.state());
    noted.put(&mut batch, by, new)?;
    let head = noted.head();
    store.commit(writer, batch, |state| {
        apply(state);
        noted.take_into(state);
    })?;
    Ok(head)
}

/// A page of entries.
pub(crate) fn page(
    store: &SledStore,
    filter: &AuditFilter,
    order: AuditOrder,
    page: &PageRequest,
) -> Result<Page<AuditEntry>, StoreError> {
    let list = match order {
        AuditOrder::Oldest => OLDEST,
        AuditOrder::Newest => NEWEST,
    };
    let begin = page.begin(list)?;
    let mut numbers = store.state().audit.numbers(filter, order, begin, page.rows() + 1);
    let next = (numbers.len() > page.rows()).then(|| numbers.pop()).flatten();
    let rows =
        numbers.into_iter().map(|number| one(store, number)?.ok_or(damaged("an audit entry is missing")));
    Ok(Page {
        rows: rows.collect::<Result<_, _>>()?,
        next: next.map(|number| Cursor::to_place(list, number)),
    })
}

/// Reads the chain up to its last entry now. Entries that are appended meanwhile are left to the next time.
pub(crate) fn verify(store: &SledStore, noted: &[AuditHead]) -> Result<AuditVerdict, StoreError> {
    let last = store.state().audit.head().number;
    let mut verifier = AuditVerifier::new(noted);
    let walked = walk(store, &mut verifier, last)?;
    Ok(verifier.end(walked))
}

fn walk(
    store: &SledStore,
    verifier: &mut AuditVerifier,
    last: u64,
) -> Result<Result<(), AuditBreak>, StoreError> {
    while verifier.head().number < last {
        let number = verifier.head().number.saturating_add(1);
        let broken = |fault| Ok(Err(AuditBreak { number, fault }));
        let entry = match one(store, number) {
            Ok(Some(entry)) => entry,
            Ok(None) => return broken(AuditFault::Missing),
            Err(StoreError::Damaged { .. }) => return broken(AuditFault::Unreadable),
            Err(error) => return Err(error),
        };
        if let Err(broken) = verifier.take(&entry) {
            return Ok(Err(broken));
        }
    }
    Ok(Ok(()))
}

fn one(store: &SledStore, number: u64) -> Result<Option<AuditEntry>, StoreError> {
    let plain = store.database.get(&keys::audit(keys::AUDIT, number))?;
    plain.map(|plain| unpack(number, &plain)).transpose()
}

/// Packs an entry; its number is in its key.
pub(crate) fn pack(entry: &AuditEntry) -> Result<Vec<u8>, StoreError> {
    let mut out = vec![VERSION];
    out.extend_from_slice(&entry.time.to_le_bytes());
    for text in [&entry.actor, &entry.action, &entry.object, &entry.detail] {
        put_text(&mut out, text)?;
    }
    out.extend_from_slice(&entry.hash);
    Ok(out)
}

/// Unpacks the entry of this number.
pub(crate) fn unpack(number: u64, plain: &[u8]) -> Result<AuditEntry, StoreError> {
    let mut reader = Reader::new(plain);
    if reader.u8()? != VERSION {
        return Err(damaged("an audit entry"));
    }
    let time = reader.u64()?;
    let mut text = || reader.text().map(str::to_owned);
    let (actor, action, object, detail) = (text()?, text()?, text()?, text()?);
    let hash = reader.array()?;
    if !reader.is_empty() {
        return Err(damaged("an audit entry"));
    }
    Ok(AuditEntry { number, time, actor, action, object, detail, hash })
}
