//! Answers that may be as long as all that the node holds: made part by part, as fast as they are read, none of them kept.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{StreamExt, iter, try_unfold};
use overlap_store::StoreError;
use serde::Serialize;

use super::MispError;
use crate::problem::Problem;
use crate::state::off_thread;

/// Bytes after which a part is given out.
pub(crate) const PART_BYTES: usize = 256 * 1024;

/// An answer in parts. Each is made on a thread that may block, and no thread waits for a slow reader.
pub(crate) trait Parts: Sized + Send + 'static {
    /// The next part; none after the last.
    ///
    /// # Errors
    /// The store's.
    fn next(&mut self) -> Result<Option<Vec<u8>>, StoreError>;
}

async fn step<P: Parts>(mut parts: P) -> Result<(Option<Vec<u8>>, P), MispError> {
    let made = off_thread(move || parts.next().map(|part| (part, parts))).await?;
    Ok(made.map_err(Problem::from)?)
}

/// The answer. What goes wrong before its first two parts is told as an error; after that the connection breaks, so that nobody takes what
/// there is for all.
///
/// # Errors
/// The store's.
pub(crate) async fn answer<P: Parts>(parts: P, media_type: &'static str) -> Result<Response, MispError> {
    let (first, parts) = step(parts).await?;
    let (second, parts) = step(parts).await?;
    let first = first.unwrap_or_default();
    let body = match second {
        None => Body::from(first),
        Some(second) => {
            let begun = [first, second].map(|part| Ok::<_, std::io::Error>(Bytes::from(part)));
            let rest = try_unfold(parts, |parts| async {
                let broken = |_| std::io::Error::other("the answer cannot go on");
                let (part, parts) = step(parts).await.map_err(broken)?;
                Ok(part.map(|part| (Bytes::from(part), parts)))
            });
            Body::from_stream(iter(begun).chain(rest))
        }
    };
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    Ok(response)
}

/// A struct of strings and numbers always encodes.
pub(crate) fn put(out: &mut Vec<u8>, item: &impl Serialize) {
    out.extend(serde_json::to_vec(item).unwrap_or_default());
}

/// Items of a list, with a comma before each but the first, in whatever part it stands.
#[derive(Default)]
pub(crate) struct Items {
    begun: bool,
}

impl Items {
    /// Goes on to the next item.
    pub(crate) fn next(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.begun, true) {
            out.push(b',');
        }
    }
}
