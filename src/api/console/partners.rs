//! Partners: what is agreed, what is used of it today, and a form to begin an exchange.

use axum::extract::State;
use maud::{Markup, html};
use overlap_coalition::{Agreement, DayUse, EngineName, Learns, MemberStatus};
use overlap_store::{PageRequest, Role, Store, StoreError};

use super::exchange_state::Looked;
use super::exchanges::outcome;
use super::fault::Fault;
use super::fields::link;
use super::guard::Visitor;
use super::layout::{Frame, csrf};
use super::overview::ends;
use super::parts::{Choice, select_as};
use super::text::{Shown, or_none, visible};
use super::units::{counted, number, span, time};
use crate::state::ApiState;
use crate::{Daemon, PartnerView};

/// The page's path.
pub(crate) const PATH: &str = "/console/partners";

/// What the store knows of a partner.
struct Known {
    used: DayUse,
    last: Option<Looked>,
}

/// The partners.
pub(crate) async fn list(State(state): State<ApiState>, visitor: Visitor) -> Result<Markup, Fault> {
    let (partners, now) = (state.daemon().partners(), state.daemon().now());
    let daemon = state.shared_daemon();
    let partners = state
        .store(move |store| {
            let known =
                |partner: PartnerView| known(store, &*daemon, &partner, now).map(|known| (partner, known));
            partners.into_iter().map(known).collect::<Result<Vec<_>, _>>()
        })
        .await?;
    let body = html! {
        h1 { "Partners" }
        @if partners.is_empty() { p.empty { "No partner is configured." } }
        @for (partner, known) in &partners { (card(partner, known, now.0, &visitor)) }
    };
    Ok(Frame { state: &state, visitor: &visitor, part: PATH, title: "Partners" }.page(body))
}

fn known(
    store: &dyn Store,
    daemon: &dyn Daemon,
    partner: &PartnerView,
    now: overlap_coalition::Timestamp,
) -> Result<Known, StoreError> {
    let last = store.exchanges(Some(&partner.id), &PageRequest { limit: 1, after: None })?;
    let last = last.rows.into_iter().next().map(|record| Looked::at(record, store, daemon)).transpose()?;
    Ok(Known { used: store.day_use(&partner.id, now)?, last })
}

fn card(partner: &PartnerView, known: &Known, now: u64, visitor: &Visitor) -> Markup {
    let id = partner.id.as_str();
    let heading = format!("partner-{id}");
    html! {
        section.card aria-labelledby=(heading) {
            h2 id=(heading) { (Shown(&partner.name)) " " @if partner.name != id { span.quiet { (Shown(id)) } " " } (status(partner.status)) }
            div.columns {
                div { h3 { "State" } (state_of(partner, known, now)) }
                div { h3 { "Agreement" } (agreement(&partner.agreement)) }
                @if visitor.may(Role::Exchange) { div { h3 { "Begin an exchange" } (begin(partner, visitor)) } }
            }
            p {
                a href=(link("/console/overlaps", &[("peer", Some(id))])) { "Overlaps" } " · "
                a href=(link("/console/exchanges", &[("peer", Some(id))])) { "Exchanges" } " · "
                a href=(link("/console/receipts", &[("peer", Some(id))])) { "Receipts" }
            }
        }
    }
}

fn status(status: Option<MemberStatus>) -> Markup {
    html! {
        @match status {
            Some(MemberStatus::Active) => span.badge.good { "active" },
            Some(MemberStatus::Suspended) => span.badge.warn { "suspended" },
            Some(MemberStatus::Revoked) => span.badge.bad { "revoked" },
            None => span.badge.bad { "in no roster" },
        }
    }
}

fn state_of(partner: &PartnerView, known: &Known, now: u64) -> Markup {
    html! {
        dl {
            dt { "Address" } dd { @match &partner.address { Some(address) => (Shown(address)), None => "only the partner can begin" } }
            dt { "Last exchange" } dd {
                @match &known.last {
                    Some(looked) => { a href=(format!("/console/exchanges/{}", looked.record.id)) { (time(looked.record.began)) } " " (outcome(looked)) }
                    None => "none yet",
                }
            }
            dt { "Running now" } dd { (partner.running) }
            dt { "Its certificate" } dd { @match partner.certificate_ends { Some(at) => (ends(at.0, now)), None => "not seen yet" } }
            dt { "By itself" } dd {
                @match (partner.every, partner.next) {
                    (Some(every), Some(next)) => { "every " (span(every)) ", next at " (time(next.0)) }
                    (Some(every), None) => { "every " (span(every)) }
                    (None, _) => "never",
                }
            }
            dt { "Used today (UTC)" } dd { (used(&known.used, &partner.agreement)) }
        }
    }
}

/// The ledger of the day. A restored one counts the day as spent, whatever its number.
fn used(used: &DayUse, agreement: &Agreement) -> Markup {
    let (done, most) = (used.exchanges.min(agreement.exchanges_per_day), agreement.exchanges_per_day);
    html! {
        meter min="0" max=(most.max(1)) value=(done) high=(f64::from(most) * 0.9) aria-label="Exchanges used today" {}
        " " (number(done.into())) " of " (counted(most.into(), "exchange", "exchanges"))
        @if used.items > 0 && used.exchanges < u32::MAX { ", " (counted(used.items, "item", "items")) " charged" }
    }
}

fn agreement(agreement: &Agreement) -> Markup {
    let hash = data_encoding::HEXLOWER.encode(&agreement.hash().0);
    html! {
        dl {
            dt { "Kinds" } dd { (agreement.kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ")) }
            dt { "Facets" } dd { (agreement.facets.iter().map(|facet| facet.as_str()).collect::<Vec<_>>().join(", ")) }
            dt { "Tells" } dd {
                (agreement.mode.as_str()) " to "
                @match &agreement.learns { Learns::Both => "both", Learns::Only(member) => (Shown(member.as_str())) }
            }
            dt { "Purposes" } dd { (or_none(&agreement.purposes.join(", "))) }
            dt { "Sizes" } dd { (number(agreement.min_items)) " to " (counted(agreement.max_items, "item", "items")) }
            dt { "Engine" } dd { @match agreement.engine { Some(engine) => (engine.as_str()), None => "either" } }
            dt { "Ends" } dd { @match agreement.expires { Some(at) => (time(at.0)), None => "never" } }
            dt { "Hash" } dd.mono { (hash.get(..16).unwrap_or(&hash)) "…" }
        }
    }
}

fn begin(partner: &PartnerView, visitor: &Visitor) -> Markup {
    let id = partner.id.as_str();
    let field = |name: &str| format!("{name}-{id}");
    let engines = [Choice::from(("", "The node chooses"))]
        .into_iter()
        .chain(EngineName::ALL.into_iter().map(|engine| Choice::from((engine.as_str(), engine.as_str()))));
    let purposes = &partner.agreement.purposes;
    html! {
        form.stack method="post" action="/console/exchanges" {
            (csrf(visitor))
            input type="hidden" name="peer" value=(id);
            div.field {
                label for=(field("purpose")) { "Purpose" }
                @if purposes.is_empty() {
                    input id=(field("purpose")) name="purpose" maxlength="256" autocomplete="off";
                } @else {
                    select id=(field("purpose")) name="purpose" { @for purpose in purposes { option value=(purpose) { (visible(purpose)) } } }
                }
            }
            div.field { label for=(field("case")) { "Case reference" } input id=(field("case")) name="case" maxlength="256" autocomplete="off"; }
            @if partner.agreement.engine.is_none() { (select_as(&field("engine"), "engine", "Engine", engines.collect(), None)) }
            button type="submit" disabled[partner.address.is_none()] { "Begin an exchange" }
            @if partner.address.is_none() { p.quiet { "This node has no address of the partner." } }
        }
    }
}
