//! Errors as MISP tells them.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Problem;

/// An error to answer with; the route's gate adds the path.
#[derive(Clone, Debug)]
pub(crate) struct MispError {
    status: StatusCode,
    name: String,
    message: String,
}

/// An error of MISP's.
///
/// No message is ever "You do not have permission to do that.": clients would send their change again, as a proposal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MispError, example = json!({"name": "Invalid event", "message": "There is no such event.", "url": "/misp/events/view/99"}))]
pub(crate) struct MispErrorDocument {
    /// What kind of error.
    name: String,
    /// What is wrong this time.
    message: String,
    /// The path that was asked for.
    url: String,
}

impl MispError {
    fn new(status: StatusCode, name: &str, message: impl Into<String>) -> Self {
        Self { status, name: name.to_owned(), message: message.into() }
    }

    /// There is no such event, attribute or the like.
    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, &format!("Invalid {what}"), format!("There is no such {what}."))
    }

    /// The request says something that cannot be done.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Invalid request", message)
    }

    /// The answer, with the path that was asked for.
    pub(crate) fn told(self, path: &str) -> Response {
        let Self { status, name, message } = self;
        let document = MispErrorDocument { name, message, url: path.to_owned() };
        let mut response = (status, Json(document)).into_response();
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Problem> for MispError {
    fn from(problem: Problem) -> Self {
        let (status, _, title, detail) = problem.into_parts();
        Self::new(status, title, detail)
    }
}

impl From<overlap_store::StoreError> for MispError {
    fn from(error: overlap_store::StoreError) -> Self {
        Problem::from(error).into()
    }
}

impl IntoResponse for MispError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
