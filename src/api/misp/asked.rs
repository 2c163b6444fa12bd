//! What a request says: the members of its body, and those of its query.

use axum::extract::{FromRequest, Request};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use super::MispError;
use crate::problem::{Problem, ProblemKind};
use crate::request::MAX_JSON_BYTES;

/// The members of the body, a JSON object, `null` or nothing, and of the query; what both name, the body says.
#[derive(Debug)]
pub(crate) struct Asked(pub(crate) Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for Asked {
    type Rejection = MispError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, MispError> {
        let query = request.uri().query().map(str::to_owned);
        let body = body(request).await?;
        let mut members = query.as_deref().map(of_query).unwrap_or_default();
        if ![&b""[..], b"null"].contains(&body.trim_ascii()) {
            let told = crate::request::object::<Map<String, Value>>(&body);
            members.extend(told.map_err(|(kind, reason)| Problem::new(kind, reason))?);
        }
        Ok(Self(members))
    }
}

/// The body, whole.
///
/// # Errors
/// 413 where it is too large, 400 where it breaks off.
pub(crate) async fn body(request: Request) -> Result<bytes::Bytes, MispError> {
    let body = Limited::new(request.into_body(), MAX_JSON_BYTES).collect().await.map_err(|error| {
        match error.is::<LengthLimitError>() {
            true => {
                Problem::new(ProblemKind::TooLarge, format!("a JSON body has at most {MAX_JSON_BYTES} bytes"))
            }
            false => Problem::new(ProblemKind::BadJson, "the body ended before its time"),
        }
    });
    Ok(body?.to_bytes())
}

fn of_query(query: &str) -> Map<String, Value> {
    let uri = format!("/?{query}").parse::<axum::http::Uri>().ok();
    let pairs = uri.and_then(|uri| {
        axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&uri).ok().map(|query| query.0)
    });
    pairs.unwrap_or_default().into_iter().map(|(name, value)| (name, Value::String(value))).collect()
}
