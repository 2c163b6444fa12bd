//! `overlapd events`

use std::time::Duration;

use clap::Args;
use overlap_coalition::MemberId;
use overlap_store::{EventId, EventType};
use serde_json::Value;

use super::Context;
use crate::client::{Client, ClientError, encoded};
use crate::event_stream::EventStream;
use crate::exit::{CommandError, Exit};
use crate::output::{Output, printable};
use crate::pages::Pages;

/// How long to wait before a stream that broke is opened again.
const AGAIN: Duration = Duration::from_secs(1);

/// List what happened, and follow what happens
///
/// Overlaps that were found, exchanges that ended, and what an operator should know of partners, certificates and the
/// roster, in the order in which they happened. Ids sort in that order.
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
    let client = context.client()?;
    let mut last = args.after.unwrap_or(EventId::START);
    let types: Vec<&str> = args.types.iter().map(|one| one.as_str()).collect();
    let types = (!types.is_empty()).then(|| types.join(","));
    let after = last.to_string();
    let query = [("types", types.as_deref()), ("peer", args.peer.as_ref().map(MemberId::as_str))];
    let mut pages = Pages::after(&client, "/api/v1/events/list", &query, &after);
    while let Some(page) = pages.next::<Value>().await? {
        for event in page {
            last = show(context.output, &event)?.unwrap_or(last);
        }
    }
    if args.follow {
        follow(context.output, &client, &query, last).await?;
    }
    Ok(Exit::Done)
}

/// Shows events as they come. A daemon that stops is waited for; one that refuses is not.
async fn follow(
    output: Output,
    client: &Client,
    query: &[(&str, Option<&str>)],
    mut last: EventId,
) -> Result<(), CommandError> {
    let given = query.iter().filter_map(|(name, value)| value.map(|value| (name, value)));
    let parts: String = given.map(|(name, value)| format!("&{name}={}", encoded(value))).collect();
    loop {
        match client.open(&format!("/api/v1/events?after={last}{parts}")).await {
            Ok(opened) => {
                let mut stream = EventStream::new(opened);
                while let Some(data) = stream.next().await {
                    // News without an id are not kept, and not events that can be listed.
                    if let Ok(event) = serde_json::from_str(&data) {
                        last = show(output, &event)?.unwrap_or(last);
                    }
                }
            }
            Err(ClientError::NotRunning { .. } | ClientError::Broken(_)) => {}
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(AGAIN).await;
    }
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
