//! `overlapd bench`

use clap::{Args, Subcommand};

use super::{Context, EngineArg};
use crate::bench::{self, BenchPlan, BenchReport};
use crate::exit::{CommandError, Exit};
use crate::output::{bytes_text, number_text};

/// The most items of a bench: they are written to a file and imported first.
const MOST_ITEMS: u64 = 10_000_000;

/// Measure on this machine
#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    Exchange(ExchangeArgs),
}

/// Measure an exchange between two nodes on this machine
///
/// Two processes of this program, in a temporary folder, over real QUIC. Both stores are filled first; 1 in 64 items is
/// shared. The initiator alone learns, unless --both is given. Time runs from the offer to both receipts stored.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  overlapd bench exchange --size 10000
  overlapd bench exchange --size 10000 --both --json")]
pub(crate) struct ExchangeArgs {
    /// Items on each side
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MOST_ITEMS))]
    size: u64,
    /// The engine
    #[arg(long, default_value = "auto")]
    engine: EngineArg,
    /// Both learn
    #[arg(long)]
    both: bool,
}

pub(crate) async fn run(context: &Context, command: BenchCommand) -> Result<Exit, CommandError> {
    let BenchCommand::Exchange(args) = command;
    let plan = BenchPlan { size: args.size, engine: args.engine, both: args.both };
    let report = bench::run(plan, context.output).await?;
    if context.output.is_json() {
        context.output.json(&report)?;
    } else {
        tell(context, &report)?;
    }
    Ok(Exit::Done)
}

fn tell(context: &Context, report: &BenchReport) -> Result<(), CommandError> {
    let (exchange, memory) = (report.exchange(), report.memory());
    let memory_text = |bytes: Option<u64>| bytes.map_or("unknown".to_owned(), bytes_text);
    let lines = [
        ("time", format!("{:.3} s", exchange.seconds())),
        ("traffic", bytes_text(exchange.bytes())),
        ("matches", exchange.matches().map_or("-".to_owned(), number_text)),
        ("memory", format!("{} initiator, {} responder", memory_text(memory.0), memory_text(memory.1))),
    ];
    lines.iter().try_for_each(|(name, value)| context.output.say(&format!("{name:<10}{value}")))
}
