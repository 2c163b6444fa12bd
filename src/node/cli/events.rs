//! `overlapd events`

use std::convert::Infallible;
use std::time::Duration;

use clap::Args;
use overlap_coalition::MemberId;
use overlap_store::{EventId, EventType};
use serde_json::Value;

use super::Context;
use crate::client::{Client, ClientError, encoded};
use crate::daemon::off_thread;
use crate::event_stream::EventStream;
use crate::exit::{CommandError, Exit};
use crate::interrupt::Interrupt;
use crate::output::{Output, printable};
use crate::pages::Pages;

/// How long to wait before a stream that broke is opened again.
const AGAIN: Duration = Duration::from_secs(1);

/// List what happened, and follow what happens
///
/// Overlaps that were found, exchanges that ended, and what an operator should know of partners, certificates and the
/// roster, in the order in which they happened. Ids sort in that order. With --follow a daemon that stops is waited for,
/// and what happened meanwhile is shown; SIGINT or SIGTERM ends it, with exit code 0.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  overlapd events
  overlapd events --type overlap.found --peer payments --json | jq -r .data.canonical
  overlapd events --after 0006608b8dc5e0c0 --follow")]
pub(crate) struct EventsArgs {
    /// After the event with this id
    #[arg(long, value_name = "ID")]
    after: Option<EventId>,
    /// Go on with events as they happen, until interrupted
    #[arg(long)]
    follow: bool,
    /// Of this type only; may be repeated
    #[arg(long = "type", value_name = "TYPE", value_parser = parse_type)]
    types: Vec<EventType>,
    /// About this partner only
    #[arg(long, value_parser = super::parse_member)]
    peer: Option<MemberId>,
}

fn parse_type(name: &str) -> Result<EventType, String> {
    EventType::named(name)
        .ok_or_else(|| format!("the types are {}", super::names(EventType::ALL.map(EventType::as_str))))
}

pub(crate) async fn run(context: &Context, args: EventsArgs) -> Result<Exit, CommandError> {
    let (client, output) = (context.client()?, context.output);
    let types: Vec<&str> = args.types.iter().map(|one| one.as_str()).collect();
    let types = (!types.is_empty()).then(|| types.join(","));
    let query = [("types", types.as_deref()), ("peer", args.peer.as_ref().map(MemberId::as_str))];
    let after = args.after.unwrap_or(EventId::START);
    if !args.follow {
        return list(output, &client, &query, after).await;
    }
    let mut interrupt = Interrupt::listen()?;
    tokio::select! {
        followed = follow(output, &client, &query, after) => followed.map(|never| match never {}),
        () = interrupt.heard() => Ok(Exit::Done),
    }
}

async fn list(
    output: Output,
    client: &Client,
    query: &[(&str, Option<&str>)],
    after: EventId,
) -> Result<Exit, CommandError> {
    let after = after.to_string();
    let mut pages = Pages::after(client, "/api/v1/events/list", query, &after);
    while let Some(page) = pages.next::<Value>().await? {
        for event in page {
            show(output, &event)?;
        }
    }
    Ok(Exit::Done)
}

/// Shows events after one, and then as they come. A daemon that was there and stops is waited for; one that refuses is not.
async fn follow(
    output: Output,
    client: &Client,
    query: &[(&str, Option<&str>)],
    after: EventId,
) -> Result<Infallible, CommandError> {
    let given = query.iter().filter_map(|(name, value)| value.map(|value| (name, value)));
    let parts: String = given.map(|(name, value)| format!("&{name}={}", encoded(value))).collect();
    let (mut last, mut was_there) = (after, false);
    loop {
        match client.open(&format!("/api/v1/events?after={last}{parts}")).await {
            Ok(opened) => {
                was_there = true;
                last = show_all(output, EventStream::new(opened), last).await?;
            }
            Err(ClientError::NotRunning { .. } | ClientError::Broken(_)) if was_there => {}
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Shows a stream to its end; the last event that was shown.
async fn show_all(
    output: Output,
    mut stream: EventStream,
    mut last: EventId,
) -> Result<EventId, CommandError> {
    while let Some(data) = stream.next().await {
        // News without an id are not kept, and not events that can be listed.
        let Ok(event) = serde_json::from_str(&data) else { continue };
        // A reader that takes nothing for a while must not keep an interrupt from being heard.
        last = off_thread(move || show(output, &event)).await?.unwrap_or(last);
    }
    Ok(last)
}

/// Shows an event that has an id, and returns it.
fn show(output: Output, event: &Value) -> Result<Option<EventId>, CommandError> {
    let Some(id) = event["id"].as_str().and_then(|id| id.parse().ok()) else { return Ok(None) };
    if output.is_json() {
        output.json(event)?;
    } else {
        output.say(&line(event))?;
    }
    Ok(Some(id))
}

fn line(event: &Value) -> String {
    let text = |value: &Value| printable(value.as_str().unwrap_or("-"));
    let parts = ["time", "id", "type", "peer"].map(|name| text(&event[name]));
    format!("{}  {}", parts.join("  "), told(&event["data"]))
}

/// What an event says beside its type, in few words.
fn told(data: &Value) -> String {
    let text = |name: &str| data[name].as_str().map(printable);
    if let (Some(kind), Some(canonical)) = (text("kind"), text("canonical")) {
        return format!("{kind} {canonical}");
    }
    if let Some(sentence) = data["failure"]["sentence"].as_str() {
        return printable(sentence);
    }
    if let Some(matches) = data["matches"].as_u64() {
        return format!("{matches} matches");
    }
    let version = data["version"].as_u64().map(|version| format!("version {version}"));
    version.or_else(|| text("ends").map(|ends| format!("until {ends}"))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_are_one_line_each_whatever_is_in_them() {
        let event = json!({
            "id": "0006608b8dc5e0c0", "type": "overlap.found", "time": "2026-11-18T11:06:40Z", "peer": "payments",
            "data": {"kind": "account", "canonical": "shop:\u{1b}[2J\nx"}
        });
        assert_eq!(
            line(&event),
            "2026-11-18T11:06:40Z  0006608b8dc5e0c0  overlap.found  payments  account shop:\u{fffd}[2J\u{fffd}x"
        );
        assert_eq!(told(&json!({"failure": {"sentence": "no"}, "matches": 1})), "no");
        assert_eq!(told(&json!({"failure": null, "matches": 7})), "7 matches");
        assert_eq!(told(&json!({"version": 3})), "version 3");
        assert_eq!(told(&json!({})), "");
    }
}
