//! `overlapd config`

use clap::Subcommand;
use serde::Serialize;

use super::Context;
use crate::api_tls;
use crate::client;
use crate::clock;
use crate::config::Config;
use crate::exit::{CommandError, Exit};
use crate::key_file::{self, KeyUse};
use crate::peer_setup::PeerSetup;
use crate::pki;
use crate::push_setup;
use crate::secretariat;
use crate::store_access;
use crate::warning_lists;

/// Look at the config
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check the config and every file that it names
    ///
    /// Nothing is started or changed. An unknown key is named with its line and the nearest key there is.
    #[command(after_long_help = "\
Example:
  overlapd config check --config node.toml")]
    Check,
}

#[derive(Serialize)]
struct Report {
    member: String,
    coalition: String,
    partners: Vec<String>,
    roster_version: u64,
    roster_expires: String,
    certificate_ends: String,
    warning_lists: usize,
}

pub(crate) fn run(context: &Context, command: &ConfigCommand) -> Result<Exit, CommandError> {
    let ConfigCommand::Check = command;
    let report = check(&context.config()?)?;
    if context.output.is_json() {
        context.output.json(&report)?;
    }
    context.output.say(&format!(
        "good: {} of {}, partners: {}; roster version {} until {}; certificate until {}",
        report.member,
        report.coalition,
        if report.partners.is_empty() { "none".to_owned() } else { report.partners.join(", ") },
        report.roster_version,
        report.roster_expires,
        report.certificate_ends,
    ))?;
    Ok(Exit::Done)
}

fn check(config: &Config) -> Result<Report, CommandError> {
    let document = secretariat::read(&config.roster.file)?;
    let trusted = (config.secretariat(), config.roster.threshold);
    let verified = secretariat::verify(&document, Some(trusted), clock::now())?;
    let roster = verified.roster();
    store_access::current_salt(config, roster)?;
    key_file::read(&config.store.key, KeyUse::Store)?;
    client::read_token(&config.api.token).map_err(CommandError::from)?;
    api_tls::read(config)?;
    push_setup::read(config)?;
    let lists = warning_lists::read(&config.warning_lists)?;
    let setup = PeerSetup::read(config)?;
    let named = config.peer.certificate.display().to_string();
    let ends = pki::certificate_end(&setup.identity.certificate_pem, &named)?;
    Ok(Report {
        member: config.node.member.to_string(),
        coalition: config.node.coalition.to_string(),
        partners: config.partner.iter().map(|partner| partner.id.to_string()).collect(),
        roster_version: roster.version,
        roster_expires: clock::rfc3339(roster.expires),
        certificate_ends: clock::rfc3339(ends),
        warning_lists: lists.lists().len(),
    })
}
