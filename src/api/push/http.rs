//! The webhooks' HTTP/1.1: one request at a time, no redirect followed, answers read to a limit and thrown away.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, Request, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;

use super::Target;
use super::connect::connect;

/// Bytes of an answer that are read, so that the connection can go on; a longer answer ends it.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Headers of an answer.
const MAX_HEADERS: usize = 64;

/// Bytes that are read ahead of an answer; its head has to fit in them.
const READ_BUFFER: usize = 64 * 1024;

/// What a receiver answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<String>,
}

/// A client of one receiver.
pub(crate) struct HttpSender {
    target: Target,
    tls: Arc<ClientConfig>,
    timeout: Duration,
    open: Option<SendRequest<Full<Bytes>>>,
}

impl HttpSender {
    pub(crate) fn new(target: Target, tls: Arc<ClientConfig>, timeout: Duration) -> Self {
        Self { target, tls, timeout, open: None }
    }

    /// Posts JSON with these headers beside.
    ///
    /// # Errors
    /// In words, where there is no answer.
    pub(crate) async fn post(
        &mut self,
        headers: &[(&'static str, String)],
        body: &Bytes,
    ) -> Result<Answer, String> {
        match tokio::time::timeout(self.timeout, self.try_post(headers, body)).await {
            Ok(answer) => answer,
            Err(_) => {
                self.open = None;
                Err(format!("no answer within {} seconds", self.timeout.as_secs()))
            }
        }
    }

    async fn try_post(&mut self, headers: &[(&'static str, String)], body: &Bytes) -> Result<Answer, String> {
        if let Some(open) = self.open.take() {
            // The receiver may have closed it since: then a new one is tried at once.
            if let Ok(answer) = self.send(open, headers, body).await {
                return Ok(answer);
            }
        }
        let tls = self.target.tls.then_some(&self.tls);
        let stream = connect(&self.target.host, self.target.port, tls, |_| Ok(()))
            .await
            .map_err(|error| format!("it cannot be reached: {error}"))?;
        let (sender, connection) = http1::Builder::new()
            .max_headers(MAX_HEADERS)
            .max_buf_size(READ_BUFFER)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| error.to_string())?;
        // Its end is seen by the request that it carries.
        tokio::spawn(connection);
        self.send(sender, headers, body).await
    }

    async fn send(
        &mut self,
        mut sender: SendRequest<Full<Bytes>>,
        headers: &[(&'static str, String)],
        body: &Bytes,
    ) -> Result<Answer, String> {
        sender.ready().await.map_err(|error| error.to_string())?;
        let mut request = Request::post(&self.target.path)
            .header(header::HOST, &self.target.authority)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, concat!("overlapd/", env!("CARGO_PKG_VERSION")));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(body.clone())).map_err(|error| error.to_string())?;
        let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get(header::RETRY_AFTER).and_then(text_of);
        if drained(response.into_body()).await {
            self.open = Some(sender);
        }
        Ok(Answer { status, retry_after })
    }
}

fn text_of(value: &HeaderValue) -> Option<String> {
    value.to_str().ok().map(str::to_owned)
}

/// Reads an answer's body to its end; whether that was within the limit.
async fn drained(body: Incoming) -> bool {
    Limited::new(body, LONGEST_ANSWER).collect().await.is_ok()
}
