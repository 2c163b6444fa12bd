//! Errors as TAXII tells them: the error message resource (TAXII 2.1, section 3.6.1).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use overlap_store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use super::media::MEDIA_TYPE;
use crate::problem::Problem;

/// An error to answer with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TaxiiError {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    description: String,
}

impl TaxiiError {
    fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        description: impl Into<String>,
    ) -> Self {
        Self { status, code, title, description: description.into() }
    }

    /// 400: a query parameter is malformed.
    pub(crate) fn bad_query(description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-query", "The query is not valid", description)
    }

    /// 404: there is no such thing, or none that may be told.
    pub(crate) fn not_found(what: &str) -> Self {
        let description = format!("no such {what}");
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is no such thing", description)
    }

    /// 403: nobody may write.
    pub(crate) fn read_only() -> Self {
        let description = "objects come from imports and exchanges; no collection can be written to";
        Self::new(StatusCode::FORBIDDEN, "read-only", "The collection is read-only", description)
    }

    /// 406: no answer is acceptable.
    pub(crate) fn not_acceptable() -> Self {
        let description = format!("every answer is {MEDIA_TYPE}");
        Self::new(StatusCode::NOT_ACCEPTABLE, "not-acceptable", "No such answer can be given", description)
    }

    /// 413: the body is longer than `max_content_length`.
    pub(crate) fn too_large(most: u64) -> Self {
        let description = format!("a body has at most {most} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large", description)
    }

    /// 415: the body is of another media type.
    pub(crate) fn unsupported_media_type() -> Self {
        let description = format!("a body is {MEDIA_TYPE}");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", "No such body is read", description)
    }
}

impl From<Problem> for TaxiiError {
    fn from(problem: Problem) -> Self {
        let (status, code, title, detail) = problem.into_parts();
        Self::new(status, code, title, detail)
    }
}

impl From<StoreError> for TaxiiError {
    fn from(error: StoreError) -> Self {
        Problem::from(error).into()
    }
}

impl IntoResponse for TaxiiError {
    fn into_response(self) -> Response {
        let message = ErrorMessage {
            title: self.title,
            description: self.description,
            error_code: self.code,
            http_status: self.status.as_u16().to_string(),
        };
        // A struct of strings always encodes.
        let body = serde_json::to_vec(&message).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if self.status == StatusCode::UNAUTHORIZED {
            let schemes = HeaderValue::from_static("Basic realm=\"overlapd\", charset=\"UTF-8\", Bearer");
            headers.insert(header::WWW_AUTHENTICATE, schemes);
        }
        response
    }
}

/// An error (TAXII 2.1, section 3.6.1).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaxiiError, example = json!({
    "title": "The query is not valid", "description": "limit: a whole number from 1", "error_code": "bad-query",
    "http_status": "400"
}))]
pub(crate) struct ErrorMessage {
    /// What kind of error, for people.
    title: &'static str,
    /// What is wrong this time, and what to do.
    description: String,
    /// What kind of error: a word that does not change.
    error_code: &'static str,
    /// The HTTP status, as a string.
    http_status: String,
}
