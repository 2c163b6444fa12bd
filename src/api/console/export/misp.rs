//! Overlaps as events of MISP: the same events and attributes, with the same UUIDs, as over the API for its clients.
//!
//! An event is what one exchange found at one time, so rows come in the order in which they were found, and an event has those of its overlaps
//! that match.

use overlap_store::{FoundOverlap, OverlapGroup, OverlapOrder, OverlapQuery};
use serde::Serialize;

use super::ExportFile;
use crate::misp::{Attribute, Event, Scope, at};
use crate::state::ApiState;

/// A list of events, as an answer of `restSearch` is.
pub(super) struct MispEvents {
    scope: Scope,
    groups: Vec<OverlapGroup>,
    /// The number of the event that is open.
    open: Option<u32>,
}

impl MispEvents {
    pub(super) fn new(state: &ApiState) -> Self {
        let scope = Scope::of(state);
        Self { groups: scope.groups(), scope, open: None }
    }

    /// What of a query can be told: in the order of events, and no overlap that came after they were counted.
    pub(super) fn narrowed(&self, query: OverlapQuery) -> OverlapQuery {
        let last = self.groups.last().map_or(0, |group| group.last_added);
        let added_until = Some(query.added_until.map_or(last, |until| until.min(last)));
        OverlapQuery { order: OverlapOrder::Oldest, added_until, ..query }
    }

    fn begin_event(&mut self, group: &OverlapGroup, out: &mut String) {
        out.push_str(match self.open {
            None => "{\"Event\":",
            Some(_) => "\n]}},\n{\"Event\":",
        });
        let event = json(&Event::of(group, &self.scope));
        // The event's own brace is closed behind its attributes.
        out.push_str(event.strip_suffix('}').unwrap_or(&event));
        out.push_str(",\"Attribute\":[\n");
        self.open = Some(group.number);
    }
}

impl ExportFile for MispEvents {
    fn begin(&mut self) -> String {
        "{\"response\":[\n".to_owned()
    }

    fn rows(&mut self, rows: &[FoundOverlap]) -> String {
        let groups = std::mem::take(&mut self.groups);
        let mut out = String::new();
        for FoundOverlap { row, .. } in rows {
            // Every overlap up to the last group's end is in one.
            let Some(group) = at(&groups, row.added) else { continue };
            match self.open == Some(group.number) {
                true => out.push_str(",\n"),
                false => self.begin_event(group, &mut out),
            }
            out.push_str(&json(&Attribute::of(row, group)));
        }
        self.groups = groups;
        out
    }

    fn end(&mut self) -> String {
        match self.open {
            None => "]}\n".to_owned(),
            Some(_) => "\n]}}\n]}\n".to_owned(),
        }
    }
}

/// Strings and numbers always encode.
fn json(item: &impl Serialize) -> String {
    serde_json::to_string(item).unwrap_or_default()
}
