//! Where events are pushed to, how each receiver does, and what a webhook refused for good.

use axum::extract::State;
use axum::response::Redirect;
use maud::{Markup, html};
use overlap_store::{DeadLetter, Event, EventId, Role};

use super::events::{self, badge, in_words, parts};
use super::fault::Fault;
use super::fields::{Fields, link};
use super::guard::Visitor;
use super::layout::{Frame, csrf};
use super::text::{Shown, or_none};
use super::units::{counted, number, time};
use crate::audit::by;
use crate::problem::Problem;
use crate::push::{Letters, SinkItem, discard_for, letters_of, send_all_for, send_for};
use crate::request::bad_query;
use crate::state::{ApiState, off_thread};

/// The page's path.
pub(crate) const PATH: &str = "/console/events/deliveries";

/// Dead letters on a page.
const ROWS: usize = 50;

/// The receivers, and the dead letters of the webhook that is chosen.
pub(crate) async fn list(
    State(state): State<ApiState>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Markup, Fault> {
    let sinks = sinks(&state).await?;
    let webhook = fields.one("webhook");
    let after = fields.one("after").map(event_id).transpose()?;
    let letters = match webhook {
        Some(webhook) => Some(letters_of(&state, webhook, after.unwrap_or(EventId::START), ROWS).await?),
        None => None,
    };
    let body = html! {
        h1 { "Deliveries" }
        (parts(PATH))
        @if let Some(done) = done(&fields) { p.notice role="status" { (done) } }
        (table(&sinks))
        @if let Some((webhook, letters)) = webhook.zip(letters) { (dead_letters(webhook, &letters, after, &visitor)) }
    };
    Ok(Frame { state: &state, visitor: &visitor, part: events::PATH, title: "Deliveries" }.page(body))
}

async fn sinks(state: &ApiState) -> Result<Vec<SinkItem>, Problem> {
    let Some(sinks) = state.daemon().sinks() else { return Ok(Vec::new()) };
    Ok(off_thread(move || sinks.items()).await??)
}

fn event_id(text: &str) -> Result<EventId, Problem> {
    text.parse().map_err(|_| bad_query("after: no event has this id"))
}

/// What was just done, as the query says it.
fn done(fields: &Fields) -> Option<String> {
    let count = |name: &str| fields.one(name).and_then(|count| count.parse::<u64>().ok());
    let sent =
        count("sent").map(|count| format!("{} again.", counted(count, "event is sent", "events are sent")));
    sent.or_else(|| {
        count("discarded").map(|count| format!("{} discarded.", counted(count, "event was", "events were")))
    })
}

fn table(sinks: &[SinkItem]) -> Markup {
    if sinks.is_empty() {
        return html! { p.empty { "Events are pushed nowhere: the config names no webhook and no syslog receiver." } };
    }
    html! {
        div.scroll tabindex="0" role="region" aria-label="Receivers" {
            table.rows {
                caption { "Where events are pushed to; counts since the node started" }
                thead { tr {
                    th scope="col" { "Name" } th scope="col" { "Way" } th scope="col" { "To" } th.number scope="col" { "Waiting" }
                    th.number scope="col" { "Delivered" } th.number scope="col" { "Failed tries" } th.number scope="col" { "Dead letters" }
                    th scope="col" { "Last error" }
                } }
                tbody { @for sink in sinks { (receiver(sink)) } }
            }
        }
    }
}

fn receiver(sink: &SinkItem) -> Markup {
    let letters = link(PATH, &[("webhook", Some(&sink.name))]);
    let label = format!("{} of {}", counted(sink.dead_letters, "dead letter", "dead letters"), sink.name);
    html! {
        tr {
            th.name scope="row" { (Shown(&sink.name)) }
            td { (sink.way) }
            td.note { (Shown(&sink.to)) }
            td.number { (number(sink.behind)) }
            td.number { (number(sink.delivered)) }
            td.number { (number(sink.failed)) }
            td.number {
                @if sink.way == "webhook" { a href=(letters) aria-label=(label) { (number(sink.dead_letters)) } } @else { "–" }
            }
            td.value { (or_none(sink.error.as_deref().unwrap_or_default())) }
        }
    }
}

fn dead_letters(webhook: &str, found: &Letters, after: Option<EventId>, visitor: &Visitor) -> Markup {
    let to = |after: Option<EventId>| {
        let after = after.map(|after| after.to_string());
        link(PATH, &[("webhook", Some(webhook)), ("after", after.as_deref())])
    };
    html! {
        section.card aria-labelledby="letters" {
            h2 #letters { "Dead letters of " (Shown(webhook)) }
            p.quiet { "Events that it refused for good. They stay until they are sent again and taken, or discarded." }
            @if found.letters.is_empty() { p { "None." } }
            @else if visitor.may(Role::Admin) { (changes(webhook, found, visitor)) }
            @else { (letters(found, false)) }
            @if found.next.is_some() || after.is_some() {
                nav.pager aria-label="Pages" {
                    @if after.is_some() { a.button.plain href=(to(None)) { "First page" } }
                    @if found.next.is_some() { a.button.plain href=(to(found.next)) rel="next" { "Next page" } }
                }
            }
        }
    }
}

fn changes(webhook: &str, found: &Letters, visitor: &Visitor) -> Markup {
    html! {
        form method="post" action=(PATH) {
            (csrf(visitor))
            input type="hidden" name="webhook" value=(webhook);
            (letters(found, true))
            div.actions role="group" aria-label="Dead letters" {
                button type="submit" name="action" value="send" { "Send chosen again" }
                button.plain type="submit" name="action" value="send-all" { "Send all again" }
                button.danger type="submit" name="action" value="discard" { "Discard chosen" }
            }
        }
    }
}

fn letters(found: &Letters, may_choose: bool) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-labelledby="letters" {
            table.rows {
                caption { (counted(found.letters.len() as u64, "letter", "letters")) " on this page, the oldest event first; times in UTC" }
                thead { tr {
                    @if may_choose { th scope="col" { input #all type="checkbox" aria-label="Choose all on this page" data-all="event"; } }
                    th scope="col" { "Given up" } th scope="col" { "What" } th scope="col" { "In words" } th scope="col" { "Why" }
                    th.number scope="col" { "Tries" }
                } }
                tbody { @for (letter, event) in &found.letters { (line(letter, event.as_ref(), may_choose)) } }
            }
        }
    }
}

fn line(letter: &DeadLetter, event: Option<&Event>, may_choose: bool) -> Markup {
    html! {
        tr {
            @if may_choose {
                td { input type="checkbox" name="event" value=(letter.event) aria-label=(format!("Choose event {}", letter.event)); }
            }
            td { (time(letter.given_up)) }
            td { @match event { Some(event) => (badge(event.event_type)), None => span.none { "not in the store" } } }
            td.value { @if let Some(event) = event { (in_words(event)) } }
            td.value { @if letter.again { span.badge.new { "is sent again" } " " } (Shown(&letter.reason)) }
            td.number { (number(letter.tries.into())) }
        }
    }
}

/// Sends dead letters again, or discards them. One that is gone meanwhile is passed over.
pub(crate) async fn change(
    State(state): State<ApiState>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Redirect, Fault> {
    let webhook = fields.one("webhook").unwrap_or_default();
    let chosen = fields.all("event").map(event_id).collect::<Result<Vec<_>, _>>()?;
    let by = || by(&state, visitor.actor());
    let mut changed = 0_u64;
    let done = match fields.one("action") {
        Some("send") => {
            for event in chosen {
                changed += u64::from(send_for(&state, by(), webhook, event).await?);
            }
            "sent"
        }
        Some("send-all") => {
            changed = send_all_for(&state, by(), webhook).await?;
            "sent"
        }
        Some("discard") => {
            for event in chosen {
                changed += u64::from(discard_for(&state, by(), webhook, event).await?);
            }
            "discarded"
        }
        _ => return Err(bad_query("action: there is none of this name").into()),
    };
    Ok(Redirect::to(&link(PATH, &[("webhook", Some(webhook)), (done, Some(&changed.to_string()))])))
}
