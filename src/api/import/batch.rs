//! Records of an import, gathered into batches.

use std::ops::Range;

/// Records in a batch: enough for a commit to be cheap per row, few enough for the memory.
pub(crate) const BATCH_RECORDS: usize = 10_000;

/// Text in a batch, in bytes: it bounds the memory where records are long.
pub(crate) const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Records in the order of the file.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    text: Vec<u8>,
    records: Vec<(u64, Span)>,
}

#[derive(Debug)]
enum Span {
    Text(Range<usize>),
    Unreadable(&'static str),
}

/// A record: its text, or why it has none.
pub(crate) type Record<'a> = Result<&'a [u8], &'static str>;

impl Batch {
    /// Adds a record that starts on a line.
    pub(crate) fn add(&mut self, line: u64, text: &[u8]) {
        let start = self.text.len();
        self.text.extend_from_slice(text);
        self.records.push((line, Span::Text(start..self.text.len())));
    }

    /// Adds a record that cannot be read.
    pub(crate) fn refuse(&mut self, line: u64, why: &'static str) {
        self.records.push((line, Span::Unreadable(why)));
    }

    /// Takes the first record away.
    pub(crate) fn remove_first(&mut self) {
        if !self.records.is_empty() {
            self.records.remove(0);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Whether it is time to work on it.
    pub(crate) fn is_full(&self) -> bool {
        self.records.len() >= BATCH_RECORDS || self.text.len() >= BATCH_BYTES
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// A record and the line on which it starts. `index` is below `len`.
    pub(crate) fn get(&self, index: usize) -> Option<(u64, Record<'_>)> {
        let (line, span) = self.records.get(index)?;
        let record = match span {
            Span::Text(range) => Ok(self.text.get(range.clone())?),
            Span::Unreadable(why) => Err(*why),
        };
        Some((*line, record))
    }
}
