//! `overlapd completions`

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::Cli;
use crate::exit::{CommandError, Exit};

pub(crate) fn run(shell: Shell) -> Result<Exit, CommandError> {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "overlapd", &mut script);
    crate::output::write(&script)?;
    Ok(Exit::Done)
}
