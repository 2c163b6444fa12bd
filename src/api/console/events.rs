//! Events: what happened at this node, as people read it.

use std::collections::BTreeSet;

use axum::extract::State;
use maud::{Markup, html};
use overlap_store::{Event, EventBody, EventFilter, EventType, Page};

use super::deliveries;
use super::exchanges;
use super::fault::Fault;
use super::fields::{Fields, link};
use super::guard::Visitor;
use super::indicator::path_of;
use super::layout::Frame;
use super::parts::{Choice, filter_buttons, pager, partner_choice, select, tabs};
use super::text::Shown;
use super::units::{counted, time};
use crate::push::{WHOLE, sentence, severity, title};
use crate::request::{bad_query, page, query_peer};
use crate::state::ApiState;

/// The page's path.
pub(crate) const PATH: &str = "/console/events";

/// Rows on a page.
const ROWS: u64 = 50;

/// The lists of this part of the console, and which of them a page is.
pub(crate) fn parts(here: &str) -> Markup {
    tabs("Events", &[(PATH, "What happened"), (deliveries::PATH, "Deliveries")], here)
}

/// The list.
pub(crate) async fn list(
    State(state): State<ApiState>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Markup, Fault> {
    let peer = query_peer(fields.one("peer"))?;
    let of_type = event_type(fields.one("type"))?;
    let after = fields.one("after").map(str::to_owned);
    let request = page(Some(ROWS), after.clone())?;
    let filter = EventFilter {
        types: of_type.map(|of_type| BTreeSet::from([of_type])),
        peers: peer.clone().map(|peer| BTreeSet::from([peer])),
    };
    let found = state.store(move |store| store.newest_events(&filter, &request)).await?;
    let pairs = [("peer", peer.as_ref().map(|peer| peer.as_str())), ("type", of_type.map(EventType::as_str))];
    let to = |after: Option<&str>| link(PATH, &[pairs[0], pairs[1], ("after", after)]);
    let body = html! {
        h1 { "Events" }
        (parts(PATH))
        form.filters method="get" action=(PATH) role="search" aria-label="Filter events" {
            (select("type", "What", types(), of_type.map(EventType::as_str)))
            (partner_choice(&state, peer.as_ref()))
            (filter_buttons(PATH))
        }
        (table(&found))
        (pager(to, after.as_deref(), found.next.as_ref()))
    };
    Ok(Frame { state: &state, visitor: &visitor, part: PATH, title: "Events" }.page(body))
}

fn event_type(name: Option<&str>) -> Result<Option<EventType>, Fault> {
    let found =
        name.map(|name| EventType::named(name).ok_or_else(|| bad_query("type: there is none of this name")));
    Ok(found.transpose()?)
}

fn types() -> Vec<Choice> {
    let named = EventType::ALL.map(|of_type| Choice::from((of_type.as_str(), title(of_type))));
    [Choice::from(("", "Anything"))].into_iter().chain(named).collect()
}

fn table(found: &Page<Event>) -> Markup {
    if found.rows.is_empty() {
        return html! { p.empty { "No event matches." } };
    }
    html! {
        div.scroll tabindex="0" role="region" aria-label="Events" {
            table.rows {
                caption { (counted(found.rows.len() as u64, "event", "events")) " on this page, the newest first; times in UTC" }
                thead { tr { th scope="col" { "When" } th scope="col" { "What" } th scope="col" { "In words" } th scope="col" { "More" } } }
                tbody { @for event in &found.rows { (line(event)) } }
            }
        }
    }
}

fn line(event: &Event) -> Markup {
    html! {
        tr {
            td { (time(event.time)) }
            td { (badge(event.event_type)) }
            td.sentence { (in_words(event)) }
            td { (more(event)) }
        }
    }
}

/// A short name of an event's type, and how grave it is.
pub(crate) fn badge(of_type: EventType) -> Markup {
    let class = match severity(of_type) {
        ..=3 => "bad",
        4 => "warn",
        5 => "new",
        _ => "good",
    };
    html! { span class=(format!("badge {class}")) { (title(of_type)) } }
}

/// What happened, in a sentence.
pub(crate) fn in_words(event: &Event) -> Markup {
    html! { (Shown(&sentence(event, WHOLE))) }
}

/// Where more of it is shown.
pub(crate) fn more(event: &Event) -> Markup {
    let exchange = |id: &dyn std::fmt::Display| format!("{}/{id}", exchanges::PATH);
    html! {
        @match &event.body {
            EventBody::Overlap(row) => {
                a href=(path_of(row.indicator)) aria-label=(format!("Indicator {}", row.indicator)) { "Indicator" }
            }
            EventBody::Exchange(record) => {
                a href=(exchange(&record.id)) aria-label=(format!("Exchange {}", record.id)) { "Exchange" }
            }
            EventBody::Notice(_) => {}
        }
    }
}
