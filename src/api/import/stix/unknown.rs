//! Markings that objects refer to and nobody defines.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use super::object::shown_id;
use crate::import::report::UnknownMarking;

/// Markings that are named. A file has a dozen of them all in all.
const MAX_NAMED: usize = 100;

/// How many objects refer to each.
#[derive(Debug, Default)]
pub(crate) struct UnknownMarkings(Mutex<BTreeMap<String, u64>>);

impl UnknownMarkings {
    /// Counts an object that refers to these.
    pub(crate) fn count<'a>(&self, ids: impl Iterator<Item = &'a str>) {
        let ids: BTreeSet<String> = ids.filter_map(shown_id).collect();
        if ids.is_empty() {
            return;
        }
        // Numbers are whole whoever panicked.
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for id in ids {
            let has_room = counts.len() < MAX_NAMED;
            match counts.get_mut(&id) {
                Some(count) => *count += 1,
                None if has_room => drop(counts.insert(id, 1)),
                None => (),
            }
        }
    }

    /// All that were counted, by their ids.
    pub(crate) fn into_list(self) -> Vec<UnknownMarking> {
        let counts = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        counts.into_iter().map(|(id, objects)| UnknownMarking { id, objects }).collect()
    }
}
