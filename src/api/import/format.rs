//! How a file can be written, by name.

use super::line_formats::LineFormat;
use super::line_source::LineSource;
use super::source::{RowRules, RowSource};

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Lines(LineFormat),
}

impl Format {
    /// Every format, by name.
    const ALL: [(&'static str, Format); 3] = [
        ("csv", Format::Lines(LineFormat::Csv)),
        ("ndjson", Format::Lines(LineFormat::Ndjson)),
        ("txt", Format::Lines(LineFormat::Txt)),
    ];

    /// The format of this name.
    pub(crate) fn named(name: &str) -> Option<Format> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, format)| format)
    }

    /// A reader of a file of this format.
    pub(crate) fn source<'a>(self, rules: &'a RowRules) -> Box<dyn RowSource + 'a> {
        match self {
            Format::Lines(format) => Box::new(LineSource::new(format, rules)),
        }
    }
}
