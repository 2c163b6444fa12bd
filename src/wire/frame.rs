//! Frames.

use bytes::{BufMut, Bytes, BytesMut};
use overlap_coalition::{EngineName, Nonce, Refusal, Signature, SignedDocument};
use overlap_psi::Message;

use crate::conversation::{
    decode_body, decode_engine, decode_hello, decode_nonce, decode_refusal, encode_engine, encode_hello,
    encode_refusal,
};
use crate::document::{copy, decode_signature, decode_signed, encode_signature, signed_message};
use crate::field::Fields;
use crate::{WireError, proto};

/// Bytes before each frame's message: its type and its length.
pub const HEADER_SIZE: usize = 5;

/// The first message of either side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Versions of the messages that this node speaks; ascending, 1 to 16.
    pub wire_versions: Vec<u32>,
    /// The version of its canonicalisation rules.
    pub canon_version: u32,
    /// The engines that it runs, no repeats. Those that this version does not know are left out when a hello is decoded.
    pub engines: Vec<EngineName>,
    /// The version of its roster, 0 for none.
    pub roster_version: u64,
    /// SHA-256 of its roster's bytes, zeros for none: two nodes with one version and two hashes were told different things.
    pub roster_hash: [u8; 32],
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
    pub fn decode(bytes: &[u8; HEADER_SIZE]) -> Result<Header, WireError> {
        let [number, length @ ..] = *bytes;
        let frame = FrameType::from_number(number).ok_or(WireError::UnknownFrameType(number))?;
        let length = u32::from_be_bytes(length);
        // Every limit fits: the largest is a few MiB.
        let limit = frame.limit() as u32;
        if length > limit {
            return Err(WireError::FrameTooLong { frame, length, limit });
        }
        Ok(Header { frame, length })
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

impl FrameType {
    /// Every type.
    pub const ALL: [FrameType; 9] = [
        FrameType::Hello,
        FrameType::Roster,
        FrameType::Offer,
        FrameType::Accept,
        FrameType::Open,
        FrameType::Engine,
        FrameType::Receipt,
        FrameType::Countersign,
        FrameType::Refuse,
    ];

    /// The number in a header.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The type with this number.
    pub fn from_number(number: u8) -> Option<FrameType> {
        Self::ALL.into_iter().find(|frame| frame.number() == number)
    }
}

impl Frame {
    /// Which frame.
    pub fn frame_type(&self) -> FrameType {
        match self {
            Frame::Hello(_) => FrameType::Hello,
            Frame::Roster(_) => FrameType::Roster,
            Frame::Offer(_) => FrameType::Offer,
            Frame::Accept(_) => FrameType::Accept,
            Frame::Open(_) => FrameType::Open,
            Frame::Engine { .. } => FrameType::Engine,
            Frame::Receipt(_) => FrameType::Receipt,
            Frame::Countersign(_) => FrameType::Countersign,
            Frame::Refuse(_) => FrameType::Refuse,
        }
    }

    /// Header and message. A refusal's sentence is cut and stripped as it would be at the other end.
    ///
    /// Whoever makes the frame keeps to its type's limit ([`FrameType::limit`]): the other end refuses a longer one.
    pub fn encode(self) -> Bytes {
        let frame = self.frame_type();
        match self {
            Frame::Hello(hello) => with_header(frame, &encode_hello(&hello)),
            Frame::Roster(document)
            | Frame::Offer(document)
            | Frame::Accept(document)
            | Frame::Receipt(document) => with_header(frame, &signed_message(&document)),
            Frame::Open(nonce) => with_header(frame, &proto::Open { nonce: copy(&nonce.0) }),
            Frame::Engine { partition, message } => with_header(frame, &encode_engine(partition, message)),
            Frame::Countersign(signature) => {
                let signature = Some(encode_signature(&signature));
                with_header(frame, &proto::Countersign { signature })
            }
            Frame::Refuse(refusal) => with_header(frame, &encode_refusal(&refusal)),
        }
    }

    /// Decodes the message that follows `header`; `body` has the header's length.
    ///
    /// # Errors
    /// As [`WireError`] says. A refusal's sentence is cut to 512 characters and stripped of control characters.
    pub fn decode(header: Header, body: Bytes) -> Result<Frame, WireError> {
        let frame = header.frame;
        if body.len() != header.length() {
            return Err(WireError::LengthDiffers { frame });
        }
        Ok(match frame {
            FrameType::Hello => Frame::Hello(decode_hello(decode_body("Hello", body)?)?),
            FrameType::Roster => Frame::Roster(decode_signed(&body)?),
            FrameType::Offer => Frame::Offer(decode_signed(&body)?),
            FrameType::Accept => Frame::Accept(decode_signed(&body)?),
            FrameType::Receipt => Frame::Receipt(decode_signed(&body)?),
            FrameType::Open => Frame::Open(Nonce(decode_nonce(&decode_body("Open", body)?)?)),
            FrameType::Engine => {
                let (partition, message) = decode_engine(decode_body("EngineMessage", body)?)?;
                Frame::Engine { partition, message }
            }
            FrameType::Countersign => {
                let countersign: proto::Countersign = decode_body("Countersign", body)?;
                let signature = Fields("Countersign").present("signature", countersign.signature)?;
                Frame::Countersign(decode_signature(&signature)?)
            }
            FrameType::Refuse => Frame::Refuse(decode_refusal(&decode_body("Refuse", body)?)?),
        })
    }
}

fn with_header(frame: FrameType, message: &impl prost::Message) -> Bytes {
    let length = message.encoded_len();
    let mut bytes = BytesMut::with_capacity(HEADER_SIZE + length);
    bytes.put_u8(frame.number());
    // What does not fit is over every limit, and is refused by this header too.
    bytes.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    message.encode(&mut bytes).expect("a buffer that grows holds every message");
    bytes.freeze()
}
