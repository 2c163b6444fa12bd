//! When somebody last looked at the console, by the name of the token: what came since is new to them.

use crate::codec::Reader;
use crate::database::Batch;
use crate::sled_store::SledStore;
use crate::{StoreError, keys};

/// When the holder of a token was last here: a date as [`crate::OverlapRow::added`] has.
pub(crate) fn last(store: &SledStore, token: &str) -> Result<Option<u64>, StoreError> {
    let Some(plain) = store.database.get(&keys::visit(token))? else { return Ok(None) };
    decode(&plain).map(Some)
}

/// Keeps that the holder of a token is here now. A clock that was set back takes nothing of what was seen.
pub(crate) fn set(store: &SledStore, token: &str, date: u64) -> Result<(), StoreError> {
    let mut writer = store.writer()?;
    if last(store, token)?.is_some_and(|last| last >= date) {
        return Ok(());
    }
    let mut batch = Batch::default();
    put(&mut batch, token, date);
    store.commit(&mut writer, batch, |_| ())
}

pub(crate) fn put(batch: &mut Batch, token: &str, date: u64) {
    batch.put(keys::visit(token), date.to_le_bytes().to_vec());
}

pub(crate) fn decode(plain: &[u8]) -> Result<u64, StoreError> {
    Reader::new(plain).u64()
}
