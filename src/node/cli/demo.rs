//! `overlapd demo`

use std::collections::BTreeMap;
use std::future::Future;

use clap::Args;
use serde_json::json;

use super::Context;
use crate::demo::{Demo, NodePlace, PairReport};
use crate::exit::{CommandError, Exit};
use crate::output::{Output, bytes_text, number_text, printable};

/// The widest value that is shown, in characters.
const WIDEST_VALUE: usize = 44;

/// See it work: three nodes here, with real exchanges between them
///
/// Makes a coalition of three in a temporary folder, starts three daemons as processes of their own, imports three
/// sample lists (made-up values in real formats) and runs the three exchanges. Shows what each pair learned, how long it
/// took and how many bytes crossed. Then it waits, so that you can look at the nodes, until Ctrl-C.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  overlapd demo
  overlapd demo --once")]
pub(crate) struct DemoArgs {
    /// End when the exchanges are done
    #[arg(long)]
    once: bool,
}

pub(crate) async fn run(context: &Context, args: DemoArgs) -> Result<Exit, CommandError> {
    let output = context.output;
    output.say(
        "A coalition of three on this machine: keys, certificates, a signed roster, three daemons ...",
    )?;
    let demo = unless_interrupted(Demo::start()).await?;
    let shown = unless_interrupted(show(&demo, output)).await;
    if shown.is_ok() && !args.once {
        tell_places(output, &demo.places())?;
        // If signals cannot be heard, Ctrl-C ends the process, and with it the nodes.
        let _ = tokio::signal::ctrl_c().await;
    }
    let stopped = demo.stop().await;
    shown.and(stopped).map(|()| Exit::Done)
}

/// Work that Ctrl-C breaks off; what it had started is ended when it is dropped.
async fn unless_interrupted<T>(
    work: impl Future<Output = Result<T, CommandError>>,
) -> Result<T, CommandError> {
    tokio::select! {
        done = work => done,
        Ok(()) = tokio::signal::ctrl_c() => Err(CommandError::failed("interrupted")),
    }
}

async fn show(demo: &Demo, output: Output) -> Result<(), CommandError> {
    let imported = demo.import(output).await?;
    for list in &imported {
        output.say(&format!("  {:<10}{} indicators", list.member, number_text(list.accepted)))?;
    }
    let pairs = demo.compare(output).await?;
    if output.is_json() {
        return output.json(&json!({ "nodes": demo.places(), "imported": imported, "exchanges": pairs }));
    }
    pairs.iter().try_for_each(|pair| tell_pair(output, pair))
}

fn tell_pair(output: Output, pair: &PairReport) -> Result<(), CommandError> {
    let [left, right] = &pair.members;
    output.say(&format!(
        "\n{left} and {right}: {:.2} s, {} crossed, engine {}",
        pair.exchange.seconds(),
        bytes_text(pair.exchange.bytes()),
        pair.exchange.engine(),
    ))?;
    for (member, learned) in pair.members.iter().zip(&pair.learned) {
        let total: usize = learned.values().sum();
        output.say(&format!("  {member} learned {total}: {}", kinds_text(learned)))?;
    }
    let mut rows = Vec::new();
    for example in &pair.examples {
        let [one, other] = &example.values;
        rows.push(vec![format!("  {}", example.kind), shortened(one), shortened(other)]);
    }
    let head = ["  such as".to_owned(), format!("written by {left}"), format!("written by {right}")];
    output.table(&head.each_ref().map(String::as_str), &rows)
}

fn kinds_text(counts: &BTreeMap<String, usize>) -> String {
    counts.iter().map(|(kind, count)| format!("{kind} {count}")).collect::<Vec<_>>().join(", ")
}

fn shortened(value: &str) -> String {
    let value = printable(value);
    if value.chars().count() <= WIDEST_VALUE {
        return value;
    }
    value.chars().take(WIDEST_VALUE - 1).chain(std::iter::once('\u{2026}')).collect()
}

fn tell_places(output: Output, places: &[NodePlace]) -> Result<(), CommandError> {
    output.say("\nThe nodes run until Ctrl-C. Their APIs, and their consoles for a browser:")?;
    for place in places {
        output.say(&format!("  {:<10}{}", place.member, place.socket.display()))?;
        output.say(&format!("  {:<10}{}", "", place.console))?;
    }
    if let Some(place) = places.first() {
        output.say("The certificates are their own authorities, so the browser asks whether to go on. Sign in with the token in")?;
        output.say(&format!("  {}", place.token.display()))?;
    }
    let first = places.first().map(|place| place.config.display().to_string()).unwrap_or_default();
    output.say(&format!("Try: overlapd overlaps --config {first}"))
}
