//! Indicators that warning lists hold out of exchanges, those that an admin let in all the same, and both changes.

use axum::extract::State;
use axum::response::Redirect;
use maud::{Markup, html};
use overlap_indicator::Kind;
use overlap_store::{
    Hold, IndicatorFilter, IndicatorRow, Override, Page, PageRequest, Role, Store, StoreError,
};

use super::fault::Fault;
use super::fields::{Fields, link};
use super::guard::Visitor;
use super::indicator::{back_to, path_of};
use super::indicators::{self, parts, value_of};
use super::layout::{Frame, csrf};
use super::parts::{Choice, filter_buttons, kind_choice, pager, select};
use super::text::{Shown, or_none, visible};
use super::units::{counted, time};
use crate::WarningLists;
use crate::audit::by;
use crate::held::{HeldItem, LONGEST_REASON, begin_for, end_for, overrides};
use crate::indicators::indicator_id;
use crate::request::{bad_query, page, query_kind};
use crate::state::ApiState;

/// The page's path.
pub(crate) const PATH: &str = "/console/indicators/held";

/// Where the changes go.
const OVERRIDE: &str = "/console/indicators/override";
const HOLD: &str = "/console/indicators/hold";

/// Rows on a page.
const ROWS: u64 = 50;

/// Held rows that are looked at for those of one list, before a page is shown with what was found.
const LOOKED_AT: usize = 5_000;

/// Which indicators.
struct Filter {
    kind: Option<Kind>,
    /// The id of the list that holds them.
    list: Option<String>,
    /// Those that are let in all the same, and not those that are held out.
    overridden: bool,
}

impl Filter {
    fn read(fields: &Fields) -> Result<Self, Fault> {
        let overridden = match fields.one("state") {
            None | Some("held") => false,
            Some("overridden") => true,
            Some(_) => return Err(bad_query("state: held or overridden").into()),
        };
        Ok(Self {
            kind: query_kind(fields.one("kind"))?,
            list: fields.one("list").map(str::to_owned),
            overridden,
        })
    }

    fn of_store(&self) -> IndicatorFilter {
        IndicatorFilter {
            kind: self.kind,
            held: (!self.overridden).then_some(true),
            overridden: self.overridden,
        }
    }

    fn link(&self, after: Option<&str>) -> String {
        let state = self.overridden.then_some("overridden");
        let kind = self.kind.map(Kind::as_str);
        link(PATH, &[("list", self.list.as_deref()), ("kind", kind), ("state", state), ("after", after)])
    }
}

/// The list.
pub(crate) async fn list(
    State(state): State<ApiState>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Markup, Fault> {
    let filter = Filter::read(&fields)?;
    let after = fields.one("after").map(str::to_owned);
    let request: PageRequest = page(Some(ROWS), after.clone())?;
    let lists = state.daemon().warning_lists();
    let (of_store, of, list) = (filter.of_store(), lists.clone(), filter.list.clone());
    let (found, records) = state
        .store(move |store| {
            let found = read(store, &of_store, request, |row| is_on(&of, row, list.as_deref()))?;
            Ok((overrides(store, found.rows.iter())?, found)).map(|(records, found)| (found, records))
        })
        .await?;
    let body = html! {
        h1 { "Held out of exchanges" }
        (parts(PATH))
        p.quiet {
            "A value that is on a warning list is kept, but takes no part in exchanges until somebody with the role admin overrides it: open the "
            "indicator to do so."
        }
        (filters(&filter, &lists))
        (table(&found, &records, &lists, &filter))
        (pager(|after| filter.link(after), after.as_deref(), found.next.as_ref()))
    };
    Ok(Frame { state: &state, visitor: &visitor, part: indicators::PATH, title: "Held out" }.page(body))
}

/// A page of those that are meant. The store does not know which list holds a row, so rows are looked at until the page is full, but only so many.
fn read(
    store: &dyn Store,
    filter: &IndicatorFilter,
    mut request: PageRequest,
    is_meant: impl Fn(&IndicatorRow) -> bool,
) -> Result<Page<IndicatorRow>, StoreError> {
    let (wanted, mut rows, mut looked_at) = (request.limit, Vec::new(), 0);
    loop {
        let found = store.indicators(filter, &request)?;
        looked_at += found.rows.len();
        rows.extend(found.rows.into_iter().filter(&is_meant));
        if rows.len() >= wanted || looked_at >= LOOKED_AT || found.next.is_none() {
            return Ok(Page { rows, next: found.next });
        }
        request = PageRequest { limit: wanted - rows.len(), after: found.next };
    }
}

fn is_on(lists: &WarningLists, row: &IndicatorRow, list: Option<&str>) -> bool {
    let on = |id: &str| lists.matching(row.kind, row.canonical.reveal()).iter().any(|list| list.id == id);
    list.is_none_or(on)
}

fn filters(filter: &Filter, lists: &WarningLists) -> Markup {
    let named = lists.lists().iter().map(|list| Choice { value: list.id.clone(), text: visible(&list.name) });
    let named = [Choice::from(("", "Any"))].into_iter().chain(named).collect();
    let states = [("held", "Held out"), ("overridden", "Overridden")].map(Choice::from).into();
    let state = if filter.overridden { "overridden" } else { "held" };
    html! {
        form.filters method="get" action=(PATH) role="search" aria-label="Filter held indicators" {
            (select("list", "Warning list", named, filter.list.as_deref()))
            (kind_choice(filter.kind))
            (select("state", "State", states, Some(state)))
            (filter_buttons(PATH))
        }
    }
}

fn table(
    found: &Page<IndicatorRow>,
    records: &[Option<Override>],
    lists: &WarningLists,
    filter: &Filter,
) -> Markup {
    if found.rows.is_empty() {
        let none = match (found.next.is_some(), filter.overridden) {
            (true, _) => "None among those that were looked at: the next page goes on.",
            (false, true) => "No override matches.",
            (false, false) => "Nothing that matches is held out.",
        };
        return html! { p.empty { (none) } };
    }
    html! {
        div.scroll tabindex="0" role="region" aria-label="Held indicators" {
            table.rows {
                caption { (counted(found.rows.len() as u64, "indicator", "indicators")) " on this page, in the order of import; times in UTC" }
                thead { tr {
                    th scope="col" { "Indicator" } th scope="col" { "Kind" }
                    @if filter.overridden { th scope="col" { "Overridden by" } th scope="col" { "At" } th scope="col" { "Why" } }
                    @else { th scope="col" { "Held by" } th scope="col" { "May override" } }
                    th scope="col" { "More" }
                } }
                tbody { @for (row, record) in found.rows.iter().zip(records) { (line(row, record.as_ref(), lists)) } }
            }
        }
    }
}

fn line(row: &IndicatorRow, record: Option<&Override>, lists: &WarningLists) -> Markup {
    let held = HeldItem::of(row.hold, lists, row.kind, row.canonical.reveal());
    html! {
        tr {
            td.value { (value_of(row)) }
            td { (row.kind.as_str()) }
            @if let Some(held) = &held {
                td.note { (name_of(held)) @if !held.also_on.is_empty() { " and " (counted(held.also_on.len() as u64, "other", "others")) } }
                td { (held.may_override) }
            }
            @if let Some(record) = record {
                td.name { (Shown(&record.by)) }
                td { (time(record.at)) }
                td.note { (Shown(&record.reason)) }
            }
            td { a href=(path_of(row.id)) aria-label=(format!("Open indicator {}", row.id)) { "Open" } }
        }
    }
}

fn name_of(held: &HeldItem) -> Markup {
    html! { @match &held.list { Some(name) => (Shown(name)), None => "a list that is being read again" } }
}

/// What warning lists do to an indicator, for its own page; nothing where no list has it.
pub(crate) fn warnings(
    row: &IndicatorRow,
    record: Option<&Override>,
    state: &ApiState,
    visitor: &Visitor,
) -> Markup {
    let lists = state.daemon().warning_lists();
    let held = HeldItem::of(row.hold, &lists, row.kind, row.canonical.reveal());
    html! {
        @if let Some(held) = &held {
            section.card aria-labelledby="held" {
                h2 #held { "Held out of exchanges" }
                (reasons(held))
                @if visitor.may(Role::Admin) { (override_form(row, visitor)) }
            }
        }
        @if let Some(record) = record {
            section.card aria-labelledby="overridden" {
                h2 #overridden { "Let into exchanges in spite of a warning" }
                dl {
                    dt { "By" } dd { (Shown(&record.by)) }
                    dt { "At (UTC)" } dd { (time(record.at)) }
                    dt { "Why" } dd { (Shown(&record.reason)) }
                    dt { "On lists" } dd { (on(row, &lists)) }
                }
                @if visitor.may(Role::Admin) { (hold_form(row, visitor)) }
            }
        }
    }
}

fn reasons(held: &HeldItem) -> Markup {
    html! {
        dl {
            dt { "Warning list" } dd { (name_of(held)) }
            @if let Some(description) = &held.description { dt { "What it is" } dd { (or_none(description)) } }
            @if !held.also_on.is_empty() {
                dt { "Also on" } dd { @for (at, name) in held.also_on.iter().enumerate() { @if at > 0 { ", " } (Shown(name)) } }
            }
            dt { "May override" } dd { "a token with the role " (held.may_override) }
        }
    }
}

/// The lists that an overridden indicator is on.
fn on(row: &IndicatorRow, lists: &WarningLists) -> Markup {
    let would = HeldItem::of(Hold::Held, lists, row.kind, row.canonical.reveal());
    let names = would.into_iter().flat_map(|held| held.list.into_iter().chain(held.also_on));
    html! {
        @let names: Vec<String> = names.collect();
        @if names.is_empty() { "none any more" }
        @for (at, name) in names.iter().enumerate() { @if at > 0 { ", " } (Shown(name)) }
    }
}

fn override_form(row: &IndicatorRow, visitor: &Visitor) -> Markup {
    html! {
        form.stack method="post" action=(OVERRIDE) {
            (csrf(visitor))
            input type="hidden" name="id" value=(row.id);
            div.field {
                label for="reason" { "Why it is to take part all the same; kept with the override" }
                textarea #reason name="reason" rows="2" maxlength=(LONGEST_REASON) required {}
            }
            div { button type="submit" { "Override the warning" } }
        }
    }
}

fn hold_form(row: &IndicatorRow, visitor: &Visitor) -> Markup {
    html! {
        form.stack method="post" action=(HOLD) {
            (csrf(visitor))
            input type="hidden" name="id" value=(row.id);
            div { button type="submit" { "Take the override back" } }
        }
    }
}

/// Lets an indicator into exchanges.
pub(crate) async fn begin(
    State(state): State<ApiState>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Redirect, Fault> {
    let id = indicator_id(fields.one("id").unwrap_or_default())?;
    let reason = fields.one("reason").unwrap_or_default().to_owned();
    begin_for(&state, by(&state, visitor.actor()), id, reason).await?;
    Ok(back_to(id, "overridden"))
}

/// Takes an override back.
pub(crate) async fn end(
    State(state): State<ApiState>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Redirect, Fault> {
    let id = indicator_id(fields.one("id").unwrap_or_default())?;
    end_for(&state, by(&state, visitor.actor()), id).await?;
    Ok(back_to(id, "held"))
}
