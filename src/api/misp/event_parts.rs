//! Answers with events.

use std::collections::VecDeque;

use overlap_store::{OverlapGroup, OverlapScan, StoreError};

use super::attribute::Attribute;
use super::event::Event;
use super::parts::{Items, PART_BYTES, Parts, put};
use super::scope::Scope;
use super::search::ROWS;
use super::sighting::of_overlap;

/// What is told of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// One event, whole.
    One,
    /// Each whole, or without its attributes, in an answer of `restSearch`.
    Answer { only_metadata: bool },
    /// A list without attributes.
    Index,
}

/// Events, each with its attributes where they are told.
pub(crate) struct EventParts {
    scope: Scope,
    told: Told,
    with_sightings: bool,
    groups: VecDeque<OverlapGroup>,
    /// The event that is being told, and the date of the last of its overlaps that was.
    open: Option<(OverlapGroup, u64)>,
    events: Items,
    attributes: Items,
    is_begun: bool,
    is_ended: bool,
}

impl EventParts {
    pub(crate) fn new(scope: Scope, groups: Vec<OverlapGroup>, told: Told, with_sightings: bool) -> Self {
        let (events, attributes) = (Items::default(), Items::default());
        let groups = groups.into();
        let (open, is_begun, is_ended) = (None, false, false);
        Self { scope, told, with_sightings, groups, open, events, attributes, is_begun, is_ended }
    }

    const fn begin(&self) -> &'static str {
        match self.told {
            Told::One => "",
            Told::Answer { .. } => r#"{"response":["#,
            Told::Index => "[",
        }
    }

    const fn end(&self) -> &'static str {
        match self.told {
            Told::One => "",
            Told::Answer { .. } => "]}",
            Told::Index => "]",
        }
    }

    const fn has_attributes(&self) -> bool {
        matches!(self.told, Told::One | Told::Answer { only_metadata: false })
    }

    /// Begins an event.
    fn put_event(&mut self, group: OverlapGroup, out: &mut Vec<u8>) {
        self.events.next(out);
        let event = Event::of(&group, &self.scope);
        if self.told == Told::Index {
            return put(out, &event);
        }
        out.extend(br#"{"Event":"#);
        put(out, &event);
        if self.has_attributes() {
            // The event's own brace is closed behind its attributes.
            out.pop();
            out.extend(br#","Attribute":["#);
            (self.attributes, self.open) = (Items::default(), Some((group, 0)));
        } else {
            out.push(b'}');
        }
    }

    /// Tells some attributes of the event that is open.
    fn put_attributes(
        &mut self,
        group: OverlapGroup,
        after: u64,
        out: &mut Vec<u8>,
    ) -> Result<(), StoreError> {
        let after = after.max(group.first_added.saturating_sub(1));
        let scan = OverlapScan { after, until: group.last_added, skip: 0, is_meant: &|_| true };
        let rows = self.scope.store.overlaps_meant(&scan, ROWS)?;
        for row in &rows {
            let mut attribute = Attribute::of(row, &group);
            if self.with_sightings {
                attribute.sightings = Some(of_overlap(&self.scope, row, &group)?);
            }
            self.attributes.next(out);
            put(out, &attribute);
        }
        match rows.last().filter(|row| row.added < group.last_added) {
            Some(last) => self.open = Some((group, last.added)),
            None => out.extend(b"]}}"),
        }
        Ok(())
    }
}

impl Parts for EventParts {
    fn next(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        if self.is_ended {
            return Ok(None);
        }
        let mut out = Vec::new();
        if !std::mem::replace(&mut self.is_begun, true) {
            out.extend(self.begin().bytes());
        }
        while out.len() < PART_BYTES {
            if let Some((group, after)) = self.open.take() {
                self.put_attributes(group, after, &mut out)?;
            } else if let Some(group) = self.groups.pop_front() {
                self.put_event(group, &mut out);
            } else {
                out.extend(self.end().bytes());
                self.is_ended = true;
                break;
            }
        }
        Ok(Some(out))
    }
}
