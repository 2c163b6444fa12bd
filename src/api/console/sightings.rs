//! Sightings: what people and tools here say of own indicators, as a list, on an indicator's page, and a form to add one.

use axum::extract::State;
use axum::response::Redirect;
use maud::{Markup, html};
use overlap_store::{
    IndicatorId, IndicatorRow, Page, PageRequest, Role, SightingFilter, SightingKind, SightingRow,
};

use super::fault::Fault;
use super::fields::{Fields, link};
use super::guard::Visitor;
use super::indicator::{back_to, path_of};
use super::indicators::{self, parts};
use super::layout::{Frame, csrf};
use super::parts::{Choice, filter_buttons, pager, select};
use super::text::{Shown, or_none};
use super::units::{counted, time};
use crate::indicators::indicator_id;
use crate::request::{bad_query, page};
use crate::sightings::{AddSighting, LONGEST_SOURCE, add_for};
use crate::state::ApiState;

/// The page's path.
pub(crate) const PATH: &str = "/console/indicators/sightings";

/// Where a new one goes.
const ADD: &str = "/console/indicators/sighting";

/// Rows on a page.
const ROWS: u64 = 100;

/// A sighting with its indicator, unless that was withdrawn.
type Row = (SightingRow, Option<IndicatorRow>);

/// The list.
pub(crate) async fn list(
    State(state): State<ApiState>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Markup, Fault> {
    let indicator = fields.one("indicator").map(indicator_id).transpose()?;
    let says = says(fields.one("says"))?;
    let after = fields.one("after").map(str::to_owned);
    let request: PageRequest = page(Some(ROWS), after.clone())?;
    let filter = SightingFilter { indicator, kind: says, newest_first: true, ..SightingFilter::default() };
    let found = state.store(move |store| {
        let Page { rows, next } = store.sightings(&filter, &request)?;
        let with = |row: SightingRow| store.indicator(row.indicator).map(|indicator| (row, indicator));
        Ok(Page { rows: rows.into_iter().map(with).collect::<Result<Vec<Row>, _>>()?, next })
    });
    let found = found.await?;
    let of = indicator.map(|id| id.to_string());
    let to = |after: Option<&str>| {
        link(
            PATH,
            &[("indicator", of.as_deref()), ("says", says.map(SightingKind::as_str)), ("after", after)],
        )
    };
    let body = html! {
        h1 { "Sightings" }
        (parts(PATH))
        (filters(says, indicator))
        (table(&found))
        (pager(to, after.as_deref(), found.next.as_ref()))
    };
    Ok(Frame { state: &state, visitor: &visitor, part: indicators::PATH, title: "Sightings" }.page(body))
}

fn says(text: Option<&str>) -> Result<Option<SightingKind>, Fault> {
    let kind = text.map(|text| {
        SightingKind::from_name(text).ok_or_else(|| bad_query("says: there is none of this name"))
    });
    Ok(kind.transpose()?)
}

/// What a sighting says, in words.
const fn in_words(kind: SightingKind) -> &'static str {
    match kind {
        SightingKind::Seen => "Seen",
        SightingKind::FalsePositive => "False positive",
        SightingKind::Expired => "Expired",
    }
}

fn kinds() -> impl Iterator<Item = Choice> {
    SightingKind::ALL.into_iter().map(|kind| Choice::from((kind.as_str(), in_words(kind))))
}

fn filters(says: Option<SightingKind>, indicator: Option<IndicatorId>) -> Markup {
    let choices = [Choice::from(("", "Anything"))].into_iter().chain(kinds()).collect();
    html! {
        form.filters method="get" action=(PATH) role="search" aria-label="Filter sightings" {
            (select("says", "Says", choices, says.map(SightingKind::as_str)))
            @if let Some(indicator) = indicator { input type="hidden" name="indicator" value=(indicator); }
            (filter_buttons(PATH))
        }
    }
}

fn table(found: &Page<Row>) -> Markup {
    if found.rows.is_empty() {
        return html! { p.empty { "No sighting matches. One is added on an indicator's page." } };
    }
    html! {
        div.scroll tabindex="0" role="region" aria-label="Sightings" {
            table.rows {
                caption { (counted(found.rows.len() as u64, "sighting", "sightings")) " on this page, the last that was stored first; times in UTC" }
                thead { tr {
                    th scope="col" { "When" } th scope="col" { "Says" } th scope="col" { "Own indicator" } th scope="col" { "Source" }
                    th scope="col" { "Stored" }
                } }
                tbody { @for (row, indicator) in &found.rows { (line(row, indicator.as_ref())) } }
            }
        }
    }
}

fn line(row: &SightingRow, indicator: Option<&IndicatorRow>) -> Markup {
    html! {
        tr {
            td { (time(row.at)) }
            td { (badge(row.kind)) }
            td.value {
                @match indicator {
                    Some(indicator) => a href=(path_of(indicator.id)) { span.canonical { (Shown(indicator.canonical.reveal())) } },
                    None => span.none { "withdrawn" },
                }
            }
            td.note { (or_none(&row.source)) }
            td { (time(row.stored)) }
        }
    }
}

fn badge(kind: SightingKind) -> Markup {
    let class = match kind {
        SightingKind::Seen => "new",
        SightingKind::FalsePositive => "good",
        SightingKind::Expired => "warn",
    };
    html! { span class=(format!("badge {class}")) { (in_words(kind)) } }
}

/// The last sightings of an indicator, for its own page, and the form to add one.
pub(crate) fn sightings_of(of: &IndicatorRow, found: &Page<SightingRow>, visitor: &Visitor) -> Markup {
    let all = link(PATH, &[("indicator", Some(&of.id.to_string()))]);
    html! {
        section.card aria-labelledby="sightings" {
            h2 #sightings { "Sightings" }
            @if found.rows.is_empty() { p.quiet { "None yet." } } @else {
                ul.plain {
                    @for row in &found.rows {
                        li { (time(row.at)) " " (badge(row.kind)) @if !row.source.is_empty() { " by " (Shown(&row.source)) } }
                    }
                }
                p { a href=(all) { @if found.next.is_some() { "All of them" } @else { "As a list" } } }
            }
            @if visitor.may(Role::Import) { (form(of, visitor)) }
        }
    }
}

fn form(of: &IndicatorRow, visitor: &Visitor) -> Markup {
    html! {
        details {
            summary { "Add a sighting" }
            form.stack method="post" action=(ADD) {
                (csrf(visitor))
                input type="hidden" name="id" value=(of.id);
                (select("says", "What it says", kinds().collect(), None))
                div.field { label for="at" { "When (UTC); now where nothing is said" } input #at type="datetime-local" name="at" step="1"; }
                div.field { label for="source" { "Source" } input #source name="source" maxlength=(LONGEST_SOURCE) autocomplete="off"; }
                div { button type="submit" { "Add" } }
            }
        }
    }
}

/// Adds one.
pub(crate) async fn add(
    State(state): State<ApiState>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Redirect, Fault> {
    let id = indicator_id(fields.one("id").unwrap_or_default())?;
    let text = |name: &str| fields.one(name).unwrap_or_default().to_owned();
    let asked = AddSighting::asked(text("says"), fields.one("at").map(in_utc), text("source"));
    add_for(&state, visitor.actor(), id, asked).await?;
    Ok(back_to(id, "sighted"))
}

/// A date and time as a browser's field has it, `2026-11-18T11:06` with or without seconds, in UTC. Anything else stays as it is, and is refused.
fn in_utc(text: &str) -> String {
    match text.len() {
        16 => format!("{text}:00Z"),
        19 => format!("{text}Z"),
        _ => text.to_owned(),
    }
}
