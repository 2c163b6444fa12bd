//! `overlapd init`

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use overlap_coalition::{CoalitionName, MemberId};
use serde_json::json;

use super::Context;
use crate::clock;
use crate::exit::{CommandError, Exit};
use crate::member_folder::{AuthorityChoice, CONFIG, ConfigText, MemberFolder, NewMember};

/// Make keys, a certificate and a first config for a new member
///
/// Makes an authority of the member's own, or with --request a certificate request for one elsewhere. Then: hand
/// member.toml to the secretariat, put the roster that it signs and its public keys where the config says, put the
/// partners' CRLs into crls/, and name the partners in the config. With --request, add the authority's certificate to
/// member.toml, and put the certificate into certificate.pem and the authority's CRL into crls/.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  overlapd init --dir node --member police --coalition coalition.example --name \"City Police\"
  overlapd init --dir node --member police --coalition coalition.example --request")]
pub(crate) struct InitArgs {
    /// Where: a new or empty folder
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// The member's id
    #[arg(long, value_parser = super::parse_member)]
    member: MemberId,
    /// The coalition's name
    #[arg(long, value_parser = super::parse_coalition)]
    coalition: CoalitionName,
    /// The member's name, for people; its id, if not given
    #[arg(long)]
    name: Option<String>,
    /// The UDP address on which partners will reach the node
    #[arg(long, default_value = "0.0.0.0:7700")]
    listen: SocketAddr,
    /// Write a certificate request instead of making an authority
    #[arg(long)]
    request: bool,
}

pub(crate) fn run(context: &Context, args: InitArgs) -> Result<Exit, CommandError> {
    let name = args.name.as_deref().unwrap_or(args.member.as_str());
    let member = NewMember { coalition: &args.coalition, id: &args.member, name, now: clock::now() };
    let authority = if args.request { AuthorityChoice::Elsewhere } else { AuthorityChoice::Own };
    let (folder, _) = MemberFolder::create(&args.dir, &member, authority)?;
    let text = ConfigText { listen: args.listen, api: None, secretariat: None, more: String::new() };
    folder.write_config(&member, &text)?;
    let (config, description) = (folder.file(CONFIG), folder.file("member.toml"));
    if context.output.is_json() {
        let request = args.request.then(|| folder.file("request.pem"));
        context.output.json(&json!({ "config": config, "description": description, "request": request }))?;
        return Ok(Exit::Done);
    }
    context.output.say(&format!("Config:      {}", config.display()))?;
    context.output.say(&format!("Description: {} (hand it to the secretariat)", description.display()))?;
    if args.request {
        let request = folder.file("request.pem");
        context.output.say(&format!("Request:     {} (hand it to your authority)", request.display()))?;
    }
    context.output.say("`overlapd init --help` says what comes next.")?;
    Ok(Exit::Done)
}
