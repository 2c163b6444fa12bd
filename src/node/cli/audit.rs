//! `overlapd audit`

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use overlap_store::{AuditBreak, AuditEntry, AuditFault, AuditHead, AuditVerdict, AuditVerifier};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Context;
use crate::clock;
use crate::exit::{CommandError, Exit};
use crate::files::FileError;
use crate::output::{number_text, printable};
use crate::pages::Pages;

/// The longest line of a file, in bytes: far more than an entry takes.
const LONGEST_LINE: u64 = 64 << 10;

/// List or verify the audit chain: who did what at the node
///
/// Both need a token with the role `admin`.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// List entries, the newest first; under --json the oldest first, as `audit verify` reads them
    #[command(after_long_help = "\
Examples:
  overlapd audit list
  overlapd audit list --actor token:siem --action import.ended
  overlapd audit list --json > audit.ndjson")]
    List {
        /// Of this actor only: `token:NAME`, `console:NAME`, `daemon`, `offline` or `stranger`
        #[arg(long, value_name = "ACTOR")]
        actor: Option<String>,
        /// Of this action only
        #[arg(long, value_name = "ACTION")]
        action: Option<String>,
    },
    /// Check that no entry was changed, removed, put in or moved
    ///
    /// Every entry is read, from the node or from a file with the lines of `audit list --json`, and every hash is computed
    /// anew. Whoever holds the store's seal key can write another chain that is right in itself, or cut its end off: that
    /// is told only by the head of an earlier day, which an auditor noted and kept elsewhere.
    ///
    /// The exit code is 0 where the chain is intact, and 1 where it is broken or cannot be read: the output says which, under
    /// --json as `intact`.
    #[command(after_long_help = "\
Examples:
  overlapd audit verify
  overlapd audit verify --head 17:8772bed4311309b0bdfc1446de428b577b932916ef944da8191df0f2a241ff6e
  overlapd audit verify audit.ndjson")]
    Verify {
        /// A file with the lines of `audit list --json`; the node is asked without one
        file: Option<PathBuf>,
        /// A head that was noted earlier and has to be in the chain; may be repeated
        #[arg(long, value_name = "NUMBER:HASH")]
        head: Vec<AuditHead>,
    },
}

/// An entry, as the API gives it.
#[derive(Debug, Serialize, Deserialize)]
struct AuditLine {
    number: u64,
    time: String,
    actor: String,
    action: String,
    object: String,
    detail: String,
    hash: String,
}

pub(crate) async fn run(context: &Context, command: AuditCommand) -> Result<Exit, CommandError> {
    match command {
        AuditCommand::List { actor, action } => list(context, actor.as_deref(), action.as_deref()).await,
        AuditCommand::Verify { file: Some(file), head } => verify_file(context, &file, &head),
        AuditCommand::Verify { file: None, head } => verify_node(context, &head).await,
    }
}

async fn list(context: &Context, actor: Option<&str>, action: Option<&str>) -> Result<Exit, CommandError> {
    let client = context.client()?;
    let order = if context.output.is_json() { "oldest" } else { "newest" };
    let query = [("actor", actor), ("action", action), ("order", Some(order))];
    let pages = Pages::new(&client, "/api/v1/audit", &query);
    let rows = pages.rows(&context.output, row).await?;
    if !context.output.is_json() {
        context.output.table(&["NUMBER", "TIME", "ACTOR", "ACTION", "OBJECT", "DETAIL"], &rows)?;
    }
    Ok(Exit::Done)
}

fn row(line: AuditLine) -> Vec<String> {
    let texts = [line.time, line.actor, line.action, line.object, line.detail];
    let texts = texts.iter().map(|text| if text.is_empty() { "-".to_owned() } else { printable(text) });
    [line.number.to_string()].into_iter().chain(texts).collect()
}

async fn verify_node(context: &Context, noted: &[AuditHead]) -> Result<Exit, CommandError> {
    let client = context.client()?;
    let mut pages = Pages::new(&client, "/api/v1/audit", &[("order", Some("oldest"))]);
    let mut verifier = AuditVerifier::new(noted);
    let mut walked = Ok(());
    while let (Ok(()), Some(page)) = (walked, pages.next::<AuditLine>().await?) {
        walked = page.into_iter().try_for_each(|line| take(&mut verifier, line.into_entry()));
    }
    tell(context, &verifier.end(walked))
}

fn verify_file(context: &Context, path: &Path, noted: &[AuditHead]) -> Result<Exit, CommandError> {
    let mut file = BufReader::new(File::open(path).map_err(FileError::io("read", path))?);
    let mut verifier = AuditVerifier::new(noted);
    let mut walked = Ok(());
    let mut line = Vec::new();
    while walked.is_ok() {
        line.clear();
        let read = file.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line);
        if read.map_err(FileError::io("read", path))? == 0 {
            break;
        }
        let entry = serde_json::from_slice(&line).ok().and_then(AuditLine::into_entry);
        walked = take(&mut verifier, entry);
    }
    tell(context, &verifier.end(walked))
}

fn take(verifier: &mut AuditVerifier, entry: Option<AuditEntry>) -> Result<(), AuditBreak> {
    let number = verifier.head().number.saturating_add(1);
    let entry = entry.ok_or(AuditBreak { number, fault: AuditFault::Unreadable })?;
    verifier.take(&entry)
}

impl AuditLine {
    /// The entry; `None` where a field is not what the API gives.
    fn into_entry(self) -> Option<AuditEntry> {
        let Self { number, time, actor, action, object, detail, hash } = self;
        let hash = data_encoding::HEXLOWER.decode(hash.as_bytes()).ok()?.try_into().ok()?;
        let read = clock::parse_rfc3339(&time)?;
        // Another spelling would be shown, and not be what was hashed.
        if clock::rfc3339(read) != time {
            return None;
        }
        let time = read.0;
        Some(AuditEntry { number, time, actor, action, object, detail, hash })
    }
}

/// Tells the verdict. The exit code is the verdict's even where nobody reads on.
fn tell(context: &Context, verdict: &AuditVerdict) -> Result<Exit, CommandError> {
    let exit = if verdict.broken.is_none() { Exit::Done } else { Exit::Failed };
    match write(context, verdict) {
        Ok(()) | Err(CommandError::ReaderGone) => Ok(exit),
        Err(error) => Err(error),
    }
}

fn write(context: &Context, verdict: &AuditVerdict) -> Result<(), CommandError> {
    let AuditVerdict { head, broken } = verdict;
    if context.output.is_json() {
        let hash = data_encoding::HEXLOWER.encode(&head.hash);
        let told = |broken: &AuditBreak| json!({ "number": broken.number, "fault": broken.fault.as_str(), "why": broken.fault.to_string() });
        return context.output.json(&json!({
            "intact": broken.is_none(),
            "head": { "number": head.number, "hash": hash },
            "broken": broken.as_ref().map(told),
        }));
    }
    let up_to = format!("{} entries, head {head}", number_text(head.number));
    match broken {
        None => context.output.say(&format!("intact: {up_to}")),
        Some(AuditBreak { number, fault }) => {
            context.output.say(&format!("broken at entry {number}: {fault}"))?;
            context.output.say(&format!("right up to there: {up_to}"))
        }
    }
}
