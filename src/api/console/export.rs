//! Overlaps as a file, of any number, read from the store page by page as the browser takes them.

mod csv;
mod misp;
mod stix;

use std::collections::BTreeSet;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use overlap_store::{FoundOverlap, OverlapQuery, PageRequest};

use super::fault::Fault;
use super::fields::Fields;
use super::filter::Filter;
use super::guard::Visitor;
use crate::problem::Problem;
use crate::request::bad_query;
use crate::state::ApiState;
use csv::CsvFile;
use misp::MispEvents;
use stix::StixBundle;

/// Rows that are in memory together.
const ROWS: usize = 1_000;

/// A file that is written as rows come.
trait ExportFile: Send {
    /// What stands before the first row.
    fn begin(&mut self) -> String;
    /// Some rows.
    fn rows(&mut self, rows: &[FoundOverlap]) -> String;
    /// What stands after the last.
    fn end(&mut self) -> String;
}

/// Hands out what matches.
pub(crate) async fn export(
    State(state): State<ApiState>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Response, Fault> {
    let filter = Filter::read(&fields)?;
    let query = filter.query(&visitor.session);
    let (file, query, media_type, name) = opened(&state, fields.one("format"), query)?;
    tracing::info!(by = %visitor.session.name, format = media_type, "overlaps exported from the console");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_DISPOSITION, disposition(name)),
    ];
    Ok((headers, body(state, file, query)).into_response())
}

type Opened = (Box<dyn ExportFile>, OverlapQuery, &'static str, &'static str);

/// A file of a format, what of the query it can tell, its media type and its name.
fn opened(state: &ApiState, format: Option<&str>, query: OverlapQuery) -> Result<Opened, Problem> {
    match format {
        Some("csv") => Ok((Box::new(CsvFile), query, "text/csv; charset=utf-8", "overlaps.csv")),
        Some("stix") => {
            let media_type = "application/stix+json;version=2.1";
            Ok((Box::new(StixBundle::new(state)), query, media_type, "overlaps.stix.json"))
        }
        Some("misp") => {
            let events = MispEvents::new(state);
            let query = events.narrowed(query);
            Ok((Box::new(events), query, "application/json", "overlaps.misp.json"))
        }
        _ => Err(bad_query("format: `csv`, `stix` and `misp` are known")),
    }
}

/// The name is one of ours.
fn disposition(name: &'static str) -> HeaderValue {
    HeaderValue::try_from(format!("attachment; filename=\"{name}\""))
        .unwrap_or(HeaderValue::from_static("attachment"))
}

/// Where an export is.
struct Reading {
    state: ApiState,
    file: Box<dyn ExportFile>,
    query: OverlapQuery,
    /// The next page; `None` when all were read.
    next: Option<PageRequest>,
    is_begun: bool,
}

/// A failure in the middle breaks the body off, which a browser tells from its end.
fn body(state: ApiState, file: Box<dyn ExportFile>, query: OverlapQuery) -> Body {
    let next = Some(PageRequest { limit: ROWS, after: None });
    let reading = Reading { state, file, query, next, is_begun: false };
    Body::from_stream(stream::try_unfold(Some(reading), |reading| async {
        match reading {
            None => Ok(None),
            Some(reading) => reading.step().await.map(Some),
        }
    }))
}

impl Reading {
    async fn step(mut self) -> Result<(Bytes, Option<Self>), std::io::Error> {
        let mut text = if self.is_begun { String::new() } else { self.file.begin() };
        self.is_begun = true;
        let Some(request) = self.next.take() else {
            return Ok((text + &self.file.end(), None)).map(|(text, rest)| (Bytes::from(text), rest));
        };
        let query = self.query.clone();
        let page = self.state.store(move |store| store.find_overlaps(&query, &request)).await;
        let page = page.map_err(|_: Problem| std::io::Error::other("the store failed"))?;
        text.push_str(&self.file.rows(&page.rows));
        self.next = page.next.map(|after| PageRequest { limit: ROWS, after: Some(after) });
        if self.next.is_none() {
            text.push_str(&self.file.end());
            return Ok((text.into(), None));
        }
        Ok((text.into(), Some(self)))
    }
}

/// The partners of some rows.
fn peers(rows: &[FoundOverlap]) -> BTreeSet<overlap_coalition::MemberId> {
    rows.iter().map(|found| found.row.peer.clone()).collect()
}
