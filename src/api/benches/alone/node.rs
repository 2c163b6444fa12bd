//! A node that is asked for documents.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

/// The API, and a token that it takes.
pub(crate) struct Node {
    pub(crate) router: Router,
    pub(crate) token: String,
}

impl Node {
    /// How long the whole answer took, and the answer.
    pub(crate) async fn get(&self, uri: &str) -> (Duration, Value) {
        let request = Request::get(uri).header("authorization", format!("Bearer {}", self.token));
        let begun = Instant::now();
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200, "{uri}");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (begun.elapsed(), serde_json::from_slice(&body).unwrap())
    }
}
