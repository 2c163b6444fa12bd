//! What of a request's body nobody has read when the answer is there.
//!
//! A refusal comes before the body was read. The connection then ends with bytes of the caller's on their way, and a caller that sends
//! its next request on it, as HTTP/1.1 lets it, fails there (RFC 9112, section 9.6). So a short rest is read and dropped first.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Frame, SizeHint};
use tokio::time::timeout;

use crate::request::MAX_JSON_BYTES;

/// The longest rest that is read, in bytes: of any JSON body. Whoever sends more, a file for instance, sees the connection end.
const LONGEST_REST: usize = MAX_JSON_BYTES;

/// How long a rest may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// Reads what a handler left of the body.
pub(crate) async fn drop_unread(request: Request, next: Next) -> Response {
    // Reading would ask a caller that waits for leave to send what it was about to keep (RFC 9110, section 10.1.1).
    if request.headers().contains_key(header::EXPECT) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let shared = Shared(Arc::new(Mutex::new(body)));
    let response = next.run(Request::from_parts(parts, Body::new(shared.clone()))).await;
    if !shared.is_end_stream() {
        // What fails here ends the connection, as it would have anyway.
        let _ = timeout(PATIENCE, drop_all(Limited::new(shared, LONGEST_REST))).await;
    }
    response
}

/// Reads to the end, or to an error, and keeps nothing.
async fn drop_all(mut rest: Limited<Shared>) {
    while let Some(Ok(_)) = rest.frame().await {}
}

/// A body of which the handler has one end and this layer another.
#[derive(Clone)]
struct Shared(Arc<Mutex<Body>>);

impl Shared {
    fn with<T>(&self, call: impl FnOnce(&mut Body) -> T) -> T {
        call(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl HttpBody for Shared {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.with(|body| Pin::new(body).poll_frame(context))
    }

    fn is_end_stream(&self) -> bool {
        self.with(|body| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.with(|body| body.size_hint())
    }
}
