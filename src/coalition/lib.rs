#![forbid(unsafe_code)]
//! What members agree on: roster, agreement, policy, budget and receipts.
//!
//! Nothing here touches a file, a socket, the clock or the system's randomness: the time is an argument, and documents
//! come as bytes that somebody else read.

mod agreement;
mod budget;
mod document;
mod exchange;
mod ladder;
mod member;
mod policy;
mod receipt;
mod refusal;
mod roster;
mod session;
mod time;

// What an agreement is about, for those who do not know `indicator`.
pub use overlap_indicator::{CANON_VERSION, Digest, Facet, Kind, Tlp};

pub use agreement::{Agreement, AgreementHash, Learns, Mode};
pub use budget::{Charge, DayUse, Period};
pub use document::{DocumentError, DocumentKind, KeyError, PublicKey, Signature, SignedDocument, SigningKey};
pub use exchange::{Accept, EngineName, ExchangeId, Nonce, NonceCommitment, Offer};
pub use ladder::{is_step, padded_size};
pub use member::{CoalitionName, MemberId, NameError};
pub use policy::{OfferContext, Side, Terms, decide, receiver_of};
pub use receipt::{Receipt, ReceiptError};
pub use refusal::{Refusal, RefusalCode};
pub use roster::{
    Member, MemberStatus, ReceiptKey, RevokedCertificate, Roster, RosterError, RosterTrust, SaltEpoch,
    VerifiedRoster,
};
pub use session::{SessionInputs, SessionSalt};
pub use time::Timestamp;
