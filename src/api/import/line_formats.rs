//! The formats of lines: lines to records, records to rows.

use std::borrow::Cow;
use std::str::from_utf8;

use serde::Deserialize;

use super::batch::{Batch, Record};
use super::columns::Columns;
use super::csv_records::{CsvRecords, LINE_TOO_LONG};
use super::delimiter::Delimiter;
use super::lines::Line;
use super::row::{RawContext, RawRow, ReadRow, RowReject};
use super::source::RowRules;
use crate::request::object;

/// What a record is that is no UTF-8.
const NOT_UTF8: &str = "not UTF-8";

/// How a file of lines is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineFormat {
    Csv,
    Ndjson,
    Txt,
}

/// Puts lines together to records.
#[derive(Debug)]
pub(crate) enum Records {
    Csv(CsvRecords),
    Lines(LineFormat),
}

impl Records {
    pub(crate) fn new(format: LineFormat, delimiter: Delimiter) -> Self {
        match format {
            LineFormat::Csv => Records::Csv(CsvRecords::new(delimiter)),
            format => Records::Lines(format),
        }
    }

    /// Takes a line; records that end with it go to `batch`.
    pub(crate) fn line(&mut self, number: u64, line: Line<'_>, batch: &mut Batch) {
        match (self, line) {
            (Records::Csv(records), line) => records.line(number, line, batch),
            (Records::Lines(_), Line::TooLong) => batch.refuse(number, LINE_TOO_LONG),
            (Records::Lines(format), Line::Whole(text)) if !is_skipped(*format, text) => {
                batch.add(number, text)
            }
            _ => (),
        }
    }

    /// The file has ended.
    pub(crate) fn finish(&mut self, batch: &mut Batch) {
        if let Records::Csv(records) = self {
            records.finish(batch);
        }
    }
}

fn is_skipped(format: LineFormat, line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.is_empty() || (format == LineFormat::Txt && line.starts_with(b"#"))
}

/// Reads rows from records.
#[derive(Clone, Debug)]
pub(crate) enum RowReader {
    Csv(Columns),
    Ndjson,
    Txt,
}

impl RowReader {
    /// Reads one record.
    pub(crate) fn read(&self, record: Record<'_>, rules: &RowRules) -> Vec<Result<ReadRow, RowReject>> {
        let text = match record.and_then(|bytes| from_utf8(bytes).map_err(|_| NOT_UTF8)) {
            Ok(text) => text,
            Err(reason) => return vec![Err(RowReject::unreadable(reason))],
        };
        let RowRules { defaults, rules: values, .. } = rules;
        match self {
            RowReader::Csv(columns) => match columns.row(text) {
                Ok(row) => row.read(rules),
                Err(reject) => vec![Err(reject)],
            },
            RowReader::Ndjson => vec![json_row(text).and_then(|row| row.parse(defaults, values))],
            RowReader::Txt => vec![txt_row(text).parse(defaults, values)],
        }
    }
}

fn txt_row(text: &str) -> RawRow<'_> {
    RawRow { value: Cow::Borrowed(text), ..RawRow::default() }
}

/// A line of an NDJSON import.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonRow {
    kind: Option<String>,
    value: String,
    tlp: Option<String>,
    pap: Option<String>,
    source: Option<String>,
    first_seen: Option<String>,
    last_seen: Option<String>,
    expires: Option<String>,
    confidence: Option<u64>,
    note: Option<String>,
}

fn json_row(text: &str) -> Result<RawRow<'static>, RowReject> {
    let row: JsonRow = object(text.as_bytes()).map_err(|(_, reason)| RowReject::unreadable(reason))?;
    Ok(RawRow {
        kind: row.kind.map(Cow::Owned),
        value: Cow::Owned(row.value),
        context: RawContext {
            tlp: row.tlp.map(Cow::Owned),
            pap: row.pap.map(Cow::Owned),
            source: row.source.map(Cow::Owned),
            first_seen: row.first_seen.map(Cow::Owned),
            last_seen: row.last_seen.map(Cow::Owned),
            expires: row.expires.map(Cow::Owned),
            confidence: row.confidence.map(|number| Cow::Owned(number.to_string())),
            note: row.note.map(Cow::Owned),
        },
    })
}
