//! What became of an import: how many rows, and which were refused.

use overlap_store::ImportCounts;
use serde::Serialize;
use utoipa::ToSchema;

use super::row::{RowNotes, RowReject};

/// Rejects that an answer names; the rest is counted. A file that is wrong from end to end would else make an answer as large as itself.
pub(crate) const MAX_REJECTS_NAMED: usize = 100_000;

/// Where a row stands in its file.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Locator {
    /// The line on which it starts, from 1.
    pub(crate) line: u64,
    /// The id of the object that it is from, where the format has ids.
    pub(crate) id: Option<String>,
}

impl Locator {
    /// A row that has no id.
    pub(crate) fn of_line(line: u64) -> Self {
        Self { line, id: None }
    }
}

/// What became of an import.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, ToSchema)]
#[schema(example = json!({"accepted": 998, "duplicates": 1, "held": 0, "rejected": [{"line": 17, "kind": "wallet", "reason": "not a valid wallet: bad checksum"}], "rejected_more": 0}))]
pub(crate) struct ImportReport {
    /// Rows that are new.
    pub(crate) accepted: u64,
    /// Rows that were there already, in this file or in the store.
    pub(crate) duplicates: u64,
    /// Of the new rows, those that a warning list holds out of exchanges.
    pub(crate) held: u64,
    /// Rows that were refused, in the order of the file; at most 100,000.
    pub(crate) rejected: Vec<RejectItem>,
    /// How many more were refused.
    pub(crate) rejected_more: u64,
    /// Rows of MISP attributes that came without their event and without a TLP marking, so that the request's or amber holds; absent if
    /// there are none. A search answers with the event's tags if it is asked with `includeEventTags`.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) unmarked: u64,
    /// Rows that were taken without a time of sight or a confidence that could not be read; absent if there are none.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) left_out: u64,
    /// Markings that objects of STIX refer to and nobody defines: what refers to one is taken as red. At most 100; absent where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) unknown_markings: Vec<UnknownMarking>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's shape")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A marking that nobody defines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct UnknownMarking {
    /// Its id.
    pub(crate) id: String,
    /// How many objects refer to it.
    pub(crate) objects: u64,
}

impl ImportReport {
    /// How many rows were refused.
    pub(crate) fn refused(&self) -> u64 {
        self.rejected.len() as u64 + self.rejected_more
    }
}

/// A row that was refused. Its value is never shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Reject)]
pub(crate) struct RejectItem {
    /// The line on which the row or its object starts, from 1; a header counts.
    pub(crate) line: u64,
    /// The id of the STIX object or the UUID of the MISP attribute; absent where the format has no ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// The kind as it was written, or the type of the object or attribute; null if there is none, or it does not look like one.
    pub(crate) kind: Option<String>,
    /// Why.
    pub(crate) reason: String,
}

/// Rows that were refused, and what is to be said of those that were not.
#[derive(Debug, Default)]
pub(crate) struct Rejects {
    named: Vec<RejectItem>,
    more: u64,
    unmarked: u64,
    left_out: u64,
    unknown_markings: Vec<UnknownMarking>,
}

impl Rejects {
    /// Adds a row.
    pub(crate) fn add(&mut self, at: Locator, reject: RowReject) {
        if self.named.len() < MAX_REJECTS_NAMED {
            let Locator { line, id } = at;
            self.named.push(RejectItem { line, id, kind: reject.kind, reason: reject.reason });
        } else {
            self.more += 1;
        }
    }

    /// Counts what is to be said of a row that was taken.
    pub(crate) fn note(&mut self, notes: RowNotes) {
        self.unmarked += u64::from(notes.is_unmarked);
        self.left_out += u64::from(notes.has_left_out);
    }

    /// Sets the markings that nobody defines.
    pub(crate) fn set_unknown_markings(&mut self, markings: Vec<UnknownMarking>) {
        self.unknown_markings = markings;
    }

    /// The report, with what was committed. Rows that waited for what came after them were refused after it: they are put in their places.
    pub(crate) fn report(mut self, counts: ImportCounts) -> ImportReport {
        self.named.sort_by_key(|reject| reject.line);
        ImportReport {
            accepted: counts.accepted,
            duplicates: counts.duplicates,
            held: counts.held,
            rejected: self.named,
            rejected_more: self.more,
            unmarked: self.unmarked,
            left_out: self.left_out,
            unknown_markings: self.unknown_markings,
        }
    }
}
