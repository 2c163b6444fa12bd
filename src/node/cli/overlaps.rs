//! `overlapd overlaps`

use clap::Args;
use overlap_coalition::MemberId;
use overlap_indicator::Kind;
use serde::{Deserialize, Serialize};

use super::Context;
use crate::client::{Client, ClientError};
use crate::exit::{CommandError, Exit};
use crate::pages::Pages;

/// List what overlaps with partners' lists
///
/// One line for each own indicator and facet that a partner holds too. `value` is the indicator as it was first
/// imported, `canonical` its one spelling.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  overlapd overlaps
  overlapd overlaps --peer payments --kind wallet
  overlapd overlaps --json | jq -r .canonical")]
pub(crate) struct OverlapsArgs {
    /// With this partner only
    #[arg(long, value_parser = super::parse_member)]
    peer: Option<MemberId>,
    /// Of this kind only
    #[arg(long, value_parser = super::parse_kind)]
    kind: Option<Kind>,
}

/// One own indicator and facet that a partner holds too.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OverlapLine {
    pub(crate) peer: String,
    pub(crate) kind: String,
    pub(crate) facet: String,
    pub(crate) value: String,
    pub(crate) canonical: String,
    pub(crate) exchange: String,
    pub(crate) found: String,
}

pub(crate) async fn run(context: &Context, args: OverlapsArgs) -> Result<Exit, CommandError> {
    let client = context.client()?;
    let row = |line: OverlapLine| vec![line.peer, line.kind, line.facet, line.canonical, line.found];
    let rows = pages(&client, args.peer.as_ref(), args.kind).rows(&context.output, row).await?;
    if !context.output.is_json() {
        if rows.is_empty() {
            context.output.say("no overlaps; `overlapd exchange PEER` finds some")?;
        } else {
            context.output.table(&["PEER", "KIND", "FACET", "CANONICAL", "FOUND"], &rows)?;
        }
    }
    Ok(Exit::Done)
}

fn pages<'a>(client: &'a Client, peer: Option<&MemberId>, kind: Option<Kind>) -> Pages<'a> {
    let query = [("peer", peer.map(MemberId::as_str)), ("kind", kind.map(Kind::as_str))];
    Pages::new(client, "/api/v1/overlaps", &query)
}

/// Every overlap with a partner.
pub(crate) async fn all(client: &Client, peer: &MemberId) -> Result<Vec<OverlapLine>, ClientError> {
    let mut pages = pages(client, Some(peer), None);
    let mut lines = Vec::new();
    while let Some(page) = pages.next().await? {
        lines.extend(page);
    }
    Ok(lines)
}
