//! Exchanges: the list, and one as it runs.

use axum::extract::State;
use axum::response::Redirect;
use maud::{Markup, html};
use overlap_coalition::{ExchangeId, Side};
use overlap_store::{ExchangeFailure, ExchangeRecord, ExchangeState, Page};

use super::exchange_state::Looked;
use super::fault::Fault;
use super::fields::{Fields, link};
use super::guard::Visitor;
use super::layout::Frame;
use super::overlaps::short;
use super::parts::PartnerList;
use super::refusals::in_words;
use super::text::{Shown, or_none};
use super::units::{bytes, counted, number, seconds, span, time};
use crate::ExchangeProgress;
use crate::exchanges::{BeginExchange, begin_for, traffic};
use crate::problem::Problem;
use crate::request::{Segment, exchange_id, not_found};
use crate::state::ApiState;

/// The page's path.
pub(crate) const PATH: &str = "/console/exchanges";

/// Rows on a page.
const ROWS: u64 = 50;

/// The list.
pub(crate) async fn list(
    State(state): State<ApiState>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Markup, Fault> {
    let list = PartnerList::read(PATH, &fields)?;
    let (peer, request) = (list.peer(), list.request(ROWS)?);
    let daemon = state.shared_daemon();
    let found = state.store(move |store| {
        let page = store.exchanges(peer.as_ref(), &request)?;
        let look = |record| Looked::at(record, store, &*daemon);
        let rows = page.rows.into_iter().map(look).collect::<Result<_, _>>()?;
        Ok(Page { rows, next: page.next })
    });
    let found = found.await?;
    let body = html! {
        h1 { "Exchanges" }
        (list.filters(&state, "exchanges"))
        (table(&found.rows))
        (list.pager(found.next.as_ref()))
    };
    Ok(Frame { state: &state, visitor: &visitor, part: PATH, title: "Exchanges" }.page(body))
}

fn table(rows: &[Looked]) -> Markup {
    if rows.is_empty() {
        return html! { p.empty { "No exchange yet." } };
    }
    html! {
        div.scroll tabindex="0" role="region" aria-label="Exchanges" {
            table.rows {
                caption { "The newest first; times in UTC" }
                thead { tr {
                    th scope="col" { "Began" } th scope="col" { "Exchange" } th scope="col" { "Partner" } th scope="col" { "Begun by" }
                    th scope="col" { "Outcome" } th.number scope="col" { "Matches" } th.number scope="col" { "Bytes" } th scope="col" { "Case" }
                } }
                tbody { @for looked in rows { (row(looked)) } }
            }
        }
    }
}

fn row(looked: &Looked) -> Markup {
    let record = &looked.record;
    let (sent, received) = traffic(record, looked.progress.as_ref());
    html! {
        tr {
            td { (time(record.began)) }
            td { a href=(format!("{PATH}/{}", record.id)) { (short(&record.id.to_string())) } }
            td.name { (Shown(record.peer.as_str())) }
            td { (begun_by(record)) }
            td { (outcome(looked)) }
            td.number { (record.matches.map_or("–".to_owned(), number)) }
            td.number { (bytes(sent + received)) }
            td.value { (or_none(&record.case_reference)) }
        }
    }
}

const fn begun_by(record: &ExchangeRecord) -> &'static str {
    match record.side {
        Side::Initiator => "us",
        Side::Responder => "the partner",
    }
}

/// How an exchange ended, or that it runs, in a few words.
pub(crate) fn outcome(looked: &Looked) -> Markup {
    let record = &looked.record;
    let (class, text) = match (record.state, record.ended.is_some(), &record.failure) {
        (ExchangeState::Completed, ..) => ("good", "done"),
        (ExchangeState::Learned, true, _) => ("warn", "done, receipt not signed by both"),
        (ExchangeState::Refused, _, Some(failure)) if failure.by == "peer" => {
            ("bad", "refused by the partner")
        }
        (ExchangeState::Refused, ..) => ("bad", "refused by this node"),
        (ExchangeState::Failed, ..) => ("bad", "failed"),
        (_, true, _) => ("bad", "ended"),
        (_, false, _) if looked.is_untold => ("bad", "over, its end is not known"),
        (_, false, _) => ("new", "running"),
    };
    html! { span class=(format!("badge {class}")) { (text) } }
}

/// One exchange.
pub(crate) async fn show(
    State(state): State<ApiState>,
    visitor: Visitor,
    id: Result<Segment, Problem>,
) -> Result<Markup, Fault> {
    let Segment(id) = id?;
    let id: ExchangeId = exchange_id(&id)?;
    let daemon = state.shared_daemon();
    let looked = state.store(move |store| {
        let record = store.exchange(id)?;
        record.map(|record| Looked::at(record, store, &*daemon)).transpose()
    });
    let looked = looked.await?.ok_or_else(|| not_found("exchange"))?;
    let body = html! {
        h1 { "Exchange with " (Shown(looked.record.peer.as_str())) }
        (live(&looked))
        (facts(&looked))
    };
    Ok(Frame { state: &state, visitor: &visitor, part: PATH, title: "Exchange" }.page(body))
}

/// What changes while it runs. A script fetches the page again and takes this over; without one, the page can be loaded again by hand.
fn live(looked: &Looked) -> Markup {
    let Looked { record, progress, is_untold } = looked;
    let (is_running, progress) = (looked.runs(), progress.as_ref());
    let (sent, received) = traffic(record, progress);
    html! {
        section.card #live data-live[is_running] aria-label="State" {
            p role="status" { (outcome(looked)) }
            @if is_running { (running(progress)) noscript { p.quiet { "Load the page again to see how far it is." } } }
            @if *is_untold { (untold()) }
            @if let Some(failure) = &record.failure { (failed(failure)) }
            @if !is_running && !record.seconds.is_empty() { (phases(record)) }
            dl {
                dt { "Matches" } dd { (record.matches.map_or("not known, or not for this side".to_owned(), |matches| counted(matches, "facet", "facets"))) }
                dt { "Padded sizes" } dd { (number(record.own_size)) " here, " (number(record.peer_size)) " there" }
                dt { "Sent" } dd { (bytes(sent)) }
                dt { "Received" } dd { (bytes(received)) }
                dt { "Disclosed" } dd { @if record.disclosed { "the padded size and what both hold, at most" } @else { "nothing" } }
            }
            @if record.matches.is_some_and(|matches| matches > 0) {
                p { a.button href=(link("/console/overlaps", &[("peer", Some(record.peer.as_str()))])) { "See overlaps with this partner" } }
            }
        }
    }
}

fn running(progress: Option<&ExchangeProgress>) -> Markup {
    html! {
        @match progress {
            Some(ExchangeProgress { phase, done, total, .. }) => {
                label for="phase" { "Phase: " (Shown(phase)) }
                progress #phase max=(total.max(&1)) value=(done.min(total)) {}
                @if *total > 0 { p.quiet { (number(*done)) " of " (counted(*total, "item", "items")) } }
            }
            None => { label for="phase" { "Waiting for the partner" } progress #phase {} }
        }
    }
}

fn untold() -> Markup {
    html! {
        div.alert role="alert" {
            p { strong { "The exchange is over, and its end is not known" } }
            p { "It runs no more, and this node could not store how it ended, as on a full disk: the node's log says why. The next start of the node ends its record." }
        }
    }
}

fn failed(failure: &ExchangeFailure) -> Markup {
    let by = match failure.by {
        "peer" => "The partner",
        "own" => "This node",
        _ => "The network",
    };
    html! {
        div.alert role="alert" {
            p { strong { (in_words(failure.code)) } }
            p { (by) " says: " q { (Shown(&failure.sentence)) } }
            @if let Some(after) = failure.retry_after { p { "Trying again may help in " (span(after)) "." } }
            p.quiet { "Code " code { (failure.code.as_str()) } }
        }
    }
}

fn phases(record: &ExchangeRecord) -> Markup {
    let total =
        record.seconds.iter().find(|(phase, _)| phase == "total").map_or(0.0, |(_, seconds)| *seconds);
    html! {
        h2 { "Phases" }
        ul.phases {
            @for (phase, took) in record.seconds.iter() {
                li {
                    label { (Shown(phase)) " " span.quiet { (seconds(*took)) } " "
                        progress max=(format!("{:.3}", total.max(0.001))) value=(format!("{took:.3}")) {}
                    }
                }
            }
        }
    }
}

fn facts(looked: &Looked) -> Markup {
    let record = &looked.record;
    html! {
        section.card aria-labelledby="facts" {
            h2 #facts { "What was agreed" }
            dl {
                dt { "Exchange" } dd.mono { (record.id) }
                dt { "Begun by" } dd { (begun_by(record)) }
                dt { "Engine and mode" } dd { (record.engine.as_str()) ", " (record.mode.as_str()) }
                dt { "Purpose" } dd { (or_none(&record.purpose)) }
                dt { "Case" } dd { (or_none(&record.case_reference)) }
                dt { "Began (UTC)" } dd { (time(record.began)) }
                dt { "Ended (UTC)" } dd { @match record.ended { Some(at) => (time(at)), None if looked.is_untold => "not known", None => "it runs" } }
                dt { "Receipt" } dd {
                    @if record.receipt.is_some() { a href=(link("/console/receipts", &[("peer", Some(record.peer.as_str()))])) { "See receipts" } }
                    @else { "none" }
                }
            }
        }
    }
}

/// Begins an exchange and shows it.
pub(crate) async fn begin(
    State(state): State<ApiState>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Redirect, Fault> {
    let text = |name: &str| fields.one(name).map(str::to_owned);
    let asked = BeginExchange::asked(
        fields.one("peer").unwrap_or_default().to_owned(),
        text("engine"),
        text("purpose"),
        text("case"),
    )?;
    let id = begin_for(&state, visitor.actor(), asked).await?;
    tracing::info!(by = %visitor.session.name, exchange = %id, "exchange begun from the console");
    Ok(Redirect::to(&format!("{PATH}/{id}")))
}
