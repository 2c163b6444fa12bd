//! Frames.

use bytes::Bytes;
use overlap_coalition::{EngineName, Nonce, Refusal, Signature, SignedDocument};
use overlap_psi::Message;

use crate::WireError;

/// Bytes before each frame's message: its type and its length.
pub const HEADER_SIZE: usize = 5;

/// The first message of either side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Versions of the messages that this node speaks.
    pub wire_versions: Vec<u32>,
    /// The version of its canonicalisation rules.
    pub canon_version: u32,
    /// The engines that it runs.
    pub engines: Vec<EngineName>,
    /// The version of its roster, 0 for none.
    pub roster_version: u64,
    /// Fresh randomness.
    pub random: [u8; 32],
}

/// One frame.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// The first of either side.
    Hello(Hello),
    /// A newer roster, to the side whose hello named an older one.
    Roster(SignedDocument),
    /// The initiator's offer.
    Offer(SignedDocument),
    /// The responder's accept.
    Accept(SignedDocument),
    /// The initiator's nonce, opened.
    Open(Nonce),
    /// A message of an engine's run on one partition.
    Engine {
        /// Which partition, from 0.
        partition: u32,
        /// The message.
        message: Message,
    },
    /// The initiator's receipt, signed by it.
    Receipt(SignedDocument),
    /// The responder's signature on the initiator's receipt.
    Countersign(Signature),
    /// This side refuses or aborts, and why. Nothing follows.
    Refuse(Refusal),
}

/// Which frame. The numbers are the wire's: they never change and are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FrameType {
    /// [`Frame::Hello`]
    Hello = 1,
    /// [`Frame::Roster`]
    Roster = 2,
    /// [`Frame::Offer`]
    Offer = 3,
    /// [`Frame::Accept`]
    Accept = 4,
    /// [`Frame::Open`]
    Open = 5,
    /// [`Frame::Engine`]
    Engine = 6,
    /// [`Frame::Receipt`]
    Receipt = 7,
    /// [`Frame::Countersign`]
    Countersign = 8,
    /// [`Frame::Refuse`]
    Refuse = 9,
}

/// A frame's header, its length checked against its type's limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    frame: FrameType,
    length: u32,
}

impl Header {
    /// Reads a header.
    ///
    /// # Errors
    /// An unknown type, or a length over its type's limit: checked before anything is allocated.
    pub fn decode(_bytes: &[u8; HEADER_SIZE]) -> Result<Header, WireError> {
        unimplemented!()
    }

    /// The frame's type.
    pub fn frame(&self) -> FrameType {
        self.frame
    }

    /// The length of the message that follows, in bytes.
    pub fn length(&self) -> usize {
        self.length as usize
    }
}

impl Frame {
    /// Which frame.
    pub fn frame_type(&self) -> FrameType {
        unimplemented!()
    }

    /// Header and message.
    pub fn encode(&self) -> Bytes {
        unimplemented!()
    }

    /// Decodes the message that follows `header`; `body` has the header's length.
    ///
    /// # Errors
    /// As [`WireError`] says. A refusal's sentence is cut to 512 characters and stripped of control characters.
    pub fn decode(_header: Header, _body: Bytes) -> Result<Frame, WireError> {
        unimplemented!()
    }
}
