//! `overlapd completions`

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use serde::Serialize;

use super::{Cli, Context};
use crate::exit::{CommandError, Exit};

#[derive(Serialize)]
struct Completions {
    shell: String,
    script: String,
}

pub(crate) fn run(context: &Context, shell: Shell) -> Result<Exit, CommandError> {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "overlapd", &mut script);
    if context.output.is_json() {
        let script = String::from_utf8_lossy(&script).into_owned();
        context.output.json(&Completions { shell: shell.to_string(), script })?;
    } else {
        crate::output::write(&script)?;
    }
    Ok(Exit::Done)
}
