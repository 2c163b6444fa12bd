//! A syslog sink's task.
//!
//! Syslog has no acknowledgement. On a stream an event therefore counts as arrived once it was written [`CONFIRMED`] ago and the connection still
//! stands: the system ends one on which bytes wait for the other system's word longer than [`USER_TIMEOUT`], which is less. The durable position moves that late,
//! and after a break or a restart all events after it are sent again. A datagram is gone once it is sent.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use overlap_store::{EventId, StoreError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket, lookup_host};

use super::backoff::Backoff;
use super::connect::{Stream, connect};
use super::frame::counted;
use super::rfc5424::message;
use super::settings::{SyslogSettings, Transport};
use super::state::{Shared, SinkState};

/// How long bytes may wait for the other system's word.
const USER_TIMEOUT: Duration = Duration::from_secs(20);

/// How long after it was written an event counts as arrived.
const CONFIRMED: Duration = Duration::from_secs(30);

/// The longest connecting, handshake of TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// The longest that a receiver may keep from taking bytes.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// How often the position is looked at while nothing happens.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Events that are read together.
const PAGE: usize = 256;

/// How long to wait after the store failed.
const STORE_PAUSE: Duration = Duration::from_secs(5);

/// The task.
pub(crate) struct SyslogTask {
    settings: SyslogSettings,
    state: Arc<SinkState>,
    shared: Shared,
    backoff: Backoff,
    /// What is durable.
    stored: EventId,
    /// Events that were written and do not count as arrived yet: when, and up to which.
    waiting: VecDeque<(Instant, EventId)>,
}

/// Why a connection ended.
enum Ended {
    Connection(io::Error),
    Store(StoreError),
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Ended::Connection(error)
    }
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        Ended::Store(error)
    }
}

impl SyslogTask {
    pub(crate) fn new(settings: SyslogSettings, state: Arc<SinkState>, shared: Shared) -> Self {
        let (backoff, stored) = (Backoff::new(settings.longest_wait), state.position());
        Self { settings, state, shared, backoff, stored, waiting: VecDeque::new() }
    }

    /// Runs until it is dropped.
    pub(crate) async fn run(mut self) {
        loop {
            // What does not count as arrived is sent again.
            self.waiting.clear();
            self.state.reached(self.stored);
            let ended = match self.settings.transport.clone() {
                Transport::Udp => self.send_datagrams().await,
                Transport::Tcp => self.send_stream(None).await,
                Transport::Tls(tls) => self.send_stream(Some(tls)).await,
            };
            let Err(ended) = ended;
            let (why, wait) = match ended {
                Ended::Connection(error) => {
                    (format!("it cannot be reached: {error}"), self.backoff.failed(None))
                }
                Ended::Store(error) => (format!("this node's store failed: {error}"), STORE_PAUSE),
            };
            self.state.failed(why, (self.shared.now)());
            self.state.measure_sometimes(&*self.shared.store);
            tokio::time::sleep(wait).await;
        }
    }

    async fn send_stream(
        &mut self,
        tls: Option<Arc<rustls::ClientConfig>>,
    ) -> Result<std::convert::Infallible, Ended> {
        let connected = connect(&self.settings.host, self.settings.port, tls.as_ref(), limit_silence);
        let mut stream = within(CONNECT_TIMEOUT, connected).await?;
        loop {
            let (bytes, upto, count, more) = self.next_page(counted).await?;
            if count > 0 {
                within(WRITE_TIMEOUT, async {
                    stream.write_all(&bytes).await?;
                    stream.flush().await
                })
                .await?;
                self.backoff.succeeded();
                self.waiting.push_back((Instant::now(), upto));
                self.state.delivered(count, Some(upto));
            }
            self.state.reached(upto);
            self.confirm().await?;
            if !more {
                self.idle(&mut stream, upto).await?;
            }
        }
    }

    /// Waits for events; an end of the connection is an error.
    async fn idle(&mut self, stream: &mut Box<dyn Stream>, upto: EventId) -> io::Result<()> {
        let mut ignored = [0; 256];
        tokio::select! {
            () = self.shared.feed.after(upto) => Ok(()),
            () = tokio::time::sleep(LOOK_EVERY) => Ok(()),
            read = stream.read(&mut ignored) => match read? {
                0 => Err(io::Error::new(io::ErrorKind::ConnectionAborted, "it ended the connection")),
                _ => Ok(()),
            },
        }
    }

    async fn send_datagrams(&mut self) -> Result<std::convert::Infallible, Ended> {
        let found = lookup_host((self.settings.host.as_str(), self.settings.port)).await?.next();
        let to = found.ok_or_else(|| io::Error::other("its name has no address"))?;
        let own: SocketAddr = if to.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
        let socket = UdpSocket::bind(own).await?;
        socket.connect(to).await?;
        loop {
            let (messages, upto, count, more) = self.next_page(|message| vec![message.to_owned()]).await?;
            for message in &messages {
                socket.send(message.as_bytes()).await?;
            }
            if count > 0 {
                self.backoff.succeeded();
                self.state.delivered(count, Some(upto));
                self.store_position(upto).await?;
            }
            self.state.reached(upto);
            if !more {
                self.shared.feed.after(upto).await;
            }
        }
    }

    /// The next events, each put in its frame: the frames, up to where they are, how many, and whether there are more.
    async fn next_page<T>(
        &mut self,
        frame: impl Fn(&str) -> Vec<T>,
    ) -> Result<(Vec<T>, EventId, usize, bool), StoreError> {
        let (after, filter) = (self.state.position(), self.state.filter.clone());
        let page = self.shared.ask(move |store| store.events_after(after, &filter, PAGE)).await?;
        let messages = page.events.iter().map(|event| message(event, &self.shared.node, &self.settings));
        let frames = messages.flat_map(|message| frame(&message)).collect();
        self.state.measure_sometimes(&*self.shared.store);
        Ok((frames, page.upto, page.events.len(), page.more))
    }

    /// Moves the durable position to what counts as arrived.
    async fn confirm(&mut self) -> Result<(), StoreError> {
        let mut arrived = None;
        while let Some((at, upto)) = self.waiting.front().copied()
            && at.elapsed() >= CONFIRMED
        {
            self.waiting.pop_front();
            arrived = Some(upto);
        }
        match arrived {
            Some(position) => self.store_position(position).await,
            None => Ok(()),
        }
    }

    async fn store_position(&mut self, position: EventId) -> Result<(), StoreError> {
        let sink = self.state.sink.clone();
        self.shared.ask(move |store| store.set_sink_position(&sink, position)).await?;
        self.stored = position;
        Ok(())
    }
}

/// Tells the system to end a connection on which bytes wait too long.
fn limit_silence(stream: &TcpStream) -> io::Result<()> {
    Ok(rustix::net::sockopt::set_tcp_user_timeout(stream, USER_TIMEOUT.as_millis() as u32)?)
}

async fn within<T>(limit: Duration, call: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let late = || io::Error::new(io::ErrorKind::TimedOut, "it takes too long");
    tokio::time::timeout(limit, call).await.unwrap_or_else(|_| Err(late()))
}
