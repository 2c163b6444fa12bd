//! The overview: what is new, overlaps by partner over time, and by partner and kind.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use maud::{Markup, html};
use overlap_coalition::MemberId;
use overlap_indicator::Kind;
use overlap_store::{OverlapTally, PageRequest, StoreCounts};

use super::HOME;
use super::exchange_state::Looked;
use super::exchanges::outcome;
use super::fault::Fault;
use super::filter::Filter;
use super::guard::Visitor;
use super::layout::Frame;
use super::text::Shown;
use super::units::{counted, day, number, span, time};
use crate::DaemonStatus;
use crate::state::ApiState;

/// Days that the chart shows, up to today.
const DAYS: u64 = 90;

/// Exchanges that are listed.
const RECENT: usize = 6;

/// Steps of the heat map, beside the one for none.
const HEATS: u32 = 5;

/// The overview.
pub(crate) async fn overview(State(state): State<ApiState>, visitor: Visitor) -> Result<Markup, Fault> {
    let since = visitor.session.last_visit.unwrap_or(0);
    let daemon = state.shared_daemon();
    let (tally, counts, recent) = state
        .store(move |store| {
            let recent = store.exchanges(None, &PageRequest { limit: RECENT, after: None })?.rows;
            let recent = recent.into_iter().map(|record| Looked::at(record, store, &*daemon));
            let recent = recent.collect::<Result<Vec<_>, _>>()?;
            Ok((store.overlap_tally(since), store.counts()?, recent))
        })
        .await?;
    let (status, now) = (state.daemon().status(), state.daemon().now().0);
    let body = html! {
        h1 { "Overview" }
        div.columns {
            (news(&tally, &visitor))
            (node(&status, &counts, now))
        }
        (over_time(&tally, now / 86_400))
        (by_kind(&tally))
        (recent_exchanges(&recent))
    };
    Ok(Frame { state: &state, visitor: &visitor, part: HOME, title: "Overview" }.page(body))
}

fn news(tally: &OverlapTally, visitor: &Visitor) -> Markup {
    let new: u64 = tally.since.values().sum();
    let of_new = |peer: Option<&MemberId>| Filter { peer: peer.cloned(), is_new: true, ..Filter::default() };
    let link = |filter: &Filter| filter.link("/console/overlaps", &[]);
    let unseen = Filter { seen: Some(false), ..Filter::default() };
    html! {
        section.card aria-labelledby="news" {
            h2 #news { "New since you were last here" }
            p.figure { a href=(link(&of_new(None))) { (number(new)) } " " span.quiet { @if new == 1 { "overlap" } @else { "overlaps" } } }
            @match visitor.session.last_visit {
                Some(date) => p.quiet { "You were here at " (time(date / 1_000_000)) " UTC." },
                None => p.quiet { "This is your first visit: everything is new." },
            }
            @if !tally.since.is_empty() {
                ul.plain {
                    @for (peer, count) in &tally.since {
                        li { a href=(link(&of_new(Some(peer)))) { (number(*count)) " with " (Shown(peer.as_str())) } }
                    }
                }
            }
            p { a href=(link(&unseen)) { (counted(tally.unseen, "overlap", "overlaps")) " not yet marked as seen" } }
        }
    }
}

fn node(status: &DaemonStatus, counts: &StoreCounts, now: u64) -> Markup {
    let indicators: u64 = counts.indicators.iter().map(|(_, count)| count).sum();
    let overlaps: u64 = counts.overlaps.iter().map(|(_, count)| count).sum();
    html! {
        section.card aria-labelledby="node" {
            h2 #node { "This node" }
            dl {
                dt { "State" } dd { @if status.ready { span.badge.good { "ready" } } @else { span.badge.bad { "not ready" } } }
                dt { "Own indicators" } dd { (number(indicators)) }
                dt { "Overlaps" } dd { (number(overlaps)) }
                dt { "Exchanges" } dd { (number(counts.exchanges)) }
                dt { "Certificate" } dd { (ends(status.certificate_ends.0, now)) }
                dt { "Roster " (status.roster_version) } dd { (ends(status.roster_expires.0, now)) }
                dt { "Running for" } dd { (span(now.saturating_sub(status.started.0))) }
            }
        }
    }
}

/// A fortnight is left to renew what ends.
const SOON: u64 = 14 * 86_400;

/// When something ends, and whether that is soon.
pub(crate) fn ends(at: u64, now: u64) -> Markup {
    html! {
        @match at.saturating_sub(now) {
            0 => { span.badge.bad { "ended" } " " (time(at)) }
            left @ 1..SOON => { span.badge.warn { "ends in " (span(left)) } }
            left => { "ends in " (span(left)) }
        }
    }
}

fn over_time(tally: &OverlapTally, today: u64) -> Markup {
    let first = (today + 1).saturating_sub(DAYS);
    let within = tally.by_day.iter().filter(|((_, day), _)| (first..=today).contains(day));
    let mut days: BTreeMap<u64, BTreeMap<&MemberId, u64>> = BTreeMap::new();
    let mut peers = BTreeSet::new();
    for ((peer, day), count) in within {
        peers.insert(peer);
        days.entry(*day).or_default().insert(peer, *count);
    }
    let count = |day: &BTreeMap<&MemberId, u64>, peer: &MemberId| day.get(peer).copied().unwrap_or(0);
    html! {
        section.card aria-labelledby="time" {
            h2 #time { "Overlaps found by day" }
            @if days.is_empty() {
                p.quiet { "None in the last " (DAYS) " days." }
            } @else {
                div.chart data-chart="days" data-table="days" data-first=(first) data-last=(today) {}
                details {
                    summary { "The same as a table" }
                    div.scroll tabindex="0" role="region" aria-labelledby="time" {
                        table #days {
                            caption { "Overlaps found in the last " (DAYS) " days, by day (UTC) and partner; days without any are left out" }
                            thead { tr { th scope="col" { "Day" } @for peer in &peers { th.number scope="col" { (Shown(peer.as_str())) } } } }
                            tbody {
                                @for (at, counts) in days.iter().rev() {
                                    tr data-day=(at) {
                                        th scope="row" { (day(*at)) }
                                        @for peer in &peers { td.number data-count=(count(counts, peer)) { (number(count(counts, peer))) } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn by_kind(tally: &OverlapTally) -> Markup {
    let peers: BTreeSet<&MemberId> = tally.by_kind.keys().map(|(peer, _)| peer).collect();
    let has = |kind: &Kind| tally.by_kind.keys().any(|(_, has)| has == kind);
    let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(has).collect();
    let most = tally.by_kind.values().copied().max().unwrap_or(0);
    html! {
        section.card aria-labelledby="kinds" {
            h2 #kinds { "Overlaps by partner and kind" }
            @if peers.is_empty() {
                p.quiet { "None yet. " a href="/console/partners" { "Begin an exchange" } " with a partner." }
            } @else {
                div.scroll tabindex="0" role="region" aria-labelledby="kinds" {
                    table.heat {
                        caption { "All overlaps; a stronger colour means more" }
                        thead { tr { th scope="col" { "Partner" } @for kind in &kinds { th.number scope="col" { (kind.as_str()) } } } }
                        tbody {
                            @for peer in &peers {
                                tr {
                                    th scope="row" { (Shown(peer.as_str())) }
                                    @for kind in &kinds { (cell(tally, peer, *kind, most)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn cell(tally: &OverlapTally, peer: &MemberId, kind: Kind, most: u64) -> Markup {
    let count = tally.by_kind.get(&(peer.clone(), kind)).copied().unwrap_or(0);
    let filter = Filter { peer: Some(peer.clone()), kind: Some(kind), ..Filter::default() };
    html! {
        td class=(format!("number heat-{}", heat(count, most))) {
            @if count > 0 { a href=(filter.link("/console/overlaps", &[])) { (number(count)) } } @else { "0" }
        }
    }
}

/// How dark a cell is: by the logarithm, since one partner may share a hundred times what another does.
fn heat(count: u64, most: u64) -> u32 {
    match count {
        0 => 0,
        _ if most <= 1 => HEATS,
        _ => 1 + ((count as f64).ln() / (most as f64).ln() * f64::from(HEATS - 1)).round() as u32,
    }
}

fn recent_exchanges(recent: &[Looked]) -> Markup {
    html! {
        section.card aria-labelledby="recent" {
            h2 #recent { "Last exchanges" }
            @if recent.is_empty() {
                p.quiet { "None yet." }
            } @else {
                ul.plain {
                    @for looked in recent {
                        @let record = &looked.record;
                        li {
                            a href=(format!("/console/exchanges/{}", record.id)) { (time(record.began)) }
                            " with " (Shown(record.peer.as_str())) " " (outcome(looked))
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_is_never_lighter() {
        assert_eq!((heat(0, 9), heat(1, 1), heat(1, 1_000), heat(1_000, 1_000)), (0, 5, 1, 5));
        let heats: Vec<u32> = (0..=1_000).map(|count| heat(count, 1_000)).collect();
        assert!(heats.is_sorted());
    }
}
