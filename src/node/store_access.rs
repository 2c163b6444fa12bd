//! Opening a node's store: its seal key, and the salt of its digests, which comes sealed in the roster.

use std::sync::Arc;

use overlap_coalition::{Roster, SaltEpoch, SealingKey, SignedDocument, VerifiedRoster, open_salt};
use overlap_indicator::DigestSalt;
use overlap_store::{KnownRoster, SealKey, SledStore};
use overlap_wire::decode_roster;

use crate::config::Config;
use crate::exit::CommandError;
use crate::key_file::{self, KeyUse};
use crate::secretariat::{self, SecretariatError};

/// An open store, and the newest roster of the config's file and the store.
pub(crate) struct OpenStore {
    /// The store.
    pub store: Arc<SledStore>,
    /// The newest roster, under whose current salt the store was opened.
    pub roster: SignedDocument,
}

/// Opens the store of a node. Only one process can have it open.
///
/// # Errors
/// A key or the roster cannot be read, the roster is not to be trusted or has no salt for this member, or as the store says.
pub(crate) fn open(config: &Config) -> Result<OpenStore, CommandError> {
    let from_file = secretariat::read(&config.roster.file)?;
    let seal_key = SealKey::new(*key_file::read(&config.store.key, KeyUse::Store)?);
    let (store, roster) = SledStore::open_by_roster(&config.store.path, &seal_key, |stored| {
        let (document, roster) = newest(config, from_file, stored)?;
        Ok::<_, CommandError>((current_salt(config, &roster)?, document))
    })?;
    Ok(OpenStore { store: Arc::new(store), roster })
}

/// The newer of the file's roster and the store's. The file's is verified first: under the salt of a mere draft every digest
/// would be made anew, before the draft was refused. The store's was verified when it was stored.
fn newest(
    config: &Config,
    from_file: SignedDocument,
    stored: Option<KnownRoster>,
) -> Result<(SignedDocument, Roster), CommandError> {
    let roster = decoded(&from_file)?;
    let (mut trust, mut current) = (config.roster_trust(), None);
    if let Some((document, version, hash)) = stored {
        let known = decoded(&document)?;
        if roster.version < version {
            return Ok((document, known));
        }
        trust.highest = Some((version, hash));
        current = Some(known);
    }
    let verified = VerifiedRoster::verify_even_if_expired(roster, from_file, &trust, current.as_ref())
        .map_err(|error| CommandError::failed(format!("{}: {error}", config.roster.file.display())))?;
    Ok((verified.document().clone(), verified.roster().clone()))
}

/// The current epoch of a roster, with its salt, opened for the config's member.
///
/// # Errors
/// The sealing key cannot be read, or the roster has no salt for this member.
pub(crate) fn current_salt(config: &Config, roster: &Roster) -> Result<(u32, DigestSalt), CommandError> {
    let epoch = current_epoch(roster)?;
    let key = SealingKey::from_bytes(*key_file::read(&config.keys.sealing, KeyUse::Sealing)?);
    let salt = open_salt(epoch, &config.node.coalition, &config.node.member, &key);
    Ok((epoch.epoch, salt.map_err(SecretariatError::from)?))
}

/// The current epoch of a roster.
///
/// # Errors
/// It has none.
pub(crate) fn current_epoch(roster: &Roster) -> Result<&SaltEpoch, CommandError> {
    roster
        .current_epoch()
        .ok_or_else(|| CommandError::failed("the roster names no epoch of the digests' salt"))
}

fn decoded(document: &SignedDocument) -> Result<Roster, SecretariatError> {
    Ok(decode_roster(&document.bytes)?)
}
