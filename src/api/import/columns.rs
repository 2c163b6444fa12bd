//! The columns of a CSV import.

use std::str::from_utf8;

use super::batch::Record;
use super::csv_records::fields;
use super::csv_row::CsvRow;
use super::delimiter::Delimiter;
use super::row::RowReject;
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
    /// MISP's: whether it is for detection.
    ToIds,
    /// Markings among other tags.
    Tags,
}

impl Column {
    /// Every column, by name.
    const ALL: [(&'static str, Column); 12] = [
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
        ("to_ids", Column::ToIds),
        ("tags", Column::Tags),
    ];

    fn named(name: &str) -> Option<Column> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, column)| column)
    }
}

/// The columns of a CSV import, in the order of its header. None stands for one that is passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Columns {
    columns: Vec<Option<Column>>,
    delimiter: Delimiter,
}

/// Names that another program gave to the columns.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct ColumnMap(Vec<(Column, String)>);

/// Why a map of columns is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MapError {
    #[error("each part is our name, = and the file's name, as in value=ioc")]
    NoPair,
    #[error("part {position} names no column of ours; known are {}", known())]
    Unknown { position: usize },
    #[error("a column stands in it twice")]
    Twice,
}

impl ColumnMap {
    /// Reads `value=ioc,kind=type`: our names, and those in the file's header, in whatever case.
    ///
    /// # Errors
    /// A part is no pair, names no column of ours, or one that another part has.
    pub(crate) fn read(text: &str) -> Result<Self, MapError> {
        let mut map = Vec::new();
        for (index, pair) in text.split(',').enumerate() {
            let (ours, theirs) = pair.split_once('=').ok_or(MapError::NoPair)?;
            let (ours, theirs) = (ours.trim().to_ascii_lowercase(), theirs.trim().to_lowercase());
            let column = Column::named(&ours).ok_or(MapError::Unknown { position: index + 1 })?;
            if theirs.is_empty() {
                return Err(MapError::NoPair);
            }
            if map.iter().any(|(known, name)| *known == column || *name == theirs) {
                return Err(MapError::Twice);
            }
            map.push((column, theirs));
        }
        Ok(Self(map))
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The column of a name in a header: as the map says, or by our own name where the map gives that column no other.
    fn column(&self, name: &str) -> Option<Column> {
        let mapped = self.0.iter().find(|(_, theirs)| *theirs == name.to_lowercase());
        let own = || {
            let column = Column::named(&name.to_ascii_lowercase())?;
            self.0.iter().all(|(known, _)| *known != column).then_some(column)
        };
        mapped.map(|(column, _)| *column).or_else(own)
    }

    /// The first column of ours that the map has and the header has not.
    fn missing(&self, columns: &[Option<Column>]) -> Option<Column> {
        self.0.iter().map(|(column, _)| *column).find(|column| !columns.contains(&Some(*column)))
    }
}

/// Why a file is not imported at all. No name of a column is shown as it was written: without a header a value stands there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderError {
    #[error("the header is not UTF-8 text")]
    NotText,
    #[error("the line endings are neither LF nor CRLF")]
    LineEndings,
    #[error("the header cannot be read: {0}")]
    Unreadable(&'static str),
    #[error("the header has no `{asked}` and has `{there}`: give the delimiter as delimiter={there}")]
    OtherDelimiter { asked: &'static str, there: &'static str },
    #[error("column {position} of the header is unknown{}; known are {}", near(*.nearest), known())]
    Unknown { position: usize, nearest: Option<&'static str> },
    #[error("the column `{0}` stands in the header twice")]
    Twice(&'static str),
    #[error("the header has no column of the name that the map gives to `{0}`")]
    NotMapped(&'static str),
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
    /// Reads the header. `has_kind` says that the whole file is of one kind. With a map, columns that neither it nor we know are passed over.
    ///
    /// # Errors
    /// As [`HeaderError`] says.
    pub(crate) fn read(
        header: Record<'_>,
        map: &ColumnMap,
        delimiter: Delimiter,
        has_kind: bool,
    ) -> Result<Self, HeaderError> {
        let text = from_utf8(header.map_err(HeaderError::Unreadable)?).map_err(|_| HeaderError::NotText)?;
        if text.contains('\r') {
            return Err(HeaderError::LineEndings);
        }
        let names = fields(text, delimiter);
        if let ([name], Some(there)) = (names.as_slice(), other_delimiter(text, delimiter))
            && map.column(name.trim()).is_none()
        {
            return Err(HeaderError::OtherDelimiter { asked: delimiter.name(), there });
        }
        let mut columns = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let column = map.column(name.trim());
            if column.is_none() && map.is_empty() {
                return Err(unknown(index, name));
            }
            if let Some(twice) = column.filter(|_| columns.contains(&column)) {
                return Err(HeaderError::Twice(column_name(twice)));
            }
            columns.push(column);
        }
        if let Some(column) = map.missing(&columns) {
            return Err(HeaderError::NotMapped(column_name(column)));
        }
        let has = |column| columns.contains(&Some(column));
        match (has(Column::Value), has(Column::Kind) || has_kind) {
            (false, _) => Err(HeaderError::NoValue),
            // A file of another program: where it names no kinds, they are detected.
            (_, false) if map.is_empty() => Err(HeaderError::NoKind),
            _ => Ok(Self { columns, delimiter }),
        }
    }

    /// The row of a record.
    pub(crate) fn row<'a>(&self, record: &'a str) -> Result<CsvRow<'a>, RowReject> {
        let fields = fields(record, self.delimiter);
        if fields.len() != self.columns.len() {
            let reason = format!("{} fields, but the header has {}", fields.len(), self.columns.len());
            return Err(RowReject::unreadable(reason));
        }
        let mut csv = CsvRow::default();
        let row = &mut csv.raw;
        for (column, field) in self.columns.iter().zip(fields) {
            let Some(column) = column else { continue };
            match column {
                Column::Kind => row.kind = Some(field),
                Column::Value => row.value = field,
                Column::Tlp => row.context.tlp = Some(field),
                Column::Pap => row.context.pap = Some(field),
                Column::Source => row.context.source = Some(field),
                Column::FirstSeen => row.context.first_seen = Some(field),
                Column::LastSeen => row.context.last_seen = Some(field),
                Column::Expires => row.context.expires = Some(field),
                Column::Confidence => row.context.confidence = Some(field),
                Column::Note => row.context.note = Some(field),
                Column::ToIds => csv.to_ids = Some(field),
                Column::Tags => csv.tags = Some(field),
            }
        }
        Ok(csv)
    }
}

/// A delimiter that a header has, where it has not the one that was asked for.
fn other_delimiter(header: &str, asked: Delimiter) -> Option<&'static str> {
    let others = Delimiter::ALL.into_iter().filter(|delimiter| *delimiter != asked);
    others
        .map(|other| (other.byte(), other.name()))
        .find(|(byte, _)| header.as_bytes().contains(byte))
        .map(|(_, name)| name)
}

fn unknown(index: usize, name: &str) -> HeaderError {
    let name = name.trim().to_ascii_lowercase();
    HeaderError::Unknown { position: index + 1, nearest: nearest(&name, Column::ALL.map(|(known, _)| known)) }
}

fn column_name(column: Column) -> &'static str {
    Column::ALL.into_iter().find(|(_, known)| *known == column).map_or("", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(map: &str, header: &str) -> Result<Vec<Option<Column>>, HeaderError> {
        let map = ColumnMap::read(map).unwrap();
        Columns::read(Ok(header.as_bytes()), &map, Delimiter::Comma, false).map(|columns| columns.columns)
    }

    #[test]
    fn a_map_names_columns_and_the_others_are_passed_over() {
        let read = columns("value = IOC ,kind=type", "ID,Type,ioc,tlp,value,junk").unwrap();
        let (kind, value, tlp) = (Some(Column::Kind), Some(Column::Value), Some(Column::Tlp));
        assert_eq!(read, [None, kind, value, tlp, None, None]);
        assert_eq!(columns("note=value,value=ioc", "value,ioc").unwrap(), [Some(Column::Note), value]);
        assert_eq!(columns("value=ioc", "ioc,id").unwrap(), [value, None], "kinds are detected");
        assert_eq!(columns("value=ioc", "value,kind"), Err(HeaderError::NotMapped("value")));
        assert_eq!(columns("tlp=t,value=ioc", "ioc,tlp"), Err(HeaderError::NotMapped("tlp")));
        assert_eq!(columns("value=ioc", "ioc,IOC"), Err(HeaderError::Twice("value")));
        assert_eq!(columns("kind=type", "type,x"), Err(HeaderError::NoValue));
    }

    #[test]
    fn maps_are_checked() {
        for (text, error) in [
            ("", MapError::NoPair),
            ("value", MapError::NoPair),
            ("value=", MapError::NoPair),
            ("value=a,", MapError::NoPair),
            ("value=a,vlaue=b", MapError::Unknown { position: 2 }),
            ("value=a,value=b", MapError::Twice),
            ("value=a,note=A", MapError::Twice),
        ] {
            assert_eq!(ColumnMap::read(text), Err(error), "{text}");
        }
    }
}
