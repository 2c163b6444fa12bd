//! An import at work: a file of any size, in bounded memory.
//!
//! Three hands at once: the connection's task reads the body, one thread cuts and canonicalises, one commits. Each
//! waits for the next when it runs ahead, so the memory holds a few batches and never the file.

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use overlap_store::{ImportCounts, NewIndicator, Store, StoreError};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::error::ImportError;
use super::format::Format;
use super::report::{ImportReport, Rejects};
use super::running::Imports;
use super::source::{RowRules, RowSink};
use crate::Daemon;
use crate::pace::TooSlow;
use crate::problem::Problem;
use crate::state::off_thread;

/// Chunks of the body that wait to be cut.
const CHUNKS_WAITING: usize = 4;

/// Parsed batches that wait to be committed, besides the one being committed.
const BATCHES_WAITING: usize = 1;

/// Bytes at the start of a file in which a NUL says that it is not text.
const SNIFFED_BYTES: usize = 1024;

/// What of a refused body is still read, in bytes, so that the caller can finish writing and reads the answer.
const MAX_DRAINED: usize = 64 * 1024 * 1024;

/// All that an import needs besides its body.
pub(crate) struct ImportJob {
    pub(crate) format: Format,
    pub(crate) rules: RowRules,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) daemon: Arc<dyn Daemon>,
    /// The node's imports, which may be broken off.
    pub(crate) imports: Imports,
}

/// What the body's reader tells the thread that cuts.
enum Input {
    Chunk(Bytes),
    End,
}

impl ImportJob {
    /// Imports a body. Its place is free for others before what is left of a refused body is read.
    ///
    /// # Errors
    /// The body breaks off or stalls, the file cannot be read, or the store fails. The problem has with it what was
    /// committed before: whole batches.
    pub(crate) async fn run(
        self,
        mut body: Body,
        place: OwnedSemaphorePermit,
    ) -> Result<ImportReport, Problem> {
        let (input, cutter_input) = mpsc::channel(CHUNKS_WAITING);
        let (batches, committer_batches) = mpsc::channel(BATCHES_WAITING);
        let (store, daemon) = (self.store.clone(), self.daemon.clone());
        let commit = off_thread(move || commit_all(&*store, &*daemon, committer_batches));
        let cut = off_thread(move || cut_all(&self, cutter_input, batches));
        let (read, cut, commit) = tokio::join!(read_all(&mut body, input), cut, commit);
        let ((rejects, cut), (counts, commit)) = (cut?, commit?);
        drop(place);
        if cut.as_ref().is_err_and(ImportError::is_the_files) {
            drain(&mut body).await;
        }
        let report = rejects.report(counts);
        // The committer's error first: it is why the others stopped. Then the cutter's, then the reader's.
        let error = commit.map_err(Problem::from).and(cut.and(read).map_err(Problem::from)).err();
        error.map_or(Ok(report.clone()), |problem| Err(problem.after(report)))
    }
}

/// Hands the body on, chunk by chunk, as fast as it is worked on.
async fn read_all(body: &mut Body, input: mpsc::Sender<Input>) -> Result<(), ImportError> {
    loop {
        let frame = tokio::select! {
            frame = body.frame() => frame,
            // Whoever stopped listening says why.
            () = input.closed() => return Ok(()),
        };
        let next = match frame {
            Some(frame) => frame
                .map_err(
                    |error| if TooSlow::caused(&error) { ImportError::Stalled } else { ImportError::Cut },
                )?
                .into_data()
                .ok()
                .map(Input::Chunk),
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
    while let Some(Ok(frame)) = body.frame().await {
        drained += frame.data_ref().map_or(0, Bytes::len);
        if drained > MAX_DRAINED {
            return;
        }
    }
}

/// Commits batches until there are no more, and says how far it came.
fn commit_all(
    store: &dyn Store,
    daemon: &dyn Daemon,
    mut batches: mpsc::Receiver<Vec<NewIndicator>>,
) -> (ImportCounts, Result<(), StoreError>) {
    let mut total = ImportCounts::default();
    while let Some(batch) = batches.blocking_recv() {
        match store.import(batch, daemon.now()) {
            Ok(counts) => {
                total.accepted += counts.accepted;
                total.duplicates += counts.duplicates;
                total.held += counts.held;
            }
            Err(error) => return (total, Err(error)),
        }
    }
    (total, Ok(()))
}

/// Cuts the body into rows and canonicalises them, batch by batch; says what it refused, however it ends.
fn cut_all(
    job: &ImportJob,
    input: mpsc::Receiver<Input>,
    batches: mpsc::Sender<Vec<NewIndicator>>,
) -> (Rejects, Result<(), ImportError>) {
    let mut rows = RowSink::new(batches, job.imports.clone());
    let result = cut_into(job, input, &mut rows);
    (rows.into_rejects(), result)
}

fn cut_into(
    job: &ImportJob,
    mut input: mpsc::Receiver<Input>,
    rows: &mut RowSink,
) -> Result<(), ImportError> {
    let mut source = job.format.source(&job.rules, &*job.store);
    let mut sniffed = 0;
    loop {
        match input.blocking_recv() {
            Some(_) if job.imports.are_broken_off() => return Err(ImportError::Stopped),
            Some(Input::Chunk(chunk)) => {
                sniff(&chunk, &mut sniffed)?;
                source.push(&chunk, rows)?;
            }
            Some(Input::End) => {
                source.finish(rows)?;
                return rows.finish();
            }
            // The body broke off: what is not committed is left out, and the reader knows why.
            None => return Ok(()),
        }
    }
}

/// Looks at the start of the file. FE and FF are in no UTF-8 text, and begin one in UTF-16.
fn sniff(chunk: &[u8], sniffed: &mut usize) -> Result<(), ImportError> {
    let start = chunk.get(..chunk.len().min(SNIFFED_BYTES - *sniffed)).unwrap_or_default();
    let utf16 = *sniffed == 0 && matches!(start.first(), Some(0xFE | 0xFF));
    if utf16 || start.contains(&0) {
        return Err(ImportError::NotText);
    }
    *sniffed += start.len();
    Ok(())
}
