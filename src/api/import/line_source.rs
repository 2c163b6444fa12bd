//! Formats of lines: CSV, NDJSON and plain text.

use super::batch::Batch;
use super::columns::{Columns, HeaderError};
use super::error::ImportError;
use super::line_formats::{LineFormat, Records, RowReader};
use super::lines::{Line, LineCutter};
use super::report::Locator;
use super::source::{RowRules, RowSink, RowSource};

/// A file of lines.
pub(crate) struct LineSource<'a> {
    rules: &'a RowRules,
    lines: LineCutter,
    gathering: Gathering,
    reader: Option<RowReader>,
}

/// Records that wait for their batch to be full.
struct Gathering {
    records: Records,
    batch: Batch,
}

impl<'a> LineSource<'a> {
    /// A file of a format.
    pub(crate) fn new(format: LineFormat, rules: &'a RowRules) -> Self {
        let reader = match format {
            LineFormat::Csv => None,
            LineFormat::Ndjson => Some(RowReader::Ndjson),
            LineFormat::Txt => Some(RowReader::Txt),
        };
        let gathering = Gathering { records: Records::new(format, rules.delimiter), batch: Batch::default() };
        Self { rules, lines: LineCutter::default(), gathering, reader }
    }

    fn line(&mut self, number: u64, line: Line<'_>, rows: &mut RowSink) -> Result<(), ImportError> {
        let Gathering { records, batch } = &mut self.gathering;
        records.line(number, line, batch);
        if self.reader.is_none() && !self.gathering.batch.is_empty() {
            self.read_header()?;
        }
        if self.gathering.batch.is_full() {
            self.read_batch(rows)?;
        }
        Ok(())
    }

    /// Reads the columns from the first record. Records behind it can be there already, where it was put together from
    /// lines that were then taken apart.
    fn read_header(&mut self) -> Result<(), ImportError> {
        let batch = &mut self.gathering.batch;
        let (_, header) = batch.get(0).ok_or(HeaderError::Empty)?;
        let columns =
            Columns::read(header, &self.rules.map, self.rules.delimiter, self.rules.defaults.kind.is_some())?;
        batch.remove_first();
        self.reader = Some(RowReader::Csv(columns));
        Ok(())
    }

    /// Canonicalises the batch on every core and hands it on.
    fn read_batch(&mut self, rows: &mut RowSink) -> Result<(), ImportError> {
        let batch = std::mem::take(&mut self.gathering.batch);
        let Some(reader) = &self.reader else { return Ok(()) };
        let size = |index: &usize| match batch.get(*index) {
            Some((_, Ok(text))) => text.len(),
            _ => 0,
        };
        rows.take_of((0..batch.len()).collect(), size, |index| {
            let Some((line, record)) = batch.get(index) else { return Vec::new() };
            let read = reader.read(record, self.rules).into_iter();
            read.map(|row| (Locator::of_line(line), row)).collect()
        })
    }
}

impl RowSource for LineSource<'_> {
    fn push(&mut self, chunk: &[u8], rows: &mut RowSink) -> Result<(), ImportError> {
        let mut lines = std::mem::take(&mut self.lines);
        let result = lines.push(chunk, |number, line| self.line(number, line, rows));
        self.lines = lines;
        result
    }

    fn finish(&mut self, rows: &mut RowSink) -> Result<(), ImportError> {
        let lines = std::mem::take(&mut self.lines);
        lines.finish(|number, line| self.line(number, line, rows))?;
        let Gathering { records, batch } = &mut self.gathering;
        records.finish(batch);
        if self.reader.is_none() {
            self.read_header()?;
        }
        self.read_batch(rows)
    }
}
