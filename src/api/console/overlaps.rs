//! Overlaps: filtered, marked as seen, handed out.

use axum::extract::State;
use axum::response::Redirect;
use maud::{Markup, html};
use overlap_indicator::{Facet, Kind};
use overlap_store::{FoundOverlap, OverlapChoice, OverlapOrder, OverlapSeat, Page, PageRequest, Role};

use super::fault::Fault;
use super::fields::Fields;
use super::filter::{Filter, order_name};
use super::guard::Visitor;
use super::layout::{Frame, csrf};
use super::parts::{Choice, pager, select};
use super::text::{Shown, visible};
use super::units::{counted, time};
use crate::audit::by;
use crate::request::{bad_query, page};
use crate::state::ApiState;

/// The page's path.
pub(crate) const PATH: &str = "/console/overlaps";

/// Rows on a page.
const ROWS: u64 = 100;

/// What each format of an export is called.
const FORMATS: [(&str, &str); 3] = [("csv", "CSV"), ("stix", "STIX 2.1"), ("misp", "MISP")];

/// The list.
pub(crate) async fn list(
    State(state): State<ApiState>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Markup, Fault> {
    let filter = Filter::read(&fields)?;
    let after = fields.one("after").map(str::to_owned);
    let request: PageRequest = page(Some(ROWS), after.clone())?;
    let query = filter.query(&visitor.session);
    let (found, peers) =
        state.store(move |store| Ok((store.find_overlaps(&query, &request)?, store.overlap_peers()))).await?;
    let peers: Vec<String> = peers.iter().map(ToString::to_string).collect();
    let marked = fields.one("marked").and_then(|count| count.parse::<u64>().ok());
    let body = html! {
        h1 { "Overlaps" }
        @if let Some(count) = marked {
            p.notice role="status" { (counted(count, "overlap was", "overlaps were")) " changed." }
        }
        (filters(&filter, &peers))
        (exports(&filter))
        (table(&found, &filter, &visitor))
        (pager(|after| filter.link(PATH, &[("after", after)]), after.as_deref(), found.next.as_ref()))
    };
    Ok(Frame { state: &state, visitor: &visitor, part: PATH, title: "Overlaps" }.page(body))
}

fn filters(filter: &Filter, peers: &[String]) -> Markup {
    let named = |name: &str| Choice { value: name.to_owned(), text: name.to_owned() };
    let any = |text: &str| Choice { value: String::new(), text: text.to_owned() };
    let kinds = [any("Any")].into_iter().chain(Kind::ALL.iter().map(|kind| named(kind.as_str()))).collect();
    let facets =
        [any("Any")].into_iter().chain(Facet::ALL.iter().map(|facet| named(facet.as_str()))).collect();
    let peers = [any("All")].into_iter().chain(peers.iter().map(|peer| named(peer))).collect();
    let seen = [("", "All"), ("no", "Not seen"), ("yes", "Seen")];
    let orders =
        [("newest", "Newest first"), ("oldest", "Oldest first"), ("partner", "By partner, newest first")];
    let chosen =
        |name: &str| filter.pairs().into_iter().find(|(has, _)| *has == name).and_then(|(_, value)| value);
    html! {
        form.filters method="get" action=(PATH) role="search" aria-label="Filter overlaps" {
            (select("peer", "Partner", peers, chosen("peer").as_deref()))
            (select("kind", "Kind", kinds, chosen("kind").as_deref()))
            (select("facet", "Facet", facets, chosen("facet").as_deref()))
            (select("seen", "Seen", seen.map(Choice::from).into(), chosen("seen").as_deref()))
            div.field { label for="from" { "From (UTC)" } input #from type="date" name="from" value=[&filter.from]; }
            div.field { label for="until" { "Until" } input #until type="date" name="until" value=[&filter.until]; }
            (select("order", "Order", orders.map(Choice::from).into(), Some(order_name(filter.order))))
            div.field.check {
                input #new type="checkbox" name="new" value="1" checked[filter.is_new];
                label for="new" { "New to me" }
            }
            @if let Some(indicator) = filter.indicator { input type="hidden" name="indicator" value=(indicator); }
            div.field.actions {
                button type="submit" { "Filter" }
                a.button.plain href=(PATH) { "Clear" }
            }
        }
    }
}

fn exports(filter: &Filter) -> Markup {
    html! {
        p.exports {
            "Export what matches: "
            @for (format, name) in FORMATS {
                a download href=(filter.link("/console/overlaps/export", &[("format", Some(format))])) { (name) }
                " "
            }
        }
    }
}

fn table(found: &Page<FoundOverlap>, filter: &Filter, visitor: &Visitor) -> Markup {
    if found.rows.is_empty() {
        return html! { p.empty { "No overlap matches." } };
    }
    let may_mark = visitor.may(Role::Import);
    // What comes while the page is open is not marked unseen.
    let newest = found.rows.iter().map(|found| found.row.added).max().unwrap_or(0);
    let rows = html! {
        div.scroll tabindex="0" role="region" aria-label="Overlaps" {
            table.rows {
                caption { (counted(found.rows.len() as u64, "overlap", "overlaps")) " on this page; times in UTC" }
                thead { tr {
                    @if may_mark { th scope="col" { input #all type="checkbox" aria-label="Choose all on this page" data-all="seat"; } }
                    th scope="col" { "Found" } th scope="col" { "Partner" } th scope="col" { "Kind" }
                    th scope="col" { "Facet" } th scope="col" { "Own indicator" } th scope="col" { "TLP" }
                    th scope="col" { "Exchange" } th scope="col" { "Seen" }
                } }
                tbody { @for found in &found.rows { (row(found, may_mark)) } }
            }
        }
    };
    if !may_mark {
        return rows;
    }
    html! {
        form method="post" action="/console/overlaps/mark" {
            (csrf(visitor))
            @for (name, value) in filter.pairs() { @if let Some(value) = value { input type="hidden" name=(name) value=(value); } }
            input type="hidden" name="newest" value=(newest);
            (rows)
            div.actions role="group" aria-label="Mark" {
                button type="submit" name="action" value="see" { "Mark chosen as seen" }
                button.plain type="submit" name="action" value="unsee" { "Mark chosen as not seen" }
                @if filter.order == OverlapOrder::Newest {
                    button.plain type="submit" name="action" value="see-all" { "Mark all that match as seen" }
                }
            }
        }
    }
}

fn row(found: &FoundOverlap, may_mark: bool) -> Markup {
    let row = &found.row;
    let (raw, canonical) = (row.raw.reveal(), row.canonical.reveal());
    html! {
        tr class=[(!found.seen).then_some("unseen")] {
            @if may_mark {
                td { input type="checkbox" name="seat" value=(found.seat.0) aria-label=(format!("Choose {}", visible(canonical))); }
            }
            td { (time(row.found)) }
            td.name { (Shown(row.peer.as_str())) }
            td { (row.kind.as_str()) }
            td { (row.facet.as_str()) }
            td.value {
                span.canonical { (Shown(canonical)) }
                @if raw != canonical { span.raw { "written as " span.written { (Shown(raw)) } } }
            }
            td { (row.tlp.as_str()) @if let Some(pap) = row.pap { ", PAP " (pap.as_str()) } }
            td { a href=(format!("/console/exchanges/{}", row.exchange)) { (short(&row.exchange.to_string())) } }
            td { @if found.seen { "seen" } @else { span.badge.new { "new" } } }
        }
    }
}

/// The beginning of an id, enough to tell a few apart.
pub(crate) fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

/// Marks overlaps as seen, or takes the marks back.
pub(crate) async fn mark(
    State(state): State<ApiState>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Redirect, Fault> {
    let filter = Filter::read(&fields)?;
    let number = |text: &str| text.parse::<u64>().map_err(|_| bad_query("a number is none"));
    let seats = || fields.all("seat").map(number).map(|seat| seat.map(OverlapSeat)).collect::<Result<_, _>>();
    let (choice, seen) = match fields.one("action") {
        Some("see") => (OverlapChoice::These(seats()?), true),
        Some("unsee") => (OverlapChoice::These(seats()?), false),
        Some("see-all") => {
            let mut query = filter.query(&visitor.session);
            let newest = number(fields.one("newest").unwrap_or_default())?;
            query.added_until = Some(query.added_until.map_or(newest, |until| until.min(newest)));
            (OverlapChoice::Matching(query), true)
        }
        _ => return Err(bad_query("action: there is none of this name").into()),
    };
    let by = by(&state, visitor.actor());
    let changed = state.store(move |store| store.mark_overlaps(&choice, seen, &by)).await?;
    tracing::info!(by = %visitor.session.name, changed, seen, "overlaps marked");
    Ok(Redirect::to(&filter.link(PATH, &[("marked", Some(&changed.to_string()))])))
}
