//! One own indicator: what is known of it, who shares it, what holds it out of exchanges, where it was met, and taking it out.

use axum::extract::State;
use axum::response::Redirect;
use maud::{Markup, html};
use overlap_indicator::Pap;
use overlap_store::{
    FoundOverlap, IndicatorId, IndicatorRow, OverlapQuery, Override, Page, PageRequest, Role, SightingFilter,
    SightingRow, Store, StoreError,
};

use super::fault::Fault;
use super::fields::{Fields, link};
use super::guard::Visitor;
use super::held::warnings;
use super::indicators::{PATH, value_of};
use super::layout::{Frame, csrf};
use super::sightings::sightings_of;
use super::text::{Shown, or_none};
use super::units::time;
use crate::audit::by;
use crate::indicators::indicator_id;
use crate::problem::{Problem, ProblemKind};
use crate::request::{Segment, not_found};
use crate::state::ApiState;

/// Overlaps that the page shows.
const OVERLAPS: usize = 200;

/// Sightings that the page shows.
const SIGHTINGS: usize = 10;

/// What the store knows of an indicator.
struct Known {
    row: IndicatorRow,
    overridden: Option<Override>,
    overlaps: Page<FoundOverlap>,
    sightings: Page<SightingRow>,
}

/// The path of an indicator's page.
pub(crate) fn path_of(id: IndicatorId) -> String {
    format!("{PATH}/{id}")
}

/// One indicator.
pub(crate) async fn show(
    State(state): State<ApiState>,
    visitor: Visitor,
    id: Result<Segment, Problem>,
    fields: Fields,
) -> Result<Markup, Fault> {
    let Segment(id) = id?;
    let id = indicator_id(&id)?;
    let known = state.store(move |store| known(store, id)).await?.ok_or_else(|| not_found("indicator"))?;
    let body = html! {
        h1 { "Indicator" }
        @if let Some(done) = fields.one("done").and_then(done) { p.notice role="status" { (done) } }
        section.card aria-label="Indicator" { (facts(&known.row)) }
        (warnings(&known.row, known.overridden.as_ref(), &state, &visitor))
        (shared_with(&known.row, &known.overlaps))
        (sightings_of(&known.row, &known.sightings, &visitor))
        @if visitor.may(Role::Import) { (withdrawal(&known.row, &visitor)) }
        p { a href=(PATH) { "To the list" } }
    };
    Ok(Frame { state: &state, visitor: &visitor, part: PATH, title: "Indicator" }.page(body))
}

fn known(store: &dyn Store, id: IndicatorId) -> Result<Option<Known>, StoreError> {
    let Some(row) = store.indicator(id)? else { return Ok(None) };
    let query = OverlapQuery { indicator: Some(id), ..OverlapQuery::default() };
    let filter = SightingFilter { indicator: Some(id), newest_first: true, ..SightingFilter::default() };
    Ok(Some(Known {
        row,
        overridden: store.override_of(id)?,
        overlaps: store.find_overlaps(&query, &PageRequest { limit: OVERLAPS, after: None })?,
        sightings: store.sightings(&filter, &PageRequest { limit: SIGHTINGS, after: None })?,
    }))
}

/// What was just done, as the query says it.
fn done(name: &str) -> Option<&'static str> {
    match name {
        "overridden" => Some("The warning is overridden: the indicator takes part in exchanges from now on."),
        "held" => Some("The override is taken back: a list that has the indicator holds it out again."),
        "sighted" => Some("The sighting is stored."),
        _ => None,
    }
}

/// The page of an indicator, which then says what was just done.
pub(crate) fn back_to(id: IndicatorId, done: &str) -> Redirect {
    Redirect::to(&link(&path_of(id), &[("done", Some(done))]))
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
    let by = by(&state, visitor.actor());
    if state.store(move |store| store.withdraw(&[id], &by)).await? == 0 {
        return Err(not_found("indicator").into());
    }
    tracing::info!(by = %visitor.session.name, indicator = %id, "indicator withdrawn");
    Ok(Redirect::to(&link(PATH, &[("withdrawn", Some("1"))])))
}
