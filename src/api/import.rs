//! Imports: the route.

mod batch;
mod columns;
mod csv_records;
mod error;
mod format;
mod job;
mod line_formats;
mod line_source;
mod lines;
mod report;
mod row;
mod source;
#[cfg(test)]
mod tests;

use axum::Json;
use axum::extract::{Extension, Request, State};
use overlap_indicator::Tlp;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::Caller;
use crate::problem::{Problem, ProblemDocument};
use crate::request::{Params, bad_query, query_kind};
use crate::state::ApiState;
use format::Format;
use job::ImportJob;
use row::{RowDefaults, free_text};
use source::RowRules;

pub(crate) use report::ImportReport;

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
    let job = job(&params, &state)?;
    let permit = state.imports().acquire().await.map_err(|_| Problem::internal())?;
    let report = job.run(request.into_body()).await?;
    drop(permit);
    let rejected = report.refused();
    metrics::counter!("overlapd_import_rows_total", "outcome" => "accepted").increment(report.accepted);
    metrics::counter!("overlapd_import_rows_total", "outcome" => "duplicate").increment(report.duplicates);
    metrics::counter!("overlapd_import_rows_total", "outcome" => "rejected").increment(rejected);
    tracing::info!(by = %caller.0, report.accepted, report.duplicates, rejected, "import done");
    Ok(Json(report))
}

fn job(params: &ImportParams, state: &ApiState) -> Result<ImportJob, Problem> {
    let format = Format::named(&params.format)
        .ok_or_else(|| bad_query("format: `csv`, `ndjson` and `txt` are known"))?;
    let rules = RowRules { defaults: defaults(params)?, rules: state.daemon().rules() };
    Ok(ImportJob { format, rules, store: state.shared_store(), daemon: state.shared_daemon() })
}

fn defaults(params: &ImportParams) -> Result<RowDefaults, Problem> {
    let source = free_text("source", params.source.as_deref()).map_err(bad_query)?;
    let tlp = params.tlp.as_deref().map(str::parse::<Tlp>).transpose();
    Ok(RowDefaults {
        kind: query_kind(params.kind.as_deref())?,
        source: Some(source),
        tlp: tlp.map_err(|error| bad_query(format!("tlp: {error}")))?,
    })
}
