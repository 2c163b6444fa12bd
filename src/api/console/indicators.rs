//! Own indicators: the list, and a search by value.

use axum::extract::State;
use maud::{Markup, html};
use overlap_indicator::{Indicator, Kind, Rules};
use overlap_store::{Hold, IndicatorFilter, IndicatorRow, Page, PageRequest, Role, Store};

use super::fault::Fault;
use super::fields::{Fields, link};
use super::guard::Visitor;
use super::import_page::{import_forms, no_report};
use super::indicator::path_of;
use super::layout::Frame;
use super::parts::{kind_choice, pager, tabs};
use super::text::{Shown, or_none};
use super::units::{counted, time};
use super::{held, sightings};
use crate::problem::{Problem, ProblemKind};
use crate::request::{page, query_kind};
use crate::state::ApiState;

/// The page's path.
pub(crate) const PATH: &str = "/console/indicators";

/// Rows on a page.
const ROWS: u64 = 100;

/// The longest value that is searched, in bytes: as long as a form field of a browser sensibly is.
const LONGEST_VALUE: usize = 16 * 1024;

/// The lists of own indicators, and which of them a page is.
pub(crate) fn parts(here: &str) -> Markup {
    let all = [(PATH, "All"), (held::PATH, "Held out"), (sightings::PATH, "Sightings")];
    tabs("Own indicators", &all, here)
}

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
        (parts(PATH))
        @if fields.one("withdrawn").is_some() { p.notice role="status" { "The indicator was withdrawn." } }
        @if visitor.may(Role::Import) { (import_forms(&visitor)) }
        (no_report())
        (search_form(kind, value.as_deref()))
        div #listed {
            @match &found {
                Err(reason) => p.alert role="status" { (Shown(reason)) },
                Ok(found) => {
                    (table(found))
                    (pager(to, after.as_deref(), found.next.as_ref()))
                }
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
    let find =
        move |store: &dyn Store| store.indicator(store.indicator_id(indicator.kind(), indicator.canonical()));
    let found = state.store(find).await?;
    Ok(Ok(Page { rows: found.into_iter().collect(), next: None }))
}

fn search_form(kind: Option<Kind>, value: Option<&str>) -> Markup {
    html! {
        form.filters method="get" action=(PATH) role="search" aria-label="Search indicators" {
            div.field.wide { label for="value" { "Value, in any spelling" } input #value name="value" value=[value] autocomplete="off" spellcheck="false"; }
            (kind_choice(kind))
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
            td { a href=(path_of(row.id)) aria-label=(format!("Open indicator {}", row.id)) { "Open" } }
        }
    }
}

/// A value as it is compared, and as it was written where that is another, and what a warning list does to it.
pub(crate) fn value_of(row: &IndicatorRow) -> Markup {
    let (raw, canonical) = (row.raw.reveal(), row.canonical.reveal());
    html! {
        span.canonical { (Shown(canonical)) }
        @if raw != canonical { span.raw { "written as " span.written { (Shown(raw)) } } }
        @match row.hold {
            Hold::Free => {}
            Hold::Held => { " " span.badge.warn { "held out" } }
            Hold::Overridden => { " " span.badge { "override" } }
        }
    }
}
