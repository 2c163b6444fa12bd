//! How slow a caller may be.
//!
//! A listener serves a few hundred connections, so a caller that sends a body byte by byte, or takes no answer, holds a place of others', with a
//! token or without. Each way has time that it may keep this node waiting. Only waiting counts: a caller whose import this node is slow to store
//! loses none, nor does one with whom nothing is under way.

use std::error::Error;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// How long a caller may keep this node waiting in one direction, if nothing moves.
pub(crate) const PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 2 } else { 30 });

/// For each of so many bytes that move, a second of it comes back.
pub(crate) const BYTES_A_SECOND: usize = 1024;

/// The caller kept this node waiting for too long.
#[derive(Debug, thiserror::Error)]
#[error("the caller is too slow")]
pub(crate) struct TooSlow;

impl TooSlow {
    /// Whether this is why something failed.
    pub(crate) fn caused(error: &(dyn Error + 'static)) -> bool {
        std::iter::successors(Some(error), |error: &&(dyn Error + 'static)| (*error).source())
            .any(|error| error.is::<Self>())
    }
}

/// What is left of the patience with one direction of a connection.
struct Allowance {
    left: Duration,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Allowance {
    const fn new() -> Self {
        Self { left: PATIENCE, waiting: None }
    }

    /// To be asked whenever nothing moves: resolves when nothing is left.
    fn poll_used_up(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let begin = || (Instant::now(), Box::pin(tokio::time::sleep(self.left)));
        self.waiting.get_or_insert_with(begin).1.as_mut().poll(context)
    }

    /// So many bytes moved.
    fn moved(&mut self, bytes: usize) {
        if let Some((since, _)) = self.waiting.take() {
            self.left = self.left.saturating_sub(since.elapsed());
        }
        let back = Duration::from_secs_f64(bytes as f64 / BYTES_A_SECOND as f64);
        self.left = (self.left + back).min(PATIENCE);
    }
}

/// Makes a request's body fail with [`TooSlow`] where the caller is.
pub(crate) async fn pace_body(request: Request) -> Request {
    request.map(|body| Body::new(PacedBody { body, allowance: Allowance::new() }))
}

struct PacedBody {
    body: Body,
    allowance: Allowance,
}

impl HttpBody for PacedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) else {
            ready!(self.allowance.poll_used_up(context));
            return Poll::Ready(Some(Err(axum::Error::new(TooSlow))));
        };
        if let Some(Ok(frame)) = &frame {
            self.allowance.moved(frame.data_ref().map_or(0, Bytes::len));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A connection whose writes fail where the caller takes too little of what is written.
pub(crate) struct PacedWrites<T> {
    stream: T,
    allowance: Allowance,
}

impl<T> PacedWrites<T> {
    pub(crate) const fn new(stream: T) -> Self {
        Self { stream, allowance: Allowance::new() }
    }

    /// What a write gave, or the end of the patience.
    fn paced(
        &mut self,
        written: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match &written {
            Poll::Pending => {
                ready!(self.allowance.poll_used_up(context));
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, TooSlow)));
            }
            Poll::Ready(Ok(bytes)) => self.allowance.moved(*bytes),
            Poll::Ready(Err(_)) => {}
        }
        written
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for PacedWrites<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for PacedWrites<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.paced(written, context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.paced(flushed.map_ok(|()| 0), context).map_ok(|_| ())
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.stream).poll_shutdown(context);
        self.paced(closed.map_ok(|()| 0), context).map_ok(|_| ())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
        self.paced(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::sync::mpsc;
    use tokio::time::{advance, timeout};

    use super::*;

    const LONG: Duration = Duration::from_secs(3_600);

    async fn paced(mut chunks: mpsc::Receiver<Result<Bytes, io::Error>>) -> Body {
        let chunks = futures_util::stream::poll_fn(move |context| chunks.poll_recv(context));
        pace_body(Request::new(Body::from_stream(chunks))).await.into_body()
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_coming_fails_in_time() {
        let (_sender, chunks) = mpsc::channel(1);
        let mut body = paced(chunks).await;
        let begun = Instant::now();
        let error = body.frame().await.unwrap().unwrap_err();
        assert!(TooSlow::caused(&error), "{error:?}");
        assert_eq!(begun.elapsed().as_secs(), PATIENCE.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_trickles_fails_soon_after() {
        let (sender, chunks) = mpsc::channel(1);
        tokio::spawn(async move {
            while sender.send(Ok(Bytes::from_static(b"x"))).await.is_ok() {
                tokio::time::sleep(PATIENCE / 6).await;
            }
        });
        let mut body = paced(chunks).await;
        let begun = Instant::now();
        while let Ok(frame) = body.frame().await.unwrap() {
            assert!(frame.is_data() && begun.elapsed() < LONG);
        }
        assert!(begun.elapsed() < PATIENCE * 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_take_hours_at_a_steady_pace_or_where_this_node_is_slow() {
        let (sender, chunks) = mpsc::channel(1);
        tokio::spawn(async move {
            for _ in 0..1_000 {
                tokio::time::sleep(PATIENCE / 2).await;
                let bytes = BYTES_A_SECOND * PATIENCE.as_secs() as usize / 2;
                let _ = sender.send(Ok(Bytes::from(vec![0; bytes]))).await;
            }
        });
        let (mut body, mut frames) = (paced(chunks).await, 0);
        while let Some(frame) = body.frame().await {
            frames += usize::from(frame.unwrap().is_data());
            // What this node does with it takes its time.
            advance(Duration::from_secs(100)).await;
        }
        assert_eq!(frames, 1_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_takes_nothing_loses_the_connection() {
        let (ours, mut theirs) = duplex(64);
        let mut ours = PacedWrites::new(ours);
        let begun = Instant::now();
        let error = timeout(LONG, ours.write_all(&[0; 1_000])).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(begun.elapsed().as_secs(), PATIENCE.as_secs());
        drop(ours);
        let mut taken = Vec::new();
        theirs.read_to_end(&mut taken).await.unwrap();
        assert_eq!(taken.len(), 64);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_connection_loses_nothing() {
        let (ours, mut theirs) = duplex(64);
        let mut ours = PacedWrites::new(ours);
        for _ in 0..10 {
            advance(LONG).await;
            ours.write_all(&[0; 64]).await.unwrap();
            theirs.read_exact(&mut [0; 64]).await.unwrap();
        }
    }
}
