//! Errors as the API tells them: `application/problem+json` (RFC 9457).

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use overlap_coalition::Refusal;
use overlap_store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::import::ImportReport;

/// What kind of problem: decides the type, the title and the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProblemKind {
    BadQuery,
    BadJson,
    UnknownField,
    BadValue,
    BadCursor,
    NoToken,
    WrongRole,
    NotFound,
    UnknownPeer,
    MethodNotAllowed,
    Stalled,
    NameTaken,
    TooManyTokens,
    NotHeld,
    Overridden,
    Refused,
    TooLarge,
    BadImport,
    UnsupportedMediaType,
    Internal,
    Unreachable,
    Busy,
}

impl ProblemKind {
    /// Type (the last part of its URN), title and status.
    const fn parts(self) -> (&'static str, &'static str, StatusCode) {
        match self {
            ProblemKind::BadQuery => ("bad-query", "The query is not valid", StatusCode::BAD_REQUEST),
            ProblemKind::BadJson => ("bad-json", "The body is not valid JSON", StatusCode::BAD_REQUEST),
            ProblemKind::UnknownField => {
                ("unknown-field", "The body has an unknown field", StatusCode::BAD_REQUEST)
            }
            ProblemKind::BadValue => ("bad-value", "A field's value is not valid", StatusCode::BAD_REQUEST),
            ProblemKind::BadCursor => ("bad-cursor", "The cursor is not valid", StatusCode::BAD_REQUEST),
            ProblemKind::NoToken => ("no-token", "A valid token is needed", StatusCode::UNAUTHORIZED),
            ProblemKind::WrongRole => ("wrong-role", "The token lacks the role", StatusCode::FORBIDDEN),
            ProblemKind::NotFound => ("not-found", "There is no such thing", StatusCode::NOT_FOUND),
            ProblemKind::UnknownPeer => ("unknown-peer", "There is no such partner", StatusCode::NOT_FOUND),
            ProblemKind::MethodNotAllowed => {
                ("method-not-allowed", "The method is not allowed here", StatusCode::METHOD_NOT_ALLOWED)
            }
            ProblemKind::Stalled => ("stalled", "The body stopped coming", StatusCode::REQUEST_TIMEOUT),
            ProblemKind::NameTaken => ("name-taken", "The name is taken", StatusCode::CONFLICT),
            ProblemKind::TooManyTokens => {
                ("too-many-tokens", "There are too many tokens", StatusCode::CONFLICT)
            }
            ProblemKind::NotHeld => ("not-held", "No warning list holds it out", StatusCode::CONFLICT),
            ProblemKind::Overridden => ("overridden", "It is overridden already", StatusCode::CONFLICT),
            ProblemKind::Refused => ("refused", "The exchange was refused", StatusCode::CONFLICT),
            ProblemKind::TooLarge => ("too-large", "The body is too large", StatusCode::PAYLOAD_TOO_LARGE),
            ProblemKind::BadImport => {
                ("bad-import", "The file cannot be imported", StatusCode::UNPROCESSABLE_ENTITY)
            }
            ProblemKind::UnsupportedMediaType => (
                "unsupported-media-type",
                "The body is of another media type",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ),
            ProblemKind::Internal => ("internal", "This node failed", StatusCode::INTERNAL_SERVER_ERROR),
            ProblemKind::Busy => ("busy", "There are too many at once", StatusCode::SERVICE_UNAVAILABLE),
            ProblemKind::Unreachable => {
                ("unreachable", "The partner cannot be reached", StatusCode::BAD_GATEWAY)
            }
        }
    }
}

/// An error to answer with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    kind: ProblemKind,
    detail: String,
    code: Option<&'static str>,
    retry_after: Option<u64>,
    import: Option<Box<ImportReport>>,
}

impl Problem {
    /// A problem; `detail` says what to change and holds no indicator's value.
    pub(crate) fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), code: None, retry_after: None, import: None }
    }

    /// A refusal by policy, this node's or the partner's.
    pub(crate) fn refused(refusal: Refusal) -> Self {
        Self {
            kind: ProblemKind::Refused,
            detail: refusal.sentence,
            code: Some(refusal.code.as_str()),
            retry_after: refusal.retry_after,
            import: None,
        }
    }

    /// The same problem, which may be gone after so many seconds.
    pub(crate) fn with_retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// The same problem, which ended an import that had come this far.
    pub(crate) fn after(self, import: ImportReport) -> Self {
        Self { import: Some(Box::new(import)), ..self }
    }

    /// A failure of this node whose cause is in the log.
    pub(crate) fn internal() -> Self {
        Self::new(ProblemKind::Internal, "the cause is in the node's log")
    }

    /// Status, the word that does not change, title and detail.
    pub(crate) fn into_parts(self) -> (StatusCode, &'static str, &'static str, String) {
        let (slug, title, status) = self.kind.parts();
        (status, slug, title, self.detail)
    }

    /// The code of a refusal.
    pub(crate) const fn code(&self) -> Option<&'static str> {
        self.code
    }

    /// What an import had done before it ended.
    pub(crate) fn import(&self) -> Option<&ImportReport> {
        self.import.as_deref()
    }

    /// When trying again may help, in seconds.
    pub(crate) const fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }

    fn document(self) -> (StatusCode, ProblemDocument) {
        let (slug, title, status) = self.kind.parts();
        let document = ProblemDocument {
            problem: format!("urn:overlapd:problem:{slug}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: self.detail,
            code: self.code.map(str::to_owned),
            retry_after: self.retry_after,
            import: self.import,
        };
        (status, document)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::BadCursor => Self::new(ProblemKind::BadCursor, error.to_string()),
            StoreError::NotFound(_) => Self::new(ProblemKind::NotFound, error.to_string()),
            error => {
                tracing::error!(%error, "the store failed a call of the API");
                Self::internal()
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let kind = self.kind;
        let retry_after = self.retry_after;
        let (status, document) = self.document();
        // A struct of strings and numbers always encodes.
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if kind == ProblemKind::NoToken {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after {
            headers.insert(HeaderName::from_static("retry-after"), HeaderValue::from(seconds));
        }
        response
    }
}

/// An error (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem, example = json!({
    "type": "urn:overlapd:problem:bad-query", "title": "The query is not valid", "status": 400,
    "detail": "limit: a number from 1 to 1000"
}))]
pub(crate) struct ProblemDocument {
    /// What kind of problem: `urn:overlapd:problem:` and a word that does not change.
    #[serde(rename = "type")]
    problem: String,
    /// The kind of problem, for people.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What is wrong this time, and what to do.
    detail: String,
    /// The code of a refusal, such as `exchanges-today`.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// When trying again may help, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    /// What an import had done before it ended: `accepted` rows are there, in whole batches.
    #[serde(skip_serializing_if = "Option::is_none")]
    import: Option<Box<ImportReport>>,
}
