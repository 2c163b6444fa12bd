//! Storing and reading sightings.

use std::collections::BTreeMap;

use overlap_coalition::Timestamp;
use overlap_indicator::Context;

use crate::audits::NewAudits;
use crate::database::Batch;
use crate::error::damaged;
use crate::indicators::fold_if_wanted;
use crate::page::Cursor;
use crate::row_meta::Place;
use crate::sighting_book::{pack, unpack};
use crate::sled_store::{SledStore, State};
use crate::{
    AuditAction, By, NewAudit, NewSighting, Page, PageRequest, SightingFilter, SightingKind, SightingRow,
    StoreError, journal, keys,
};

/// The lists that pages' cursors are of: in the order in which sightings were stored, and the last first.
const LIST: char = 's';
const NEWEST: char = 'r';

/// Stores sightings and what they say of their indicators, in one transaction. Those of indicators that are not there are left out.
pub(crate) fn add(store: &SledStore, new: Vec<NewSighting>, by: &By) -> Result<Vec<SightingRow>, StoreError> {
    let mut writer = store.writer()?;
    let (rows, changed) = plan(&store.state(), new, by.at);
    let mut batch = Batch::default();
    for row in &rows {
        batch.put(keys::numbered(keys::SIGHTING, row.number), pack(row)?);
    }
    let number = store.state().journals.next();
    if !changed.is_empty() {
        batch.put(keys::numbered(keys::JOURNAL, number), journal::pack(&changed));
    }
    let mut noted = NewAudits::after(&store.state());
    if !rows.is_empty() {
        noted.put(&mut batch, by, &added(&rows))?;
    }
    store.commit(&mut writer, batch, |state| {
        noted.take_into(state);
        rows.iter().for_each(|row| state.sightings.push(row));
        if !changed.is_empty() {
            state.catalog.change(&changed);
            state.journals.add(number, &changed);
        }
    })?;
    store.publish();
    fold_if_wanted(store, &mut writer);
    Ok(rows)
}

/// The indicator is named where it is one.
fn added(rows: &[SightingRow]) -> NewAudit {
    let says = rows.first().map_or("", |row| row.kind.as_str());
    let new = NewAudit::of(AuditAction::SightingsAdded);
    match rows {
        [one] => new.on(one.indicator).with(format!("says={says}")),
        _ => new.with(format!("says={says} added={}", rows.len())),
    }
}

/// The rows of sightings, and the contexts that they change.
fn plan(
    state: &State,
    new: Vec<NewSighting>,
    now: Timestamp,
) -> (Vec<SightingRow>, BTreeMap<Place, Context>) {
    let (mut rows, mut changed) = (Vec::new(), BTreeMap::new());
    for NewSighting { indicator, kind, at, source } in new {
        let Some(place) = state.catalog.place(indicator) else { continue };
        let Some(stored) = state.catalog.meta(place).map(|meta| meta.context()) else { continue };
        let old = changed.get(&place).unwrap_or(&stored);
        let context = sighted(old, kind, at);
        if context != *old {
            changed.insert(place, context);
        }
        let number = state.sightings.next() + rows.len() as u32;
        rows.push(SightingRow { number, indicator, kind, at, stored: now.0, source });
    }
    (rows, changed)
}

/// What a context becomes by a sighting. What was met widens the time in which the indicator was seen; what holds no longer has the expiry that is
/// said; a false positive changes nothing.
fn sighted(old: &Context, kind: SightingKind, at: u64) -> Context {
    let mut context = old.clone();
    match kind {
        SightingKind::Seen => {
            context.first_seen = Some(old.first_seen.map_or(at, |first| first.min(at)));
            context.last_seen = Some(old.last_seen.map_or(at, |last| last.max(at)));
        }
        SightingKind::FalsePositive => {}
        SightingKind::Expired => context.expires = Some(at),
    }
    context
}

/// A page of sightings, in the filter's order.
pub(crate) fn page(
    store: &SledStore,
    filter: &SightingFilter,
    page: &PageRequest,
) -> Result<Page<SightingRow>, StoreError> {
    let list = if filter.newest_first { NEWEST } else { LIST };
    let begin = page.begin(list)?.map(u32::try_from).transpose().map_err(|_| StoreError::BadCursor)?;
    let mut numbers = store.state().sightings.numbers(begin, filter, page.rows() + 1);
    let next = (numbers.len() > page.rows()).then(|| numbers.pop()).flatten();
    let rows = numbers.into_iter().map(|number| one(store, number)).collect::<Result<_, _>>()?;
    Ok(Page { rows, next: next.map(|number| Cursor::to_place(list, u64::from(number))) })
}

/// The sighting of this number.
pub(crate) fn one(store: &SledStore, number: u32) -> Result<SightingRow, StoreError> {
    let key = keys::numbered(keys::SIGHTING, number);
    let plain = store.database.get(&key)?.ok_or(damaged("a sighting is missing"))?;
    unpack(number, &plain)
}
