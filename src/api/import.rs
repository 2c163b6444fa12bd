//! Imports: a file of any size, in bounded memory.
//!
//! Three hands at once: the connection's task reads the body, one thread cuts and canonicalises, one commits. Each
//! waits for the next when it runs ahead, so the memory holds a few batches and never the file.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, Request, State};
use bytes::Bytes;
use http_body_util::BodyExt;
use overlap_indicator::{Rules, Tlp};
use overlap_store::{ImportCounts, NewIndicator, Store, StoreError};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use utoipa::{IntoParams, ToSchema};

use crate::Daemon;
use crate::access::Caller;
use crate::batch::Batch;
use crate::import_format::{Columns, Format, HeaderError, Records, RowReader};
use crate::import_row::{RowDefaults, RowReject, free_text};
use crate::lines::{Line, LineCutter};
use crate::problem::{Problem, ProblemDocument, ProblemKind};
use crate::request::{Params, bad_query, query_kind};
use crate::state::{ApiState, off_thread};

/// Rejects that an answer names; the rest is counted. A file that is wrong from end to end would else make an answer as large as itself.
pub(crate) const MAX_REJECTS_NAMED: usize = 100_000;

/// Chunks of the body that wait to be cut.
const CHUNKS_WAITING: usize = 4;

/// Parsed batches that wait to be committed, besides the one being committed.
const BATCHES_WAITING: usize = 1;

/// Bytes at the start of a file in which a NUL says that it is not text.
const SNIFFED_BYTES: usize = 1024;

/// Seconds without a byte after which an import is given up, so that it does not keep others waiting.
const LONGEST_STALL: Duration = Duration::from_secs(60);

/// What of a refused body is still read, in bytes, so that the caller can finish writing and reads the answer.
const MAX_DRAINED: usize = 64 * 1024 * 1024;

/// How to read an import.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportParams {
    /// `csv`, `ndjson` or `txt`.
    format: String,
    /// The kind of every value that names none; without it such a value's kind is detected.
    kind: Option<String>,
    /// The source of every row that names none.
    source: Option<String>,
    /// The TLP marking of every row that names none; amber without it.
    tlp: Option<String>,
}

/// What became of an import.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(example = json!({"accepted": 998, "duplicates": 1, "rejected": [{"line": 17, "kind": "wallet", "reason": "not a valid wallet: bad checksum"}], "rejected_more": 0}))]
pub(crate) struct ImportReport {
    /// Rows that are new.
    accepted: u64,
    /// Rows that were there already, in this file or in the store.
    duplicates: u64,
    /// Rows that were refused, in the order of the file; at most 100,000.
    rejected: Vec<RejectItem>,
    /// How many more were refused.
    rejected_more: u64,
}

/// A row that was refused. Its value is never shown.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Reject)]
pub(crate) struct RejectItem {
    /// The line on which the row starts, from 1; a header counts.
    line: u64,
    /// The kind as it was written; null if there is none, or it does not look like a kind.
    kind: Option<String>,
    /// Why.
    reason: String,
}

/// Why an import ended before its file did.
#[derive(Debug, thiserror::Error)]
enum ImportError {
    #[error(transparent)]
    Header(#[from] HeaderError),
    #[error("the file is not text: it holds NUL bytes, or is UTF-16; save it as UTF-8")]
    NotText,
    #[error("the body ended before its time")]
    Cut,
    #[error("no byte came for {} seconds", LONGEST_STALL.as_secs())]
    Stalled,
    #[error("the store failed")]
    CommitFailed,
}

impl From<ImportError> for Problem {
    fn from(error: ImportError) -> Self {
        let kind = match error {
            ImportError::Header(_) | ImportError::NotText => ProblemKind::BadImport,
            ImportError::Cut => ProblemKind::BadValue,
            ImportError::Stalled => ProblemKind::Stalled,
            ImportError::CommitFailed => ProblemKind::Internal,
        };
        Problem::new(kind, error.to_string())
    }
}

/// Imports a file: the body is the file itself, of any size. Rows are committed in batches; the answer comes when all of
/// them are durable. An import that was cut off can be sent again: rows that are there already are counted as duplicates.
#[utoipa::path(post, path = "/api/v1/imports", tag = "indicators", params(ImportParams),
    request_body(content = String, content_type = "text/csv", description = "The file: CSV with a header `kind,value[,tlp,source,first_seen,last_seen,expires,confidence,note]`, NDJSON with the same fields, or one value a line.", example = "kind,value,tlp\ndomain,example.org,amber\n"),
    responses(
        (status = 200, description = "Every row was read.", body = ImportReport),
        (status = 408, description = "The body stopped coming.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The file cannot be imported; nothing was.", body = ProblemDocument, content_type = "application/problem+json"),
    ))]
pub(crate) async fn import(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    Params(params): Params<ImportParams>,
    request: Request,
) -> Result<Json<ImportReport>, Problem> {
    let job = ImportJob::new(&params, &state)?;
    let permit = state.imports().acquire().await.map_err(|_| Problem::internal())?;
    let report = run(job, request.into_body()).await?;
    drop(permit);
    let rejected = report.rejected.len() as u64 + report.rejected_more;
    metrics::counter!("overlapd_import_rows_total", "outcome" => "accepted").increment(report.accepted);
    metrics::counter!("overlapd_import_rows_total", "outcome" => "duplicate").increment(report.duplicates);
    metrics::counter!("overlapd_import_rows_total", "outcome" => "rejected").increment(rejected);
    tracing::info!(by = %caller.0, report.accepted, report.duplicates, rejected, "import done");
    Ok(Json(report))
}

/// All that an import needs besides its body.
struct ImportJob {
    format: Format,
    defaults: RowDefaults,
    rules: Rules,
    store: Arc<dyn Store>,
    daemon: Arc<dyn Daemon>,
}

impl ImportJob {
    fn new(params: &ImportParams, state: &ApiState) -> Result<Self, Problem> {
        let format = Format::named(&params.format)
            .ok_or_else(|| bad_query("format: `csv`, `ndjson` and `txt` are known"))?;
        let rules = state.daemon().rules();
        let source = free_text("source", params.source.as_deref()).map_err(bad_query)?;
        let tlp = params.tlp.as_deref().map(str::parse::<Tlp>).transpose();
        let defaults = RowDefaults {
            kind: query_kind(params.kind.as_deref())?,
            source: Some(source),
            tlp: tlp.map_err(|error| bad_query(format!("tlp: {error}")))?,
        };
        Ok(Self { format, defaults, rules, store: state.shared_store(), daemon: state.shared_daemon() })
    }
}

/// What the body's reader tells the thread that cuts.
enum Input {
    Chunk(Bytes),
    End,
}

async fn run(job: ImportJob, mut body: Body) -> Result<ImportReport, Problem> {
    let (input, cutter_input) = mpsc::channel(CHUNKS_WAITING);
    let (batches, committer_batches) = mpsc::channel(BATCHES_WAITING);
    let (store, daemon) = (job.store.clone(), job.daemon.clone());
    let commit = off_thread(move || commit_all(&*store, &*daemon, committer_batches));
    let cut = off_thread(move || cut_all(&job, cutter_input, batches));
    let (read, cut, counts) = tokio::join!(read_all(&mut body, input), cut, commit);
    // The committer's error first: it is why the others stopped. Then the cutter's, then the reader's.
    let counts = counts??;
    let rejects = cut?;
    if let Err(ImportError::Header(_) | ImportError::NotText) = &rejects {
        drain(&mut body).await;
    }
    let rejects = rejects?;
    read?;
    Ok(rejects.report(counts))
}

/// Hands the body on, chunk by chunk, as fast as it is worked on.
async fn read_all(body: &mut Body, input: mpsc::Sender<Input>) -> Result<(), ImportError> {
    loop {
        let frame = tokio::select! {
            frame = tokio::time::timeout(LONGEST_STALL, body.frame()) => frame,
            // Whoever stopped listening says why.
            () = input.closed() => return Ok(()),
        };
        let next = match frame.map_err(|_| ImportError::Stalled)? {
            Some(frame) => frame.map_err(|_| ImportError::Cut)?.into_data().ok().map(Input::Chunk),
            None => Some(Input::End),
        };
        let Some(next) = next else { continue };
        let is_end = matches!(next, Input::End);
        if input.send(next).await.is_err() || is_end {
            return Ok(());
        }
    }
}

async fn drain(body: &mut Body) {
    let mut drained = 0;
    while let Ok(Some(Ok(frame))) = tokio::time::timeout(LONGEST_STALL, body.frame()).await {
        drained += frame.data_ref().map_or(0, Bytes::len);
        if drained > MAX_DRAINED {
            return;
        }
    }
}

/// Commits batches until there are no more.
fn commit_all(
    store: &dyn Store,
    daemon: &dyn Daemon,
    mut batches: mpsc::Receiver<Vec<NewIndicator>>,
) -> Result<ImportCounts, StoreError> {
    let mut total = ImportCounts::default();
    while let Some(batch) = batches.blocking_recv() {
        let counts = store.import(batch, daemon.now())?;
        total.accepted += counts.accepted;
        total.duplicates += counts.duplicates;
    }
    Ok(total)
}

/// Cuts the body into records and canonicalises them, batch by batch.
fn cut_all(
    job: &ImportJob,
    mut input: mpsc::Receiver<Input>,
    batches: mpsc::Sender<Vec<NewIndicator>>,
) -> Result<Rejects, ImportError> {
    let mut cutting = Cutting::new(job, batches);
    let mut lines = LineCutter::default();
    loop {
        match input.blocking_recv() {
            Some(Input::Chunk(chunk)) => {
                cutting.sniff(&chunk)?;
                lines.push(&chunk, |number, line| cutting.line(number, line))?;
            }
            Some(Input::End) => break,
            // The body broke off: what is not committed is left out, and the reader knows why.
            None => return Ok(cutting.rejects),
        }
    }
    lines.finish(|number, line| cutting.line(number, line))?;
    cutting.finish()
}

/// The work of the thread that cuts.
struct Cutting<'a> {
    job: &'a ImportJob,
    batches: mpsc::Sender<Vec<NewIndicator>>,
    records: Records,
    reader: Option<RowReader>,
    batch: Batch,
    sniffed: usize,
    rejects: Rejects,
}

impl<'a> Cutting<'a> {
    fn new(job: &'a ImportJob, batches: mpsc::Sender<Vec<NewIndicator>>) -> Self {
        let reader = match job.format {
            Format::Csv => None,
            Format::Ndjson => Some(RowReader::Ndjson),
            Format::Txt => Some(RowReader::Txt),
        };
        let records = Records::new(job.format);
        Self {
            job,
            batches,
            records,
            reader,
            batch: Batch::default(),
            sniffed: 0,
            rejects: Rejects::default(),
        }
    }

    /// Looks at the start of the file. FE and FF are in no UTF-8 text, and begin one in UTF-16.
    fn sniff(&mut self, chunk: &[u8]) -> Result<(), ImportError> {
        let start = chunk.get(..chunk.len().min(SNIFFED_BYTES - self.sniffed)).unwrap_or_default();
        let utf16 = self.sniffed == 0 && matches!(start.first(), Some(0xFE | 0xFF));
        if utf16 || start.contains(&0) {
            return Err(ImportError::NotText);
        }
        self.sniffed += start.len();
        Ok(())
    }

    fn line(&mut self, number: u64, line: Line<'_>) -> Result<(), ImportError> {
        self.records.line(number, line, &mut self.batch);
        if self.reader.is_none() && !self.batch.is_empty() {
            self.read_header()?;
        }
        if self.batch.is_full() {
            self.parse_batch()?;
        }
        Ok(())
    }

    /// Reads the columns from the first record. Records behind it can be there already, where it was put together from
    /// lines that were then taken apart.
    fn read_header(&mut self) -> Result<(), ImportError> {
        let (_, header) = self.batch.get(0).ok_or(HeaderError::Empty)?;
        let columns = Columns::read(header, self.job.defaults.kind.is_some())?;
        self.batch.remove_first();
        self.reader = Some(RowReader::Csv(columns));
        Ok(())
    }

    fn finish(mut self) -> Result<Rejects, ImportError> {
        self.records.finish(&mut self.batch);
        if self.reader.is_none() {
            self.read_header()?;
        }
        self.parse_batch()?;
        Ok(self.rejects)
    }

    /// Canonicalises the batch on every core and hands it on.
    fn parse_batch(&mut self) -> Result<(), ImportError> {
        let batch = std::mem::take(&mut self.batch);
        let Some(reader) = &self.reader else { return Ok(()) };
        let (defaults, rules) = (&self.job.defaults, &self.job.rules);
        let rows: Vec<(u64, Result<NewIndicator, RowReject>)> = (0..batch.len())
            .into_par_iter()
            .filter_map(|index| batch.get(index))
            .map(|(line, record)| (line, reader.read(record, defaults, rules)))
            .collect();
        let mut indicators = Vec::with_capacity(rows.len());
        for (line, row) in rows {
            match row {
                Ok(indicator) => indicators.push(indicator),
                Err(reject) => self.rejects.add(line, reject),
            }
        }
        if indicators.is_empty() {
            return Ok(());
        }
        self.batches.blocking_send(indicators).map_err(|_| ImportError::CommitFailed)
    }
}

/// Rows that were refused.
#[derive(Debug, Default)]
struct Rejects {
    named: Vec<RejectItem>,
    more: u64,
}

impl Rejects {
    fn add(&mut self, line: u64, reject: RowReject) {
        if self.named.len() < MAX_REJECTS_NAMED {
            self.named.push(RejectItem { line, kind: reject.kind, reason: reject.reason });
        } else {
            self.more += 1;
        }
    }

    fn report(self, counts: ImportCounts) -> ImportReport {
        ImportReport {
            accepted: counts.accepted,
            duplicates: counts.duplicates,
            rejected: self.named,
            rejected_more: self.more,
        }
    }
}
