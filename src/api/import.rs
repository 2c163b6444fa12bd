//! Imports: the route.

mod bank_account;
mod batch;
mod columns;
mod csv_records;
mod csv_row;
mod delimiter;
mod error;
mod finding;
mod format;
mod job;
mod json_cut;
mod json_scan;
mod json_value;
mod line_formats;
mod line_source;
mod lines;
mod machine_accounts;
mod marking;
mod misp;
#[cfg(test)]
mod misp_tests;
mod report;
mod row;
mod running;
mod source;
mod stix;
#[cfg(test)]
mod stix_context_tests;
#[cfg(test)]
mod stix_obscure_tests;
#[cfg(test)]
mod stix_restricted_tests;
#[cfg(test)]
mod stix_shape_tests;
#[cfg(test)]
mod stix_tests;
#[cfg(test)]
mod tests;
mod waiting;

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, header};
use overlap_indicator::Tlp;
use overlap_store::{Actor, AuditAction, NewAudit};
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use tracing::Instrument;
use utoipa::IntoParams;

use crate::access::Caller;
use crate::audit::{by, note};
use crate::problem::{Problem, ProblemDocument, ProblemKind};
use crate::request::{Params, bad_query, query_kind};
use crate::state::ApiState;
use columns::ColumnMap;
use delimiter::Delimiter;
use format::Format;
use job::ImportJob;
use row::{LONGEST_SOURCE, RowDefaults, free_text};
use source::RowRules;

pub(crate) use misp::written as misp_written;
#[cfg(test)]
pub(crate) use report::UnknownMarking;
pub(crate) use report::{ImportReport, RejectItem};
pub use running::Imports;

/// How long an import waits for its place.
const LONGEST_WAIT: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 60 });

/// After how long one that found no place is to be sent again.
const BUSY_RETRY: Duration = Duration::from_secs(60);

/// How to read an import.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportParams {
    /// `csv`, `ndjson`, `txt`, `stix` (2.1) or `misp`.
    #[param(schema_with = crate::schemas::import_format)]
    format: String,
    /// The kind of every value that names none; without it such a value's kind is detected.
    #[param(schema_with = crate::schemas::kind)]
    kind: Option<String>,
    /// The source of every row that names none; 1,024 bytes at most.
    source: Option<String>,
    /// The TLP marking of every row that names none; amber without it.
    #[param(schema_with = crate::schemas::tlp)]
    tlp: Option<String>,
    /// The names of the columns of a CSV file that has its own: `value=ioc,kind=type`. Columns that are neither named here nor ours are
    /// passed over, and kinds are detected where no column has them.
    #[param(example = "value=ioc,kind=type")]
    map: Option<String>,
    /// What stands between the fields of a CSV file: `,`, `;` or `tab`; a comma without it.
    #[param(example = ",")]
    delimiter: Option<String>,
}

/// Imports a file: the body is the file itself, of any size. Rows are committed in batches; the answer comes when all of
/// them are durable. An import that was cut off can be sent again: rows that are there already are counted as duplicates.
///
/// A file that cannot be read to its end is refused with what was done before: whole batches of 10,000 rows. Nothing that a file names is
/// fetched.
#[utoipa::path(post, path = "/api/v1/imports", tag = "indicators", params(ImportParams),
    request_body(description = "The file: CSV with a header `kind,value[,tlp,pap,source,first_seen,last_seen,expires,confidence,note,to_ids,tags]`, or with columns that `map` names; NDJSON with the same fields; one value a line; a STIX 2.1 bundle, TAXII envelope or list of objects; MISP events, lists of them, or an answer of restSearch.",
        content(
            (String = "text/csv", example = "kind,value,tlp\ndomain,example.org,amber\n"),
            (String = "application/x-ndjson", example = "{\"kind\":\"domain\",\"value\":\"example.org\"}\n"),
            (String = "text/plain", example = "example[.]org\n"),
            (Object = "application/stix+json", example = json!({"type": "bundle", "id": "bundle--5f0e1d2c-0000-4000-8000-000000000001", "objects": [{"type": "indicator", "spec_version": "2.1", "id": "indicator--5f0e1d2c-0000-4000-8000-000000000002", "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z", "pattern": "[url:value = 'https://example.org/a']", "pattern_type": "stix", "valid_from": "2026-01-01T00:00:00Z"}]})),
            (Object = "application/json", example = json!({"Event": {"info": "a sale", "Attribute": [{"type": "url", "value": "https://example.org/a", "to_ids": true}], "Tag": [{"name": "tlp:amber"}]}})),
            (String = "application/octet-stream"),
        )),
    responses(
        (status = 200, description = "Every row was read.", body = ImportReport),
        (status = 503, description = "As many imports run as the node does at once: `retry_after` says when to send it again. Or the node stopped before it was done.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 408, description = "The body stopped coming, or comes more slowly than 1,024 bytes a second.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 415, description = "The body is of a media type that the format does not have, or packed.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The file cannot be imported. `import` says what of it was.", body = ProblemDocument, content_type = "application/problem+json"),
    ))]
pub(crate) async fn import(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    Params(params): Params<ImportParams>,
    request: Request,
) -> Result<Json<ImportReport>, Problem> {
    let (parts, body) = request.into_parts();
    let report = run(&state, caller.actor(), &params, &parts.headers, body).await?;
    Ok(Json(report))
}

impl ImportParams {
    /// Values that somebody typed, one a line.
    pub(crate) fn of_text(kind: Option<&str>, source: Option<&str>) -> Self {
        let [kind, source] = [kind, source].map(|text| text.map(str::to_owned));
        Self { format: "txt".to_owned(), kind, source, tlp: None, map: None, delimiter: None }
    }
}

/// Imports a body for the holder of a token.
pub(crate) async fn run(
    state: &ApiState,
    actor: Actor,
    params: &ImportParams,
    headers: &HeaderMap,
    body: Body,
) -> Result<ImportReport, Problem> {
    let job = job(params, state)?;
    check_type(job.format, headers)?;
    let place = place(state).await?;
    // In a task of its own: a caller that hangs up after its last byte ends this call, but neither the work nor the
    // place that it takes, and the work's end is to be told. The node's stop waits for it.
    let under_way = state.imports().begin();
    let whole = whole(state.clone(), actor, params.format.clone(), job, body, place);
    let whole = async move {
        let ended = whole.await;
        drop(under_way);
        ended
    };
    tokio::spawn(whole.in_current_span()).await.map_err(|error| {
        tracing::error!(panicked = error.is_panic(), "an import failed");
        Problem::internal()
    })?
}

/// An import from the entry that says that it begins to the one that says how it ended.
async fn whole(
    state: ApiState,
    actor: Actor,
    format: String,
    job: ImportJob,
    body: Body,
    place: OwnedSemaphorePermit,
) -> Result<ImportReport, Problem> {
    // Rows may be there before the body has ended, so who sends them is told first.
    let begun = NewAudit::of(AuditAction::ImportBegun).with(format!("format={format}"));
    let begun = note(&state, by(&state, actor.clone()), begun).await?;
    let ended = job.run(body, place).await;
    note(&state, by(&state, actor.clone()), ended_as(begun, &ended)).await?;
    let report = ended?;
    let rejected = report.refused();
    metrics::counter!("overlapd_import_rows_total", "outcome" => "accepted").increment(report.accepted);
    metrics::counter!("overlapd_import_rows_total", "outcome" => "duplicate").increment(report.duplicates);
    metrics::counter!("overlapd_import_rows_total", "outcome" => "rejected").increment(rejected);
    tracing::info!(by = %actor, report.accepted, report.duplicates, rejected, "import done");
    Ok(report)
}

/// What the audit chain says of an import's end: which entry tells its beginning, and what became of its rows.
fn ended_as(begun: u64, ended: &Result<ImportReport, Problem>) -> NewAudit {
    let (outcome, report) = match ended {
        Ok(report) => ("done", Some(report)),
        Err(problem) => ("failed", problem.import()),
    };
    let mut detail = format!("begun={begun} outcome={outcome}");
    if let Some(report) = report {
        let ImportReport { accepted, duplicates, .. } = report;
        detail
            .push_str(&format!(" accepted={accepted} duplicates={duplicates} rejected={}", report.refused()));
    }
    NewAudit::of(AuditAction::ImportEnded).with(detail)
}

/// A place among the imports that run at once; the wait for one has an end.
async fn place(state: &ApiState) -> Result<OwnedSemaphorePermit, Problem> {
    let busy = || {
        Problem::new(ProblemKind::Busy, "as many imports run as this node does at once: send it again later")
            .with_retry_after(BUSY_RETRY.as_secs())
    };
    let place = tokio::time::timeout(LONGEST_WAIT, state.imports().places().clone().acquire_owned())
        .await
        .map_err(|_| busy())?;
    place.map_err(|_| Problem::internal())
}

fn job(params: &ImportParams, state: &ApiState) -> Result<ImportJob, Problem> {
    let format = Format::named(&params.format)
        .ok_or_else(|| bad_query("format: `csv`, `ndjson`, `txt`, `stix` and `misp` are known"))?;
    let rules = RowRules {
        defaults: defaults(params)?,
        map: map(params, format)?,
        delimiter: delimiter(params, format)?,
        rules: state.daemon().rules(),
    };
    Ok(ImportJob {
        format,
        rules,
        store: state.shared_store(),
        daemon: state.shared_daemon(),
        imports: state.imports().clone(),
    })
}

/// Refuses a body that says that it is something else, or is packed.
fn check_type(format: Format, headers: &HeaderMap) -> Result<(), Problem> {
    let refuse = |detail: &str| Err(Problem::new(ProblemKind::UnsupportedMediaType, detail));
    if headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return refuse("the body is packed: send the file as it is, without Content-Encoding");
    }
    match headers.get(header::CONTENT_TYPE) {
        Some(media_type) if !media_type.to_str().is_ok_and(|text| format.may_come_as(text)) => refuse(
            "the Content-Type is not one of the format: leave it out, or send application/octet-stream",
        ),
        _ => Ok(()),
    }
}

fn map(params: &ImportParams, format: Format) -> Result<ColumnMap, Problem> {
    let Some(map) = &params.map else { return Ok(ColumnMap::default()) };
    if !format.has_columns() {
        return Err(bad_query("map: only CSV has columns"));
    }
    ColumnMap::read(map).map_err(|error| bad_query(format!("map: {error}")))
}

fn delimiter(params: &ImportParams, format: Format) -> Result<Delimiter, Problem> {
    let Some(name) = &params.delimiter else { return Ok(Delimiter::default()) };
    if !format.has_columns() {
        return Err(bad_query("delimiter: only CSV has columns"));
    }
    Delimiter::named(name).ok_or_else(|| bad_query("delimiter: `,`, `;` and `tab` are known"))
}

fn defaults(params: &ImportParams) -> Result<RowDefaults, Problem> {
    let source = free_text("source", params.source.as_deref()).map_err(bad_query)?;
    if source.len() > LONGEST_SOURCE {
        return Err(bad_query(format!("source: {LONGEST_SOURCE} bytes at most")));
    }
    let tlp = params.tlp.as_deref().map(str::parse::<Tlp>).transpose();
    Ok(RowDefaults {
        kind: query_kind(params.kind.as_deref())?,
        source: Some(source),
        tlp: tlp.map_err(|error| bad_query(format!("tlp: {error}")))?,
    })
}
