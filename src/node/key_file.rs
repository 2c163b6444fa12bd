//! Key files: one line, a label that says what the key is for, and 32 bytes in hex. The label keeps one key from being
//! used for another's work by a slip in the config.

use std::path::Path;

use data_encoding::HEXLOWER;
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::files::{self, FileError};

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUse {
    /// Signs offers, accepts and receipts (Ed25519).
    Receipt,
    /// Opens the salts that the roster carries (X25519).
    Sealing,
    /// Seals the store at rest (AES-256-GCM).
    Store,
    /// Signs rosters (Ed25519).
    Secretariat,
    /// An epoch's salt, as the secretariat keeps it.
    Salt,
}

impl KeyUse {
    const fn label(self) -> &'static str {
        match self {
            KeyUse::Receipt => "overlapd-receipt-key",
            KeyUse::Sealing => "overlapd-sealing-key",
            KeyUse::Store => "overlapd-store-key",
            KeyUse::Secretariat => "overlapd-secretariat-key",
            KeyUse::Salt => "overlapd-epoch-salt",
        }
    }

    const fn expected(self) -> &'static str {
        match self {
            KeyUse::Receipt => "a receipt key file (`overlapd-receipt-key` and 64 hex digits)",
            KeyUse::Sealing => "a sealing key file (`overlapd-sealing-key` and 64 hex digits)",
            KeyUse::Store => "a store key file (`overlapd-store-key` and 64 hex digits)",
            KeyUse::Secretariat => "a secretariat key file (`overlapd-secretariat-key` and 64 hex digits)",
            KeyUse::Salt => "a salt file (`overlapd-epoch-salt` and 64 hex digits)",
        }
    }
}

/// The 32 bytes of a key.
pub type KeyBytes = Zeroizing<[u8; 32]>;

/// Reads a key.
///
/// # Errors
/// The file cannot be read, others can read it too, or it is not a key for this use.
pub fn read(path: &Path, key_use: KeyUse) -> Result<KeyBytes, FileError> {
    let text = files::read_secret(path)?;
    parse(&text, key_use)
        .ok_or_else(|| FileError::NotA { path: path.to_owned(), expected: key_use.expected() })
}

fn parse(text: &[u8], key_use: KeyUse) -> Option<KeyBytes> {
    let hex = text.trim_ascii().strip_prefix(key_use.label().as_bytes())?.trim_ascii();
    let bytes = Zeroizing::new(HEXLOWER.decode(hex).ok()?);
    Some(Zeroizing::new(bytes.as_slice().try_into().ok()?))
}

/// Writes a key to a new file.
///
/// # Errors
/// The file cannot be written, or is there already.
pub fn write(path: &Path, key_use: KeyUse, key: &[u8; 32]) -> Result<(), FileError> {
    let line = Zeroizing::new(format!("{} {}\n", key_use.label(), HEXLOWER.encode(key)));
    files::write_new_secret(path, line.as_bytes())
}

/// 32 bytes from the system's randomness.
pub fn random() -> KeyBytes {
    let mut bytes = Zeroizing::new([0; 32]);
    // It fails only where the system has no source of randomness: nothing can be done safely then.
    SystemRandom::new().fill(bytes.as_mut()).expect("the system's randomness");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_for_its_own_use_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("receipt.key");
        let key = random();
        write(&path, KeyUse::Receipt, &key).unwrap();
        assert_eq!(read(&path, KeyUse::Receipt).unwrap(), key);
        let error = read(&path, KeyUse::Store).unwrap_err().to_string();
        assert!(error.contains("not a store key file"), "{error}");
    }

    #[test]
    fn short_and_garbled_keys_are_refused() {
        for text in ["", "overlapd-store-key", "overlapd-store-key 00", "overlapd-store-key zz"] {
            assert!(parse(text.as_bytes(), KeyUse::Store).is_none(), "{text}");
        }
    }
}
