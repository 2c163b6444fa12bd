//! The embedded store.

use std::path::PathBuf;

use overlap_indicator::DigestSalt;

use crate::{SealKey, StoreError};

/// How to open a store.
#[derive(Debug)]
pub struct SledStoreOptions {
    /// Its folder; made, with mode 0700, where it is not there.
    pub path: PathBuf,
    /// The key that opens it.
    pub seal_key: SealKey,
    /// The epoch of the digests' salt and the salt. A store with another epoch's digests makes them anew from its canonical forms.
    pub salt: (u32, DigestSalt),
}

/// The store on sled 0.34.
pub struct SledStore {}

impl SledStore {
    /// Opens or makes a store.
    ///
    /// # Errors
    /// As [`StoreError`] says; a damaged store is moved aside and named in the error.
    pub fn open(_options: SledStoreOptions) -> Result<Self, StoreError> {
        unimplemented!()
    }
}
