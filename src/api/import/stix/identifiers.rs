//! Which ids a file has had, in which versions, and with what content.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use crate::import::json_value::{Members, text};
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
}

/// Versions and contents by id, as hashes under keys of this import's own: whoever writes a file cannot make two of them meet.
#[derive(Debug, Default)]
pub(crate) struct Identifiers {
    newest: HashMap<u64, Version>,
    hasher: RandomState,
}

#[derive(Clone, Copy, Debug)]
struct Version {
    /// Microseconds since 1970; 0 where there is no time.
    modified: u64,
    content: u64,
}

impl Identifiers {
    /// Remembers an object, if it is newer than all that had its id before.
    pub(crate) fn learn(&mut self, members: &Members) {
        let Some((id, version)) = self.version(members) else { return };
        let has_room = self.newest.len() < MAX_IDS;
        match self.newest.get_mut(&id) {
            Some(known) if known.modified < version.modified => *known = version,
            Some(_) => (),
            None if has_room => {
                self.newest.insert(id, version);
            }
            None => (),
        }
    }

    /// What an object is, when every object of the file was remembered.
    pub(crate) fn standing(&self, members: &Members) -> Standing {
        let Some((id, version)) = self.version(members) else { return Standing::Current };
        match self.newest.get(&id) {
            Some(known) if known.modified > version.modified => Standing::Superseded,
            Some(known) if known.modified == version.modified && known.content != version.content => {
                Standing::WithOtherContent
            }
            _ => Standing::Current,
        }
    }

    /// The id and version of an object that has versions: observables have none, and what two of them say holds together.
    fn version(&self, members: &Members) -> Option<(u64, Version)> {
        let id = text(members, "id")?;
        let modified = text(members, "modified");
        if modified.is_none() && text(members, "type") != Some("indicator") {
            return None;
        }
        let modified = modified.and_then(parse_micros).unwrap_or_default();
        Some((self.hasher.hash_one(id), Version { modified, content: self.hasher.hash_one(members) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::json_value::members;

    #[test]
    fn the_newest_counts_and_of_two_as_new_the_first() {
        let texts = [
            r#"{"id":"a","modified":"2026-01-01T00:00:00Z"}"#,
            r#"{"id":"a","modified":"2026-01-02T00:00:00Z","x":{"p":1,"q":[1.5]}}"#,
            r#"{"x":{"q":[1.5],"p":1},"id":"a","modified":"2026-01-02T01:00:00+01:00"}"#,
            r#"{"x":{"q":[1.5],"p":1},"id":"a","modified":"2026-01-02T00:00:00Z"}"#,
            r#"{"id":"a","modified":"yesterday"}"#,
            r#"{"id":"b","x":1}"#,
            r#"{"id":"b","x":2}"#,
            r#"{"x":3}"#,
            r#"{"type":"indicator","id":"c","x":1}"#,
            r#"{"type":"indicator","id":"c","x":2}"#,
        ];
        let objects = texts.map(|text| members(text.as_bytes()).unwrap());
        let mut identifiers = Identifiers::default();
        objects.iter().for_each(|object| identifiers.learn(object));
        let standings: Vec<Standing> = objects.iter().map(|object| identifiers.standing(object)).collect();
        use Standing::{Current, Superseded, WithOtherContent};
        assert_eq!(
            standings,
            [
                Superseded,
                Current,
                WithOtherContent,
                Current,
                Superseded,
                Current,
                Current,
                Current,
                Current,
                WithOtherContent
            ]
        );
    }
}
