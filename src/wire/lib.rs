#![forbid(unsafe_code)]
//! The messages between nodes: protobuf types, frames and their limits.
//!
//! A frame is a type (1 byte), a length (4 bytes, big-endian) and a protobuf message of that length. Documents that
//! are signed travel as opaque bytes beside their signatures; the `encode_*` and `decode_*` pairs are for what is inside.

mod conversation;
mod document;
mod error;
mod field;
mod frame;
mod limits;
#[allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all)]
mod proto;
mod roster;
mod shape;
mod terms;

#[cfg(test)]
mod negative_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod size_tests;
#[cfg(test)]
mod tamper_tests;

pub use document::{
    decode_accept, decode_offer, decode_receipt, decode_signed, encode_accept, encode_offer, encode_receipt,
    encode_signed,
};
pub use error::WireError;
pub use frame::{Frame, FrameType, HEADER_SIZE, Header, Hello};
pub use limits::{ENGINE_BYTES, LONGEST_SENTENCE};
pub use roster::{decode_roster, encode_roster};

/// The application protocol in the TLS handshake.
pub const ALPN: &[u8] = b"overlap/1";

/// The version of the messages in this crate.
pub const WIRE_VERSION: u32 = 1;
