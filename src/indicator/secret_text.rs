//! Text that is shown only by a call that says so.

use std::fmt;

use zeroize::Zeroize;

/// A raw value, a canonical form or a facet's key: no `Serialize`, no `Display`, a redacting `Debug`, wiped when dropped.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SecretText(String);

impl SecretText {
    /// Takes the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Shows the text. Only what stores it sealed or answers the local API has a reason to call this.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.0.len())
    }
}

impl Drop for SecretText {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
