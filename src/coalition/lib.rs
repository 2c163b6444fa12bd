#![forbid(unsafe_code)]
//! What members agree on: roster, agreement, policy, budget and receipts.
//!
//! Nothing here touches a file, a socket, the clock or the system's randomness: the time is an argument, and documents
//! come as bytes that somebody else read.

mod agreement;
mod budget;
mod document;
mod exchange;
mod hashing;
mod ladder;
mod member;
mod policy;
mod receipt;
mod refusal;
mod roster;
pub mod roster_rules;
mod salt;
mod session;
mod text;
mod time;

#[cfg(test)]
mod agreement_tests;
#[cfg(test)]
mod document_tests;
#[cfg(test)]
mod policy_tests;
#[cfg(test)]
mod roster_tests;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod session_tests;

// What an agreement is about, for those who do not know `indicator`.
pub use overlap_indicator::{CANON_VERSION, Digest, Facet, Kind, Tlp};

pub use agreement::{Agreement, AgreementError, AgreementHash, LARGEST_SET, Learns, MOST_PURPOSES, Mode};
pub use budget::{Charge, DayUse, Period};
pub use document::{
    DocumentError, DocumentKind, KeyError, MOST_SIGNATURES, PublicKey, Signature, SignedDocument, SigningKey,
};
pub use exchange::{
    Accept, EngineName, ExchangeId, LONGEST_PURPOSE, Nonce, NonceCommitment, Offer, Side, UnknownEngine,
};
pub use ladder::{is_step, padded_size};
pub use member::{CoalitionName, MemberId, NameError};
pub use policy::{
    CLOCK_SKEW, DIGESTS_MADE_ANEW, LONGEST_EXCHANGE, OfferContext, Terms, decide_accept, decide_offer,
    decide_own_size, digests_made_anew, receiver_of,
};
pub use receipt::{Receipt, ReceiptError};
pub use refusal::{Refusal, RefusalCode};
pub use roster::{
    Member, MemberStatus, ReceiptKey, RevokedCertificate, Roster, RosterError, RosterTrust, SaltEpoch,
    VerifiedRoster,
};
pub use salt::{SEALED_SALT_SIZE, SaltError, SealedSalt, SealingKey, open_salt, salt_hash, seal_salt};
pub use session::{SessionInputs, SessionSalt};
pub use text::{clean_text, is_printable};
pub use time::Timestamp;
