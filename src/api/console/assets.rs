//! Files that pages load, compiled in: a style sheet, small scripts, and the library that draws charts.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::fault::Fault;
use crate::problem::Problem;
use crate::request::{Segment, not_found};

/// How long a browser may keep one: a new version of the node has other files under the same names.
const CACHE: &str = "private, max-age=3600";

/// Names, media types and contents.
const ASSETS: [(&str, &str, &str); 6] = [
    ("console.css", "text/css; charset=utf-8", include_str!("assets/console.css")),
    ("console.js", "text/javascript; charset=utf-8", include_str!("assets/console.js")),
    ("chart.js", "text/javascript; charset=utf-8", include_str!("assets/chart.js")),
    ("uplot.js", "text/javascript; charset=utf-8", include_str!("assets/uplot.js")),
    ("uplot.css", "text/css; charset=utf-8", include_str!("assets/uplot.css")),
    ("icon.svg", "image/svg+xml", include_str!("assets/icon.svg")),
];

/// A file.
pub(crate) async fn asset(name: Result<Segment, Problem>) -> Result<Response, Fault> {
    let Segment(name) = name?;
    let found = ASSETS.iter().find(|(known, _, _)| *known == name);
    let (_, media_type, content) = found.ok_or_else(|| not_found("file"))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static(CACHE)),
    ];
    Ok((headers, *content).into_response())
}
