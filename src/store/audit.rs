//! The audit chain: who did what at this node, in one order that nobody can change without a trace.
//!
//! Every entry has the hash of the one before it in its own hash ([`AuditEntry::hash_after`]), so who noted a head once can tell later whether
//! anything up to it was changed, removed, put in or put in another order. Numbers make the order, and never the clock.

use std::fmt;
use std::str::FromStr;

use overlap_coalition::Timestamp;
use sha2::{Digest, Sha256};

use crate::{AuditVerdict, Page, PageRequest, StoreError};

/// What the hash of every entry begins with, so that it is a hash of nothing else.
const DOMAIN: &[u8] = b"overlapd audit entry v1";

/// The longest object of an entry, in bytes: an id or a name.
pub const LONGEST_AUDIT_OBJECT: usize = 128;

/// The longest detail of an entry, in bytes: a few counts and names.
pub const LONGEST_AUDIT_DETAIL: usize = 512;

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The daemon, of itself or because a partner or a signal asked.
    Daemon,
    /// The command line, on the store of a node that does not run: whoever can read the seal key.
    Offline,
    /// Somebody without a token of this node.
    Stranger,
    /// A caller of the API, by the token's name.
    Token(String),
    /// Somebody at the console, by the token's name.
    Console(String),
}

impl Actor {
    /// The name of the token, or the word for somebody without one.
    pub fn name(&self) -> &str {
        match self {
            Actor::Daemon => "daemon",
            Actor::Offline => "offline",
            Actor::Stranger => "stranger",
            Actor::Token(name) | Actor::Console(name) => name,
        }
    }
}

// No token's name has a colon, so no two actors have one text.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Actor::Daemon | Actor::Offline | Actor::Stranger => f.write_str(self.name()),
            Actor::Token(name) => write!(f, "token:{name}"),
            Actor::Console(name) => write!(f, "console:{name}"),
        }
    }
}

/// Who changes something, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// Who.
    pub actor: Actor,
    /// When, by the clock.
    pub at: Timestamp,
}

impl By {
    /// The daemon.
    pub const fn daemon(at: Timestamp) -> Self {
        Self { actor: Actor::Daemon, at }
    }
}

/// What was done. The names are the store's and the tools': they never change and never come to mean something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AuditAction {
    /// The daemon started.
    DaemonStarted,
    /// The daemon stopped, as it was told to.
    DaemonStopped,
    /// The config and the files that it names were read again.
    ConfigReloaded,
    /// A newer roster was taken.
    RosterTaken,
    /// A file began to be imported; rows of it may be there from now on.
    ImportBegun,
    /// The import of a file ended; the detail counts rows.
    ImportEnded,
    /// Own indicators were withdrawn.
    IndicatorsWithdrawn,
    /// An indicator was let into exchanges that a warning list holds out.
    OverrideBegun,
    /// Such an override was taken back.
    OverrideEnded,
    /// Sightings were added.
    SightingsAdded,
    /// Overlaps were marked as seen, or not as seen.
    OverlapsMarked,
    /// A token was made.
    TokenAdded,
    /// A token was revoked.
    TokenRevoked,
    /// An exchange was asked for.
    ExchangeAsked,
    /// An exchange has a record and an id.
    ExchangeBegun,
    /// An exchange was refused, here or by the partner.
    ExchangeRefused,
    /// An exchange ended in another way; the detail says how.
    ExchangeEnded,
    /// Dead letters of a webhook were asked to be sent again.
    LettersResent,
    /// A dead letter was asked to be discarded.
    LetterDiscarded,
    /// Somebody signed in to the console.
    SignedIn,
    /// Somebody tried to sign in without a token of this node.
    SignInRefused,
    /// Somebody signed out of the console.
    SignedOut,
    /// The store was written to a file, plain.
    StoreExported,
    /// The store was filled from a file.
    StoreRestored,
}

impl AuditAction {
    /// Every action.
    pub const ALL: [AuditAction; 24] = [
        AuditAction::DaemonStarted,
        AuditAction::DaemonStopped,
        AuditAction::ConfigReloaded,
        AuditAction::RosterTaken,
        AuditAction::ImportBegun,
        AuditAction::ImportEnded,
        AuditAction::IndicatorsWithdrawn,
        AuditAction::OverrideBegun,
        AuditAction::OverrideEnded,
        AuditAction::SightingsAdded,
        AuditAction::OverlapsMarked,
        AuditAction::TokenAdded,
        AuditAction::TokenRevoked,
        AuditAction::ExchangeAsked,
        AuditAction::ExchangeBegun,
        AuditAction::ExchangeRefused,
        AuditAction::ExchangeEnded,
        AuditAction::LettersResent,
        AuditAction::LetterDiscarded,
        AuditAction::SignedIn,
        AuditAction::SignInRefused,
        AuditAction::SignedOut,
        AuditAction::StoreExported,
        AuditAction::StoreRestored,
    ];

    /// The name in the store, the API and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            AuditAction::DaemonStarted => "daemon.started",
            AuditAction::DaemonStopped => "daemon.stopped",
            AuditAction::ConfigReloaded => "config.reloaded",
            AuditAction::RosterTaken => "roster.taken",
            AuditAction::ImportBegun => "import.begun",
            AuditAction::ImportEnded => "import.ended",
            AuditAction::IndicatorsWithdrawn => "indicators.withdrawn",
            AuditAction::OverrideBegun => "override.begun",
            AuditAction::OverrideEnded => "override.ended",
            AuditAction::SightingsAdded => "sightings.added",
            AuditAction::OverlapsMarked => "overlaps.marked",
            AuditAction::TokenAdded => "token.added",
            AuditAction::TokenRevoked => "token.revoked",
            AuditAction::ExchangeAsked => "exchange.asked",
            AuditAction::ExchangeBegun => "exchange.begun",
            AuditAction::ExchangeRefused => "exchange.refused",
            AuditAction::ExchangeEnded => "exchange.ended",
            AuditAction::LettersResent => "letters.resent",
            AuditAction::LetterDiscarded => "letter.discarded",
            AuditAction::SignedIn => "console.signed-in",
            AuditAction::SignInRefused => "console.refused",
            AuditAction::SignedOut => "console.signed-out",
            AuditAction::StoreExported => "store.exported",
            AuditAction::StoreRestored => "store.restored",
        }
    }

    /// The action with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == name)
    }
}

/// What an entry is to say. It never has an indicator's value, and never a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAudit {
    /// What was done.
    pub action: AuditAction,
    /// To what: an id or a name; may be empty. Cut at [`LONGEST_AUDIT_OBJECT`] bytes.
    pub object: String,
    /// More of it, as `name=value` with blanks between; may be empty. Cut at [`LONGEST_AUDIT_DETAIL`] bytes.
    pub detail: String,
}

impl NewAudit {
    /// An entry of this action, with no object and no detail.
    pub const fn of(action: AuditAction) -> Self {
        Self { action, object: String::new(), detail: String::new() }
    }

    /// The same with an object.
    #[must_use]
    pub fn on(self, object: impl fmt::Display) -> Self {
        Self { object: object.to_string(), ..self }
    }

    /// The same with a detail.
    #[must_use]
    pub fn with(self, detail: impl fmt::Display) -> Self {
        Self { detail: detail.to_string(), ..self }
    }
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Counts entries from 1, without gaps.
    pub number: u64,
    /// When, by the clock, in seconds since 1970-01-01T00:00:00Z. It may go back where the clock did.
    pub time: u64,
    /// Who, as [`Actor`] is written.
    pub actor: String,
    /// What was done, as [`AuditAction`] is written; a newer version of this program may know more of them.
    pub action: String,
    /// To what.
    pub object: String,
    /// More of it.
    pub detail: String,
    /// The hash of all this and of the entry before.
    pub hash: [u8; 32],
}

impl AuditEntry {
    /// The hash that the entry has to have after an entry whose hash is `previous`; 32 zero bytes stand before the first.
    ///
    /// SHA-256 over a label, `previous`, the number and the time (8 bytes each, little-endian), and actor, action, object and detail, each after its
    /// length in bytes (4 bytes, little-endian): no two entries have one encoding.
    pub fn hash_after(&self, previous: &[u8; 32]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(DOMAIN);
        hash.update(previous);
        hash.update(self.number.to_le_bytes());
        hash.update(self.time.to_le_bytes());
        for text in [&self.actor, &self.action, &self.object, &self.detail] {
            // Texts that are longer than the lengths can say are not stored.
            hash.update(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
            hash.update(text);
        }
        hash.finalize().into()
    }

    /// The head of a chain that ends with it.
    pub const fn head(&self) -> AuditHead {
        AuditHead { number: self.number, hash: self.hash }
    }
}

/// The last entry of a chain, or of its beginning: what an auditor notes. As text its number, a colon and its hash in hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct AuditHead {
    /// The entry's number; 0 where there is none yet.
    pub number: u64,
    /// Its hash; zeroes where there is none yet.
    pub hash: [u8; 32],
}

/// A text that is no head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a head is an entry's number, a colon and the 64 hex digits of its hash")]
pub struct BadAuditHead;

impl AuditHead {
    /// The head of a chain without entries.
    pub const NONE: AuditHead = AuditHead { number: 0, hash: [0; 32] };
}

impl fmt::Display for AuditHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, data_encoding::HEXLOWER.encode(&self.hash))
    }
}

impl FromStr for AuditHead {
    type Err = BadAuditHead;

    fn from_str(text: &str) -> Result<Self, BadAuditHead> {
        let (number, hash) = text.split_once(':').ok_or(BadAuditHead)?;
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(BadAuditHead);
        }
        let hash = data_encoding::HEXLOWER_PERMISSIVE.decode(hash.as_bytes()).map_err(|_| BadAuditHead)?;
        Ok(Self {
            number: number.parse().map_err(|_| BadAuditHead)?,
            hash: hash.try_into().map_err(|_| BadAuditHead)?,
        })
    }
}

/// Which entries.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Of this actor only, as [`Actor`] is written.
    pub actor: Option<String>,
    /// Of this action only.
    pub action: Option<AuditAction>,
}

/// In which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum AuditOrder {
    /// The newest first, as people read.
    #[default]
    Newest,
    /// The oldest first, as a chain is verified.
    Oldest,
}

/// The beginning of a text, of `most` bytes at most.
pub(crate) fn cut(text: &str, most: usize) -> String {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text[..end.unwrap_or_default()].to_owned()
}

/// The part of a store that keeps the audit chain. What a change says of itself is written with the change, in one transaction.
pub trait AuditStore {
    /// Appends an entry of what is no change of the store, or is about to begin.
    fn note(&self, by: &By, new: &NewAudit) -> Result<AuditHead, StoreError>;
    /// A page of entries.
    fn audit(
        &self,
        filter: &AuditFilter,
        order: AuditOrder,
        page: &PageRequest,
    ) -> Result<Page<AuditEntry>, StoreError>;
    /// The last entry.
    fn audit_head(&self) -> AuditHead;
    /// Everybody who stands in the chain as an actor, by the alphabet.
    fn audit_actors(&self) -> Vec<String>;
    /// Reads the whole chain, an entry at a time, up to what is its last entry now, and says whether it is right and has all of `noted`.
    fn verify_audit(&self, noted: &[AuditHead]) -> Result<AuditVerdict, StoreError>;
}
