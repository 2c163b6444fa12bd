//! `overlapd token`

use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::Context;
use crate::client::encoded;
use crate::exit::{CommandError, Exit};

/// Manage tokens of the local API
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token; it is shown this once
    #[command(after_long_help = "\
Examples:
  overlapd token add siem --role read
  overlapd token add feed --role import --role exchange")]
    Add {
        /// Its name
        name: String,
        /// What it may do; may be repeated
        #[arg(long, required = true)]
        role: Vec<RoleArg>,
    },
    /// Revoke a token
    Revoke {
        /// Its name
        name: String,
    },
    /// List tokens, without the tokens
    List,
}

/// What a token may do.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum RoleArg {
    /// Look
    Read,
    /// Import and withdraw indicators
    Import,
    /// Run exchanges
    Exchange,
    /// Everything
    Admin,
}

impl RoleArg {
    const fn as_str(self) -> &'static str {
        match self {
            RoleArg::Read => "read",
            RoleArg::Import => "import",
            RoleArg::Exchange => "exchange",
            RoleArg::Admin => "admin",
        }
    }
}

pub(crate) async fn run(context: &Context, command: TokenCommand) -> Result<Exit, CommandError> {
    match command {
        TokenCommand::Add { name, role } => add(context, &name, &role).await,
        TokenCommand::Revoke { name } => revoke(context, &name).await,
        TokenCommand::List => list(context).await,
    }
}

async fn add(context: &Context, name: &str, roles: &[RoleArg]) -> Result<Exit, CommandError> {
    let roles: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
    let made: Value =
        context.client()?.post("/api/v1/tokens", &json!({ "name": name, "roles": roles })).await?;
    if context.output.is_json() {
        context.output.json(&made)?;
    } else {
        context.output.say(made["token"].as_str().unwrap_or_default())?;
    }
    Ok(Exit::Done)
}

async fn revoke(context: &Context, name: &str) -> Result<Exit, CommandError> {
    context.client()?.delete(&format!("/api/v1/tokens/{}", encoded(name))).await?;
    if context.output.is_json() {
        context.output.json(&json!({ "revoked": name }))?;
    }
    context.output.say(&format!("{name} is revoked"))?;
    Ok(Exit::Done)
}

async fn list(context: &Context) -> Result<Exit, CommandError> {
    let answer: Value = context.client()?.get("/api/v1/tokens").await?;
    let items = answer["items"].as_array().cloned().unwrap_or_default();
    if context.output.is_json() {
        items.iter().try_for_each(|item| context.output.json(item))?;
        return Ok(Exit::Done);
    }
    let rows: Vec<_> = items.iter().map(row).collect();
    context.output.table(&["NAME", "ROLES", "MADE"], &rows)?;
    Ok(Exit::Done)
}

fn row(item: &Value) -> Vec<String> {
    let roles =
        item["roles"].as_array().map(|roles| roles.iter().filter_map(Value::as_str).collect::<Vec<_>>());
    vec![
        item["name"].as_str().unwrap_or("-").to_owned(),
        roles.unwrap_or_default().join(", "),
        item["made"].as_str().unwrap_or("-").to_owned(),
    ]
}
