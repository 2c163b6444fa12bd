//! A question, in either of the two forms that MISP knows.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, Limited};
use serde_json::{Map, Value, json};

use super::answer::{plain, standard};
use super::{Lookup, error};
use crate::lookup::held;
use crate::request::object;
use crate::state::off_thread;

/// The module's name.
pub(super) const NAME: &str = "overlapd";

/// Bytes in a question: an attribute with its tags.
const MAX_BYTES: usize = 256 * 1024;

/// Members of a question of the older form that are not the attribute's type.
const AROUND: [&str; 9] =
    ["module", "event_id", "attribute_uuid", "config", "persistent", "timeout", "attribute", "user", "event"];

/// Answers a question. What cannot be answered is told as MISP wants it: with 200 and `error`.
pub(super) async fn query(State(lookup): State<Lookup>, request: Request) -> Response {
    let Ok(body) = Limited::new(request.into_body(), MAX_BYTES).collect().await else {
        return error(StatusCode::PAYLOAD_TOO_LARGE, "the question is too large");
    };
    match object::<Map<String, Value>>(&body.to_bytes()) {
        Ok(question) => answer(lookup, question).await,
        Err(_) => error(StatusCode::BAD_REQUEST, "the question is no JSON object"),
    }
}

async fn answer(lookup: Lookup, question: Map<String, Value>) -> Response {
    if question.get("module").and_then(Value::as_str) != Some(NAME) {
        return told("no such module");
    }
    let attribute = question.get("attribute").and_then(Value::as_object).cloned();
    let value = match &attribute {
        Some(attribute) => attribute.get("value").and_then(Value::as_str),
        None => question
            .iter()
            .find(|(name, _)| !AROUND.contains(&name.as_str()))
            .and_then(|(_, value)| value.as_str()),
    };
    let Some(value) = value.map(str::to_owned) else { return told("the question has no value") };
    let found = off_thread(move || held(&value, &*lookup.store, &lookup.daemon.rules())).await;
    let Ok(found) = found else { return told("this node failed: the cause is in its log") };
    match attribute {
        Some(attribute) => Json(standard(&attribute, &found)).into_response(),
        None => Json(plain(&found)).into_response(),
    }
}

/// An error as MISP wants it.
fn told(sentence: &str) -> Response {
    Json(json!({"error": sentence})).into_response()
}
