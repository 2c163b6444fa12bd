//! What can go wrong with the store, and what to do about it.

use std::path::PathBuf;

/// Why a call of the store failed. Nothing of a failed call is half-done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process has it open.
    #[error("the store at {path} is open in another process")]
    Locked {
        /// Its folder.
        path: PathBuf,
    },
    /// The operator's folder cannot hold a store.
    #[error("the store's folder {path} cannot be used: {source}")]
    Folder {
        /// The folder, or what is in its place.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A newer version of this program wrote it.
    #[error(
        "the store has schema version {found}, this program knows {known}: run the newer program, or restore an export made by it"
    )]
    NewerSchema {
        /// The store's version.
        found: u32,
        /// This program's.
        known: u32,
    },
    /// The key does not open it.
    #[error("the seal key does not open this store")]
    WrongKey,
    /// What was read is not what was written.
    #[error("the store is damaged ({what}): restore it from an export")]
    Damaged {
        /// What.
        what: &'static str,
    },
    /// What was read at opening is not what was written, and is now out of the way. The next opening makes an empty store, whose
    /// ledger counts its first day as spent.
    #[error(
        "the store was damaged ({what}) and is moved aside to {path}: start again with an empty store and restore an export"
    )]
    Quarantined {
        /// What.
        what: &'static str,
        /// Where the damaged store is now.
        path: PathBuf,
    },
    /// An earlier write failed, so what is on the disk is not known.
    #[error("an earlier write failed: the store takes no more until it is opened again")]
    Stopped,
    /// An exchange id that was used before.
    #[error("the exchange id was used before")]
    ExchangeIdReused,
    /// A roster older than one that was stored before, or another one of the same version.
    #[error("the roster's version {offered} does not follow version {highest}, the highest that was seen")]
    RosterVersion {
        /// The version that was to be stored.
        offered: u64,
        /// The highest that was ever stored.
        highest: u64,
    },
    /// A token name that is taken.
    #[error("there is a token of this name")]
    TokenExists,
    /// No such row.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// A cursor that this store did not give out.
    #[error("the cursor is not one that this node gave out")]
    BadCursor,
    /// An export that cannot be restored here.
    #[error("the export cannot be restored: {0}")]
    BadExport(&'static str),
    /// The disk.
    #[error("the disk failed the store: {0}")]
    Io(#[from] std::io::Error),
    /// sled.
    #[error("the database failed: {0}")]
    Database(#[from] sled::Error),
}

/// Short for [`StoreError::Damaged`].
pub(crate) fn damaged(what: &'static str) -> StoreError {
    StoreError::Damaged { what }
}
