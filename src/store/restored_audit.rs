//! A restore's two audit chains: that of the file, and this store's own.
//!
//! The file's entries keep their numbers and hashes, so that a head that was noted at the old store is in the new one. This store's own entries come
//! after them, numbered and hashed anew, and then the entry of the restore, which names the head that they had. Until the restore has ended they also
//! stand aside, so that one that is cut off gives them back: a crash loses none.

use crate::audit::AuditHead;
use crate::audits::{NewAudits, pack, unpack};
use crate::database::{Batch, Database, Writer};
use crate::error::damaged;
use crate::folder::Folder;
use crate::loading::UNDO_KEYS;
use crate::sled_store::SledStore;
use crate::{AuditAction, AuditEntry, AuditFilter, AuditOrder, By, NewAudit, PageRequest, StoreError, keys};

/// Entries of its own that a store may have when it is restored: they are in memory together. A new one has a few.
const MOST_OWN: usize = 5_000;

/// The store's own entries.
///
/// # Errors
/// There are so many that it is no new store.
pub(crate) fn own(store: &SledStore) -> Result<Vec<AuditEntry>, StoreError> {
    if store.state().audit.len() > MOST_OWN {
        return Err(StoreError::BadExport("the store is not empty: its audit chain is long"));
    }
    let all = PageRequest { limit: MOST_OWN, after: None };
    Ok(crate::audits::page(store, &AuditFilter::default(), AuditOrder::Oldest, &all)?.rows)
}

/// Moves them aside.
pub(crate) fn put_aside(batch: &mut Batch, own: &[AuditEntry]) -> Result<(), StoreError> {
    for entry in own {
        batch.remove(keys::audit(keys::AUDIT, entry.number));
        batch.put(keys::audit(keys::AUDIT_ASIDE, entry.number), pack(entry)?);
    }
    batch.put(keys::ASIDE.to_vec(), (own.len() as u64).to_le_bytes().to_vec());
    Ok(())
}

/// Appends them to the file's, with the entry of the restore.
pub(crate) fn append_own(
    store: &SledStore,
    writer: &mut Writer,
    own: &[AuditEntry],
    by: &By,
) -> Result<(), StoreError> {
    let (mut batch, mut noted) = (Batch::default(), NewAudits::after(&store.state()));
    let of_file = noted.head();
    own.iter().try_for_each(|entry| noted.append(&mut batch, entry.clone()))?;
    let had = own.last().map_or(AuditHead::NONE, AuditEntry::head);
    let detail = format!("file-entries={} own-entries={} own-head={had}", of_file.number, own.len());
    noted.put(&mut batch, by, &NewAudit::of(AuditAction::StoreRestored).with(detail))?;
    store.commit(writer, batch, |state| noted.take_into(state))
}

/// Forgets what stands aside, once the restore has ended.
pub(crate) fn forget(store: &SledStore, writer: &mut Writer) -> Result<(), StoreError> {
    let batch = without_aside(&store.database)?;
    store.commit(writer, batch, |_| ())
}

/// The same, where a crash came between the restore's end and that.
pub(crate) fn forget_aside(folder: &Folder, database: Database) -> Result<Database, StoreError> {
    let (database, mut writer) = database.read_all(|_, _| Ok(()))?;
    let batch = without_aside(&database)?;
    folder.commit(&database, &mut writer, batch)?;
    Ok(database)
}

fn without_aside(database: &Database) -> Result<Batch, StoreError> {
    let mut batch = Batch::default();
    database.keys(&[keys::AUDIT_ASIDE])?.into_iter().for_each(|key| batch.remove(key));
    batch.remove(keys::ASIDE.to_vec());
    Ok(batch)
}

/// Gives a store whose restore was cut off its own entries back. They stay where they are until all of the file's are gone, so that this can be cut
/// off too.
pub(crate) fn take_back(folder: &Folder, database: &Database, writer: &mut Writer) -> Result<(), StoreError> {
    if database.get(keys::ASIDE)?.is_none() {
        return Ok(());
    }
    for some in database.keys(&[keys::AUDIT])?.chunks(UNDO_KEYS) {
        let mut batch = Batch::default();
        some.iter().for_each(|key| batch.remove(key.clone()));
        folder.commit(database, writer, batch)?;
    }
    let mut batch = without_aside(database)?;
    for key in database.keys(&[keys::AUDIT_ASIDE])? {
        let number = keys::audit_number(&key).ok_or(damaged("a key"))?;
        let plain = database.get(&key)?.ok_or(damaged("an audit entry is missing"))?;
        batch.put(keys::audit(keys::AUDIT, number), pack(&unpack(number, &plain)?)?);
    }
    folder.commit(database, writer, batch)
}
