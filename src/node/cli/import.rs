//! `overlapd import`

mod feed;
mod format;
mod report;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Args;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use indicatif::{ProgressBar, ProgressStyle};
use overlap_indicator::{Tlp, UnknownTlp};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::Context;
use crate::client::{Body, CHUNK, Client, encoded};
use crate::exit::{CommandError, Exit};
use crate::files::FileError;
use crate::output::Output;

use feed::FeedImport;
pub(crate) use format::Format;
pub(crate) use report::ImportReport;

/// Import indicators from a file
///
/// CSV has a header: kind,value[,tlp,pap,source,first_seen,last_seen,expires,confidence,note,to_ids,tags], columns in any order; types of
/// MISP and OpenCTI are kinds too.
/// NDJSON has an object with the same names on each line. Plain text has a value on each line; its kind is detected,
/// or given by --kind. Of STIX 2.1 the indicators' patterns and the observables are taken, of MISP the attributes whose
/// types are compared, with their TLP and PAP markings. Values may be defanged. A row that is refused is reported with
/// its line, its object's id and the reason, and the others are imported; the command then ends with 4. Card numbers
/// are never accepted and never shown, and nothing that a file names is fetched.
///
/// An import that was cut off is begun again: what is there already is counted as known.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  overlapd import indicators.csv
  overlapd import --kind wallet addresses.txt
  overlapd import --map value=ioc,kind=type vendor.csv
  overlapd import --map kind=type,note=comment,tags=attribute_tag misp.csv
  overlapd import --delimiter ';' --map kind=entity_type,value=observable_value,tags=objectMarking opencti.csv
  overlapd import bundle.json
  overlapd import --format misp feed/
  overlapd import --tlp green --source 'Abuse feed' list.txt
  overlapd import --json feed.ndjson | jq '.rejected[]'")]
pub(crate) struct ImportArgs {
    /// The file, or the folder of a MISP feed
    file: PathBuf,
    /// The kind of every row that names none
    #[arg(long, value_parser = super::parse_kind)]
    kind: Option<overlap_indicator::Kind>,
    /// The file's format; by its extension, and for JSON by its beginning, if not given
    #[arg(long)]
    format: Option<Format>,
    /// The names that a CSV file gives to columns, as OURS=ITS pairs: value=ioc,kind=type. Other columns are passed over
    #[arg(long, value_name = "COLUMNS")]
    map: Option<String>,
    /// What stands between the fields of a CSV file: , or ; or tab
    #[arg(long, value_name = "SIGN")]
    delimiter: Option<String>,
    /// The TLP marking of every row that names none; amber if not given
    #[arg(long, value_parser = parse_tlp)]
    tlp: Option<Tlp>,
    /// Where every row is from that names no source; 1,024 bytes at most
    #[arg(long)]
    source: Option<String>,
}

/// How a file is to be read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Job<'a> {
    /// The kind of every row that names none.
    pub(crate) kind: Option<overlap_indicator::Kind>,
    /// The names of CSV's columns.
    pub(crate) map: Option<&'a str>,
    /// What stands between CSV's fields.
    pub(crate) delimiter: Option<&'a str>,
    /// The marking of every row that names none.
    pub(crate) tlp: Option<Tlp>,
    /// The source of every row that names none.
    pub(crate) source: Option<&'a str>,
}

fn parse_tlp(text: &str) -> Result<Tlp, String> {
    text.parse().map_err(|error: UnknownTlp| error.to_string())
}

pub(crate) async fn run(context: &Context, args: ImportArgs) -> Result<Exit, CommandError> {
    let client = context.client()?;
    let job = Job {
        kind: args.kind,
        map: args.map.as_deref(),
        delimiter: args.delimiter.as_deref(),
        tlp: args.tlp,
        source: args.source.as_deref(),
    };
    let is_misp = args.format.is_none_or(|format| format == Format::Misp);
    let FeedImport { report, error } = if is_misp && feed::is_feed(&args.file) {
        feed::import(&client, &args.file, &job, context.output).await?
    } else {
        let format = match args.format {
            Some(format) => format,
            None => Format::of(&args.file).await?,
        };
        let report = upload(&client, &args.file, format, &job, context.output).await?;
        FeedImport { report, error: None }
    };
    if context.output.is_json() {
        context.output.json(&report)?;
    } else {
        report.tell(context.output)?;
    }
    if let Some(error) = error {
        return Err(error);
    }
    Ok(if report.refused() == 0 { Exit::Done } else { Exit::DoneWithRejects })
}

/// Streams a file to a node.
pub(crate) async fn upload(
    client: &Client,
    path: &Path,
    format: Format,
    job: &Job<'_>,
    output: Output,
) -> Result<ImportReport, CommandError> {
    let file = File::open(path).await.map_err(FileError::io("read", path))?;
    let metadata = file.metadata().await.map_err(FileError::io("read", path))?;
    if metadata.is_dir() {
        return Err(FileError::NotA { path: path.to_owned(), expected: "a file" }.into());
    }
    let bar = progress_bar(output, metadata.len());
    let report = client.upload(&target(format, job), file_body(file, bar.clone())).await;
    bar.finish_and_clear();
    Ok(report?)
}

fn target(format: Format, job: &Job<'_>) -> String {
    let kind = job.kind.map(|kind| format!("&kind={}", encoded(kind.as_str()))).unwrap_or_default();
    let map = job.map.map(|map| format!("&map={}", encoded(map))).unwrap_or_default();
    let delimiter = job.delimiter.map(|sign| format!("&delimiter={}", encoded(sign))).unwrap_or_default();
    let tlp = job.tlp.map(|tlp| format!("&tlp={}", encoded(tlp.as_str()))).unwrap_or_default();
    let source = job.source.map(|source| format!("&source={}", encoded(source))).unwrap_or_default();
    format!("/api/v1/imports?format={}{kind}{map}{delimiter}{tlp}{source}", format.as_str())
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
