//! Which warning lists are in force.

use std::path::PathBuf;

use serde::Deserialize;

/// `[warning_lists]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarningListsSection {
    /// Whether the lists in the program are: private and reserved addresses, public resolvers, and the thousand top sites.
    #[serde(default = "yes")]
    pub defaults: bool,
    /// Further lists: files in MISP's format or plain text; a folder stands for every `*/list.json` in it.
    #[serde(default)]
    pub files: Vec<PathBuf>,
}

impl Default for WarningListsSection {
    fn default() -> Self {
        Self { defaults: yes(), files: Vec::new() }
    }
}

// What a member would rather not say that it holds is mostly an analyst's slip.
const fn yes() -> bool {
    true
}
