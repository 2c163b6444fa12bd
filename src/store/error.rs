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
    /// An exchange id that was used before.
    #[error("the exchange id was used before")]
    ExchangeIdReused,
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
