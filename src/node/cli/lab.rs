//! `overlapd lab`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use overlap_coalition::{CoalitionName, MemberId};
use serde_json::json;

use super::Context;
use crate::clock;
use crate::config::LearnsName;
use crate::exit::{CommandError, Exit};
use crate::lab::{self, LabMember, LabPlan};

/// Make a whole coalition on this machine
#[derive(Debug, Subcommand)]
pub(crate) enum LabCommand {
    Create(CreateArgs),
}

/// Make keys, a signed roster, agreements and one config per member
///
/// The folder must be new or empty. Each member's config is DIR/MEMBER/node.toml, with paths relative to it and
/// free loopback ports for partners and for browsers; the secretariat's keys (two of three sign) are in DIR/secretariat. Every pair has an agreement
/// to compare all kinds on the default facets, from which both learn. `run` and `exchange` work with no further step.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  overlapd lab create --dir lab --members police,payments,hotline
  overlapd run --config lab/police/node.toml")]
pub(crate) struct CreateArgs {
    /// Where
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Their ids
    #[arg(long, value_delimiter = ',', required = true, value_parser = super::parse_member)]
    members: Vec<MemberId>,
    /// The coalition's name
    #[arg(long, default_value = "lab.example", value_parser = super::parse_coalition)]
    coalition: CoalitionName,
}

pub(crate) fn run(context: &Context, command: LabCommand) -> Result<Exit, CommandError> {
    let LabCommand::Create(args) = command;
    let plan = LabPlan {
        folder: args.dir,
        coalition: args.coalition,
        members: args.members,
        learns: LearnsName::Both,
    };
    let members = lab::create(&plan, clock::now())?;
    if context.output.is_json() {
        context.output.json(&json!({
            "coalition": plan.coalition.as_str(),
            "members": members.iter().map(member_json).collect::<Vec<_>>(),
        }))?;
        return Ok(Exit::Done);
    }
    let rows: Vec<_> = members.iter().map(row).collect();
    context.output.table(&["MEMBER", "CONFIG", "LISTENS ON", "CONSOLE"], &rows)?;
    context.output.say(&format!("\nNext, one terminal each: overlapd run --config {}", rows[0][1]))?;
    Ok(Exit::Done)
}

fn member_json(member: &LabMember) -> serde_json::Value {
    json!({
        "member": member.id.as_str(),
        "config": member.config.to_string_lossy(),
        "listen": member.listen.to_string(),
        "console": console(member),
    })
}

fn row(member: &LabMember) -> Vec<String> {
    vec![
        member.id.to_string(),
        member.config.display().to_string(),
        member.listen.to_string(),
        console(member),
    ]
}

fn console(member: &LabMember) -> String {
    format!("https://{}/console/", member.api)
}
