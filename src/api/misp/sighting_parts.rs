//! Answers with sightings.

use overlap_store::{Cursor, OverlapGroup, PageRequest, SightingFilter, SightingRow, StoreError};
use serde::Serialize;

use super::parts::{Items, Parts, put};
use super::scope::{Scope, at};
use super::search::ROWS;
use super::sighting::{Beside, SightingItem};

/// Which sightings, beyond what the store filters by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meant {
    /// Of overlaps in this event only.
    pub(crate) event: Option<u32>,
    pub(crate) source: Option<String>,
}

/// A list of sightings.
pub(crate) struct SightingParts {
    pub(crate) scope: Scope,
    pub(crate) filter: SightingFilter,
    pub(crate) meant: Meant,
    pub(crate) with: Beside,
    /// Whether it is an answer of `restSearch`, and not a bare list.
    pub(crate) is_answer: bool,
    pub(crate) place: Place,
}

/// How far the list is.
#[derive(Default)]
pub(crate) struct Place {
    groups: Vec<OverlapGroup>,
    items: Items,
    after: Option<Cursor>,
    is_begun: bool,
    is_ended: bool,
}

/// A sighting as an answer of `restSearch` has it.
#[derive(Serialize)]
struct Wrapped {
    #[serde(rename = "Sighting")]
    sighting: SightingItem,
}

impl SightingParts {
    fn is_meant(&self, row: &SightingRow) -> bool {
        if self.meant.source.as_ref().is_some_and(|source| *source != row.source) {
            return false;
        }
        let Some(event) = self.meant.event else { return true };
        let is_in = |added| at(&self.place.groups, added).is_some_and(|group| group.number == event);
        self.scope.store.overlap_uuids_of(row.indicator).iter().any(|(_, added)| is_in(*added))
    }

    fn put(&mut self, row: &SightingRow, out: &mut Vec<u8>) -> Result<(), StoreError> {
        let sighting = SightingItem::looked_up(row, &self.place.groups, self.with, &self.scope)?;
        self.place.items.next(out);
        match self.is_answer {
            true => put(out, &Wrapped { sighting }),
            false => put(out, &sighting),
        }
        Ok(())
    }
}

impl Parts for SightingParts {
    fn next(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        if self.place.is_ended {
            return Ok(None);
        }
        let mut out = Vec::new();
        if !std::mem::replace(&mut self.place.is_begun, true) {
            self.place.groups = self.scope.groups();
            out.extend(if self.is_answer { r#"{"response":["# } else { "[" }.bytes());
        }
        let page = PageRequest { limit: ROWS, after: self.place.after.take() };
        let page = self.scope.store.sightings(&self.filter, &page)?;
        for row in &page.rows {
            if self.is_meant(row) {
                self.put(row, &mut out)?;
            }
        }
        self.place.after = page.next;
        if self.place.after.is_none() {
            out.extend(if self.is_answer { "]}" } else { "]" }.bytes());
            self.place.is_ended = true;
        }
        Ok(Some(out))
    }
}
