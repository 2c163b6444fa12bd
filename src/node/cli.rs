//! The command line. Commands that need a node are clients of its API; the others work on files.

mod agreements;
mod audit;
mod bench;
mod completions;
mod config_check;
mod demo;
mod events;
mod exchange;
mod export;
mod import;
mod indicators;
mod init;
mod lab;
mod overlaps;
mod peers;
mod query;
mod receipts;
mod roster;
mod run;
mod status;
mod token;
mod warning_lists;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use clap_complete::Shell;

use crate::client::Client;
use crate::config::{CONFIG_VARIABLE, Config, ConfigError};
use crate::exit::{CommandError, Exit};
use crate::output::Output;

pub use exchange::ExchangeReport;
pub(crate) use exchange::{Ask, EngineArg, exchange};
pub(crate) use import::{Format, ImportReport, Job, upload};
pub use overlaps::OverlapLine;
pub(crate) use overlaps::all as all_overlaps;

/// Compare indicators with other members of a coalition, and hand none of them over.
///
/// Each member runs a node. Two nodes compare their lists by private set intersection over mutually authenticated
/// QUIC: each learns which of its own indicators the other holds too, and nothing else about the other's list.
#[derive(Debug, Parser)]
#[command(name = "overlapd", version, propagate_version = false, after_long_help = AFTER_HELP)]
pub struct Cli {
    /// The node's config file
    #[arg(long, global = true, value_name = "FILE", env = CONFIG_VARIABLE, hide_env_values = true)]
    config: Option<PathBuf>,
    /// Write JSON to stdout, and nothing else
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Exit codes:
  0  done
  1  failed
  2  the command line or the config is wrong
  3  refused by policy, here or at the partner
  4  done, but some rows were rejected

Try it:
  overlapd demo";

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    #[command(subcommand)]
    Lab(lab::LabCommand),
    Init(init::InitArgs),
    Run(run::RunArgs),
    Status(status::StatusArgs),
    #[command(subcommand)]
    Config(config_check::ConfigCommand),
    #[command(subcommand)]
    Token(token::TokenCommand),
    Import(import::ImportArgs),
    #[command(subcommand)]
    Indicators(indicators::IndicatorsCommand),
    WarningLists(warning_lists::WarningListsArgs),
    Query(query::QueryArgs),
    Export(export::ExportArgs),
    Restore(export::RestoreArgs),
    Exchange(exchange::ExchangeArgs),
    Overlaps(overlaps::OverlapsArgs),
    Events(events::EventsArgs),
    Peers(peers::PeersArgs),
    Agreements(agreements::AgreementsArgs),
    Receipts(receipts::ReceiptsArgs),
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    #[command(subcommand)]
    Roster(roster::RosterCommand),
    #[command(subcommand)]
    Bench(bench::BenchCommand),
    /// Write a shell's completions to stdout
    #[command(after_long_help = "\
Example:
  overlapd completions bash > ~/.local/share/bash-completion/completions/overlapd")]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// What every command gets.
pub(crate) struct Context {
    config: Option<PathBuf>,
    /// Where the answer goes.
    pub(crate) output: Output,
}

impl Context {
    /// Where the config is.
    pub(crate) fn config_path(&self) -> Result<&PathBuf, CommandError> {
        Ok(self.config.as_ref().ok_or(ConfigError::NotNamed)?)
    }

    /// The config.
    pub(crate) fn config(&self) -> Result<Config, CommandError> {
        Ok(Config::load(self.config_path()?)?)
    }

    /// A caller of the node's API.
    pub(crate) fn client(&self) -> Result<Client, CommandError> {
        Ok(Client::new(&self.config()?)?)
    }
}

/// Runs the command line `args`, the program's name first, and says how it ended.
pub fn main<I: IntoIterator<Item = OsString>>(args: I) -> Exit {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return parse_failed(&error),
    };
    let context = Context { config: cli.config, output: Output::new(cli.json) };
    match dispatch(&context, cli.command) {
        Ok(exit) => exit,
        Err(error @ CommandError::ReaderGone) => error.exit(),
        Err(error) => {
            // Nothing can be done where even stderr is gone.
            let _ = writeln!(std::io::stderr(), "overlapd: {error}");
            error.exit()
        }
    }
}

fn parse_failed(error: &clap::Error) -> Exit {
    // `--help` and `--version` come here too, as errors that go to stdout.
    let _ = error.print();
    if error.use_stderr() { Exit::Usage } else { Exit::Done }
}

fn dispatch(context: &Context, command: Command) -> Result<Exit, CommandError> {
    match command {
        Command::Demo(args) => on_runtime(demo::run(context, args)),
        Command::Lab(command) => lab::run(context, command),
        Command::Init(args) => init::run(context, args),
        Command::Run(args) => on_threads(run::run(context, args)),
        Command::Status(args) => on_runtime(status::run(context, args)),
        Command::Config(command) => config_check::run(context, &command),
        Command::Token(command) => on_runtime(token::run(context, command)),
        Command::Import(args) => on_runtime(import::run(context, args)),
        Command::Indicators(command) => on_runtime(indicators::run(context, command)),
        Command::WarningLists(args) => on_runtime(warning_lists::run(context, args)),
        Command::Query(args) => on_runtime(query::run(context, args)),
        Command::Export(args) => export::export(context, &args),
        Command::Restore(args) => export::restore(context, &args),
        Command::Exchange(args) => on_runtime(exchange::run(context, args)),
        Command::Overlaps(args) => on_runtime(overlaps::run(context, args)),
        Command::Events(args) => on_runtime(events::run(context, args)),
        Command::Peers(args) => on_runtime(peers::run(context, args)),
        Command::Agreements(args) => agreements::run(context, &args),
        Command::Receipts(args) => on_runtime(receipts::run(context, args)),
        Command::Audit(command) => on_runtime(audit::run(context, command)),
        Command::Roster(command) => roster::run(context, command),
        Command::Bench(command) => on_runtime(bench::run(context, command)),
        Command::Completions { shell } => completions::run(context, shell),
    }
}

/// A client needs one thread.
fn on_runtime(command: impl Future<Output = Result<Exit, CommandError>>) -> Result<Exit, CommandError> {
    let runtime = build(tokio::runtime::Builder::new_current_thread())?;
    let done = runtime.block_on(command);
    // What still writes to a reader that takes nothing does not keep a command that is done.
    runtime.shutdown_background();
    done
}

/// How long a heavy step of an exchange that was aborted may go on before the process ends under it: what it would have
/// stored is not stored, and all that is stored is durable.
const LAST_STEP: Duration = Duration::from_secs(5);

/// The daemon takes a thread for each processor.
fn on_threads(command: impl Future<Output = Result<Exit, CommandError>>) -> Result<Exit, CommandError> {
    let runtime = build(tokio::runtime::Builder::new_multi_thread())?;
    let done = runtime.block_on(command);
    runtime.shutdown_timeout(LAST_STEP);
    done
}

fn build(mut builder: tokio::runtime::Builder) -> Result<tokio::runtime::Runtime, CommandError> {
    let runtime = builder.enable_all().build();
    runtime.map_err(|error| CommandError::failed(format!("no threads: {error}")))
}

/// A kind by its name, as an argument.
fn parse_kind(name: &str) -> Result<overlap_indicator::Kind, String> {
    name.parse().map_err(|_| {
        format!("the kinds are {}", names(overlap_indicator::Kind::ALL.map(|kind| kind.as_str())))
    })
}

/// A member's id, as an argument.
fn parse_member(name: &str) -> Result<overlap_coalition::MemberId, String> {
    name.parse().map_err(|error: overlap_coalition::NameError| error.to_string())
}

fn names<const N: usize>(names: [&str; N]) -> String {
    names.join(", ")
}

/// A coalition's name, as an argument.
fn parse_coalition(name: &str) -> Result<overlap_coalition::CoalitionName, String> {
    name.parse().map_err(|error: overlap_coalition::NameError| error.to_string())
}
