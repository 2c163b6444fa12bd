//! How a file can be written, by name.

use overlap_store::Store;

use super::line_formats::LineFormat;
use super::line_source::LineSource;
use super::misp::MispSource;
use super::source::{RowRules, RowSource};
use super::stix::StixSource;

/// Media types that say nothing of a file: the general one, and what curl sends unless told otherwise.
const ANY_FILE: [&str; 2] = ["application/octet-stream", "application/x-www-form-urlencoded"];

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Lines(LineFormat),
    Stix,
    Misp,
}

impl Format {
    /// Every format, by name.
    const ALL: [(&'static str, Format); 5] = [
        ("csv", Format::Lines(LineFormat::Csv)),
        ("ndjson", Format::Lines(LineFormat::Ndjson)),
        ("txt", Format::Lines(LineFormat::Txt)),
        ("stix", Format::Stix),
        ("misp", Format::Misp),
    ];

    /// Whether it has columns to name.
    pub(crate) fn has_columns(self) -> bool {
        self == Format::Lines(LineFormat::Csv)
    }

    /// The format of this name.
    pub(crate) fn named(name: &str) -> Option<Format> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, format)| format)
    }

    /// Whether a body of this media type can be a file of this format. What programs send that do not look at a file goes for any.
    pub(crate) fn may_come_as(self, media_type: &str) -> bool {
        let own: &[&str] = match self {
            Format::Lines(LineFormat::Csv) => &["text/csv", "text/plain", "application/csv"],
            Format::Lines(LineFormat::Ndjson) => &[
                "application/x-ndjson",
                "application/ndjson",
                "application/jsonl",
                "application/json",
                "text/plain",
            ],
            Format::Lines(LineFormat::Txt) => &["text/plain"],
            Format::Stix => {
                &["application/stix+json", "application/taxii+json", "application/json", "text/plain"]
            }
            Format::Misp => &["application/json", "text/plain"],
        };
        let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        own.contains(&essence.as_str()) || ANY_FILE.contains(&essence.as_str())
    }

    /// A reader of a file of this format; the store keeps aside what does not fit into the memory.
    pub(crate) fn source<'a>(self, rules: &'a RowRules, store: &'a dyn Store) -> Box<dyn RowSource + 'a> {
        match self {
            Format::Lines(format) => Box::new(LineSource::new(format, rules)),
            Format::Stix => Box::new(StixSource::new(rules, store)),
            Format::Misp => Box::new(MispSource::new(rules, store)),
        }
    }
}
