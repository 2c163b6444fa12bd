//! The files that lists come in: MISP's `list.json`, and plain text.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Characters of a name, a version or a description that are kept.
const LONGEST_TEXT: usize = 1_000;

/// Names of attribute types that are kept: MISP has some two hundred.
const MOST_ATTRIBUTES: usize = 1_000;

/// How a list's entries are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ListType {
    /// Values.
    #[default]
    String,
    /// Parts of values; one that is a whole value holds that back.
    Substring,
    /// Names of hosts.
    Hostname,
    /// Networks and addresses.
    Cidr,
    /// Patterns; one that matches a single value holds that back.
    Regex,
    /// Values and networks: the operator's own list, in plain text.
    #[serde(skip_deserializing)]
    Text,
}

impl ListType {
    /// The type's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            ListType::String => "string",
            ListType::Substring => "substring",
            ListType::Hostname => "hostname",
            ListType::Cidr => "cidr",
            ListType::Regex => "regex",
            ListType::Text => "text",
        }
    }
}

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WarningListError {
    /// It is not in MISP's format.
    #[error("not a warning list in MISP's format: line {line}, column {column}")]
    NotAList {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// It is no text.
    #[error("not UTF-8 text")]
    NotText,
    /// There are more than a node takes.
    #[error("too many {0} on warning lists")]
    TooMany(&'static str),
}

/// A list as its file has it.
#[derive(Debug, Deserialize)]
pub(crate) struct ListFile {
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default, deserialize_with = "version")]
    pub(crate) version: String,
    #[serde(default, rename = "type")]
    pub(crate) list_type: ListType,
    #[serde(default)]
    pub(crate) matching_attributes: Vec<String>,
    pub(crate) list: Texts,
}

impl ListFile {
    /// Reads MISP's format. Members that it does not know are passed over, as MISP itself does.
    pub(crate) fn from_json(json: &[u8]) -> Result<Self, WarningListError> {
        let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
        let read: Result<Self, _> = serde_json::from_slice(json);
        let mut file =
            read.map_err(|error| WarningListError::NotAList { line: error.line(), column: error.column() })?;
        file.name = file.name.map(cut).filter(|name| !name.is_empty());
        file.description = cut(file.description);
        file.version = cut(file.version);
        file.matching_attributes.truncate(MOST_ATTRIBUTES);
        file.matching_attributes = file.matching_attributes.into_iter().map(cut).collect();
        Ok(file)
    }

    /// Reads plain text, a value a line.
    pub(crate) fn from_text(id: &str, text: &[u8]) -> Result<Self, WarningListError> {
        let text = std::str::from_utf8(text).map_err(|_| WarningListError::NotText)?;
        if text.contains('\0') {
            return Err(WarningListError::NotText);
        }
        let mut list = Texts::default();
        let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
        lines.filter(|line| !line.is_empty() && !line.starts_with('#')).for_each(|line| list.push(line));
        Ok(Self {
            name: Some(cut(id.to_owned())),
            description: String::new(),
            version: String::new(),
            list_type: ListType::Text,
            matching_attributes: Vec::new(),
            list,
        })
    }
}

fn cut(text: String) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned(),
        None => text,
    }
}

/// A version is a number in MISP's own lists, and a text in some packagings.
fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Version {
        Number(serde_json::Number),
        Text(String),
        Other(IgnoredAny),
    }
    Ok(match Version::deserialize(deserializer)? {
        Version::Number(number) => number.to_string(),
        Version::Text(text) => text,
        Version::Other(_) => String::new(),
    })
}

/// Texts, one after the other in one allocation: a list may have millions.
#[derive(Default)]
pub(crate) struct Texts {
    text: String,
    ends: Vec<usize>,
}

impl Texts {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn get(&self, at: usize) -> Option<&str> {
        let begin = at.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.text.get(begin..*self.ends.get(at)?)
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Texts({})", self.len())
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(TextsVisitor)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of texts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Texts, A::Error> {
        let mut texts = Texts::default();
        while items.next_element_seed(PushTo(&mut texts))?.is_some() {}
        Ok(texts)
    }
}

/// Takes one item: a text, or a number, which is no value but is counted. Anything else is no list.
struct PushTo<'a>(&'a mut Texts);

impl<'de> DeserializeSeed<'de> for PushTo<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for PushTo<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.push(text);
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.0.push(&number.to_string());
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.0.push(&number.to_string());
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.0.push(&number.to_string());
        Ok(())
    }
}
