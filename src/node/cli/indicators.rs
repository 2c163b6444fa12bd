//! `overlapd indicators`

use clap::{Args, Subcommand};
use overlap_indicator::Kind;
use serde_json::{Value, json};

use super::Context;
use crate::client::Client;
use crate::exit::{CommandError, Exit};
use crate::output::number_text;
use crate::pages::Pages;

/// Values in one call: the API takes some ten thousand.
const WITHDRAWN_AT_ONCE: usize = 5_000;

/// List or withdraw own indicators
#[derive(Debug, Subcommand)]
pub(crate) enum IndicatorsCommand {
    /// List own indicators, in the order of import
    #[command(after_long_help = "\
Examples:
  overlapd indicators list --kind wallet
  overlapd indicators list --json | jq -r .canonical")]
    List {
        /// Of this kind only
        #[arg(long, value_parser = super::parse_kind)]
        kind: Option<Kind>,
    },
    Withdraw(WithdrawArgs),
}

/// Take indicators out of the store, and so out of later exchanges
///
/// Overlaps already found with them stay. Values are read as in an import, in any spelling.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  overlapd indicators withdraw --kind domain example.org
  overlapd indicators withdraw --id 00112233445566778899aabbccddeeff")]
pub(crate) struct WithdrawArgs {
    /// Values of that kind
    #[arg(requires = "kind", required_unless_present = "id")]
    value: Vec<String>,
    /// The values' kind
    #[arg(long, value_parser = super::parse_kind)]
    kind: Option<Kind>,
    /// An indicator by its id, as `indicators list` shows it; may be repeated
    #[arg(long)]
    id: Vec<String>,
}

pub(crate) async fn run(context: &Context, command: IndicatorsCommand) -> Result<Exit, CommandError> {
    let client = context.client()?;
    match command {
        IndicatorsCommand::List { kind } => list(context, &client, kind).await,
        IndicatorsCommand::Withdraw(args) => withdraw(context, &client, &args).await,
    }
}

async fn list(context: &Context, client: &Client, kind: Option<Kind>) -> Result<Exit, CommandError> {
    let mut pages = Pages::new(client, "/api/v1/indicators", &[("kind", kind.map(Kind::as_str))]);
    let mut rows = Vec::new();
    while let Some(page) = pages.next::<Value>().await? {
        for item in page {
            if context.output.is_json() {
                context.output.json(&item)?;
            } else {
                rows.push(["id", "kind", "canonical", "tlp", "source"].map(|key| cell(&item, key)).to_vec());
            }
        }
    }
    if !context.output.is_json() {
        context.output.table(&["ID", "KIND", "CANONICAL", "TLP", "SOURCE"], &rows)?;
    }
    Ok(Exit::Done)
}

fn cell(item: &Value, key: &str) -> String {
    item[key].as_str().unwrap_or("-").to_owned()
}

async fn withdraw(context: &Context, client: &Client, args: &WithdrawArgs) -> Result<Exit, CommandError> {
    let kind = args.kind.map(Kind::as_str);
    let values: Vec<_> = args.value.iter().map(|value| json!({ "kind": kind, "value": value })).collect();
    let (mut withdrawn, mut unknown) = (0, 0);
    let mut ask = async |values: &[Value], ids: &[String]| -> Result<(), CommandError> {
        let body = json!({ "values": values, "ids": ids });
        let answer: Value = client.post("/api/v1/indicators/withdraw", &body).await?;
        withdrawn += answer["withdrawn"].as_u64().unwrap_or(0);
        unknown += answer["unknown"].as_u64().unwrap_or(0);
        Ok(())
    };
    for values in values.chunks(WITHDRAWN_AT_ONCE) {
        ask(values, &[]).await?;
    }
    for ids in args.id.chunks(WITHDRAWN_AT_ONCE) {
        ask(&[], ids).await?;
    }
    if context.output.is_json() {
        context.output.json(&json!({ "withdrawn": withdrawn, "unknown": unknown }))?;
    }
    context.output.say(&format!(
        "{} withdrawn, {} not here",
        number_text(withdrawn),
        number_text(unknown)
    ))?;
    Ok(Exit::Done)
}
