//! The command line's end of the local API: HTTP/1.1 over the Unix socket, with the token of the config.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use crate::cli::ImportReport;
use crate::config::Config;
use crate::files::{self, FileError};
use crate::one_way::OneWayAtLast;
use crate::unix_socket;

/// The largest answer that is read: pages have at most a thousand rows.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// Bytes read of a file at once.
pub const CHUNK: usize = 256 * 1024;

/// A request's body.
pub type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// Why a call of the API failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// Nobody listens.
    #[error("no daemon answers at {socket} ({source}): start it with `overlapd run`")]
    NotRunning {
        /// Where it was expected.
        socket: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The token.
    #[error("the API's token: {0}")]
    Token(#[from] FileError),
    /// The connection broke.
    #[error("the daemon went away: {0}")]
    Broken(String),
    /// The daemon says no.
    #[error("{0}")]
    Problem(Problem),
    /// An answer that this program does not understand.
    #[error("the daemon's answer cannot be read: is it of another version than this command?")]
    Answer,
}

/// What the daemon says is wrong (RFC 9457).
#[derive(Debug, Default, Deserialize)]
pub struct Problem {
    /// In short.
    #[serde(default)]
    pub title: String,
    /// The HTTP status.
    #[serde(default)]
    pub status: u16,
    /// In full.
    #[serde(default)]
    pub detail: Option<String>,
    /// The refusal's code, where it is one.
    #[serde(default)]
    pub code: Option<String>,
    /// What an import had done before it ended.
    #[serde(default)]
    pub(crate) import: Option<Box<ImportReport>>,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(code) = &self.code {
            return write!(f, "refused ({code}): {}", self.detail.as_deref().unwrap_or(&self.title));
        }
        match &self.detail {
            Some(detail) => write!(f, "{}: {detail}", self.title)?,
            None => write!(f, "{} (status {})", self.title, self.status)?,
        }
        let rows = self.import.as_ref().map_or(0, |import| import.accepted + import.duplicates);
        if rows > 0 {
            write!(f, "; {rows} rows before that are there")?;
        }
        Ok(())
    }
}

impl ClientError {
    /// Whether a policy refused, here or at the partner.
    pub fn is_refusal(&self) -> bool {
        matches!(self, ClientError::Problem(problem) if problem.code.is_some())
    }

    /// Whether what was asked was not well formed.
    pub fn is_usage(&self) -> bool {
        matches!(self, ClientError::Problem(problem) if problem.status == StatusCode::BAD_REQUEST.as_u16())
    }
}

/// A caller of one node's API.
#[derive(Clone)]
pub struct Client {
    socket: PathBuf,
    token: Zeroizing<String>,
}

impl Client {
    /// The caller that a config describes.
    ///
    /// # Errors
    /// The token's file cannot be read or can be read by others.
    pub fn new(config: &Config) -> Result<Self, ClientError> {
        let token = read_token(&config.api.token)?;
        Ok(Self { socket: config.api.socket.clone(), token })
    }

    /// Reads something.
    ///
    /// # Errors
    /// As [`ClientError`] says.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.call(Method::GET, path, None).await
    }

    /// Sends JSON.
    ///
    /// # Errors
    /// As [`ClientError`] says.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        json: &serde_json::Value,
    ) -> Result<T, ClientError> {
        let body = Full::new(Bytes::from(json.to_string())).map_err(|never| match never {}).boxed_unsync();
        self.call(Method::POST, path, Some(("application/json", body))).await
    }

    /// Sends a file's bytes as they are read.
    ///
    /// # Errors
    /// As [`ClientError`] says.
    pub async fn upload<T: DeserializeOwned>(&self, path: &str, body: Body) -> Result<T, ClientError> {
        self.call(Method::POST, path, Some(("application/octet-stream", body))).await
    }

    /// Removes something.
    ///
    /// # Errors
    /// As [`ClientError`] says.
    pub async fn delete(&self, path: &str) -> Result<(), ClientError> {
        self.send(Method::DELETE, path, None).await.map(|_| ())
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<(&str, Body)>,
    ) -> Result<T, ClientError> {
        let bytes = self.send(method, path, body).await?;
        serde_json::from_slice(&bytes).map_err(|_| ClientError::Answer)
    }

    /// Opens an answer that does not end by itself.
    ///
    /// # Errors
    /// As [`ClientError`] says.
    pub(crate) async fn open(&self, path: &str) -> Result<Opened, ClientError> {
        let (mut sender, driver) = self.connect().await?;
        let opened = Opening(driver);
        let request = self.request(Method::GET, path, None)?;
        let response = sender.send_request(request).await.map_err(|error| broken(&error))?;
        if response.status().is_success() {
            return Ok(Opened { body: response.into_body(), _opening: opened });
        }
        match read_answer(response).await {
            Ok(_) => Err(ClientError::Answer),
            Err(error) => Err(error),
        }
    }

    async fn connect(
        &self,
    ) -> Result<(http1::SendRequest<Body>, JoinHandle<hyper::Result<()>>), ClientError> {
        let stream = unix_socket::connect(&self.socket)
            .await
            .map_err(|source| ClientError::NotRunning { socket: self.socket.clone(), source })?;
        let (sender, connection) = http1::handshake(TokioIo::new(OneWayAtLast::new(stream)))
            .await
            .map_err(|error| broken(&error))?;
        // The connection lives as long as its request; its own end is seen in the request's.
        Ok((sender, tokio::spawn(connection)))
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<(&str, Body)>,
    ) -> Result<Bytes, ClientError> {
        let (mut sender, driver) = self.connect().await?;
        let request = self.request(method, path, body)?;
        let response = sender.send_request(request).await.map_err(|error| broken(&error));
        let answer = match response {
            Ok(response) => read_answer(response).await,
            Err(error) => Err(error),
        };
        driver.abort();
        answer
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<(&str, Body)>,
    ) -> Result<Request<Body>, ClientError> {
        let authorization = Zeroizing::new(format!("Bearer {}", *self.token));
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::AUTHORIZATION, authorization.as_str());
        if let Some((media_type, _)) = &body {
            request = request.header(header::CONTENT_TYPE, *media_type);
        }
        let empty = || Full::new(Bytes::new()).map_err(|never| match never {}).boxed_unsync();
        request
            .body(body.map_or_else(empty, |(_, body)| body))
            .map_err(|_| ClientError::Broken("the request cannot be written".into()))
    }
}

/// The task of a connection, which ends with whoever holds it.
struct Opening(JoinHandle<hyper::Result<()>>);

impl Drop for Opening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// An answer that is read as it comes.
pub(crate) struct Opened {
    body: hyper::body::Incoming,
    _opening: Opening,
}

impl Opened {
    /// The next bytes; `None` once it has ended.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Ok(bytes) = self.body.frame().await?.ok()?.into_data() {
                return Some(bytes);
            }
        }
    }
}

async fn read_answer(response: Response<hyper::body::Incoming>) -> Result<Bytes, ClientError> {
    let status = response.status();
    let body = http_body_util::Limited::new(response.into_body(), LARGEST_ANSWER);
    let bytes = body.collect().await.map_err(|_| ClientError::Answer)?.to_bytes();
    if status.is_success() {
        return Ok(bytes);
    }
    let mut problem: Problem = serde_json::from_slice(&bytes).unwrap_or_default();
    if problem.title.is_empty() {
        status.canonical_reason().unwrap_or("The daemon refused").clone_into(&mut problem.title);
    }
    problem.status = status.as_u16();
    Err(ClientError::Problem(problem))
}

fn broken(error: &hyper::Error) -> ClientError {
    ClientError::Broken(error.to_string())
}

/// Reads a token's file: one line.
///
/// # Errors
/// It cannot be read, others can read it, or it has no token.
pub fn read_token(path: &Path) -> Result<Zeroizing<String>, FileError> {
    let not_a = || FileError::NotA { path: path.to_owned(), expected: "a token file: one line with a token" };
    let bytes = files::read_secret(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| not_a())?.trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(not_a());
    }
    Ok(Zeroizing::new(text.to_owned()))
}

/// A text as one part of a query or path (RFC 3986, 2.3: unreserved characters stand, others are encoded).
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&data_encoding::HEXUPPER.encode(&[byte]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_parts_are_encoded() {
        assert_eq!(encoded("a b&c=é"), "a%20b%26c%3D%C3%A9");
    }

    #[test]
    fn a_problem_without_a_body_is_still_a_sentence() {
        let problem = Problem { title: "Not Found".into(), status: 404, ..Problem::default() };
        assert_eq!(problem.to_string(), "Not Found (status 404)");
    }

    #[test]
    fn a_token_is_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            files::write_new_secret(&path, text.as_bytes()).unwrap();
            path
        };
        assert_eq!(read_token(&write("good", "ovl_abc\n")).unwrap().as_str(), "ovl_abc");
        assert!(read_token(&write("empty", "\n")).is_err());
        assert!(read_token(&write("two", "one\ntwo\n")).is_err());
    }
}
