//! Which ids a file has had, in which versions, and with what content.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};

use serde_json::Value;

use super::kept::Kept;
use super::types::is_of_versions;
use crate::import::json_value::{Members, filled, flag, list, text};
use crate::import::marking::Marking;
use crate::rfc3339::parse_micros;

/// Ids that are remembered: 24 bytes each in a table of 4 Mi places, 104 MiB at most. In a longer file the later ids are not compared.
const MAX_IDS: usize = (1 << 22) / 8 * 7;

/// What an object is among those of its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Its newest version, or one that nothing is newer than for all that is known.
    Current,
    /// "The object's current version is the one with the most recent modified" (STIX 2.1, 3.6): a newer one is in the file.
    Superseded,
    /// Another object stands before it that is as new and has other content.
    WithOtherContent,
    /// Its author has taken it back, here or in another that is as new.
    Revoked,
    /// When it, or another of its id, was modified cannot be read. Either may be the newest, so that none is taken; but what they mark is marked.
    OfUnknownVersion,
}

/// Versions and contents by id, as hashes under keys of this import's own: whoever writes a file cannot make two of them meet.
#[derive(Debug, Default)]
pub(crate) struct Identifiers {
    newest: HashMap<u64, Version>,
    hasher: RandomState,
}

/// When objects of one id were modified of which nobody knows which is the newest.
const UNKNOWN: u64 = u64::MAX;

/// When the only object of an id was modified, if its time cannot be read.
const ALONE: u64 = UNKNOWN - 1;

/// The bits of a content's hash that are its markings'.
const OF_MARKINGS: u64 = 0xffff_ffff;

/// The bit of a content's hash that says that it is revoked.
const REVOKED: u64 = OF_MARKINGS + 1;

/// The members that mark an object.
pub(crate) const MARKINGS: [&str; 3] = ["object_marking_refs", "granular_markings", "labels"];

#[derive(Clone, Copy, Debug)]
struct Version {
    /// Microseconds since 1970; 0 where there is no time, [`ALONE`] where it cannot be read.
    modified: u64,
    /// A hash of all of it; the last 32 bits are one of its markings, and the one before says whether it is revoked.
    content: u64,
}

impl Version {
    fn is_marked_as(self, other: Self) -> bool {
        (self.content ^ other.content) & OF_MARKINGS == 0
    }

    fn is_revoked(self) -> bool {
        self.content & REVOKED != 0
    }
}

impl Identifiers {
    /// Remembers an object, if it is newer than all that had its id before. Returns whether one that is as new is marked otherwise.
    pub(crate) fn learn(&mut self, object: &Kept) -> bool {
        let Some((id, version)) = self.version(object) else { return false };
        let has_room = self.newest.len() < MAX_IDS;
        let is_unknown = |modified: u64| modified >= ALONE;
        match self.newest.get_mut(&id) {
            Some(known) if known.modified == version.modified && known.content == version.content => (),
            Some(known) if is_unknown(known.modified) || is_unknown(version.modified) => {
                known.modified = UNKNOWN;
                return !known.is_marked_as(version);
            }
            Some(known) if known.modified < version.modified => *known = version,
            Some(known) if known.modified == version.modified => {
                let is_marked_otherwise = !known.is_marked_as(version);
                if version.is_revoked() {
                    *known = version;
                }
                return is_marked_otherwise;
            }
            Some(_) => (),
            None if has_room => {
                self.newest.insert(id, version);
            }
            None => (),
        }
        false
    }

    /// Whether an object of this id, one that has versions, was remembered.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.newest.contains_key(&hash_of_id(&self.hasher, id))
    }

    /// There is an object of this id that cannot be read, and may be the newest.
    pub(crate) fn obscure(&mut self, id: &str) {
        let id = hash_of_id(&self.hasher, id);
        if self.newest.len() < MAX_IDS || self.newest.contains_key(&id) {
            self.newest.insert(id, Version { modified: UNKNOWN, content: 0 });
        }
    }

    /// What an object is, when every object of the file was remembered.
    pub(crate) fn standing(&self, object: &Kept) -> Standing {
        let own = if is_revoked(object) { Standing::Revoked } else { Standing::Current };
        let Some((id, version)) = self.version(object) else { return own };
        match self.newest.get(&id) {
            // What was left out is refused for that.
            Some(known) if known.modified == UNKNOWN && object.is_partly() => own,
            Some(known) if known.modified == UNKNOWN => Standing::OfUnknownVersion,
            Some(known) if known.modified > version.modified => Standing::Superseded,
            Some(known) if known.modified == version.modified && known.content != version.content => {
                if known.is_revoked() { Standing::Revoked } else { Standing::WithOtherContent }
            }
            _ => own,
        }
    }

    /// The id and version of an object that has versions: observables have none, and what two of them say holds together. Where something was
    /// left out, it may be the version.
    fn version(&self, object: &Kept) -> Option<(u64, Version)> {
        let id = text(object, "id")?;
        let type_name = text(object, "type").filter(|type_name| is_of_versions(type_name))?;
        let modified = match text(object, "modified") {
            Some(modified) => modified_at(modified).unwrap_or(ALONE),
            None if object.contains_key("modified") || object.is_partly() => ALONE,
            None => 0,
        };
        let content = self.hasher.hash_one(&object.members);
        // What is in it is marked too.
        let within = match type_name {
            "observed-data" => object.get("objects"),
            "x-misp-object" => object.get("x_misp_attributes"),
            _ => None,
        };
        let of_markings = self.hasher.hash_one((markings(object), within));
        let content = content & !(OF_MARKINGS | REVOKED)
            | of_markings & OF_MARKINGS
            | if is_revoked(object) { REVOKED } else { 0 };
        Some((hash_of_id(&self.hasher, id), Version { modified, content }))
    }
}

/// The hash of an id. Its letters mean the same in capitals (RFC 9562, 4), and some tools write them so.
pub(crate) fn hash_of_id(hasher: &RandomState, id: &str) -> u64 {
    match id.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => hasher.hash_one(id.to_ascii_lowercase().as_str()),
        false => hasher.hash_one(id),
    }
}

/// Whether an object's author has taken it back.
pub(crate) fn is_revoked(members: &Members) -> bool {
    let said = members.get("revoked").is_some_and(|revoked| !revoked.is_null());
    said && flag(members, "revoked") != Some(false)
}

/// All that may mark an object, in whatever order; of its labels those that are markings, or cannot be read.
fn markings(members: &Members) -> BTreeSet<String> {
    let may_mark =
        |label: &&Value| filled(label).is_none_or(|label| Marking::of_tag(label) != Marking::default());
    let odd = |name: &str| members.get(name).filter(|value| !value.is_null() && !value.is_array());
    let refs = list(members, "object_marking_refs").iter().chain(list(members, "granular_markings"));
    let labels = list(members, "labels").iter().filter(may_mark);
    refs.chain(labels).chain(MARKINGS.into_iter().filter_map(odd)).map(Value::to_string).collect()
}

/// A time as others write it too: without its zone, or a date alone, it is read as UTC.
fn modified_at(text: &str) -> Option<u64> {
    parse_micros(text)
        .or_else(|| parse_micros(&format!("{text}Z")))
        .or_else(|| parse_micros(&format!("{text}T00:00:00Z")))
        .or_else(|| parse_micros(&format!("{}Z", text.strip_suffix("+0000")?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn the_newest_counts_and_of_two_as_new_the_first() {
        let texts = [
            r#"{"type":"report","id":"a","modified":"2026-01-01T00:00:00Z"}"#,
            r#"{"type":"report","id":"a","modified":"2026-01-02T00:00:00Z","x":{"p":1,"q":[1.5]}}"#,
            r#"{"x":{"q":[1.5],"p":1},"type":"report","id":"a","modified":"2026-01-02T01:00:00+01:00"}"#,
            r#"{"x":{"q":[1.5],"p":1},"type":"report","id":"a","modified":"2026-01-02T00:00:00Z"}"#,
            r#"{"type":"report","id":"d","modified":"yesterday"}"#,
            r#"{"type":"report","id":"d","modified":"2026-01-02T00:00:00Z"}"#,
            r#"{"type":"report","id":"e","modified":"2026-01-02T00:00:00"}"#,
            r#"{"type":"report","id":"e","modified":"2026-01-03"}"#,
            r#"{"type":"domain-name","id":"b","x":1}"#,
            r#"{"type":"domain-name","id":"b","x":2}"#,
            r#"{"x":3}"#,
            r#"{"type":"indicator","id":"c","x":1}"#,
            r#"{"type":"indicator","id":"c","x":2}"#,
            r#"{"type":"report","id":"f","modified":"2026-01-02T00:00:00Z"}"#,
            r#"{"type":"report","id":"f","modified":"2026-01-02T00:00:00Z","revoked":true}"#,
            r#"{"type":"report","id":"f","modified":"2026-01-02T00:00:00Z","x":1}"#,
            r#"{"type":"report","id":"g","revoked":true}"#,
        ];
        let objects = texts.map(Kept::from);
        let mut identifiers = Identifiers::default();
        objects.iter().for_each(|object| _ = identifiers.learn(object));
        let standings: Vec<Standing> = objects.iter().map(|object| identifiers.standing(object)).collect();
        use Standing::{Current, OfUnknownVersion, Revoked, Superseded, WithOtherContent};
        assert_eq!(
            standings,
            [
                Superseded,
                Current,
                WithOtherContent,
                Current,
                OfUnknownVersion,
                OfUnknownVersion,
                Superseded,
                Current,
                Current,
                Current,
                Current,
                Current,
                WithOtherContent,
                Revoked,
                Revoked,
                Revoked,
                Revoked
            ]
        );
    }
}
