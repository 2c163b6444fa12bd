//! How a file is written: by its extension, or by its first bytes.

use std::path::Path;

use clap::ValueEnum;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use crate::exit::CommandError;
use crate::files::FileError;

/// Bytes of a JSON file in which what it is must show.
const SNIFFED_BYTES: u64 = 64 * 1024;

/// What tells STIX from MISP: keys that only one of them has, and the bundle's name.
const TELLTALES: [(&str, Format); 10] = [
    ("\"Event\"", Format::Misp),
    ("\"Attribute\"", Format::Misp),
    ("\"response\"", Format::Misp),
    ("\"to_ids\"", Format::Misp),
    ("\"orgc_id\"", Format::Misp),
    ("\"bundle\"", Format::Stix),
    ("\"objects\"", Format::Stix),
    ("\"spec_version\"", Format::Stix),
    ("\"pattern_type\"", Format::Stix),
    ("\"created_by_ref\"", Format::Stix),
];

/// A format of imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A header, then a row on each line
    Csv,
    /// A JSON object on each line
    Ndjson,
    /// A value on each line
    Txt,
    /// A STIX 2.1 bundle, TAXII envelope or list of objects
    Stix,
    /// MISP events, an answer of restSearch, or the folder of a feed
    Misp,
}

impl Format {
    /// The name in the API.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Ndjson => "ndjson",
            Format::Txt => "txt",
            Format::Stix => "stix",
            Format::Misp => "misp",
        }
    }

    /// The format of a file.
    ///
    /// # Errors
    /// Neither its extension nor its beginning tells.
    pub(crate) async fn of(path: &Path) -> Result<Self, CommandError> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        match extension.as_deref() {
            Some("csv") => Ok(Format::Csv),
            Some("ndjson" | "jsonl") => Ok(Format::Ndjson),
            Some("txt") => Ok(Format::Txt),
            Some("stix") => Ok(Format::Stix),
            Some("json") => of_json(&beginning(path).await?).ok_or_else(|| {
                CommandError::Usage(format!(
                    "{}: neither STIX nor MISP by its beginning: say which with --format",
                    path.display()
                ))
            }),
            _ => Err(CommandError::Usage(format!(
                "{}: the extension is not csv, ndjson, jsonl, txt, json or stix: say which with --format",
                path.display()
            ))),
        }
    }
}

async fn beginning(path: &Path) -> Result<String, FileError> {
    let file = File::open(path).await.map_err(FileError::io("read", path))?;
    let mut bytes = Vec::new();
    file.take(SNIFFED_BYTES).read_to_end(&mut bytes).await.map_err(FileError::io("read", path))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whose telltale comes first.
fn of_json(text: &str) -> Option<Format> {
    let found = TELLTALES.iter().filter_map(|(key, format)| Some((text.find(key)?, *format)));
    found.min_by_key(|(at, _)| *at).map(|(_, format)| format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_told_by_its_keys() {
        for (text, format) in [
            ("{\"Event\":{\"objects\":1}}", Some(Format::Misp)),
            ("{ \"response\" : [] }", Some(Format::Misp)),
            ("[{\"type\":\"url\",\"to_ids\":true}]", Some(Format::Misp)),
            ("{\"type\": \"bundle\",\"objects\":[{\"x\":\"Event\"}]}", Some(Format::Stix)),
            ("{\"more\":false,\"objects\":[]}", Some(Format::Stix)),
            ("[{\"kind\":\"url\"}]", None),
            ("", None),
        ] {
            assert_eq!(of_json(text), format, "{text}");
        }
    }
}
