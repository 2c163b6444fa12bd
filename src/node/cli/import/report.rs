//! What became of an import, as the command tells it.

use serde::{Deserialize, Serialize};

use crate::exit::CommandError;
use crate::output::{Output, number_text, printable};

/// Rejects that are listed for people; `--json` lists them all.
const SHOWN_REJECTS: usize = 10;

/// Rejects that are kept of all files of a feed, as the API keeps of one.
const MOST_REJECTS: usize = 100_000;

/// What became of an import.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ImportReport {
    /// New.
    pub(crate) accepted: u64,
    /// Known already.
    pub(crate) duplicates: u64,
    /// Of the new ones, those that a warning list holds out of exchanges.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) held: u64,
    /// Refused.
    pub(crate) rejected: Vec<RejectedRow>,
    /// Refused beyond those that are listed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) rejected_more: u64,
    /// Attributes that came without their event and without a marking.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) unmarked: u64,
    /// Taken without a time or a confidence that could not be read.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) left_out: u64,
    /// Markings that nobody defines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) unknown_markings: Vec<UnknownMarking>,
}

/// A marking to which objects refer and which nobody defines.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct UnknownMarking {
    pub(crate) id: String,
    pub(crate) objects: u64,
}

/// A row that was refused.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RejectedRow {
    /// The file within a feed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    pub(crate) line: u64,
    /// The object or attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) reason: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's shape")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl ImportReport {
    /// How many were refused.
    pub(crate) fn refused(&self) -> u64 {
        self.rejected.len() as u64 + self.rejected_more
    }

    /// Adds a reject, or counts it.
    pub(crate) fn reject(&mut self, row: RejectedRow) {
        if self.rejected.len() < MOST_REJECTS {
            self.rejected.push(row);
        } else {
            self.rejected_more += 1;
        }
    }

    /// Tells people.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub(crate) fn tell(&self, output: Output) -> Result<(), CommandError> {
        output.say(&format!(
            "{} new, {} known already, {} rejected",
            number_text(self.accepted),
            number_text(self.duplicates),
            number_text(self.refused()),
        ))?;
        if self.held > 0 {
            output.say(&format!(
                "  {} of the new ones are held out of exchanges: see `overlapd indicators list --held`",
                number_text(self.held)
            ))?;
        }
        if self.unmarked > 0 {
            output.say(&format!(
                "  {} came without their event and without a marking: ask the search for them with includeEventTags",
                number_text(self.unmarked)
            ))?;
        }
        if self.left_out > 0 {
            output.say(&format!(
                "  {} are without a time or a confidence that could not be read",
                number_text(self.left_out)
            ))?;
        }
        for UnknownMarking { id, objects } in &self.unknown_markings {
            output.say(&format!(
                "  {} of the file are taken as red: nobody defines {}",
                number_text(*objects),
                printable(id)
            ))?;
        }
        for row in self.rejected.iter().take(SHOWN_REJECTS) {
            output.say(&format!("  {}", row.text()))?;
        }
        let more = self.refused().saturating_sub(SHOWN_REJECTS as u64);
        if more > 0 {
            output.say(&format!("  and {} more; --json lists them", number_text(more)))?;
        }
        Ok(())
    }
}

impl RejectedRow {
    fn text(&self) -> String {
        let file = self.file.as_deref().map(|file| format!("{}, ", printable(file))).unwrap_or_default();
        let id = self.id.as_deref().map(|id| format!(", {}", printable(id))).unwrap_or_default();
        let kind = self.kind.as_deref().map(|kind| format!(" ({})", printable(kind))).unwrap_or_default();
        format!("{file}line {}{id}{kind}: {}", self.line, printable(&self.reason))
    }
}
