//! Frames over one stream: limits before allocation, a deadline for every byte, a running hash of both directions.

use std::future::Future;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use overlap_coalition::{MemberId, SignedDocument};
use overlap_wire::{Frame, FrameType, HEADER_SIZE, Header};
use quinn::{Connection, ReadError, RecvStream, SendStream, VarInt, WriteError, Written};
use tokio::time::{Instant, timeout};

use crate::closing::{CloseCause, CloseCode, close, fault_of};
use crate::fault::Fault;
use crate::pace::Pace;
use crate::tls::PARTNER_WINDOW;
use crate::watch::Traffic;

/// The first piece of memory for a frame's body; more is taken as bytes arrive, so that a length alone costs nothing.
const FIRST_ALLOCATION: usize = 64 << 10;

/// Time for a last frame to reach a partner that may not be reading any more.
const LINGER: Duration = Duration::from_secs(2);

/// Frames that are read past in search of the refusal with which a partner ended a conversation.
const FRAMES_BEFORE_REFUSAL: usize = 64;

/// What a direction's hash is derived from. BLAKE3, since it costs a fifth of SHA-256, and every byte of an exchange goes through it on
/// both sides.
const TRANSCRIPT_LABEL: &str = "overlapd v1 transcript of one direction";

/// A conversation's stream.
pub(crate) struct Channel {
    connection: Connection,
    cause: CloseCause,
    send: SendStream,
    receive: RecvStream,
    peer: MemberId,
    pace: Pace,
    sent: Direction,
    received: Direction,
    traffic: Traffic,
    #[cfg(test)]
    tap: crate::tap::Tap,
}

/// What went one way.
struct Direction {
    bytes: u64,
    hash: blake3::Hasher,
}

impl Direction {
    fn new() -> Self {
        Self { bytes: 0, hash: blake3::Hasher::new_derive_key(TRANSCRIPT_LABEL) }
    }

    fn note(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.hash.update(bytes);
    }

    fn digest(&self) -> [u8; 32] {
        *self.hash.finalize().as_bytes()
    }
}

impl Channel {
    /// Frames over `streams`, which are a connection's to `peer`.
    pub(crate) fn new(
        connection: Connection,
        cause: CloseCause,
        streams: (SendStream, RecvStream),
        peer: MemberId,
        pace: Pace,
    ) -> Self {
        let (send, receive) = streams;
        Self {
            connection,
            cause,
            send,
            receive,
            peer,
            pace,
            sent: Direction::new(),
            received: Direction::new(),
            traffic: Traffic::default(),
            #[cfg(test)]
            tap: crate::tap::Tap::default(),
        }
    }

    /// Shows every frame to a test.
    #[cfg(test)]
    pub(crate) fn tapped(mut self, tap: crate::tap::Tap) -> Self {
        self.tap = tap;
        self
    }

    /// The member at the other end.
    pub(crate) fn peer(&self) -> &MemberId {
        &self.peer
    }

    /// The connection.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The bytes that moved until now, to look at while they do.
    pub(crate) fn live_traffic(&self) -> Traffic {
        self.traffic.clone()
    }

    /// Application bytes sent and received, by whole frames.
    pub(crate) fn traffic(&self) -> (u64, u64) {
        (self.sent.bytes, self.received.bytes)
    }

    /// The hash of what was sent and of what was received, until now: BLAKE3, under a label of its own.
    pub(crate) fn digests(&self) -> ([u8; 32], [u8; 32]) {
        (self.sent.digest(), self.received.digest())
    }

    /// A phase begins, with a patience of its own.
    pub(crate) fn next_phase(&mut self, stall: Duration, end: Instant) {
        self.pace.next_phase(stall, end);
    }

    /// The same, with the conversation's end as it was.
    pub(crate) fn begin_phase(&mut self, stall: Duration) {
        let end = self.pace.end();
        self.pace.next_phase(stall, end);
    }

    /// The partner is known and has said hello: it may fill larger windows.
    pub(crate) fn open_windows(&self) {
        self.connection.set_receive_window(VarInt::from_u32(PARTNER_WINDOW));
    }

    /// Sends a frame, and returns its bytes.
    ///
    /// # Errors
    /// The partner stopped reading or went away; where it left a refusal, that.
    pub(crate) async fn send(&mut self, frame: Frame) -> Result<Bytes, Fault> {
        let bytes = frame.encode();
        self.sent.note(&bytes);
        match self.transmit(&bytes).await {
            Ok(()) => Ok(bytes),
            Err(fault) => Err(self.refusal_left().await.unwrap_or(fault)),
        }
    }

    #[cfg(not(test))]
    async fn transmit(&mut self, frame: &Bytes) -> Result<(), Fault> {
        self.write(frame.clone()).await
    }

    /// In tests a frame may be tampered with on its way out.
    #[cfg(test)]
    async fn transmit(&mut self, frame: &Bytes) -> Result<(), Fault> {
        use crate::tap::Deed;
        match self.tap.send(frame) {
            Deed::Send(frames) => {
                for frame in frames {
                    self.write(frame).await?;
                }
                Ok(())
            }
            Deed::Trickle(frame) => {
                for byte in frame.chunks(1) {
                    self.write(Bytes::copy_from_slice(byte)).await?;
                    tokio::time::sleep(Duration::from_millis(300)).await;
                }
                Ok(())
            }
            Deed::Stall => Err(fault_of(&self.connection.closed().await, &self.cause, "it stalled")),
            Deed::Close => {
                close(&self.connection, CloseCode::Done);
                Ok(())
            }
        }
    }

    /// Hands the bytes over without a copy.
    async fn write(&mut self, bytes: Bytes) -> Result<(), Fault> {
        let mut rest = [bytes];
        while !rest[0].is_empty() {
            let moved = |result: &Result<Written, WriteError>| result.as_ref().map_or(0, |it| it.bytes);
            let written = paced(&mut self.pace, self.send.write_chunks(&mut rest), moved).await;
            let written = written.ok_or_else(|| stalled("reading"))?;
            let written = written.map_err(|error| write_fault(&error, &self.cause))?;
            self.traffic.sent(written.bytes);
        }
        Ok(())
    }

    /// Receives the frame that is due, and its bytes. A refusal may come in its place at any time.
    ///
    /// # Errors
    /// Anything else that came, or did not.
    pub(crate) async fn receive(&mut self, due: FrameType) -> Result<(Frame, Bytes), Fault> {
        let header = self.receive_header(due).await?;
        let decoded = Header::decode(&header)?;
        if decoded.frame() != due && decoded.frame() != FrameType::Refuse {
            return Err(Fault::protocol(format!("it sent {:?} where {due:?} was due", decoded.frame())));
        }
        let bytes = self.receive_body(&header, decoded, due).await?;
        let frame = Frame::decode(decoded, bytes.slice(HEADER_SIZE..))?;
        #[cfg(test)]
        self.tap.received(&bytes);
        self.received.note(&bytes);
        match frame {
            Frame::Refuse(refusal) => Err(Fault::RefusedByPartner(refusal)),
            frame => Ok((frame, bytes)),
        }
    }

    /// Receives a signed document.
    ///
    /// # Errors
    /// As [`Channel::receive`] says.
    pub(crate) async fn receive_document(&mut self, due: FrameType) -> Result<SignedDocument, Fault> {
        match self.receive(due).await?.0 {
            Frame::Roster(document)
            | Frame::Offer(document)
            | Frame::Accept(document)
            | Frame::Receipt(document) => Ok(document),
            other => Err(unlike_its_header(&other)),
        }
    }

    async fn receive_header(&mut self, due: FrameType) -> Result<[u8; HEADER_SIZE], Fault> {
        let mut header = [0; HEADER_SIZE];
        let mut filled = 0;
        while filled < HEADER_SIZE {
            let chunk = self.receive_chunk(HEADER_SIZE - filled, due).await?;
            header[filled..filled + chunk.len()].copy_from_slice(&chunk);
            filled += chunk.len();
        }
        Ok(header)
    }

    async fn receive_body(
        &mut self,
        header: &[u8; HEADER_SIZE],
        decoded: Header,
        due: FrameType,
    ) -> Result<Bytes, Fault> {
        let length = HEADER_SIZE + decoded.length();
        let mut bytes = BytesMut::with_capacity(length.min(FIRST_ALLOCATION));
        bytes.extend_from_slice(header);
        while bytes.len() < length {
            bytes.extend_from_slice(&self.receive_chunk(length - bytes.len(), due).await?);
        }
        Ok(bytes.freeze())
    }

    /// At least one byte and at most `most`.
    async fn receive_chunk(&mut self, most: usize, due: FrameType) -> Result<Bytes, Fault> {
        let doing = || format!("{due:?} was due");
        let moved = |result: &Result<Option<quinn::Chunk>, ReadError>| match result {
            Ok(Some(chunk)) => chunk.bytes.len(),
            _ => 0,
        };
        let read = paced(&mut self.pace, self.receive.read_chunk(most, true), moved).await;
        match read.ok_or_else(|| stalled(&format!("sending when {}", doing())))? {
            Ok(Some(chunk)) => {
                self.traffic.received(chunk.bytes.len());
                Ok(chunk.bytes)
            }
            Ok(None) => Err(Fault::protocol(format!("it ended its stream when {}", doing()))),
            Err(ReadError::ConnectionLost(error)) => Err(fault_of(&error, &self.cause, &doing())),
            Err(ReadError::Reset(_)) => Err(Fault::protocol(format!("it reset its stream when {}", doing()))),
            Err(error) => Err(Fault::internal(error)),
        }
    }

    /// A partner that refuses stops reading: what it said waits on the other half of the stream.
    async fn refusal_left(&mut self) -> Option<Fault> {
        let search = async {
            for _ in 0..FRAMES_BEFORE_REFUSAL {
                let header = self.receive_header(FrameType::Refuse).await.ok()?;
                let decoded = Header::decode(&header).ok()?;
                let bytes = self.receive_body(&header, decoded, FrameType::Refuse).await.ok()?;
                if let Ok(Frame::Refuse(refusal)) = Frame::decode(decoded, bytes.slice(HEADER_SIZE..)) {
                    return Some(Fault::RefusedByPartner(refusal));
                }
            }
            None
        };
        timeout(LINGER, search).await.ok().flatten()
    }

    /// Tells the partner why this side ends the conversation, as far as it still listens, and closes the connection.
    pub(crate) async fn abort(mut self, fault: &Fault) {
        if let Some(refusal) = fault.for_partner() {
            let farewell = async {
                self.write(Frame::Refuse(refusal).encode()).await?;
                self.flush().await
            };
            // Best effort: a partner that does not read cannot be told.
            let _ = timeout(LINGER, farewell).await;
        }
        close(&self.connection, CloseCode::Aborted);
    }

    /// Waits until the partner has everything.
    async fn flush(&mut self) -> Result<(), Fault> {
        self.send.finish().map_err(Fault::internal)?;
        // Resolves when all is acknowledged, or when there is nobody to acknowledge it: either way it is over.
        let _ = self.send.stopped().await;
        Ok(())
    }

    /// Ends the conversation on the side that heard the last word.
    pub(crate) fn finish(self) {
        close(&self.connection, CloseCode::Done);
    }

    /// Ends the conversation on the side that said the last word: the other closes once it has heard it.
    pub(crate) async fn finish_after_partner(mut self) {
        let farewell = async {
            self.flush().await?;
            self.connection.closed().await;
            Ok::<(), Fault>(())
        };
        let _ = timeout(LINGER, farewell).await;
        close(&self.connection, CloseCode::Done);
    }
}

/// Frame types are checked by their headers; a body that decodes to another type would be this program's error.
pub(crate) fn unlike_its_header(frame: &Frame) -> Fault {
    Fault::internal(format!("a frame decoded to {:?}, unlike its header", frame.frame_type()))
}

/// Waits for `operation` as long as the pace allows; `None` when that is over.
async fn paced<T>(
    pace: &mut Pace,
    operation: impl Future<Output = T>,
    moved: impl FnOnce(&T) -> usize,
) -> Option<T> {
    let begin = Instant::now();
    let result = timeout(pace.allowance(), operation).await.ok()?;
    pace.note(begin.elapsed(), moved(&result));
    Some(result)
}

fn stalled(doing: &str) -> Fault {
    Fault::Stalled(format!("it stopped {doing}, or was slower than it may be"))
}

fn write_fault(error: &WriteError, cause: &CloseCause) -> Fault {
    match error {
        WriteError::Stopped(_) => Fault::protocol("it refuses to read this side's stream"),
        WriteError::ConnectionLost(error) => fault_of(error, cause, "this side was sending"),
        error => Fault::internal(error),
    }
}
