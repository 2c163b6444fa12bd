//! The audit chain: who did what at this node, and whether the record of it is whole.

use std::sync::{Mutex, PoisonError};

use axum::extract::State;
use axum::response::Redirect;
use maud::{Markup, html};
use overlap_store::{AuditAction, AuditEntry, AuditHead, AuditOrder, AuditVerdict, Page, PageRequest};

use super::fault::Fault;
use super::fields::{Fields, link};
use super::guard::Visitor;
use super::layout::{Frame, csrf};
use super::parts::{Choice, pager, select};
use super::text::{Shown, or_none};
use super::units::{counted, number, time};
use crate::audit::{filter, verdict};
use crate::request::page;
use crate::state::ApiState;

/// The page's path.
pub(crate) const PATH: &str = "/console/audit";

/// Where the chain is verified.
pub(crate) const VERIFY: &str = "/console/audit/verify";

/// Rows on a page.
const ROWS: u64 = 100;

/// The longest actor or action that is never broken into lines, in bytes: all actions, and tokens of usual names.
const UNBROKEN: usize = 28;

/// What the last verification found, and when: it reads every entry, so a page that is looked at shows what is remembered. In memory only.
#[derive(Debug, Default)]
pub(crate) struct LastVerified(Mutex<Option<Verified>>);

#[derive(Clone, Copy, Debug)]
struct Verified {
    verdict: AuditVerdict,
    /// In seconds since 1970-01-01T00:00:00Z.
    at: u64,
}

impl LastVerified {
    fn get(&self) -> Option<Verified> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, verified: Verified) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(verified);
    }
}

/// The list, the newest first.
pub(crate) async fn list(
    State(state): State<ApiState>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Markup, Fault> {
    let (actor, action) = (fields.one("actor").map(str::to_owned), fields.one("action").map(str::to_owned));
    let meant = filter(actor.clone(), action.as_deref())?;
    let after = fields.one("after").map(str::to_owned);
    let request: PageRequest = page(Some(ROWS), after.clone())?;
    let read = move |store: &dyn overlap_store::Store| {
        let found = store.audit(&meant, AuditOrder::Newest, &request)?;
        Ok((found, store.audit_head(), store.audit_actors()))
    };
    let (Page { rows, next }, head, actors) = state.store(read).await?;
    let to = |after: Option<&str>| {
        link(PATH, &[("actor", actor.as_deref()), ("action", action.as_deref()), ("after", after)])
    };
    let body = html! {
        h1 { "Audit" }
        p.quiet { "Who did what at this node. Every entry has the hash of the one before it in its own, so none can be changed, removed or moved without a trace." }
        (chain(&visitor, head, state.console().verified.get()))
        (filters(actors, actor.as_deref(), action.as_deref()))
        (table(&rows))
        (pager(to, after.as_deref(), next.as_ref()))
    };
    Ok(Frame { state: &state, visitor: &visitor, part: PATH, title: "Audit" }.page(body))
}

/// Verifies the chain from its beginning, and shows what was found.
pub(crate) async fn verify(State(state): State<ApiState>) -> Result<Redirect, Fault> {
    let verdict = verdict(&state, Vec::new()).await?;
    state.console().verified.set(Verified { verdict, at: state.daemon().now().0 });
    Ok(Redirect::to(PATH))
}

fn chain(visitor: &Visitor, head: AuditHead, verified: Option<Verified>) -> Markup {
    html! {
        section.card aria-labelledby="chain" {
            h2 #chain { "The chain" }
            dl {
                dt { "Entries" } dd { (number(head.number)) }
                dt { "Head" } dd.value { code { (head) } }
                dt { "Verified" } dd { (found(verified)) }
            }
            p.quiet {
                "Note the head and keep it elsewhere. Whoever holds this node's disk and key can write another chain; only a head that was noted tells it: "
                code { "overlapd audit verify --head" } "."
            }
            form method="post" action=(VERIFY) { (csrf(visitor)) button type="submit" { "Verify now" } }
        }
    }
}

fn found(verified: Option<Verified>) -> Markup {
    let Some(Verified { verdict: AuditVerdict { head, broken }, at }) = verified else {
        return html! { "not since this node started" };
    };
    html! {
        @match broken {
            None => { span.badge.good { "intact" } " up to entry " (number(head.number)) },
            Some(broken) => { span.badge.bad { "broken" } " at entry " (number(broken.number)) ": " (broken.fault) },
        }
        ", " (time(at))
    }
}

fn filters(actors: Vec<String>, actor: Option<&str>, action: Option<&str>) -> Markup {
    let all = || Choice::from(("", "All"));
    let actors = actors.into_iter().map(|actor| Choice { value: actor.clone(), text: actor });
    let actions = AuditAction::ALL.iter().map(|action| Choice::from((action.as_str(), action.as_str())));
    html! {
        form.filters method="get" action=(PATH) role="search" aria-label="Filter entries" {
            (select("actor", "Actor", [all()].into_iter().chain(actors).collect(), actor))
            (select("action", "Action", [all()].into_iter().chain(actions).collect(), action))
            div.field.actions { button type="submit" { "Filter" } a.button.plain href=(PATH) { "Clear" } }
        }
    }
}

fn table(rows: &[AuditEntry]) -> Markup {
    if rows.is_empty() {
        return html! { p.empty { "No entry." } };
    }
    html! {
        div.scroll tabindex="0" role="region" aria-label="Entries" {
            table.rows {
                caption { (counted(rows.len() as u64, "entry", "entries")) " on this page, the newest first; times in UTC" }
                thead { tr {
                    th.number scope="col" { "Number" } th scope="col" { "Time" } th scope="col" { "Actor" } th scope="col" { "Action" }
                    th scope="col" { "Object" } th scope="col" { "Detail" } th scope="col" { "Hash" }
                } }
                tbody { @for entry in rows { (row(entry)) } }
            }
        }
    }
}

/// Words of usual length stand on one line.
fn width(text: &str) -> &'static str {
    if text.len() <= UNBROKEN { "word" } else { "name" }
}

fn row(entry: &AuditEntry) -> Markup {
    html! {
        tr {
            td.number { (number(entry.number)) }
            td { (time(entry.time)) }
            td class=(width(&entry.actor)) { (Shown(&entry.actor)) }
            td class=(width(&entry.action)) { (Shown(&entry.action)) }
            td.id { (or_none(&entry.object)) }
            td.value { (or_none(&entry.detail)) }
            td.mono { (data_encoding::HEXLOWER.encode(&entry.hash[..8])) "…" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_action_is_broken_into_lines() {
        assert!(AuditAction::ALL.iter().all(|action| width(action.as_str()) == "word"));
        assert_eq!(width(&"x".repeat(UNBROKEN + 1)), "name");
    }
}
