//! `overlapd warning-lists`

use clap::Args;
use serde_json::Value;

use super::Context;
use crate::exit::{CommandError, Exit};
use crate::output::number_text;

/// List the warning lists in force, and how many own indicators each holds out of exchanges
///
/// An indicator whose whole canonical value is on a list takes no part in exchanges until an admin overrides it. The
/// config says which lists are in force ([warning_lists]).
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  overlapd warning-lists
  overlapd indicators list --held
  overlapd indicators override ID --reason \"run by the suspects, case C-17\"")]
pub(crate) struct WarningListsArgs {}

pub(crate) async fn run(context: &Context, _args: WarningListsArgs) -> Result<Exit, CommandError> {
    let answer: Value = context.client()?.get("/api/v1/warning-lists").await?;
    let items = answer["items"].as_array().cloned().unwrap_or_default();
    if context.output.is_json() {
        items.iter().try_for_each(|item| context.output.json(item))?;
    } else if items.is_empty() {
        context.output.say("no warning list is in force")?;
    } else {
        let rows: Vec<_> = items.iter().map(row).collect();
        context.output.table(&["LIST", "TYPE", "ENTRIES", "SKIPPED", "HELD", "NAME"], &rows)?;
    }
    Ok(Exit::Done)
}

fn row(item: &Value) -> Vec<String> {
    let text = |key: &str| item[key].as_str().unwrap_or("-").to_owned();
    let number = |key: &str| number_text(item[key].as_u64().unwrap_or(0));
    vec![text("id"), text("type"), number("entries"), number("skipped"), number("held"), text("name")]
}
