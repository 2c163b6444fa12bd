//! `overlapd run`

use clap::Args;

use super::Context;
use crate::daemon::{self, RunOptions};
use crate::exit::{CommandError, Exit};

/// Run the daemon
///
/// SIGTERM and SIGINT stop it: running exchanges may end within [node] shutdown_limit. SIGHUP reads certificates, CRLs,
/// the operator's token, partners, warning lists, webhooks, syslog receivers and the roster again; if something in them is
/// wrong, what was in force stays. Listening addresses, the store, the log and the number of threads need a restart.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  overlapd run --config /etc/overlapd/node.toml")]
pub(crate) struct RunArgs {
    /// Stop when standard input closes
    #[arg(long, hide = true)]
    until_stdin_closes: bool,
}

pub(crate) async fn run(context: &Context, args: RunArgs) -> Result<Exit, CommandError> {
    let config = context.config_path()?.clone();
    daemon::run(RunOptions { config, until_stdin_closes: args.until_stdin_closes }).await?;
    Ok(Exit::Done)
}
