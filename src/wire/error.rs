//! What can be wrong with bytes.

use crate::FrameType;

/// Bytes that are no message. The fault of the partner, or of whoever wrote the file, except where a variant says another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// A frame type that this version does not know.
    #[error("unknown frame type {0}")]
    UnknownFrameType(u8),
    /// A frame longer than its type allows.
    #[error("a {frame:?} frame of {length} bytes is over its limit of {limit}")]
    FrameTooLong {
        /// Which frame.
        frame: FrameType,
        /// Its length.
        length: u32,
        /// Its type's limit.
        limit: u32,
    },
    /// A body of another length than its header says. The caller's mistake, not the partner's.
    #[error("the body of a {frame:?} frame has another length than its header says")]
    LengthDiffers {
        /// Which frame.
        frame: FrameType,
    },
    /// Bytes that are no protobuf message of their type.
    #[error("not a valid {0} message")]
    Malformed(&'static str),
    /// A document of an exchange that is not in the one encoding that its content has: a field that is unknown, there twice, out
    /// of order or longer than need be.
    #[error("the {0} is not in its one encoding: it has bytes beyond what it says")]
    NotCanonical(&'static str),
    /// A field that is missing or breaks a rule.
    #[error("{message}: {field} {why}")]
    Field {
        /// Which message.
        message: &'static str,
        /// Which field.
        field: &'static str,
        /// The rule.
        why: &'static str,
    },
}
