//! `overlapd bench`

use clap::{Args, Subcommand};

use super::{Context, EngineArg};
use crate::bench::{self, BenchPlan, BenchReport};
use crate::exit::{CommandError, Exit};
use crate::output::{bytes_text, number_text};

/// The most items of a bench: they are written to a file and imported first.
const MOST_ITEMS: u64 = 1 << 24;

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
  overlapd bench exchange --size 1048576 --engine vole --json
  overlapd bench exchange --size 1024 --peer-size 1048576")]
pub(crate) struct ExchangeArgs {
    /// Items of the initiator
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MOST_ITEMS))]
    size: u64,
    /// Items of the responder; as many as the initiator's, if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MOST_ITEMS))]
    peer_size: Option<u64>,
    /// The engine
    #[arg(long, default_value = "auto")]
    engine: EngineArg,
    /// Both learn
    #[arg(long)]
    both: bool,
}

pub(crate) async fn run(context: &Context, command: BenchCommand) -> Result<Exit, CommandError> {
    let BenchCommand::Exchange(args) = command;
    let peer_size = args.peer_size.unwrap_or(args.size);
    let plan = BenchPlan { size: args.size, peer_size, engine: args.engine, both: args.both };
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
