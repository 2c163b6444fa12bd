//! `overlapd indicators`

use clap::{Args, Subcommand};
use overlap_indicator::Kind;
use serde_json::{Value, json};

use super::Context;
use crate::client::{Client, encoded};
use crate::exit::{CommandError, Exit};
use crate::output::number_text;
use crate::pages::Pages;

/// Values in one call: the API takes some ten thousand.
const WITHDRAWN_AT_ONCE: usize = 5_000;

/// List, override or withdraw own indicators
#[derive(Debug, Subcommand)]
pub(crate) enum IndicatorsCommand {
    /// List own indicators, in the order of import
    #[command(after_long_help = "\
Examples:
  overlapd indicators list --kind wallet
  overlapd indicators list --held
  overlapd indicators list --json | jq -r .canonical")]
    List {
        /// Of this kind only
        #[arg(long, value_parser = super::parse_kind)]
        kind: Option<Kind>,
        /// Only those that a warning list holds out of exchanges
        #[arg(long)]
        held: bool,
    },
    Override(OverrideArgs),
    Hold(HoldArgs),
    Withdraw(WithdrawArgs),
}

/// Let an indicator into exchanges that a warning list holds out
///
/// It stays in until `hold` takes the override back or the indicator is withdrawn. Who overrode it, when and why is
/// kept with the indicator. Needs a token with role admin.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  overlapd indicators override 00112233445566778899aabbccddeeff --reason \"run by the suspects, case C-17\"")]
pub(crate) struct OverrideArgs {
    /// The indicator's id, as `indicators list --held` shows it
    id: String,
    /// Why
    #[arg(long)]
    reason: String,
}

/// Take an override back: a list that has the indicator holds it out of exchanges again
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  overlapd indicators hold 00112233445566778899aabbccddeeff")]
pub(crate) struct HoldArgs {
    /// The indicator's id
    id: String,
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
        IndicatorsCommand::List { kind, held } => list(context, &client, kind, held).await,
        IndicatorsCommand::Override(args) => begin_override(context, &client, &args).await,
        IndicatorsCommand::Hold(args) => hold(context, &client, &args.id).await,
        IndicatorsCommand::Withdraw(args) => withdraw(context, &client, &args).await,
    }
}

async fn list(
    context: &Context,
    client: &Client,
    kind: Option<Kind>,
    held: bool,
) -> Result<Exit, CommandError> {
    let query = [("kind", kind.map(Kind::as_str)), ("held", held.then_some("true"))];
    let rows = Pages::new(client, "/api/v1/indicators", &query).rows(&context.output, row).await?;
    if !context.output.is_json() {
        context.output.table(&["ID", "KIND", "CANONICAL", "TLP", "SOURCE", "HELD BY"], &rows)?;
    }
    Ok(Exit::Done)
}

fn row(item: Value) -> Vec<String> {
    let mut row = ["id", "kind", "canonical", "tlp", "source"].map(|key| cell(&item, key)).to_vec();
    row.push(cell(&item["held"], "list"));
    row
}

fn cell(item: &Value, key: &str) -> String {
    item[key].as_str().unwrap_or("-").to_owned()
}

async fn begin_override(
    context: &Context,
    client: &Client,
    args: &OverrideArgs,
) -> Result<Exit, CommandError> {
    let path = override_of(&args.id);
    let item: Value = client.post(&path, &json!({ "reason": args.reason })).await?;
    if context.output.is_json() {
        context.output.json(&item)?;
    }
    context.output.say(&format!("{} takes part in exchanges from now on", cell(&item, "canonical")))?;
    Ok(Exit::Done)
}

async fn hold(context: &Context, client: &Client, id: &str) -> Result<Exit, CommandError> {
    client.delete(&override_of(id)).await?;
    if context.output.is_json() {
        context.output.json(&json!({ "override_ended": id }))?;
    }
    context.output.say("the override is taken back")?;
    Ok(Exit::Done)
}

fn override_of(id: &str) -> String {
    format!("/api/v1/indicators/{}/override", encoded(id))
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
