//! What can go wrong in an engine, and whose fault it is.

use crate::MessageKind;

/// Who erred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The partner broke the protocol.
    Peer,
    /// The caller used the engine wrongly.
    Caller,
}

/// Why an engine stopped. Nothing that it learned until then may be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A message of another kind was due.
    #[error("expected {expected:?}, received {received:?}")]
    UnexpectedMessage {
        /// What was due.
        expected: MessageKind,
        /// What came.
        received: MessageKind,
    },
    /// A message came when none was due, or none came when one was due.
    #[error("the machine was driven out of turn")]
    OutOfTurn,
    /// A message with more or fewer elements than its place allows.
    #[error("{kind:?} carries a wrong number of elements")]
    WrongCount {
        /// Which message.
        kind: MessageKind,
    },
    /// Bytes that are no canonical encoding of a group element, or the identity.
    #[error("{kind:?} carries an invalid group element")]
    InvalidElement {
        /// Which message.
        kind: MessageKind,
    },
    /// Bytes that are no canonical scalar.
    #[error("{kind:?} carries an invalid scalar")]
    InvalidScalar {
        /// Which message.
        kind: MessageKind,
    },
    /// The evaluations were not made with the sender's public key.
    #[error("the sender's proof of its evaluations does not verify")]
    BadEvaluationProof,
    /// The receiver's extension of the base transfers does not pass its check.
    #[error("the receiver's oblivious transfers do not pass their check")]
    BadExtension,
    /// The two sides' correlated vectors do not pass their check: the sender's trees are not what they must be.
    #[error("the correlation does not pass its check")]
    BadCorrelation,
    /// The sender's mask is not what it committed to.
    #[error("the sender's mask is not the one that it committed to")]
    BadMask,
    /// Tags that do not ascend strictly, where the engine sends them in order.
    #[error("the tags do not ascend")]
    UnorderedTags,
    /// No seed was found with which the caller's set can be encoded: for an honest set an event of probability
    /// 2^-40 for each of several seeds.
    #[error("the caller's set cannot be encoded")]
    Unencodable,
    /// One tag twice, where the engine sends them in no order (`voprf`).
    #[error("a tag is repeated")]
    RepeatedTag,
    /// A match proof that is wrong, repeated, or for a tag that was not sent.
    #[error("a proof of a match does not verify")]
    BadMatchProof,
    /// A set that the engine's parameters do not cover.
    #[error("a set of {size} items is outside this engine's limits")]
    UnsupportedSize {
        /// The set's size.
        size: usize,
    },
    /// One item twice in the caller's set.
    #[error("an item is repeated in the caller's set")]
    RepeatedItem,
}

impl Error {
    /// Who erred.
    pub fn fault(&self) -> Fault {
        match self {
            Error::OutOfTurn | Error::UnsupportedSize { .. } | Error::RepeatedItem | Error::Unencodable => {
                Fault::Caller
            }
            _ => Fault::Peer,
        }
    }
}
