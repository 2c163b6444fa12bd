//! What comes with a request: query and JSON body, each refused with the name of what is wrong.

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use overlap_coalition::{ExchangeId, MemberId};
use overlap_indicator::Kind;
use overlap_store::{Cursor, PageRequest};
use serde::de::DeserializeOwned;

use crate::nearest::nearest;
use crate::pace::TooSlow;
use crate::problem::{Problem, ProblemKind};

/// The largest JSON body, in bytes: a withdrawal of some ten thousand values. Imports are not JSON bodies and have no limit.
pub(crate) const MAX_JSON_BYTES: usize = 4 * 1024 * 1024;

/// Rows in a page, where the caller names no number.
const DEFAULT_LIMIT: usize = 100;

/// Rows in a page at most: a page is built in memory.
const MAX_LIMIT: usize = 1_000;

/// The longest cursor that is handed to the store, in bytes; the store's own are far shorter.
const MAX_CURSOR_BYTES: usize = 512;

/// The query, decoded. Unknown parameters are refused where `T` refuses unknown fields, as every one here does.
#[derive(Debug)]
pub(crate) struct Params<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(params)) => Ok(Self(params)),
            Err(rejection) => Err(Problem::new(ProblemKind::BadQuery, rejection.body_text())),
        }
    }
}

/// The one part of the path that names something.
#[derive(Debug)]
pub(crate) struct Segment(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::from_request_parts(parts, state).await;
        path.map(|Path(segment)| Self(segment)).map_err(|_| not_found("thing"))
    }
}

/// The body, decoded from JSON; one that says that it is something else is refused.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        check_json_type(request.headers())?;
        let body = Limited::new(request.into_body(), MAX_JSON_BYTES).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                Problem::new(ProblemKind::TooLarge, format!("a JSON body has at most {MAX_JSON_BYTES} bytes"))
            } else if TooSlow::caused(&*error) {
                Problem::new(ProblemKind::BadJson, "the body came too slowly: send it without a break")
            } else {
                Problem::new(ProblemKind::BadJson, "the body ended before its time")
            }
        })?;
        object(&body.to_bytes()).map(Self).map_err(|reason| Problem::new(reason.0, reason.1))
    }
}

/// Refuses a body that says that it is something else than JSON. One that says nothing is taken for what it should be.
fn check_json_type(headers: &HeaderMap) -> Result<(), Problem> {
    let is_json = |value: &HeaderValue| {
        let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("application/json")
    };
    match headers.get(header::CONTENT_TYPE) {
        Some(media_type) if !is_json(media_type) => Err(Problem::new(
            ProblemKind::UnsupportedMediaType,
            "the body is JSON: send `Content-Type: application/json`",
        )),
        _ => Ok(()),
    }
}

/// Reads a JSON object, or says why not. An array would fill a struct's fields by their order, so it is refused.
pub(crate) fn object<T: DeserializeOwned>(text: &[u8]) -> Result<T, (ProblemKind, String)> {
    let read = serde_json::from_slice(text);
    let is_object = text.trim_ascii_start().starts_with(b"{");
    match read {
        Ok(value) if is_object => Ok(value),
        Err(error) if is_object || !error.is_data() => Err((problem_kind(&error), json_reason(&error))),
        _ => Err((ProblemKind::BadJson, "not a JSON object".to_owned())),
    }
}

fn problem_kind(error: &serde_json::Error) -> ProblemKind {
    match field_error(error) {
        Some(JsonFault::UnknownField(_)) => ProblemKind::UnknownField,
        Some(_) => ProblemKind::BadValue,
        None => ProblemKind::BadJson,
    }
}

/// What a JSON text that parses has wrong.
#[derive(Debug, PartialEq, Eq)]
enum JsonFault {
    UnknownField(String),
    MissingField(String),
    WrongType,
}

/// Why a JSON text was refused. serde's own message would repeat a value of the wrong type; this one has at most a field's name.
fn json_reason(error: &serde_json::Error) -> String {
    let at = || format!("line {}, column {}", error.line(), error.column());
    match field_error(error) {
        None => format!("not JSON at {}", at()),
        Some(JsonFault::UnknownField(name)) => format!("unknown field `{name}`"),
        Some(JsonFault::MissingField(name)) => format!("missing field `{name}`"),
        Some(JsonFault::WrongType) => format!("a value of the wrong type ends at {}", at()),
    }
}

fn field_error(error: &serde_json::Error) -> Option<JsonFault> {
    if !error.is_data() {
        return None;
    }
    let text = error.to_string();
    let named = |prefix: &str| {
        let name = text.strip_prefix(prefix)?.split_once('`')?.0;
        Some(name.to_owned())
    };
    let fault = named("unknown field `")
        .filter(|name| is_field_like(name))
        .map(JsonFault::UnknownField)
        .or_else(|| named("missing field `").map(JsonFault::MissingField));
    Some(fault.unwrap_or(JsonFault::WrongType))
}

/// Whether a text can be shown as a field's name: short, without digits, so that no card number is echoed.
fn is_field_like(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphabetic() || b"_- ".contains(&byte))
}

/// The page that `limit` and `after` ask for.
pub(crate) fn page(limit: Option<u64>, after: Option<String>) -> Result<PageRequest, Problem> {
    let limit = match limit {
        None => DEFAULT_LIMIT,
        Some(limit) => usize::try_from(limit)
            .ok()
            .filter(|limit| (1..=MAX_LIMIT).contains(limit))
            .ok_or_else(|| bad_query(format!("limit: a number from 1 to {MAX_LIMIT}")))?,
    };
    if after.as_ref().is_some_and(|after| after.len() > MAX_CURSOR_BYTES) {
        return Err(Problem::new(ProblemKind::BadCursor, "the cursor is not one that this node gave out"));
    }
    Ok(PageRequest { limit, after: after.map(Cursor) })
}

/// The kind of this name.
pub(crate) fn kind(name: &str) -> Result<Kind, String> {
    let lower = name.trim().to_ascii_lowercase();
    lower.parse().map_err(|_| match nearest(&lower, Kind::ALL.iter().map(|kind| kind.as_str())) {
        Some(near) => format!("unknown kind; the nearest is `{near}`"),
        None => "unknown kind".to_owned(),
    })
}

/// The kind that a query names.
pub(crate) fn query_kind(name: Option<&str>) -> Result<Option<Kind>, Problem> {
    name.map(kind).transpose().map_err(|reason| bad_query(format!("kind: {reason}")))
}

/// The member that a query names.
pub(crate) fn query_peer(name: Option<&str>) -> Result<Option<MemberId>, Problem> {
    name.map(str::parse).transpose().map_err(|error| bad_query(format!("peer: {error}")))
}

/// A query that is refused.
pub(crate) fn bad_query(detail: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::BadQuery, detail)
}

/// An id of 16 bytes from its 32 hex digits.
pub(crate) fn id_bytes(text: &str) -> Option<[u8; 16]> {
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?;
    bytes.try_into().ok()
}

/// The exchange that a path names.
pub(crate) fn exchange_id(text: &str) -> Result<ExchangeId, Problem> {
    id_bytes(text).map(ExchangeId).ok_or_else(|| not_found("exchange"))
}

/// There is no such thing.
pub(crate) fn not_found(what: &str) -> Problem {
    Problem::new(ProblemKind::NotFound, format!("no such {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        #[allow(dead_code, reason = "only its name matters")]
        value: String,
    }

    fn reason(json: &str) -> String {
        object::<Body>(json.as_bytes()).unwrap_err().1
    }

    #[test]
    fn json_errors_name_fields_and_never_values() {
        assert_eq!(reason(r#"{"value":"x","vlaue":1}"#), "unknown field `vlaue`");
        assert_eq!(reason("{}"), "missing field `value`");
        assert!(reason("{\"value\"").starts_with("not JSON at line 1"));
        for json in [r#"{"value":4111111111111111}"#, r#"{"4111111111111111":1}"#, r#"["4111111111111111"]"#]
        {
            assert!(!reason(json).contains("4111"), "{}", reason(json));
        }
    }

    #[test]
    fn pages_have_limits() {
        assert_eq!(page(None, None).unwrap().limit, 100);
        assert_eq!(page(Some(1_000), None).unwrap().limit, 1_000);
        for limit in [0, 1_001, u64::MAX] {
            assert!(page(Some(limit), None).is_err(), "{limit}");
        }
        assert!(page(None, Some("x".repeat(513))).is_err());
    }

    #[test]
    fn kinds_are_read_in_any_case_and_the_nearest_is_named() {
        assert_eq!(kind(" URL "), Ok(Kind::Url));
        assert_eq!(kind("domian"), Err("unknown kind; the nearest is `domain`".to_owned()));
        assert_eq!(kind("4111111111111111"), Err("unknown kind".to_owned()));
    }
}
