//! The API's connections, over a Unix socket or TLS.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::pace::PacedWrites;
use crate::taxii::Https;

/// Connections at the same time; more wait to be accepted.
const MAX_CONNECTIONS: usize = 256;

/// The longest that a caller may take for a request's head: a caller that is slower than this holds a connection for nothing.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);

/// The longest TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Headers in a request.
const MAX_HEADERS: usize = 64;

/// What is read ahead of a request, in bytes; a head has to fit in it.
const READ_BUFFER: usize = 64 * 1024;

/// The longest that calls may take to end once the node stops.
pub(crate) const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait after a failed accept: out of file descriptors, the next try would fail at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves on a Unix socket until `shutdown` resolves; calls that run then have 10 seconds to end. The socket's file and
/// its mode are the caller's.
pub async fn serve_unix(listener: UnixListener, router: Router, shutdown: impl Future<Output = ()>) {
    let connections = Connections::new(router);
    connections.serve(shutdown, || async { listener.accept().await.map(|(stream, _)| stream) }, plain).await;
}

/// Serves over TCP without TLS until `shutdown` resolves; calls that run then have 10 seconds to end. For routers that need no token, on
/// the loopback.
pub async fn serve_plain(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()>) {
    let connections = Connections::new(router);
    connections.serve(shutdown, || async { listener.accept().await.map(|(stream, _)| stream) }, plain).await;
}

/// Serves over TLS until `shutdown` resolves; calls that run then have 10 seconds to end.
pub async fn serve_tls(
    listener: TcpListener,
    config: Arc<rustls::ServerConfig>,
    router: Router,
    shutdown: impl Future<Output = ()>,
) {
    let acceptor = TlsAcceptor::from(config);
    let handshake = move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let stream = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await;
            stream.ok()?.inspect_err(|error| tracing::debug!(%error, "TLS handshake failed")).ok()
        }
    };
    let connections = Connections::new(router.layer(Extension(Https)));
    connections
        .serve(shutdown, || async { listener.accept().await.map(|(stream, _)| stream) }, handshake)
        .await;
}

async fn plain<S>(stream: S) -> Option<S> {
    Some(stream)
}

/// Whether the listener of a request stops: answers that do not end by themselves end then.
#[derive(Clone, Debug)]
pub(crate) struct Stopping(pub(crate) watch::Receiver<bool>);

/// The connections of one listener.
struct Connections {
    router: Router,
    permits: Arc<Semaphore>,
    tasks: JoinSet<()>,
    stopping: watch::Sender<bool>,
}

impl Connections {
    fn new(router: Router) -> Self {
        let stopping = watch::Sender::new(false);
        Self {
            router: router.layer(Extension(Stopping(stopping.subscribe()))),
            permits: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            tasks: JoinSet::new(),
            stopping,
        }
    }

    async fn serve<S, T, A, H>(
        mut self,
        shutdown: impl Future<Output = ()>,
        accept: impl Fn() -> A,
        handshake: impl Fn(S) -> H,
    ) where
        A: Future<Output = std::io::Result<S>>,
        H: Future<Output = Option<T>> + Send + 'static,
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        tokio::pin!(shutdown);
        loop {
            let next = async { (free(&self.permits).await, accept().await) };
            let (permit, stream) = tokio::select! {
                () = &mut shutdown => break,
                next = next => next,
                Some(_) = self.tasks.join_next() => continue,
            };
            match stream {
                Ok(stream) => self.spawn(handshake(stream), permit),
                Err(error) => {
                    tracing::warn!(%error, "the API could not accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        self.stop().await;
    }

    fn spawn<T>(
        &mut self,
        handshake: impl Future<Output = Option<T>> + Send + 'static,
        permit: Option<OwnedSemaphorePermit>,
    ) where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let router = self.router.clone();
        let stopping = self.stopping.subscribe();
        self.tasks.spawn(async move {
            if let Some(stream) = handshake.await {
                connection(stream, router, stopping).await;
            }
            drop(permit);
        });
    }

    async fn stop(mut self) {
        self.stopping.send_replace(true);
        let ended =
            tokio::time::timeout(STOP_TIMEOUT, async { while self.tasks.join_next().await.is_some() {} });
        if ended.await.is_err() {
            tracing::warn!(calls = self.tasks.len(), "calls of the API were cut off");
            // What one of them does at this moment has been done when this returns.
            self.tasks.shutdown().await;
        }
    }
}

/// Waits for a free place. The semaphore is never closed.
async fn free(permits: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    permits.clone().acquire_owned().await.ok()
}

async fn connection<T>(stream: T, router: Router, mut stopping: watch::Receiver<bool>)
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(MAX_HEADERS)
        .max_buf_size(READ_BUFFER);
    let connection =
        http.serve_connection(TokioIo::new(PacedWrites::new(stream)), TowerToHyperService::new(router));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop_asked(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection of the API ended early");
    }
}

/// Resolves when the listener stops, or is gone.
async fn stop_asked(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
