//! The formats of an import: lines to records, records to rows.

use std::borrow::Cow;
use std::str::from_utf8;

use overlap_indicator::Rules;
use overlap_store::NewIndicator;
use serde::Deserialize;

use crate::batch::{Batch, Record};
use crate::csv_records::{CsvRecords, LINE_TOO_LONG, fields};
use crate::import_row::{RawRow, RowDefaults, RowReject};
use crate::lines::Line;
use crate::nearest::nearest;
use crate::request::object;

/// What a record is that is no UTF-8.
const NOT_UTF8: &str = "not UTF-8";

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Csv,
    Ndjson,
    Txt,
}

impl Format {
    /// Every format, by name.
    const ALL: [(&'static str, Format); 3] =
        [("csv", Format::Csv), ("ndjson", Format::Ndjson), ("txt", Format::Txt)];

    /// The format of this name.
    pub(crate) fn named(name: &str) -> Option<Format> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, format)| format)
    }
}

/// Puts lines together to records.
#[derive(Debug)]
pub(crate) enum Records {
    Csv(CsvRecords),
    Lines(Format),
}

impl Records {
    pub(crate) fn new(format: Format) -> Self {
        match format {
            Format::Csv => Records::Csv(CsvRecords::default()),
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

fn is_skipped(format: Format, line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.is_empty() || (format == Format::Txt && line.starts_with(b"#"))
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
    pub(crate) fn read(
        &self,
        record: Record<'_>,
        defaults: &RowDefaults,
        rules: &Rules,
    ) -> Result<NewIndicator, RowReject> {
        let bytes = record.map_err(RowReject::unreadable)?;
        let text = from_utf8(bytes).map_err(|_| RowReject::unreadable(NOT_UTF8))?;
        match self {
            RowReader::Csv(columns) => columns.row(text)?.parse(defaults, rules),
            RowReader::Ndjson => json_row(text)?.parse(defaults, rules),
            RowReader::Txt => txt_row(text).parse(defaults, rules),
        }
    }
}

fn txt_row(text: &str) -> RawRow<'_> {
    RawRow { value: Cow::Borrowed(text), ..RawRow::default() }
}

/// A column of a CSV import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Kind,
    Value,
    Tlp,
    Source,
    FirstSeen,
    LastSeen,
    Expires,
    Confidence,
    Note,
}

impl Column {
    /// Every column, by name.
    const ALL: [(&'static str, Column); 9] = [
        ("kind", Column::Kind),
        ("value", Column::Value),
        ("tlp", Column::Tlp),
        ("source", Column::Source),
        ("first_seen", Column::FirstSeen),
        ("last_seen", Column::LastSeen),
        ("expires", Column::Expires),
        ("confidence", Column::Confidence),
        ("note", Column::Note),
    ];

    fn named(name: &str) -> Option<Column> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, column)| column)
    }
}

/// The columns of a CSV import, in the order of its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Columns(Vec<Column>);

/// Why a file is not imported at all. No name of a column is shown as it was written: without a header a value stands there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderError {
    #[error("the header is not UTF-8 text")]
    NotText,
    #[error("the line endings are neither LF nor CRLF")]
    LineEndings,
    #[error("the header cannot be read: {0}")]
    Unreadable(&'static str),
    #[error("column {position} of the header is unknown{}; known are {}", near(*.nearest), known())]
    Unknown { position: usize, nearest: Option<&'static str> },
    #[error("the column `{0}` stands in the header twice")]
    Twice(&'static str),
    #[error("the column `value` is missing in the header")]
    NoValue,
    #[error("the column `kind` is missing in the header, and no kind was given for the whole file")]
    NoKind,
    #[error("the file is empty: a header `kind,value` was expected")]
    Empty,
}

fn near(nearest: Option<&str>) -> String {
    nearest.map(|name| format!(" (the nearest name is `{name}`)")).unwrap_or_default()
}

fn known() -> String {
    Column::ALL.map(|(name, _)| name).join(", ")
}

impl Columns {
    /// Reads the header. `has_kind` says that the whole file is of one kind.
    pub(crate) fn read(header: Record<'_>, has_kind: bool) -> Result<Self, HeaderError> {
        let text = from_utf8(header.map_err(HeaderError::Unreadable)?).map_err(|_| HeaderError::NotText)?;
        if text.contains('\r') {
            return Err(HeaderError::LineEndings);
        }
        let mut columns = Vec::new();
        for (index, name) in fields(text).iter().enumerate() {
            let name = name.trim().to_ascii_lowercase();
            let column = Column::named(&name).ok_or_else(|| HeaderError::Unknown {
                position: index + 1,
                nearest: nearest(&name, Column::ALL.map(|(known, _)| known)),
            })?;
            if columns.contains(&column) {
                return Err(HeaderError::Twice(column_name(column)));
            }
            columns.push(column);
        }
        match (columns.contains(&Column::Value), columns.contains(&Column::Kind) || has_kind) {
            (false, _) => Err(HeaderError::NoValue),
            (_, false) => Err(HeaderError::NoKind),
            _ => Ok(Self(columns)),
        }
    }

    fn row<'a>(&self, record: &'a str) -> Result<RawRow<'a>, RowReject> {
        let fields = fields(record);
        if fields.len() != self.0.len() {
            let reason = format!("{} fields, but the header has {}", fields.len(), self.0.len());
            return Err(RowReject::unreadable(reason));
        }
        let mut row = RawRow::default();
        for (column, field) in self.0.iter().zip(fields) {
            match column {
                Column::Kind => row.kind = Some(field),
                Column::Value => row.value = field,
                Column::Tlp => row.tlp = Some(field),
                Column::Source => row.source = Some(field),
                Column::FirstSeen => row.first_seen = Some(field),
                Column::LastSeen => row.last_seen = Some(field),
                Column::Expires => row.expires = Some(field),
                Column::Confidence => row.confidence = Some(field),
                Column::Note => row.note = Some(field),
            }
        }
        Ok(row)
    }
}

fn column_name(column: Column) -> &'static str {
    Column::ALL.into_iter().find(|(_, known)| *known == column).map_or("", |(name, _)| name)
}

/// A line of an NDJSON import.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonRow {
    kind: Option<String>,
    value: String,
    tlp: Option<String>,
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
        tlp: row.tlp.map(Cow::Owned),
        source: row.source.map(Cow::Owned),
        first_seen: row.first_seen.map(Cow::Owned),
        last_seen: row.last_seen.map(Cow::Owned),
        expires: row.expires.map(Cow::Owned),
        confidence: row.confidence.map(|number| Cow::Owned(number.to_string())),
        note: row.note.map(Cow::Owned),
    })
}
