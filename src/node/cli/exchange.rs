//! `overlapd exchange`

use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use overlap_coalition::MemberId;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Context;
use crate::client::{Client, encoded};
use crate::exit::{CommandError, Exit};
use crate::output::{Output, bytes_text, number_text};
use crate::phases::Phases;

/// Seconds that one call waits for the exchange's end.
const WAIT: u64 = 25;

/// The same where somebody watches the progress.
const WAIT_WATCHED: u64 = 1;

/// The least time between two calls, whatever the daemon answers: it is never asked in a tight loop.
const PAUSE: Duration = Duration::from_millis(250);

/// How often a spinner turns.
const TICK: Duration = Duration::from_millis(120);

/// Compare indicators with a partner
///
/// Both nodes' policies must allow it: the roster, the agreement and the ledger. The command ends when both signatures on
/// the receipt are stored. If either node refuses, the reason is shown and the command ends with 3. If the partner does
/// not sign, the result stands all the same, and the command says so and ends with 1.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  overlapd exchange payments
  overlapd exchange payments --purpose investigation --case 2026-117
  overlapd exchange payments --json | jq .matches")]
pub(crate) struct ExchangeArgs {
    /// The partner's member id
    #[arg(value_parser = super::parse_member)]
    peer: MemberId,
    /// What the exchange tells
    #[arg(long, default_value = "overlap")]
    mode: ModeArg,
    /// The engine
    #[arg(long, default_value = "auto")]
    engine: EngineArg,
    /// What for. Not given: the first of the agreement's purposes by the alphabet; none, if it names none
    #[arg(long)]
    purpose: Option<String>,
    /// A case reference of your own; the partner sees it
    #[arg(long)]
    case: Option<String>,
}

/// What an exchange tells.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ModeArg {
    /// Which indicators overlap
    Overlap,
}

/// Which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineArg {
    /// The agreement's, or else the faster for the sizes of the two sets
    Auto,
    /// Verifiable oblivious PRF: small sets
    Voprf,
    /// Vector OLE and an oblivious key-value store: large sets
    Vole,
}

impl EngineArg {
    /// The name in the API.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            EngineArg::Auto => "auto",
            EngineArg::Voprf => "voprf",
            EngineArg::Vole => "vole",
        }
    }
}

/// What an exchange did: what `exchange --json` prints.
#[derive(Clone, Debug, Serialize)]
pub struct ExchangeReport {
    exchange: String,
    peer: String,
    engine: String,
    mode: String,
    own_size: u64,
    peer_size: u64,
    matches: Option<u64>,
    bytes_sent: u64,
    bytes_received: u64,
    seconds: Phases,
}

impl ExchangeReport {
    /// The engine that ran.
    pub fn engine(&self) -> &str {
        &self.engine
    }

    /// Matching facets; `None` for a side that is not to learn.
    pub fn matches(&self) -> Option<u64> {
        self.matches
    }

    /// Application bytes in both directions.
    pub fn bytes(&self) -> u64 {
        self.bytes_sent + self.bytes_received
    }

    /// Seconds from the offer to both receipts stored.
    pub fn seconds(&self) -> f64 {
        self.seconds.total()
    }
}

/// An exchange to ask for.
pub(crate) struct Ask<'a> {
    pub(crate) peer: &'a MemberId,
    pub(crate) engine: EngineArg,
    pub(crate) purpose: Option<&'a str>,
    pub(crate) case: Option<&'a str>,
}

#[derive(Deserialize)]
struct Begun {
    exchange: String,
}

#[derive(Deserialize)]
struct View {
    exchange: String,
    peer: String,
    state: String,
    engine: String,
    mode: String,
    own_size: u64,
    peer_size: u64,
    matches: Option<u64>,
    bytes_sent: u64,
    bytes_received: u64,
    seconds: Phases,
    ended: Option<String>,
    failure: Option<Failure>,
    progress: Option<Progress>,
}

#[derive(Deserialize)]
struct Failure {
    code: String,
    by: String,
    sentence: String,
    retry_after: Option<u64>,
}

#[derive(Deserialize)]
struct Progress {
    phase: String,
    done: u64,
    total: u64,
}

pub(crate) async fn run(context: &Context, args: ExchangeArgs) -> Result<Exit, CommandError> {
    let ModeArg::Overlap = args.mode;
    let client = context.client()?;
    let ask = Ask {
        peer: &args.peer,
        engine: args.engine,
        purpose: args.purpose.as_deref(),
        case: args.case.as_deref(),
    };
    let report = exchange(&client, &ask, context.output).await?;
    if context.output.is_json() {
        context.output.json(&report)?;
    } else {
        tell(context.output, &report)?;
    }
    Ok(Exit::Done)
}

/// Begins an exchange and waits for its end.
pub(crate) async fn exchange(
    client: &Client,
    ask: &Ask<'_>,
    output: Output,
) -> Result<ExchangeReport, CommandError> {
    let mut body = json!({ "peer": ask.peer.as_str(), "mode": "overlap", "engine": ask.engine.as_str() });
    for (name, value) in [("purpose", ask.purpose), ("case", ask.case)] {
        if let Some(value) = value {
            body[name] = json!(value);
        }
    }
    let bar = Bar::new(output);
    bar.show(&format!("asking {}", ask.peer), None);
    let begun: Begun = client.post("/api/v1/exchanges", &body).await?;
    let wait = if output.shows_progress() { WAIT_WATCHED } else { WAIT };
    let path = format!("/api/v1/exchanges/{}?wait={wait}", encoded(&begun.exchange));
    let mut looks = Looks::default();
    loop {
        let asked = Instant::now();
        let view: View = client.get(&path).await?;
        if view.ended.is_some() {
            return end(view);
        }
        if looks.say_over(&view) {
            return Err(CommandError::failed(untold(&view)));
        }
        bar.show(&format!("{}: {}", ask.peer, view.state), view.progress.as_ref());
        tokio::time::sleep(PAUSE.saturating_sub(asked.elapsed())).await;
    }
}

/// Looks at an exchange whose record is open.
#[derive(Default)]
struct Looks {
    did_not_run: bool,
}

impl Looks {
    /// Whether the exchange is over all the same. Seen once, it may have ended between the two looks that make one answer: first at its
    /// record, and then at what runs.
    fn say_over(&mut self, view: &View) -> bool {
        let runs = view.progress.is_some();
        std::mem::replace(&mut self.did_not_run, !runs) && !runs
    }
}

/// What an exchange that has ended means for the command.
fn end(view: View) -> Result<ExchangeReport, CommandError> {
    match view.state.as_str() {
        "completed" => Ok(report(view)),
        "refused" => Err(CommandError::Refused(ended_early(&view, "was refused"))),
        "learned" => Err(CommandError::failed(unsigned(&view))),
        _ => Err(CommandError::failed(ended_early(&view, "failed"))),
    }
}

/// An exchange that runs no more, and of which no end is stored: the disk failed, or was full.
fn untold(view: &View) -> String {
    format!(
        "exchange {} with {} is over, and the node could not store how it ended: its log says why. The next start of the node ends its record",
        view.exchange, view.peer
    )
}

fn ended_early(view: &View, how: &str) -> String {
    let by = match view.failed_by() {
        "own" => " by this node".to_owned(),
        "peer" => format!(" by {}", view.peer),
        _ => String::new(),
    };
    format!("exchange {} with {} {how}{by}{}", view.exchange, view.peer, view.reason())
}

/// A result without the partner's signature: the comparison did not fail, but there is no evidence that both signed.
fn unsigned(view: &View) -> String {
    let matches =
        view.matches.map(|matches| format!(" ({} matches)", number_text(matches))).unwrap_or_default();
    let unsigned = match view.failed_by() {
        "own" => "its receipt is not signed by both".to_owned(),
        _ => format!("{} did not sign", view.peer),
    };
    format!(
        "exchange {} with {}: the result stands{matches}, but {unsigned}{}",
        view.exchange,
        view.peer,
        view.reason()
    )
}

impl View {
    fn failed_by(&self) -> &str {
        self.failure.as_ref().map_or("", |failure| failure.by.as_str())
    }

    /// A code and a sentence, in which `it` is the partner.
    fn reason(&self) -> String {
        let Some(failure) = &self.failure else { return String::new() };
        let retry = failure.retry_after.map(|seconds| format!(" (try again in {seconds} s)"));
        format!(" ({}): {}{}", failure.code, failure.sentence, retry.unwrap_or_default())
    }
}

fn report(view: View) -> ExchangeReport {
    ExchangeReport {
        exchange: view.exchange,
        peer: view.peer,
        engine: view.engine,
        mode: view.mode,
        own_size: view.own_size,
        peer_size: view.peer_size,
        matches: view.matches,
        bytes_sent: view.bytes_sent,
        bytes_received: view.bytes_received,
        seconds: view.seconds,
    }
}

fn tell(output: Output, report: &ExchangeReport) -> Result<(), CommandError> {
    let learned = report.matches.map_or("what overlaps was for the partner to learn".to_owned(), |matches| {
        format!("{} overlapping facets", number_text(matches))
    });
    output.say(&format!("{} with {}: {learned}", report.exchange, report.peer))?;
    output.say(&format!(
        "  {} of ours against {} of theirs (padded), engine {}, {:.2} s, {} sent, {} received",
        number_text(report.own_size),
        number_text(report.peer_size),
        report.engine,
        report.seconds(),
        bytes_text(report.bytes_sent),
        bytes_text(report.bytes_received),
    ))?;
    if report.matches.is_some_and(|matches| matches > 0) {
        output.say(&format!("  `overlapd overlaps --peer {}` lists them", report.peer))?;
    }
    Ok(())
}

struct Bar(ProgressBar);

impl Bar {
    fn new(output: Output) -> Self {
        if !output.shows_progress() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(0);
        bar.enable_steady_tick(TICK);
        Self(bar)
    }

    fn show(&self, text: &str, progress: Option<&Progress>) {
        let template = match progress {
            Some(progress) if progress.total > 0 => {
                self.0.set_length(progress.total);
                self.0.set_position(progress.done);
                "{spinner} {msg} {wide_bar} {pos}/{len}"
            }
            _ => "{spinner} {msg}",
        };
        // The templates are constants; if one were wrong, the default style would stay.
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style);
        }
        let phase = progress.map(|progress| format!(", {}", progress.phase)).unwrap_or_default();
        self.0.set_message(format!("{text}{phase}"));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_record_is_over_when_twice_nothing_runs() {
        let view = |progress: serde_json::Value| -> View {
            let view = json!({
                "exchange": "00", "peer": "b", "state": "running", "engine": "vole", "mode": "overlap", "own_size": 1,
                "peer_size": 1, "matches": null, "bytes_sent": 0, "bytes_received": 0, "seconds": {}, "ended": null,
                "failure": null, "progress": progress,
            });
            serde_json::from_value(view).unwrap()
        };
        let over = |views: &[bool]| -> Vec<bool> {
            let mut looks = Looks::default();
            let progress = |runs: &bool| {
                if *runs { json!({"phase": "tags", "done": 1, "total": 2}) } else { json!(null) }
            };
            views.iter().map(|runs| looks.say_over(&view(progress(runs)))).collect()
        };
        assert_eq!(over(&[true, true, false, true, false]), [false; 5]);
        assert_eq!(over(&[true, false, false]), [false, false, true]);
        assert!(untold(&view(json!(null))).contains("could not store how it ended"));
    }
}
