//! How long each frame's message may be, in bytes. Checked before anything is allocated.

use overlap_coalition::roster_rules::LONGEST_ROSTER;

use crate::FrameType;

/// The most bytes in one message of an engine: enough that headers cost nothing, few enough that what a partner makes
/// us hold before we look at it is small beside a stream's window.
pub const ENGINE_BYTES: usize = 256 << 10;

/// The longest refusal's sentence, in characters: a few lines on a terminal.
pub const LONGEST_SENTENCE: usize = 512;

/// A few keys and lengths of fields.
const SLACK: usize = 64;

/// A few numbers and 32 bytes; room for versions and engines to come.
const HELLO: usize = 1_024;
/// The roster and 64 signatures.
const ROSTER: usize = LONGEST_ROSTER + 64 * 1024;
/// Two ids, two texts of 256 bytes, the lists of kinds and facets, hashes, and signatures; twice over.
const OFFER: usize = 4_096;
/// Hashes, a nonce and a signature.
const ACCEPT: usize = 1_024;
/// A nonce.
const OPEN: usize = 64;
/// The bytes, the partition's number and the bytes' length.
const ENGINE: usize = ENGINE_BYTES + 16;
/// Three ids, hashes, sizes and two signatures.
const RECEIPT: usize = 2_048;
/// A key and a signature.
const COUNTERSIGN: usize = 128;
/// A sentence of the longest, four bytes a character, and a number.
const REFUSE: usize = LONGEST_SENTENCE * 4 + SLACK;

impl FrameType {
    /// How long a message of this type may be, in bytes, its header not counted.
    pub const fn limit(self) -> usize {
        match self {
            FrameType::Hello => HELLO,
            FrameType::Roster => ROSTER,
            FrameType::Offer => OFFER,
            FrameType::Accept => ACCEPT,
            FrameType::Open => OPEN,
            FrameType::Engine => ENGINE,
            FrameType::Receipt => RECEIPT,
            FrameType::Countersign => COUNTERSIGN,
            FrameType::Refuse => REFUSE,
        }
    }
}
