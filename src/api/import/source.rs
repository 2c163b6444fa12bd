//! The shape that every format has: bytes go in as they come, rows come out, each with its place in the file.

use overlap_indicator::Rules;
use overlap_store::NewIndicator;
use tokio::sync::mpsc;

use super::batch::BATCH_RECORDS;
use super::error::ImportError;
use super::report::{Locator, Rejects};
use super::row::{RowDefaults, RowReject};

/// A row, canonicalised or refused.
pub(crate) type Row = (Locator, Result<NewIndicator, RowReject>);

/// What holds for every row of an import.
#[derive(Debug, Default)]
pub(crate) struct RowRules {
    /// For rows that say nothing else.
    pub(crate) defaults: RowDefaults,
    /// How values are read.
    pub(crate) rules: Rules,
}

/// A file that is read as it comes.
pub(crate) trait RowSource {
    /// Takes the next bytes of the file, wherever they were cut.
    fn push(&mut self, chunk: &[u8], rows: &mut RowSink) -> Result<(), ImportError>;

    /// The file has ended.
    fn finish(&mut self, rows: &mut RowSink) -> Result<(), ImportError>;
}

/// Takes rows: indicators go on to be committed, rejects are kept for the report.
pub(crate) struct RowSink {
    batches: mpsc::Sender<Vec<NewIndicator>>,
    rejects: Rejects,
}

impl RowSink {
    /// A sink whose batches somebody commits.
    pub(crate) fn new(batches: mpsc::Sender<Vec<NewIndicator>>) -> Self {
        Self { batches, rejects: Rejects::default() }
    }

    /// Takes the rows of a batch; waits while the one before is committed.
    pub(crate) fn take(&mut self, rows: Vec<Row>) -> Result<(), ImportError> {
        let mut indicators = Vec::with_capacity(rows.len().min(BATCH_RECORDS));
        for (at, row) in rows {
            match row {
                Ok(indicator) => indicators.push(indicator),
                Err(reject) => self.rejects.add(at, reject),
            }
            if indicators.len() == BATCH_RECORDS {
                self.send(std::mem::take(&mut indicators))?;
            }
        }
        self.send(indicators)
    }

    fn send(&self, indicators: Vec<NewIndicator>) -> Result<(), ImportError> {
        if indicators.is_empty() {
            return Ok(());
        }
        self.batches.blocking_send(indicators).map_err(|_| ImportError::CommitFailed)
    }

    /// What was refused.
    pub(crate) fn into_rejects(self) -> Rejects {
        self.rejects
    }
}
