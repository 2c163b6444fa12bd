//! Searching overlaps: by what memory holds of them where that decides, else by their rows, and by their indicators where values are named.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use overlap_coalition::MemberId;
use overlap_indicator::{Facet, Kind, Pap, Tlp};
use overlap_store::{OverlapBrief, OverlapGroup, OverlapName, OverlapRow, OverlapScan, StoreError};
use uuid::Uuid;

use super::event::info;
use super::filter::Filter;
use super::scope::{Scope, at};
use super::tag::{Tag, marking, tlp_name};
use super::terms::Terms;
use crate::import::misp_written::{category_of, types_of, written};
use crate::lookup::ids_named;
use crate::stix::pap_label;

/// Rows that are read together: some hundred kilobytes, and a few milliseconds.
pub(crate) const ROWS: usize = 500;

/// A search that goes on where it stands.
pub(crate) struct Search {
    pub(crate) scope: Scope,
    pub(crate) filter: Filter,
    pub(crate) groups: Vec<OverlapGroup>,
    /// What of each group's overlaps may be meant, by kind and facet; none of a group that is not meant.
    meant: Vec<Option<Meant>>,
    source: Source,
    /// Whether rows have to be read to say whether they are meant.
    needs_rows: bool,
    skip: u64,
    left: u64,
}

enum Source {
    /// Rows that were looked up, by values or UUIDs.
    Listed(VecDeque<OverlapRow>),
    /// All that were added after a date.
    After(u64),
    Done,
}

/// Which kinds, each with which facets: a bit for a facet, by its number, at the number of the kind. It is asked of every overlap that is passed over.
type Meant = Arc<[u32; MOST_KINDS]>;

/// More than the highest number of a kind.
const MOST_KINDS: usize = 32;

impl Search {
    /// A search. Without `is_paged` it finds all, whatever page is asked for.
    ///
    /// # Errors
    /// The store's.
    pub(crate) fn new(scope: Scope, filter: Filter, is_paged: bool) -> Result<Self, StoreError> {
        let groups = scope.groups();
        let mut by_peer: BTreeMap<MemberId, Meant> = BTreeMap::new();
        let mut meant = Vec::with_capacity(groups.len());
        for group in &groups {
            let is_meant = filter.means_event(group, scope.own.names());
            let of_peer =
                || by_peer.entry(group.peer.clone()).or_insert_with(|| pairs(&filter, &group.peer)).clone();
            meant.push(is_meant.then(of_peer));
        }
        let (skip, left) =
            if is_paged { (filter.skip(), filter.limit.unwrap_or(u64::MAX)) } else { (0, u64::MAX) };
        let needs_rows = needs_rows(&filter);
        let source = Source::After(0);
        let mut search = Self { scope, filter, groups, meant, source, needs_rows, skip, left };
        if let Some(rows) = search.listed()? {
            search.source = Source::Listed(rows);
        }
        Ok(search)
    }

    /// Whether there is no more.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.source, Source::Done)
    }

    /// The next rows, in the order in which they were added; none only at the end.
    ///
    /// # Errors
    /// The store's.
    pub(crate) fn next(&mut self) -> Result<Vec<OverlapRow>, StoreError> {
        loop {
            let rows = self.read()?;
            if !rows.is_empty() || self.is_done() {
                return Ok(rows);
            }
        }
    }

    /// Reads on once, which may find none.
    fn read(&mut self) -> Result<Vec<OverlapRow>, StoreError> {
        let most = usize::try_from(self.left).map_or(ROWS, |left| left.min(ROWS));
        let mut rows: Vec<OverlapRow> = match &mut self.source {
            Source::Done => return Ok(Vec::new()),
            Source::Listed(rows) => rows.drain(..rows.len().min(ROWS)).collect(),
            Source::After(after) => {
                let after = *after;
                self.scan(after, most)?
            }
        };
        let asked = self.asked(most);
        let is_end = match (&mut self.source, rows.last()) {
            (Source::Listed(rest), _) => rest.is_empty(),
            (Source::After(after), Some(last)) if rows.len() >= asked => {
                *after = last.added;
                false
            }
            _ => true,
        };
        self.leave_out(&mut rows);
        if is_end || self.left == 0 {
            self.source = Source::Done;
        }
        Ok(rows)
    }

    const fn asked(&self, most: usize) -> usize {
        if self.needs_rows { ROWS } else { most }
    }

    fn scan(&mut self, after: u64, most: usize) -> Result<Vec<OverlapRow>, StoreError> {
        let until = self.groups.last().map_or(0, |group| group.last_added);
        let is_meant = |brief: &OverlapBrief| self.may_mean(brief);
        let skip = if self.needs_rows { 0 } else { usize::try_from(self.skip).unwrap_or(usize::MAX) };
        let scan = OverlapScan { after, until, skip, is_meant: &is_meant };
        let rows = self.scope.store.overlaps_meant(&scan, self.asked(most))?;
        if !self.needs_rows {
            self.skip = 0;
        }
        Ok(rows)
    }

    fn may_mean(&self, brief: &OverlapBrief) -> bool {
        let at = (brief.group as usize).wrapping_sub(1);
        let meant = self.meant.get(at).and_then(Option::as_ref);
        let facets = meant.and_then(|facets| facets.get(usize::from(brief.kind.number())));
        facets.is_some_and(|facets| facets & bit(brief.facet) != 0)
    }

    /// Leaves out rows that are not meant, are passed over, or are too many.
    fn leave_out(&mut self, rows: &mut Vec<OverlapRow>) {
        if self.needs_rows {
            rows.retain(|row| self.means(row));
        }
        let passed = usize::try_from(self.skip).map_or(rows.len(), |skip| skip.min(rows.len()));
        rows.drain(..passed);
        self.skip -= passed as u64;
        rows.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= rows.len() as u64;
    }

    /// Whether a row is meant, whatever may be said of its value where that was looked up.
    fn means(&self, row: &OverlapRow) -> bool {
        let Some(group) = at(&self.groups, row.added) else { return false };
        let brief =
            OverlapBrief { indicator: row.indicator, kind: row.kind, facet: row.facet, group: group.number };
        let written = written(row.kind, row.canonical.reveal());
        let value = self.filter.value.as_ref().filter(|value| value.exact().is_none());
        let met = |terms: Option<&Terms>, texts: &[&str]| terms.is_none_or(|terms| terms.mean(texts));
        let uuids = [row.uuid().to_string(), group.uuid.to_string()];
        self.may_mean(&brief)
            && met(value, &[&written.value])
            && met(self.filter.type_name.as_ref(), &[written.type_name])
            && met(self.filter.category.as_ref(), &[category_of(written.type_name)])
            && met(self.filter.uuid.as_ref(), &uuids.each_ref().map(String::as_str))
            && met(self.filter.anywhere.as_ref(), &[&written.value, &info(group), row.peer.as_str()])
            && self.filter.tags.as_ref().is_none_or(|tags| means_tags(tags, row))
            && !(self.filter.without_warned && self.scope.lists.holds(row.kind, row.canonical.reveal()))
    }

    /// Rows that the filter names by values or UUIDs, where it does.
    fn listed(&mut self) -> Result<Option<VecDeque<OverlapRow>>, StoreError> {
        let store = &*self.scope.store;
        let mut rows = BTreeMap::new();
        if let Some(values) = self.filter.value.as_ref().and_then(Terms::exact) {
            let ids = values.iter().flat_map(|value| ids_named(value, store, &self.scope.rules));
            for id in ids.collect::<BTreeSet<_>>() {
                rows.extend(store.overlaps_of(id)?.into_iter().map(|row| (row.added, row)));
            }
        } else if let Some(uuids) = self.filter.uuid.as_ref().and_then(Terms::exact) {
            let uuids: Vec<Uuid> = uuids.iter().filter_map(|uuid| uuid.parse().ok()).collect();
            if uuids.iter().any(|uuid| self.groups.iter().any(|group| group.uuid == *uuid)) {
                return Ok(None);
            }
            for uuid in uuids {
                rows.extend(overlap_named(&self.scope, uuid)?.into_iter().map(|row| (row.added, row)));
            }
        } else {
            return Ok(None);
        }
        self.needs_rows = true;
        Ok(Some(rows.into_values().collect()))
    }

    /// The groups that have an overlap that is meant, in the order of their numbers.
    ///
    /// # Errors
    /// The store's.
    pub(crate) fn groups_met(mut self) -> Result<Vec<OverlapGroup>, StoreError> {
        let has: Vec<bool> = if !self.filter.speaks_of_attributes() {
            self.meant.iter().map(Option::is_some).collect()
        } else if self.needs_rows {
            let mut has = vec![false; self.groups.len()];
            while !self.is_done() {
                for row in self.next()? {
                    let number = at(&self.groups, row.added).map(|group| group.number);
                    mark(&mut has, number);
                }
            }
            has
        } else {
            let has = RefCell::new(vec![false; self.groups.len()]);
            let note = |brief: &OverlapBrief| {
                if self.may_mean(brief) {
                    mark(&mut has.borrow_mut(), Some(brief.group));
                }
                false
            };
            let scan = OverlapScan { after: 0, until: u64::MAX, skip: 0, is_meant: &note };
            self.scope.store.overlaps_meant(&scan, 1)?;
            has.take()
        };
        Ok(self.groups.into_iter().zip(has).filter_map(|(group, has)| has.then_some(group)).collect())
    }
}

fn mark(has: &mut [bool], number: Option<u32>) {
    let at = number.and_then(|number| (number as usize).checked_sub(1));
    if let Some(has) = at.and_then(|at| has.get_mut(at)) {
        *has = true;
    }
}

/// The overlap with this UUID, with whatever partner.
pub(crate) fn overlap_named(scope: &Scope, uuid: Uuid) -> Result<Option<OverlapRow>, StoreError> {
    for peer in scope.store.overlap_peers() {
        if let Some(row) = scope.store.overlap_named(&peer, OverlapName::Overlap(uuid))? {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

/// Kinds and facets of overlaps with a partner that may be meant.
fn pairs(filter: &Filter, peer: &MemberId) -> Meant {
    let may = |terms: &Option<Terms>, kind: Kind, text_of: fn(&'static str) -> &'static str| {
        let mut texts = types_of(kind).iter().map(|name| text_of(name));
        terms.as_ref().is_none_or(|terms| texts.any(|text| terms.mean(&[text])))
    };
    let kinds = Kind::ALL.into_iter().filter(|kind| {
        may(&filter.type_name, *kind, |name| name) && may(&filter.category, *kind, category_of)
    });
    let all = kinds.flat_map(|kind| kind.facets().iter().map(move |facet| (kind, *facet)));
    let tagged = |(kind, facet): &(Kind, Facet)| match &filter.tags {
        Some(tags) if !speak_of_markings(tags) => {
            let names = [Tag::kind(*kind).name, Tag::facet(*facet).name, Tag::peer(peer).name];
            tags.mean(&names.each_ref().map(String::as_str))
        }
        _ => true,
    };
    let mut meant = [0; MOST_KINDS];
    for (kind, facet) in all.filter(tagged) {
        if let Some(facets) = meant.get_mut(usize::from(kind.number())) {
            *facets |= bit(facet);
        }
    }
    meant.into()
}

/// The bit of a facet. There are fewer than 32.
const fn bit(facet: Facet) -> u32 {
    1 << (facet.number() % 32)
}

/// Whether terms speak of a marking: which one an overlap has is known only of its row.
fn speak_of_markings(tags: &Terms) -> bool {
    let mut names = Tlp::ALL.into_iter().map(tlp_name).chain(Pap::ALL.into_iter().map(pap_label));
    names.any(|name| tags.speak_of(&name))
}

fn means_tags(tags: &Terms, row: &OverlapRow) -> bool {
    let markings = [tlp_name(marking(row.tlp)), tlp_name(Tlp::AmberStrict)];
    let pap = row.pap.map(pap_label);
    let names = [Tag::kind(row.kind).name, Tag::facet(row.facet).name, Tag::peer(&row.peer).name];
    let all: Vec<&str> = markings.iter().chain(&pap).chain(&names).map(String::as_str).collect();
    tags.mean(&all)
}

/// Whether the filter asks for more than memory holds of overlaps.
fn needs_rows(filter: &Filter) -> bool {
    let differ = |terms: &Option<Terms>, text_of: fn(&'static str) -> &'static str| {
        terms.as_ref().is_some_and(|terms| {
            Kind::ALL.into_iter().any(|kind| {
                let mut met = types_of(kind).iter().map(|name| terms.mean(&[text_of(name)]));
                let first = met.next();
                met.any(|met| Some(met) != first)
            })
        })
    };
    filter.value.is_some()
        || filter.uuid.is_some()
        || filter.anywhere.is_some()
        || filter.without_warned
        || filter.tags.as_ref().is_some_and(speak_of_markings)
        || differ(&filter.type_name, |name| name)
        || differ(&filter.category, category_of)
}
