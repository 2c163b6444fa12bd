//! The objects of a collection in the order in which they were added, read by the date.
//!
//! Before the first row of a collection come the objects to which the others refer: identities, markings and our extension. They
//! get the microseconds before that row's date. A row of overlaps is two objects: the indicator, where it is the first with the
//! partner, with the row's date, and the sighting with the microsecond that follows, which the store leaves free.

use overlap_coalition::MemberId;
use overlap_indicator::Tlp;
use overlap_store::{ADDED_STEP, IndicatorRow, OverlapName, OverlapRow, Store, StoreError};
use uuid::Uuid;

use super::collections::Collection;
use super::filter::Filter;
use crate::stix::{Coalition, ExtensionDefinition, IndicatorObject, MarkingDefinition, Sighting, StixObject};

/// The sighting's date is between its row's and the next row's.
const _: () = assert!(ADDED_STEP >= 2);

/// Rows that are in memory together where many are passed over: a few segments of the store.
const ROWS_AT_ONCE: usize = 1_024;

/// A version of an object in a collection.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) added: u64,
    pub(crate) object: StixObject,
}

/// A page of entries.
#[derive(Debug, Default)]
pub(crate) struct EntryPage {
    pub(crate) entries: Vec<Entry>,
    /// Whether there are more that match.
    pub(crate) more: bool,
}

impl EntryPage {
    /// The first `limit` of entries that match.
    fn cut(mut entries: Vec<Entry>, limit: usize) -> Self {
        let more = entries.len() > limit;
        entries.truncate(limit);
        Self { entries, more }
    }

    /// When the first and the last were added.
    pub(crate) fn dates(&self) -> Option<(u64, u64)> {
        Some((self.entries.first()?.added, self.entries.last()?.added))
    }
}

/// Reads a collection.
pub(crate) struct Listing<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) coalition: &'a Coalition,
    pub(crate) collection: &'a Collection,
}

impl Listing<'_> {
    /// A page of the objects that match.
    ///
    /// # Errors
    /// As the store says.
    pub(crate) fn page(&self, filter: &Filter) -> Result<EntryPage, StoreError> {
        let entries = match &filter.ids {
            Some(ids) => self.named(ids.iter().map(String::as_str))?,
            None => return self.page_by_date(filter),
        };
        let matching = entries.into_iter().filter(|entry| is_meant(entry, filter));
        Ok(EntryPage::cut(matching.collect(), filter.limit))
    }

    /// The entries with these ids, those that are there, in their order.
    pub(crate) fn named<'i>(&self, ids: impl Iterator<Item = &'i str>) -> Result<Vec<Entry>, StoreError> {
        let fixed = self.fixed();
        let mut entries = Vec::new();
        for id in ids {
            match fixed.iter().find(|entry| entry.object.id() == id) {
                Some(entry) => entries.push(entry.clone()),
                None => entries.extend(self.of_a_row(id)?),
            }
        }
        entries.sort_by_key(|entry| entry.added);
        Ok(entries)
    }

    /// The object of a row that has this id.
    fn of_a_row(&self, id: &str) -> Result<Option<Entry>, StoreError> {
        let Some((type_name, uuid)) = id.split_once("--") else { return Ok(None) };
        // The parser takes other spellings than the one that STIX has.
        let Some(uuid) = Uuid::parse_str(uuid).ok().filter(|parsed| parsed.to_string() == uuid) else {
            return Ok(None);
        };
        match (self.collection, type_name) {
            (Collection::Indicators, IndicatorObject::TYPE) => {
                Ok(self.store.indicator_named(uuid)?.map(|row| self.own_indicator(&row)))
            }
            (Collection::Overlaps(peer), IndicatorObject::TYPE) => {
                let row = self.store.overlap_named(peer, OverlapName::FirstOf(uuid))?;
                Ok(row.map(|row| self.indicator_of(&row)))
            }
            (Collection::Overlaps(peer), Sighting::TYPE) => {
                let row = self.store.overlap_named(peer, OverlapName::Overlap(uuid))?;
                Ok(row.map(|row| self.sighting_of(&row)))
            }
            _ => Ok(None),
        }
    }

    fn page_by_date(&self, filter: &Filter) -> Result<EntryPage, StoreError> {
        let fixed = self.fixed();
        let mut entries: Vec<Entry> = fixed.into_iter().filter(|entry| is_meant(entry, filter)).collect();
        let mut after = filter.after;
        // One more than the page has tells whether there are more.
        let most = if filter.is_selective() { ROWS_AT_ONCE } else { filter.limit + 1 };
        while entries.len() <= filter.limit {
            let rows = self.rows(filter, after, most)?;
            let Some(last) = rows.last else { break };
            entries.extend(rows.entries.into_iter().filter(|entry| is_meant(entry, filter)));
            after = last;
        }
        Ok(EntryPage::cut(entries, filter.limit))
    }

    /// The objects of the next rows, and where those that follow begin.
    fn rows(&self, filter: &Filter, after: u64, most: usize) -> Result<Rows, StoreError> {
        match self.collection {
            Collection::Indicators if filter.may_take(IndicatorObject::TYPE) => {
                let rows = self.store.indicators_added_after(after, most)?;
                let last = rows.last().map(|row| row.added);
                Ok(Rows { entries: rows.iter().map(|row| self.own_indicator(row)).collect(), last })
            }
            Collection::Overlaps(peer) => self.overlap_rows(peer, filter, after, most),
            Collection::Indicators => Ok(Rows::default()),
        }
    }

    fn overlap_rows(
        &self,
        peer: &MemberId,
        filter: &Filter,
        after: u64,
        most: usize,
    ) -> Result<Rows, StoreError> {
        let sightings = filter.may_take(Sighting::TYPE);
        if !sightings && !filter.may_take(IndicatorObject::TYPE) {
            return Ok(Rows::default());
        }
        // A row's sighting is a microsecond later than the row: a page may have ended between the two.
        let rows = self.store.overlaps_added_after(peer, !sightings, after.saturating_sub(1), most)?;
        let of_row = |row: &OverlapRow| {
            let indicator = row.is_first.then(|| self.indicator_of(row));
            indicator.into_iter().chain([self.sighting_of(row)])
        };
        let last = rows.last().map(|row| row.added + 1);
        Ok(Rows { entries: rows.iter().flat_map(of_row).collect(), last })
    }

    fn own_indicator(&self, row: &IndicatorRow) -> Entry {
        let object = IndicatorObject::of_own(row, self.coalition);
        Entry { added: row.added, object: StixObject::Indicator(object) }
    }

    fn indicator_of(&self, row: &OverlapRow) -> Entry {
        let object = IndicatorObject::of_overlap(row, self.coalition);
        Entry { added: row.added, object: StixObject::Indicator(object) }
    }

    fn sighting_of(&self, row: &OverlapRow) -> Entry {
        Entry { added: row.added + 1, object: StixObject::Sighting(Sighting::of(row, self.coalition)) }
    }

    /// The objects to which rows' objects refer; none before there is a row.
    fn fixed(&self) -> Vec<Entry> {
        let own = &self.coalition.own;
        let (first, members) = match self.collection {
            Collection::Indicators => (self.store.first_indicator_added(), vec![own]),
            Collection::Overlaps(peer) => (self.store.first_overlap_added(peer), vec![own, peer]),
        };
        let Some(first) = first else { return Vec::new() };
        let extension = ExtensionDefinition::told_by(self.coalition.own_id());
        let mut objects = vec![StixObject::Extension(extension)];
        objects
            .extend(members.into_iter().map(|member| StixObject::Identity(self.coalition.identity(member))));
        objects.extend(Tlp::ALL.into_iter().map(|tlp| StixObject::Marking(MarkingDefinition::of(tlp))));
        let begin = first.saturating_sub(objects.len() as u64);
        (begin..).zip(objects).map(|(added, object)| Entry { added, object }).collect()
    }
}

/// Objects of some rows.
#[derive(Default)]
struct Rows {
    entries: Vec<Entry>,
    /// The date of the last of them; `None` where there is no row.
    last: Option<u64>,
}

fn is_meant(entry: &Entry, filter: &Filter) -> bool {
    entry.added > filter.after && filter.takes(&entry.object)
}
