//! The columns of a CSV import.

use std::str::from_utf8;

use super::batch::Record;
use super::csv_records::fields;
use super::row::{RawRow, RowReject};
use crate::nearest::nearest;

/// A column of a CSV import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Kind,
    Value,
    Tlp,
    Pap,
    Source,
    FirstSeen,
    LastSeen,
    Expires,
    Confidence,
    Note,
}

impl Column {
    /// Every column, by name.
    const ALL: [(&'static str, Column); 10] = [
        ("kind", Column::Kind),
        ("value", Column::Value),
        ("tlp", Column::Tlp),
        ("pap", Column::Pap),
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

    /// The row of a record.
    pub(crate) fn row<'a>(&self, record: &'a str) -> Result<RawRow<'a>, RowReject> {
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
                Column::Pap => row.pap = Some(field),
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
