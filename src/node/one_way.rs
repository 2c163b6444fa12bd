//! A connection on which a failed write is not the end: a server that refuses a large upload answers, closes, and so
//! breaks the pipe under the rest of the upload; its answer is still there to be read.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream that drops what it is given to write once the other end takes no more.
pub(crate) struct OneWayAtLast<S> {
    stream: S,
    closed: bool,
}

impl<S> OneWayAtLast<S> {
    /// Wraps a stream.
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, closed: false }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for OneWayAtLast<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for OneWayAtLast<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.closed {
            return Poll::Ready(Ok(from.len()));
        }
        match ready!(Pin::new(&mut self.stream).poll_write(context, from)) {
            Err(error) if is_closed(&error) => {
                self.closed = true;
                Poll::Ready(Ok(from.len()))
            }
            written => Poll::Ready(written),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.closed { Poll::Ready(Ok(())) } else { Pin::new(&mut self.stream).poll_flush(context) }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.closed { Poll::Ready(Ok(())) } else { Pin::new(&mut self.stream).poll_shutdown(context) }
    }
}

fn is_closed(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn an_answer_is_read_after_the_pipe_broke() {
        let (mut server, client) = duplex(64);
        server.write_all(b"no").await.unwrap();
        drop(server);
        let mut client = OneWayAtLast::new(client);
        client.write_all(&[0; 1_000]).await.unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"no");
    }
}
