//! The messages of the engines, as the wire carries them.

use std::fmt;

/// One message of an engine. Group elements, tags and proofs are packed: their sizes are fixed, so a count follows from a length.
#[derive(Clone, PartialEq, Eq)]
pub enum Message {
    /// `voprf`, sender to receiver: the public key, one element of 32 bytes.
    VoprfPublicKey([u8; 32]),
    /// `voprf`, receiver to sender: blinded elements, 32 bytes each.
    VoprfBlinded(Vec<u8>),
    /// `voprf`, sender to receiver: evaluated elements, 32 bytes each.
    VoprfEvaluated(Vec<u8>),
    /// `voprf`, sender to receiver: the proof of all evaluations, two scalars.
    VoprfProof([u8; 64]),
    /// `vole`, sender to receiver: the commitment to its mask, then its part of the base transfers.
    VoleOpening(Vec<u8>),
    /// `vole`, receiver to sender: its part of the base transfers, then the extension; in pieces.
    VoleExtension(Vec<u8>),
    /// `vole`, sender to receiver: the corrections of all trees; in pieces.
    VoleTrees(Vec<u8>),
    /// `vole`, receiver to sender: the seed of its encoding and the challenge of the correlation's check.
    VoleChallenge(Vec<u8>),
    /// `vole`, sender to receiver: the answer to the challenge, and the salt of the items' hash.
    VoleSalt(Vec<u8>),
    /// `vole`, receiver to sender: its mask, before its encoding.
    VoleReceiverMask([u8; 16]),
    /// `vole`, receiver to sender: columns of its masked encoding, 16 bytes each.
    VoleEncoding(Vec<u8>),
    /// `vole`, sender to receiver: its mask and what opens the commitment to it.
    VoleSenderMask([u8; 32]),
    /// Every engine, sender to receiver: tags, 16 bytes each.
    Tags(Vec<u8>),
    /// Every engine, receiver to sender, where both learn: a match each, the tag's index (4 bytes, big-endian) and the proof (16 bytes).
    MatchProofs(Vec<u8>),
}

/// Which message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// [`Message::VoprfPublicKey`]
    VoprfPublicKey,
    /// [`Message::VoprfBlinded`]
    VoprfBlinded,
    /// [`Message::VoprfEvaluated`]
    VoprfEvaluated,
    /// [`Message::VoprfProof`]
    VoprfProof,
    /// [`Message::VoleOpening`]
    VoleOpening,
    /// [`Message::VoleExtension`]
    VoleExtension,
    /// [`Message::VoleTrees`]
    VoleTrees,
    /// [`Message::VoleChallenge`]
    VoleChallenge,
    /// [`Message::VoleSalt`]
    VoleSalt,
    /// [`Message::VoleReceiverMask`]
    VoleReceiverMask,
    /// [`Message::VoleEncoding`]
    VoleEncoding,
    /// [`Message::VoleSenderMask`]
    VoleSenderMask,
    /// [`Message::Tags`]
    Tags,
    /// [`Message::MatchProofs`]
    MatchProofs,
}

impl Message {
    /// Which message this is.
    pub fn kind(&self) -> MessageKind {
        match self {
            Message::VoprfPublicKey(_) => MessageKind::VoprfPublicKey,
            Message::VoprfBlinded(_) => MessageKind::VoprfBlinded,
            Message::VoprfEvaluated(_) => MessageKind::VoprfEvaluated,
            Message::VoprfProof(_) => MessageKind::VoprfProof,
            Message::VoleOpening(_) => MessageKind::VoleOpening,
            Message::VoleExtension(_) => MessageKind::VoleExtension,
            Message::VoleTrees(_) => MessageKind::VoleTrees,
            Message::VoleChallenge(_) => MessageKind::VoleChallenge,
            Message::VoleSalt(_) => MessageKind::VoleSalt,
            Message::VoleReceiverMask(_) => MessageKind::VoleReceiverMask,
            Message::VoleEncoding(_) => MessageKind::VoleEncoding,
            Message::VoleSenderMask(_) => MessageKind::VoleSenderMask,
            Message::Tags(_) => MessageKind::Tags,
            Message::MatchProofs(_) => MessageKind::MatchProofs,
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}(..)", self.kind())
    }
}
