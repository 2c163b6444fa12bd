//! Which ids a file has had, and with what content.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use crate::import::json_value::{Members, text};

/// Ids that are remembered: 16 bytes each in a table of 4 Mi places, 70 MiB at most. In a longer file the later ids are not compared.
const MAX_IDS: usize = (1 << 22) / 8 * 7;

/// What is known of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Nothing, or there is none.
    Never,
    /// It was there with the same content, in whatever order.
    WithSameContent,
    /// It was there with other content.
    WithOtherContent,
}

/// Ids and contents, as hashes under keys of this import's own: whoever writes a file cannot make two of them meet.
#[derive(Debug, Default)]
pub(crate) struct Identifiers {
    contents: HashMap<u64, u64>,
    hasher: RandomState,
}

impl Identifiers {
    /// Remembers an object.
    pub(crate) fn see(&mut self, members: &Members) -> Seen {
        let Some(id) = text(members, "id") else { return Seen::Never };
        let (id, content) = (self.hasher.hash_one(id), self.hasher.hash_one(members));
        match self.contents.get(&id) {
            Some(known) if *known == content => Seen::WithSameContent,
            Some(_) => Seen::WithOtherContent,
            None => {
                if self.contents.len() < MAX_IDS {
                    self.contents.insert(id, content);
                }
                Seen::Never
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::json_value::members;

    #[test]
    fn content_counts_and_order_does_not() {
        let mut identifiers = Identifiers::default();
        let mut see = |text: &str| identifiers.see(&members(text.as_bytes()).unwrap());
        assert_eq!(see(r#"{"id":"a","x":{"p":1,"q":[1.5]}}"#), Seen::Never);
        assert_eq!(see(r#"{"x":{"q":[1.5],"p":1},"id":"a"}"#), Seen::WithSameContent);
        assert_eq!(see(r#"{"x":{"q":[1.5],"p":2},"id":"a"}"#), Seen::WithOtherContent);
        assert_eq!(see(r#"{"x":1}"#), Seen::Never);
        assert_eq!(see(r#"{"x":2}"#), Seen::Never);
    }
}
