//! The shape that every format has: bytes go in as they come, rows come out, each with its place in the file.

use overlap_indicator::{Context, Rules, Tlp};
use overlap_store::NewIndicator;
use rayon::prelude::*;
use tokio::sync::mpsc;

use super::batch::{BATCH_BYTES, BATCH_RECORDS};
use super::columns::ColumnMap;
use super::delimiter::Delimiter;
use super::error::ImportError;
use super::report::{Locator, Rejects, UnknownMarking};
use super::row::{ReadRow, RowDefaults, RowReject};
use super::running::Imports;

/// Text that is made into rows at a time, in bytes. A pattern names a value in seven bytes, and its row takes some hundred.
const TEXT_AT_A_TIME: usize = 128 * 1024;

/// A row, canonicalised or refused.
pub(crate) type Row = (Locator, Result<ReadRow, RowReject>);

/// What holds for every row of an import.
#[derive(Debug, Default)]
pub(crate) struct RowRules {
    /// For rows that say nothing else.
    pub(crate) defaults: RowDefaults,
    /// The names of CSV's columns.
    pub(crate) map: ColumnMap,
    /// What stands between CSV's fields.
    pub(crate) delimiter: Delimiter,
    /// How values are read.
    pub(crate) rules: Rules,
}

impl RowRules {
    /// The marking of what nobody marks.
    pub(crate) fn default_tlp(&self) -> Tlp {
        self.defaults.tlp.unwrap_or(Context::default().tlp)
    }
}

/// A file that is read as it comes.
pub(crate) trait RowSource {
    /// Takes the next bytes of the file, wherever they were cut.
    fn push(&mut self, chunk: &[u8], rows: &mut RowSink) -> Result<(), ImportError>;

    /// The file has ended.
    fn finish(&mut self, rows: &mut RowSink) -> Result<(), ImportError>;
}

/// Takes rows: indicators go on to be committed, batch by batch, and rejects are kept for the report.
pub(crate) struct RowSink {
    batches: mpsc::Sender<Vec<NewIndicator>>,
    imports: Imports,
    batch: Vec<NewIndicator>,
    bytes: usize,
    rejects: Rejects,
}

impl RowSink {
    /// A sink whose batches somebody commits, of one of the node's imports.
    pub(crate) fn new(batches: mpsc::Sender<Vec<NewIndicator>>, imports: Imports) -> Self {
        Self { batches, imports, batch: Vec::new(), bytes: 0, rejects: Rejects::default() }
    }

    /// Makes rows of parts on every core, a few parts at a time, and takes them in their order. `size` says how much text a part has.
    pub(crate) fn take_of<P: Send>(
        &mut self,
        parts: Vec<P>,
        size: impl Fn(&P) -> usize,
        make: impl Fn(P) -> Vec<Row> + Sync,
    ) -> Result<(), ImportError> {
        few_at_a_time(parts, size, |few| {
            let made: Vec<Vec<Row>> = few.into_par_iter().map(&make).collect();
            self.take(made.into_iter().flatten())
        })
    }

    /// Takes rows; waits while the batch before is committed.
    pub(crate) fn take(&mut self, rows: impl IntoIterator<Item = Row>) -> Result<(), ImportError> {
        if self.imports.are_broken_off() {
            return Err(ImportError::Stopped);
        }
        for (at, row) in rows {
            match row {
                Ok(row) => {
                    self.rejects.note(row.notes);
                    self.keep(row.into())?;
                }
                Err(reject) => self.rejects.add(at, reject),
            }
        }
        Ok(())
    }

    fn keep(&mut self, indicator: NewIndicator) -> Result<(), ImportError> {
        let NewIndicator { indicator: own, raw, context } = &indicator;
        self.bytes += own.canonical().reveal().len() + raw.reveal().len();
        self.bytes += context.source.len() + context.note.len();
        self.batch.push(indicator);
        if self.batch.len() >= BATCH_RECORDS || self.bytes >= BATCH_BYTES {
            self.finish()?;
        }
        Ok(())
    }

    /// Hands on the last batch.
    pub(crate) fn finish(&mut self) -> Result<(), ImportError> {
        self.bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return Ok(());
        }
        if self.imports.are_broken_off() {
            return Err(ImportError::Stopped);
        }
        self.batches.blocking_send(batch).map_err(|_| ImportError::CommitFailed)
    }

    /// Sets the markings that nobody defines.
    pub(crate) fn set_unknown_markings(&mut self, markings: Vec<UnknownMarking>) {
        self.rejects.set_unknown_markings(markings);
    }

    /// What was refused.
    pub(crate) fn into_rejects(self) -> Rejects {
        self.rejects
    }
}

/// Hands parts on a few at a time: what is made of a text can take a hundred times its memory.
pub(crate) fn few_at_a_time<P, E>(
    parts: Vec<P>,
    size: impl Fn(&P) -> usize,
    mut take: impl FnMut(Vec<P>) -> Result<(), E>,
) -> Result<(), E> {
    let mut parts = parts.into_iter().peekable();
    while parts.peek().is_some() {
        let mut text = 0;
        let few = std::iter::from_fn(|| {
            let part = parts.next_if(|_| text < TEXT_AT_A_TIME)?;
            text += size(&part);
            Some(part)
        });
        take(few.collect())?;
    }
    Ok(())
}
