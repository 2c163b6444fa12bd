//! Opening a node's store: its seal key, and the salt of its digests, which comes sealed in the roster.

use std::sync::Arc;

use overlap_coalition::{Roster, SealingKey, SignedDocument, open_salt};
use overlap_store::{SealKey, SledStore, SledStoreOptions, Store};
use overlap_wire::decode_roster;

use crate::config::Config;
use crate::exit::CommandError;
use crate::key_file::{self, KeyUse};
use crate::secretariat::{self, SecretariatError};

/// An open store, and the newest roster of the config's file and the store.
pub(crate) struct OpenStore {
    /// The store.
    pub store: Arc<SledStore>,
    /// The newest roster, by its own version; its signatures are the peer side's to judge.
    pub roster: SignedDocument,
    /// The epoch of the salt that the store was opened with.
    pub salt_epoch: u32,
}

/// Opens the store of a node. Only one process can have it open.
///
/// # Errors
/// A key or the roster cannot be read, the roster has no salt for this member, or as the store says.
pub(crate) fn open(config: &Config) -> Result<OpenStore, CommandError> {
    let from_file = secretariat::read(&config.roster.file)?;
    let (store, salt_epoch) = open_under(config, &from_file)?;
    let Some(roster) = newer_in_store(&store, &from_file)? else {
        return Ok(OpenStore { store: Arc::new(store), roster: from_file, salt_epoch });
    };
    if epoch_of(&roster)? == salt_epoch {
        return Ok(OpenStore { store: Arc::new(store), roster, salt_epoch });
    }
    // The store must be closed before it can be opened under the newer salt.
    drop(store);
    let (store, salt_epoch) = open_under(config, &roster)?;
    Ok(OpenStore { store: Arc::new(store), roster, salt_epoch })
}

fn open_under(config: &Config, document: &SignedDocument) -> Result<(SledStore, u32), CommandError> {
    let roster = decoded(document)?;
    let key = key_file::read(&config.keys.sealing, KeyUse::Sealing)?;
    let epoch = current_epoch(&roster)?;
    let salt = open_salt(epoch, &config.node.coalition, &config.node.member, &SealingKey::from_bytes(*key))
        .map_err(SecretariatError::from)?;
    let seal_key = key_file::read(&config.store.key, KeyUse::Store)?;
    let options = SledStoreOptions {
        path: config.store.path.clone(),
        seal_key: SealKey::new(*seal_key),
        salt: (epoch.epoch, salt),
    };
    Ok((SledStore::open(options)?, epoch.epoch))
}

/// The store's roster, where it is newer than the file's.
fn newer_in_store(
    store: &SledStore,
    from_file: &SignedDocument,
) -> Result<Option<SignedDocument>, CommandError> {
    let version = decoded(from_file)?.version;
    let stored = store.roster()?.filter(|(_, stored_version, _)| *stored_version > version);
    Ok(stored.map(|(document, _, _)| document))
}

fn decoded(document: &SignedDocument) -> Result<Roster, SecretariatError> {
    Ok(decode_roster(&document.bytes)?)
}

/// The epoch of a roster's current salt.
///
/// # Errors
/// It is no roster, or has no epoch.
pub(crate) fn epoch_of(document: &SignedDocument) -> Result<u32, CommandError> {
    Ok(current_epoch(&decoded(document)?)?.epoch)
}

fn current_epoch(roster: &Roster) -> Result<&overlap_coalition::SaltEpoch, CommandError> {
    roster
        .current_epoch()
        .ok_or_else(|| CommandError::failed("the roster names no epoch of the digests' salt"))
}
