//! Reading events: overlaps and the log, as one list.

use std::collections::HashMap;

use overlap_coalition::{MemberId, Timestamp};

use crate::added::row_at;
use crate::database::Batch;
use crate::error::damaged;
use crate::event_log::{Entry, NewEntries, StoredEvent, Told};
use crate::page::{Cursor, LONGEST_PAGE};
use crate::sled_store::{SledStore, State};
use crate::stored::from_json;
use crate::{
    Event, EventBody, EventFilter, EventId, EventPage, EventType, Notice, OverlapRow, Page, PageRequest,
    StoreError, keys, overlaps, records,
};

/// The list that cursors are of, the newest first.
const NEWEST: char = 'v';

/// An event, without what it tells.
enum Head {
    Overlap(EventId, (u32, u32)),
    Logged(EventId),
}

impl Head {
    fn id(&self) -> EventId {
        match self {
            Head::Overlap(id, _) | Head::Logged(id) => *id,
        }
    }
}

pub(crate) fn after(
    store: &SledStore,
    after: EventId,
    filter: &EventFilter,
    most: usize,
) -> Result<EventPage, StoreError> {
    let most = most.clamp(1, LONGEST_PAGE);
    let (heads, upto, more) = {
        let state = store.state();
        let mut heads = heads(&state, after, filter, most + 1);
        let more = heads.len() > most;
        heads.truncate(most);
        let last = heads.last().filter(|_| more).map(Head::id);
        (heads, last.unwrap_or(state.last_event().max(after)), more)
    };
    Ok(EventPage { events: whole(store, &heads)?, upto, more })
}

/// A page of events, the newest first.
pub(crate) fn newest(
    store: &SledStore,
    filter: &EventFilter,
    page: &PageRequest,
) -> Result<Page<Event>, StoreError> {
    let begin = page.begin(NEWEST)?.map_or(EventId(u64::MAX), EventId);
    let mut heads = heads_back(&store.state(), begin, filter, page.rows() + 1);
    let next = (heads.len() > page.rows()).then(|| heads.pop()).flatten();
    let rows = whole(store, &heads)?;
    Ok(Page { rows, next: next.map(|head| Cursor::to_place(NEWEST, head.id().0)) })
}

/// The event with this id.
pub(crate) fn one(store: &SledStore, id: EventId) -> Result<Option<Event>, StoreError> {
    let Some(before) = id.0.checked_sub(1) else { return Ok(None) };
    let heads = heads(&store.state(), EventId(before), &EventFilter::default(), 1);
    let heads: Vec<Head> = heads.into_iter().filter(|head| head.id() == id).collect();
    Ok(whole(store, &heads)?.pop())
}

pub(crate) fn behind(store: &SledStore, after: EventId, filter: &EventFilter) -> u64 {
    let state = store.state();
    let logged = logged(&state, after, filter).count();
    (overlap_slots(&state, after, filter).count() + logged) as u64
}

/// Makes a notice an event.
pub(crate) fn tell(store: &SledStore, notice: &Notice, now: Timestamp) -> Result<EventId, StoreError> {
    let mut writer = store.writer()?;
    let (mut batch, mut entries) = (Batch::default(), NewEntries::after(&store.state()));
    entries.notice(&mut batch, notice, now.0)?;
    let id = entries.last();
    store.commit(&mut writer, batch, |state| entries.take_into(state))?;
    Ok(id)
}

/// The first `most` events after an id.
fn heads(state: &State, after: EventId, filter: &EventFilter, most: usize) -> Vec<Head> {
    let overlaps = of_slots(state, overlap_slots(state, after, filter));
    let logged = logged(state, after, filter).map(|entry| Head::Logged(entry.id));
    merged(overlaps, logged, |overlap, entry| overlap < entry).take(most).collect()
}

/// The last `most` events up to an id, the last first.
fn heads_back(state: &State, until: EventId, filter: &EventFilter, most: usize) -> Vec<Head> {
    let until = until.min(state.last_event());
    let wanted = filter.wants_type(EventType::OverlapFound);
    let end = state.overlaps_added.first_after(until.0);
    let slots = state.overlaps.slots_before(end, |peer| wanted && filter.wants_peer(Some(peer)));
    let entries = state.events.until(until);
    let entries = entries.filter(|entry| filter.wants(entry.event_type, entry.peer.as_ref()));
    let logged = entries.map(|entry| Head::Logged(entry.id));
    merged(of_slots(state, slots), logged, |overlap, entry| overlap > entry).take(most).collect()
}

fn of_slots(state: &State, slots: impl Iterator<Item = u64>) -> impl Iterator<Item = Head> {
    slots.filter_map(|slot| Some(Head::Overlap(EventId(state.overlaps_added.date(slot)?), row_at(slot))))
}

/// Two lists as one, each in the order that `is_first` tells.
fn merged(
    overlaps: impl Iterator<Item = Head>,
    logged: impl Iterator<Item = Head>,
    is_first: impl Fn(EventId, EventId) -> bool,
) -> impl Iterator<Item = Head> {
    let (mut overlaps, mut logged) = (overlaps.peekable(), logged.peekable());
    std::iter::from_fn(move || {
        let overlap_is_next = match (overlaps.peek(), logged.peek()) {
            (Some(overlap), Some(entry)) => is_first(overlap.id(), entry.id()),
            (overlap, _) => overlap.is_some(),
        };
        if overlap_is_next { overlaps.next() } else { logged.next() }
    })
}

fn overlap_slots<'a>(
    state: &'a State,
    after: EventId,
    filter: &'a EventFilter,
) -> impl Iterator<Item = u64> + 'a {
    let wanted = filter.wants_type(EventType::OverlapFound);
    let from = state.overlaps_added.first_after(after.0);
    state.overlaps.slots_from(from, move |peer: &MemberId| wanted && filter.wants_peer(Some(peer)))
}

fn logged<'a>(
    state: &'a State,
    after: EventId,
    filter: &'a EventFilter,
) -> impl Iterator<Item = &'a Entry> + 'a {
    state.events.after(after).filter(|entry| filter.wants(entry.event_type, entry.peer.as_ref()))
}

fn whole(store: &SledStore, heads: &[Head]) -> Result<Vec<Event>, StoreError> {
    let places: Vec<(u32, u32)> = heads
        .iter()
        .filter_map(|head| match head {
            Head::Overlap(_, place) => Some(*place),
            Head::Logged(_) => None,
        })
        .collect();
    let rows = overlaps::rows(store, &places)?;
    let mut rows: HashMap<EventId, OverlapRow> =
        rows.into_iter().map(|row| (EventId(row.added), row)).collect();
    let event = |head: &Head| match head {
        Head::Overlap(id, _) => rows.remove(id).map(of_overlap).ok_or(damaged("an overlap is missing")),
        Head::Logged(id) => of_log(store, *id),
    };
    heads.iter().map(event).collect()
}

fn of_overlap(row: OverlapRow) -> Event {
    Event {
        id: EventId(row.added),
        event_type: EventType::OverlapFound,
        time: row.found,
        peer: Some(row.peer.clone()),
        body: EventBody::Overlap(Box::new(row)),
    }
}

fn of_log(store: &SledStore, id: EventId) -> Result<Event, StoreError> {
    let plain = store.database.get(&keys::event(id))?.ok_or(damaged("an event is missing"))?;
    let stored: StoredEvent = from_json(&plain)?;
    let Entry { id, event_type, peer } = stored.entry()?;
    let body = match stored.told()? {
        Told::Exchange(exchange) => {
            let record = records::exchange(store, exchange)?.ok_or(damaged("an exchange is missing"))?;
            EventBody::Exchange(Box::new(record))
        }
        Told::Notice(notice) => EventBody::Notice(notice),
    };
    Ok(Event { id, event_type, time: stored.time, peer, body })
}
