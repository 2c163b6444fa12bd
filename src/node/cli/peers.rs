//! `overlapd peers`

use clap::Args;
use serde_json::Value;

use super::Context;
use crate::exit::{CommandError, Exit};

/// List partners as they stand
///
/// Status is the roster's. `NEXT` is when this node will begin an exchange by itself.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  overlapd peers")]
pub(crate) struct PeersArgs {}

pub(crate) async fn run(context: &Context, _args: PeersArgs) -> Result<Exit, CommandError> {
    let client = context.client()?;
    let answer: Value = client.get("/api/v1/peers").await?;
    let items = answer["items"].as_array().cloned().unwrap_or_default();
    if context.output.is_json() {
        items.iter().try_for_each(|item| context.output.json(item))?;
        return Ok(Exit::Done);
    }
    let rows: Vec<_> = items.iter().map(row).collect();
    context
        .output
        .table(&["PEER", "NAME", "STATUS", "ADDRESS", "RUNNING", "CERTIFICATE UNTIL", "NEXT"], &rows)?;
    Ok(Exit::Done)
}

fn row(item: &Value) -> Vec<String> {
    let text = |key: &str| item[key].as_str().unwrap_or("-").to_owned();
    let status = item["status"].as_str().unwrap_or("not in the roster").to_owned();
    let running = item["running"].as_u64().unwrap_or(0).to_string();
    vec![
        text("peer"),
        text("name"),
        status,
        text("address"),
        running,
        text("certificate_ends"),
        text("next_exchange"),
    ]
}
