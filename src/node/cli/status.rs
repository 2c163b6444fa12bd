//! `overlapd status`

use clap::Args;
use serde_json::Value;

use super::Context;
use crate::exit::{CommandError, Exit};
use crate::output::{bytes_text, number_text, printable};

/// Show the node at a glance
///
/// Ends with 0 only when the node is ready: its peer endpoint is bound and its store is open.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  overlapd status --config node.toml
  overlapd status --json | jq .indicators")]
pub(crate) struct StatusArgs {}

pub(crate) async fn run(context: &Context, _args: StatusArgs) -> Result<Exit, CommandError> {
    let status: Value = context.client()?.get("/api/v1/status").await?;
    if context.output.is_json() {
        context.output.json(&status)?;
    } else {
        for (name, value) in rows(&status) {
            context.output.say(&format!("{name:<18}{value}"))?;
        }
    }
    let ready = status["ready"].as_bool().unwrap_or(false);
    Ok(if ready { Exit::Done } else { Exit::Failed })
}

fn rows(status: &Value) -> Vec<(&'static str, String)> {
    let text = |key: &str| status[key].as_str().unwrap_or("-").to_owned();
    let number = |key: &str| number_text(status[key].as_u64().unwrap_or(0));
    let ready = if status["ready"].as_bool() == Some(true) { "ready" } else { "not ready" };
    let mut rows = vec![
        ("node", format!("{} of {}, version {}", text("member"), text("coalition"), text("version"))),
        ("state", format!("{ready}, since {}", text("started"))),
        ("peer endpoint", text("peer_address")),
        ("roster", format!("version {}, until {}", number("roster_version"), text("roster_expires"))),
        ("certificate", format!("until {}", text("certificate_ends"))),
        ("salt epoch", salt_epoch(status)),
        ("indicators", counts(&status["indicators"])),
        ("overlaps", counts(&status["overlaps"])),
        ("exchanges", number("exchanges")),
        ("store", bytes_text(status["disk_bytes"].as_u64().unwrap_or(0))),
    ];
    rows.extend(status["sinks"].as_array().into_iter().flatten().map(|sink| ("push", sink_text(sink))));
    rows
}

/// How a sink does: what waits, what was refused, and what is wrong.
fn sink_text(sink: &Value) -> String {
    let text = |key: &str| printable(sink[key].as_str().unwrap_or("-"));
    let number = |key: &str| sink[key].as_u64().unwrap_or(0);
    let mut line = format!("{} {} to {}: ", text("way"), text("name"), text("to"));
    line += &match number("behind") {
        0 => "nothing waits".to_owned(),
        behind => format!("{} behind, after event {}", number_text(behind), text("position")),
    };
    if number("dead_letters") > 0 {
        line += &format!("; {} dead letters", number_text(number("dead_letters")));
    }
    if sink["error"].is_string() {
        line += &format!("; {} ({})", text("error"), text("error_at"));
    }
    line
}

fn salt_epoch(status: &Value) -> String {
    let epoch = status["salt_epoch"].as_u64().map(number_text);
    epoch.unwrap_or_else(|| "a new one: digests are made anew, and exchanges wait".to_owned())
}

fn counts(object: &Value) -> String {
    let counts: Vec<(&String, u64)> = object
        .as_object()
        .map(|object| object.iter().map(|(name, count)| (name, count.as_u64().unwrap_or(0))).collect())
        .unwrap_or_default();
    let total: u64 = counts.iter().map(|(_, count)| count).sum();
    let parts: Vec<_> =
        counts.iter().map(|(name, count)| format!("{name} {}", number_text(*count))).collect();
    if parts.is_empty() {
        "none".to_owned()
    } else {
        format!("{} ({})", number_text(total), parts.join(", "))
    }
}
