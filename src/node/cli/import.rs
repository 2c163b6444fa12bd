//! `overlapd import`

use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::{Args, ValueEnum};
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::Context;
use crate::client::{Body, CHUNK, Client, encoded};
use crate::exit::{CommandError, Exit};
use crate::files::FileError;
use crate::output::{Output, number_text, printable};

/// Rejects that are listed for people; `--json` lists them all.
const SHOWN_REJECTS: usize = 10;

/// Import indicators from a file
///
/// CSV has a header: kind,value[,tlp,source,first_seen,last_seen,expires,confidence,note], columns in any order.
/// NDJSON has an object with the same names on each line. Plain text has a value on each line; its kind is detected,
/// or given by --kind. Values may be defanged. A row that is refused is reported with its line and reason, and the
/// others are imported; the command then ends with 4. Card numbers are never accepted and never shown.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  overlapd import indicators.csv
  overlapd import --kind wallet addresses.txt
  overlapd import --json feed.ndjson | jq '.rejected[]'")]
pub(crate) struct ImportArgs {
    /// The file
    file: PathBuf,
    /// The kind of every row that names none
    #[arg(long, value_parser = super::parse_kind)]
    kind: Option<overlap_indicator::Kind>,
    /// The file's format; by its extension, if not given
    #[arg(long)]
    format: Option<Format>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Csv,
    Ndjson,
    Txt,
}

impl Format {
    const fn as_str(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Ndjson => "ndjson",
            Format::Txt => "txt",
        }
    }

    fn of(path: &Path) -> Result<Self, CommandError> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        match extension.as_deref() {
            Some("csv") => Ok(Format::Csv),
            Some("ndjson" | "jsonl") => Ok(Format::Ndjson),
            Some("txt") => Ok(Format::Txt),
            _ => Err(CommandError::Usage(format!(
                "{}: the extension is not csv, ndjson, jsonl or txt: say which with --format",
                path.display()
            ))),
        }
    }
}

/// What became of an import.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ImportReport {
    /// New.
    pub(crate) accepted: u64,
    /// Known already.
    pub(crate) duplicates: u64,
    /// Refused.
    pub(crate) rejected: Vec<RejectedRow>,
    /// Refused beyond those that are listed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) rejected_more: u64,
}

/// A row that was refused.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RejectedRow {
    line: u64,
    kind: Option<String>,
    reason: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's shape")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

pub(crate) async fn run(context: &Context, args: ImportArgs) -> Result<Exit, CommandError> {
    let format = args.format.map_or_else(|| Format::of(&args.file), Ok)?;
    let client = context.client()?;
    let report = upload(&client, &args.file, format.as_str(), args.kind, context.output).await?;
    if context.output.is_json() {
        context.output.json(&report)?;
    } else {
        tell(context.output, &report)?;
    }
    Ok(if report.rejected.is_empty() { Exit::Done } else { Exit::DoneWithRejects })
}

/// Streams a file to a node.
pub(crate) async fn upload(
    client: &Client,
    path: &Path,
    format: &str,
    kind: Option<overlap_indicator::Kind>,
    output: Output,
) -> Result<ImportReport, CommandError> {
    let file = File::open(path).await.map_err(FileError::io("read", path))?;
    let metadata = file.metadata().await.map_err(FileError::io("read", path))?;
    if metadata.is_dir() {
        return Err(FileError::NotA { path: path.to_owned(), expected: "a file" }.into());
    }
    let bar = progress_bar(output, metadata.len());
    let kind = kind.map(|kind| format!("&kind={}", encoded(kind.as_str()))).unwrap_or_default();
    let target = format!("/api/v1/imports?format={format}{kind}");
    let report = client.upload(&target, file_body(file, bar.clone())).await;
    bar.finish_and_clear();
    Ok(report?)
}

fn progress_bar(output: Output, size: u64) -> ProgressBar {
    if !output.shows_progress() {
        return ProgressBar::hidden();
    }
    // The template is a constant; if it were wrong, the default style would be shown.
    let style = ProgressStyle::with_template("importing {wide_bar} {bytes}/{total_bytes}, {eta} left");
    ProgressBar::new(size).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn file_body(file: File, bar: ProgressBar) -> Body {
    let frames = stream::unfold((file, bar), |(mut file, bar)| async move {
        let mut chunk = vec![0; CHUNK];
        match file.read(&mut chunk).await {
            Ok(0) => None,
            Ok(read) => {
                chunk.truncate(read);
                bar.inc(read as u64);
                Some((Ok(Frame::data(Bytes::from(chunk))), (file, bar)))
            }
            Err(error) => Some((Err(error), (file, bar))),
        }
    });
    StreamBody::new(frames).boxed_unsync()
}

fn tell(output: Output, report: &ImportReport) -> Result<(), CommandError> {
    let rejected = report.rejected.len() as u64 + report.rejected_more;
    output.say(&format!(
        "{} new, {} known already, {} rejected",
        number_text(report.accepted),
        number_text(report.duplicates),
        number_text(rejected),
    ))?;
    for row in report.rejected.iter().take(SHOWN_REJECTS) {
        let kind = row.kind.as_deref().map(|kind| format!(" ({})", printable(kind))).unwrap_or_default();
        output.say(&format!("  line {}{kind}: {}", row.line, printable(&row.reason)))?;
    }
    let more = rejected.saturating_sub(SHOWN_REJECTS as u64);
    if more > 0 {
        output.say(&format!("  and {} more; --json lists them", number_text(more)))?;
    }
    Ok(())
}
