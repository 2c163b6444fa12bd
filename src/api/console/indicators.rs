//! Own indicators: the list, a search by value, one of them, and taking it out.

use axum::extract::State;
use axum::response::Redirect;
use maud::{Markup, html};
use overlap_indicator::{Indicator, Kind, Pap, Rules};
use overlap_store::{FoundOverlap, IndicatorFilter, IndicatorRow, OverlapQuery, Page, PageRequest, Role};

use super::fault::Fault;
use super::fields::{Fields, link};
use super::guard::Visitor;
use super::import_page::{import_forms, no_report};
use super::layout::{Frame, csrf};
use super::parts::{Choice, pager, select};
use super::text::{Shown, or_none};
use super::units::{counted, time};
use crate::indicators::indicator_id;
use crate::problem::{Problem, ProblemKind};
use crate::request::{Segment, not_found, page, query_kind};
use crate::state::ApiState;

/// The page's path.
pub(crate) const PATH: &str = "/console/indicators";

/// Rows on a page.
const ROWS: u64 = 100;

/// Overlaps that one indicator's page shows.
const OVERLAPS: usize = 200;

/// The longest value that is searched, in bytes: as long as a form field of a browser sensibly is.
const LONGEST_VALUE: usize = 16 * 1024;

/// The list, or what a search found.
pub(crate) async fn list(
    State(state): State<ApiState>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Markup, Fault> {
    let kind = query_kind(fields.one("kind"))?;
    let value = fields.one("value").map(str::to_owned);
    let after = fields.one("after").map(str::to_owned);
    let found = match &value {
        Some(value) => search(&state, kind, value).await?,
        None => {
            let request: PageRequest = page(Some(ROWS), after.clone())?;
            let filter = IndicatorFilter { kind, ..IndicatorFilter::default() };
            Ok(state.store(move |store| store.indicators(&filter, &request)).await?)
        }
    };
    let to = |after: Option<&str>| link(PATH, &[("kind", kind.map(Kind::as_str)), ("after", after)]);
    let body = html! {
        h1 { "Own indicators" }
        @if fields.one("withdrawn").is_some() { p.notice role="status" { "The indicator was withdrawn." } }
        @if visitor.may(Role::Import) { (import_forms(&visitor)) }
        (no_report())
        (search_form(kind, value.as_deref()))
        @match &found {
            Err(reason) => p.alert role="status" { (Shown(reason)) },
            Ok(found) => {
                (table(found))
                (pager(to, after.as_deref(), found.next.as_ref()))
            }
        }
    };
    Ok(Frame { state: &state, visitor: &visitor, part: PATH, title: "Indicators" }.page(body))
}

/// Finds a value in any spelling that an import would take; says why where it is none.
async fn search(
    state: &ApiState,
    kind: Option<Kind>,
    value: &str,
) -> Result<Result<Page<IndicatorRow>, String>, Problem> {
    if value.len() > LONGEST_VALUE {
        return Err(Problem::new(ProblemKind::BadQuery, "value: it is too long"));
    }
    let rules: Rules = state.daemon().rules();
    let parsed = match kind {
        Some(kind) => Indicator::parse(kind, value, &rules),
        None => Indicator::detect(value, &rules),
    };
    let indicator = match parsed {
        Ok(indicator) => indicator,
        Err(reject) => return Ok(Err(reject.to_string())),
    };
    let found =
        state.store(move |store| store.find_indicator(indicator.kind(), indicator.canonical())).await?;
    Ok(Ok(Page { rows: found.into_iter().collect(), next: None }))
}

fn search_form(kind: Option<Kind>, value: Option<&str>) -> Markup {
    let kinds = Kind::ALL.iter().map(|kind| Choice::from((kind.as_str(), kind.as_str())));
    let kinds = [Choice::from(("", "Any"))].into_iter().chain(kinds).collect();
    html! {
        form.filters method="get" action=(PATH) role="search" aria-label="Search indicators" {
            div.field.wide { label for="value" { "Value, in any spelling" } input #value name="value" value=[value] autocomplete="off" spellcheck="false"; }
            (select("kind", "Kind", kinds, kind.map(Kind::as_str)))
            div.field.actions { button type="submit" { "Search" } a.button.plain href=(PATH) { "Clear" } }
        }
    }
}

fn table(found: &Page<IndicatorRow>) -> Markup {
    if found.rows.is_empty() {
        return html! { p.empty { "None is held." } };
    }
    html! {
        div.scroll tabindex="0" role="region" aria-label="Indicators" {
            table.rows {
                caption { (counted(found.rows.len() as u64, "indicator", "indicators")) " on this page, in the order of import; times in UTC" }
                thead { tr {
                    th scope="col" { "Indicator" } th scope="col" { "Kind" } th scope="col" { "TLP" } th scope="col" { "Source" }
                    th scope="col" { "Note" } th scope="col" { "Imported" } th scope="col" { "More" }
                } }
                tbody { @for row in &found.rows { (line(row)) } }
            }
        }
    }
}

fn line(row: &IndicatorRow) -> Markup {
    html! {
        tr {
            td.value { (value_of(row)) }
            td { (row.kind.as_str()) }
            td { (row.context.tlp.as_str()) }
            td.note { (or_none(&row.context.source)) }
            td.note { (or_none(&row.context.note)) }
            td { (time(row.imported)) }
            td { a href=(format!("{PATH}/{}", row.id)) aria-label=(format!("Open indicator {}", row.id)) { "Open" } }
        }
    }
}

fn value_of(row: &IndicatorRow) -> Markup {
    let (raw, canonical) = (row.raw.reveal(), row.canonical.reveal());
    html! {
        span.canonical { (Shown(canonical)) }
        @if raw != canonical { span.raw { "written as " span.written { (Shown(raw)) } } }
    }
}

/// One indicator, who shares it, and the form that takes it out.
pub(crate) async fn show(
    State(state): State<ApiState>,
    visitor: Visitor,
    id: Result<Segment, Problem>,
) -> Result<Markup, Fault> {
    let Segment(id) = id?;
    let id = indicator_id(&id)?;
    let (row, overlaps) = state
        .store(move |store| {
            let query = OverlapQuery { indicator: Some(id), ..OverlapQuery::default() };
            let request = PageRequest { limit: OVERLAPS, after: None };
            Ok((store.indicator(id)?, store.find_overlaps(&query, &request)?))
        })
        .await?;
    let row = row.ok_or_else(|| not_found("indicator"))?;
    let body = html! {
        h1 { "Indicator" }
        section.card aria-label="Indicator" { (facts(&row)) }
        (shared_with(&row, &overlaps))
        @if visitor.may(Role::Import) { (withdrawal(&row, &visitor)) }
        p { a href=(PATH) { "To the list" } }
    };
    Ok(Frame { state: &state, visitor: &visitor, part: PATH, title: "Indicator" }.page(body))
}

fn facts(row: &IndicatorRow) -> Markup {
    let context = &row.context;
    let moment = |at: Option<u64>| html! { @match at { Some(at) => (time(at)), None => (or_none("")) } };
    html! {
        dl {
            dt { "Value" } dd.value { (value_of(row)) }
            dt { "Kind" } dd { (row.kind.as_str()) }
            dt { "TLP" } dd { (context.tlp.as_str()) }
            dt { "PAP" } dd { (context.pap.map_or("–", Pap::as_str)) }
            dt { "Source" } dd { (or_none(&context.source)) }
            dt { "Note" } dd { (or_none(&context.note)) }
            dt { "Confidence" } dd { (context.confidence.map_or("–".to_owned(), |confidence| format!("{confidence} of 100"))) }
            dt { "First seen" } dd { (moment(context.first_seen)) }
            dt { "Last seen" } dd { (moment(context.last_seen)) }
            dt { "Expires" } dd { (moment(context.expires)) }
            dt { "Imported" } dd { (time(row.imported)) }
        }
    }
}

fn shared_with(row: &IndicatorRow, found: &Page<FoundOverlap>) -> Markup {
    html! {
        section.card aria-labelledby="shared" {
            h2 #shared { "Who holds it too" }
            @if found.rows.is_empty() { p.quiet { "No partner, as far as exchanges have found." } } @else {
                ul.plain {
                    @for found in &found.rows {
                        li { strong { (Shown(found.row.peer.as_str())) } ", on " (found.row.facet.as_str()) ", found " (time(found.row.found)) }
                    }
                }
                p { a href=(link("/console/overlaps", &[("indicator", Some(&row.id.to_string()))])) { "As overlaps" } }
            }
        }
    }
}

fn withdrawal(row: &IndicatorRow, visitor: &Visitor) -> Markup {
    html! {
        section.card aria-labelledby="withdraw" {
            h2 #withdraw { "Withdraw" }
            p.quiet { "It leaves the store and later exchanges. Overlaps that were found with it stay." }
            form.stack method="post" action="/console/indicators/withdraw" {
                (csrf(visitor))
                input type="hidden" name="id" value=(row.id);
                div.field.check { input #sure type="checkbox" name="sure" value="1" required; label for="sure" { "Withdraw this indicator" } }
                div { button.danger type="submit" { "Withdraw" } }
            }
        }
    }
}

/// Takes an indicator out.
pub(crate) async fn withdraw(
    State(state): State<ApiState>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Redirect, Fault> {
    let id = indicator_id(fields.one("id").unwrap_or_default())?;
    if fields.one("sure").is_none() {
        return Err(Problem::new(ProblemKind::BadValue, "sure: tick the box to withdraw it").into());
    }
    if state.store(move |store| store.withdraw(&[id])).await? == 0 {
        return Err(not_found("indicator").into());
    }
    tracing::info!(by = %visitor.session.name, indicator = %id, "indicator withdrawn");
    Ok(Redirect::to(&link(PATH, &[("withdrawn", Some("1"))])))
}
