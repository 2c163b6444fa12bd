//! `overlapd roster`: the secretariat's desk, on files, and a node's way to take a roster.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use data_encoding::HEXLOWER;
use overlap_coalition::{
    CoalitionName, MemberId, MemberStatus, PublicKey, Roster, SignedDocument, SigningKey,
};
use overlap_indicator::DigestSalt;
use overlap_wire::decode_roster;
use serde_json::{Value, json};

use super::Context;
use crate::clock;
use crate::exit::{CommandError, Exit};
use crate::key_file::{self, KeyUse};
use crate::lab::{new_desk, new_salt, salt_file};
use crate::secretariat::{self, Description, SecretariatError};

/// Make, change, sign and take rosters
///
/// A folder is the secretariat's desk: roster.pb, key-1.key and so on, and each epoch's salt. Changing a roster that
/// enough keys have signed begins its next version; the new version must be signed before nodes take it. Keys belong on
/// as many desks as there are people: move each out of the folder, and sign with its own --key.
#[derive(Debug, Subcommand)]
pub(crate) enum RosterCommand {
    New(NewArgs),
    Add(AddArgs),
    Suspend(SuspendArgs),
    Rotate(DeskArgs),
    Sign(SignArgs),
    Verify(VerifyArgs),
    Show(ShowArgs),
    Import(ImportArgs),
}

/// Begin a coalition: keys, the first salt and an empty roster
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  overlapd roster new --dir secretariat --coalition coalition.example --keys 3 --threshold 2")]
pub(crate) struct NewArgs {
    /// Where: a new or empty folder
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// The coalition's name
    #[arg(long, value_parser = super::parse_coalition)]
    coalition: CoalitionName,
    /// How many keys the secretariat has
    #[arg(long, default_value_t = 3)]
    keys: usize,
    /// How many of them must sign
    #[arg(long, default_value_t = 2)]
    threshold: u32,
    /// How long each version is good for, in days
    #[arg(
        long,
        default_value_t = secretariat::ROSTER_DAYS,
        value_parser = clap::value_parser!(u64).range(1..=secretariat::MOST_ROSTER_DAYS)
    )]
    days: u64,
}

/// Add a member, from the description that `init` wrote
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  overlapd roster add --dir secretariat member.toml")]
pub(crate) struct AddArgs {
    #[command(flatten)]
    desk: DeskArgs,
    /// The member's description
    description: PathBuf,
}

/// Suspend, revoke or bring back a member
///
/// With --revoke the digests' salt is rotated too: a new epoch begins, whose salt the member does not get. That is for
/// good: only a suspension is lifted, and a revoked member joins again under another id, with new keys.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  overlapd roster suspend --dir secretariat hotline
  overlapd roster suspend --dir secretariat hotline --lift
  overlapd roster suspend --dir secretariat hotline --revoke")]
pub(crate) struct SuspendArgs {
    #[command(flatten)]
    desk: DeskArgs,
    /// The member's id
    #[arg(value_parser = super::parse_member)]
    member: MemberId,
    /// Revoke it for good, and rotate the salt
    #[arg(long, conflicts_with = "lift")]
    revoke: bool,
    /// Bring a suspended member back
    #[arg(long)]
    lift: bool,
}

/// Begin a new epoch under a new salt
#[derive(Debug, Args)]
pub(crate) struct DeskArgs {
    /// The secretariat's folder
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
}

/// Sign a roster; signatures add up
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  overlapd roster sign secretariat/roster.pb --key secretariat/key-1.key --key secretariat/key-2.key")]
pub(crate) struct SignArgs {
    /// The roster
    file: PathBuf,
    /// A secretariat key; may be repeated
    #[arg(long, required = true, value_name = "FILE")]
    key: Vec<PathBuf>,
}

/// Check a roster: form, expiry and signatures
///
/// The keys are those of --key, those of the node's config, or else the roster's own.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  overlapd roster verify roster.pb --config node.toml")]
pub(crate) struct VerifyArgs {
    /// The roster
    file: PathBuf,
    /// A secretariat's public key, 64 hex digits; may be repeated
    #[arg(long, requires = "threshold", value_parser = parse_public_key)]
    key: Vec<PublicKey>,
    /// How many of them must have signed
    #[arg(long)]
    threshold: Option<u32>,
}

/// Show what a roster says; nothing is verified
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The roster
    file: PathBuf,
}

/// Take a roster: verify it and put it where the node's config says
///
/// A running node takes it up on SIGHUP.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  overlapd roster import roster.pb --config node.toml && systemctl reload overlapd")]
pub(crate) struct ImportArgs {
    /// The roster
    file: PathBuf,
}

fn parse_public_key(hex: &str) -> Result<PublicKey, String> {
    let bytes = HEXLOWER.decode(hex.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.map(PublicKey).ok_or_else(|| "a public key is 64 hex digits".to_owned())
}

pub(crate) fn run(context: &Context, command: RosterCommand) -> Result<Exit, CommandError> {
    match command {
        RosterCommand::New(args) => new(context, args),
        RosterCommand::Add(args) => add(context, &args),
        RosterCommand::Suspend(args) => suspend(context, &args),
        RosterCommand::Rotate(args) => rotate(context, &args),
        RosterCommand::Sign(args) => sign(context, &args),
        RosterCommand::Verify(args) => verify(context, &args),
        RosterCommand::Show(args) => show(context, &secretariat::read(&args.file)?),
        RosterCommand::Import(args) => import(context, &args),
    }
}

fn new(context: &Context, args: NewArgs) -> Result<Exit, CommandError> {
    if args.threshold == 0 || args.threshold as usize > args.keys {
        return Err(CommandError::Usage(SecretariatError::Threshold.to_string()));
    }
    let keys = new_desk(&args.dir, args.keys)?;
    let public = keys.iter().map(SigningKey::public_key).collect();
    let salt = new_salt(&args.dir, 1)?;
    let roster =
        secretariat::first_draft(args.coalition, public, args.threshold, &salt, clock::now(), args.days)?;
    write_draft(context, &args.dir, &roster)
}

fn add(context: &Context, args: &AddArgs) -> Result<Exit, CommandError> {
    let mut roster = args.desk.draft()?;
    let salt = args.desk.salt(&roster)?;
    let description = Description::read(&args.description)?;
    secretariat::add_member(&mut roster, &description, &salt, clock::now())?;
    write_draft(context, &args.desk.dir, &roster)
}

fn suspend(context: &Context, args: &SuspendArgs) -> Result<Exit, CommandError> {
    let mut roster = args.desk.draft()?;
    let status = match (args.revoke, args.lift) {
        (true, _) => MemberStatus::Revoked,
        (false, true) => MemberStatus::Active,
        (false, false) => MemberStatus::Suspended,
    };
    secretariat::set_status(&mut roster, &args.member, status)?;
    if args.revoke {
        begin_epoch(&args.desk.dir, &mut roster)?;
    }
    write_draft(context, &args.desk.dir, &roster)
}

fn rotate(context: &Context, args: &DeskArgs) -> Result<Exit, CommandError> {
    let mut roster = args.draft()?;
    begin_epoch(&args.dir, &mut roster)?;
    write_draft(context, &args.dir, &roster)
}

fn begin_epoch(dir: &Path, roster: &mut Roster) -> Result<(), CommandError> {
    let next = roster.current_epoch().map_or(0, |epoch| epoch.epoch) + 1;
    let salt = new_salt(dir, next)?;
    secretariat::rotate(roster, &salt)?;
    Ok(())
}

impl DeskArgs {
    fn file(&self) -> PathBuf {
        self.dir.join("roster.pb")
    }

    fn draft(&self) -> Result<Roster, CommandError> {
        Ok(secretariat::next_draft(&secretariat::read(&self.file())?, clock::now())?)
    }

    fn salt(&self, roster: &Roster) -> Result<DigestSalt, CommandError> {
        let epoch = roster.current_epoch().map_or(0, |epoch| epoch.epoch);
        Ok(DigestSalt::new(*key_file::read(&salt_file(&self.dir, epoch), KeyUse::Salt)?))
    }
}

fn write_draft(context: &Context, dir: &Path, roster: &Roster) -> Result<Exit, CommandError> {
    let file = dir.join("roster.pb");
    secretariat::write(&file, &secretariat::unsigned(roster))?;
    if context.output.is_json() {
        context.output.json(&summary(roster, 0))?;
    }
    context.output.say(&format!(
        "{}: version {} with {} members; sign it with {} keys",
        file.display(),
        roster.version,
        roster.members.len(),
        roster.threshold,
    ))?;
    Ok(Exit::Done)
}

fn sign(context: &Context, args: &SignArgs) -> Result<Exit, CommandError> {
    let mut document = secretariat::read(&args.file)?;
    for path in &args.key {
        let seed = key_file::read(path, KeyUse::Secretariat)?;
        let key = SigningKey::from_seed(&seed).map_err(|error| CommandError::failed(error.to_string()))?;
        secretariat::sign(&mut document, &key)?;
    }
    secretariat::write(&args.file, &document)?;
    let roster = decode_roster(&document.bytes).map_err(SecretariatError::from)?;
    let signatures = secretariat::signatures(&roster, &document);
    if context.output.is_json() {
        context.output.json(&summary(&roster, signatures))?;
    }
    let needed = roster.threshold as usize;
    let state = if signatures >= needed { "hand it to the members" } else { "more are needed" };
    context.output.say(&format!("{}: {signatures} of {needed} signatures; {state}", args.file.display()))?;
    Ok(Exit::Done)
}

fn verify(context: &Context, args: &VerifyArgs) -> Result<Exit, CommandError> {
    let document = secretariat::read(&args.file)?;
    let trusted = match (args.threshold, &context.config) {
        (Some(threshold), _) if !args.key.is_empty() => Some((args.key.clone(), threshold)),
        (_, Some(_)) => {
            let config = context.config()?;
            Some((config.secretariat(), config.roster.threshold))
        }
        _ => None,
    };
    let by = if trusted.is_some() { "the given keys" } else { "its own keys" };
    let verified = secretariat::verify(&document, trusted, clock::now())?;
    let roster = verified.roster();
    if context.output.is_json() {
        context.output.json(&summary(roster, secretariat::signatures(roster, &document)))?;
    }
    context
        .output
        .say(&format!("good: version {} of {}, signed by {by}", roster.version, roster.coalition))?;
    Ok(Exit::Done)
}

fn show(context: &Context, document: &SignedDocument) -> Result<Exit, CommandError> {
    let roster = decode_roster(&document.bytes).map_err(SecretariatError::from)?;
    let signatures = secretariat::signatures(&roster, document);
    if context.output.is_json() {
        context.output.json(&summary(&roster, signatures))?;
        return Ok(Exit::Done);
    }
    let epoch = roster.current_epoch().map_or(0, |epoch| epoch.epoch);
    context.output.say(&format!("coalition   {}", roster.coalition))?;
    context.output.say(&format!("version     {}", roster.version))?;
    context.output.say(&format!("issued      {}", clock::rfc3339(roster.issued)))?;
    context.output.say(&format!("expires     {}", clock::rfc3339(roster.expires)))?;
    context.output.say(&format!("signatures  {signatures} of {} needed", roster.threshold))?;
    context.output.say(&format!("salt epoch  {epoch}\n"))?;
    let rows: Vec<_> = roster
        .members
        .iter()
        .map(|member| vec![member.id.to_string(), member.name.clone(), status_name(member.status).to_owned()])
        .collect();
    context.output.table(&["MEMBER", "NAME", "STATUS"], &rows)?;
    Ok(Exit::Done)
}

fn summary(roster: &Roster, signatures: usize) -> Value {
    let keys: Vec<_> = roster.secretariat.iter().map(|key| HEXLOWER.encode(&key.0)).collect();
    let member = |member: &overlap_coalition::Member| json!({ "member": member.id.as_str(), "name": member.name, "status": status_name(member.status) });
    json!({
        "coalition": roster.coalition.as_str(),
        "version": roster.version,
        "issued": clock::rfc3339(roster.issued),
        "expires": clock::rfc3339(roster.expires),
        "secretariat": keys,
        "threshold": roster.threshold,
        "signatures": signatures,
        "salt_epoch": roster.current_epoch().map(|epoch| epoch.epoch),
        "members": roster.members.iter().map(member).collect::<Vec<_>>(),
    })
}

const fn status_name(status: MemberStatus) -> &'static str {
    match status {
        MemberStatus::Active => "active",
        MemberStatus::Suspended => "suspended",
        MemberStatus::Revoked => "revoked",
    }
}

fn import(context: &Context, args: &ImportArgs) -> Result<Exit, CommandError> {
    let config = context.config()?;
    let document = secretariat::read(&args.file)?;
    let roster = verified_for(&config, &document)?;
    secretariat::write(&config.roster.file, &document)?;
    if context.output.is_json() {
        context.output.json(&summary(&roster, secretariat::signatures(&roster, &document)))?;
    }
    context.output.say(&format!(
        "version {} is in place; a running node takes it up on SIGHUP (systemctl reload overlapd)",
        roster.version
    ))?;
    Ok(Exit::Done)
}

/// Checks a roster as the node would: against the one in its place where there is one, else against the config's keys.
fn verified_for(config: &crate::config::Config, document: &SignedDocument) -> Result<Roster, CommandError> {
    let now = clock::now();
    let roster = decode_roster(&document.bytes).map_err(SecretariatError::from)?;
    let current =
        secretariat::read(&config.roster.file).ok().and_then(|current| decode_roster(&current.bytes).ok());
    let trust = config.roster_trust();
    let verified =
        overlap_coalition::VerifiedRoster::verify(roster, document.clone(), &trust, current.as_ref(), now)
            .map_err(SecretariatError::from)?;
    Ok(verified.roster().clone())
}
