//! The record of an exchange.

use overlap_coalition::{EngineName, ExchangeId, MemberId, Mode, RefusalCode, Side, SignedDocument};

/// How far an exchange came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExchangeState {
    /// Offered, not yet agreed.
    Offered,
    /// Agreed; the engine runs.
    Running,
    /// The result stands; the receipt is not signed by both yet.
    Learned,
    /// Done: both signatures are stored.
    Completed,
    /// Refused by either side.
    Refused,
    /// Failed. No overlap of it is stored.
    Failed,
}

/// Why an exchange was refused or failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeFailure {
    /// The code.
    pub code: RefusalCode,
    /// Who erred or refused: `own` or `peer`, or `network` where nobody can be named.
    pub by: &'static str,
    /// What happened and what to do, for the operator; a partner's words are cut and stripped.
    pub sentence: String,
    /// When trying again may help, in seconds.
    pub retry_after: Option<u64>,
}

/// An exchange, whole.
#[derive(Clone, Debug, PartialEq)]
pub struct ExchangeRecord {
    /// Its id.
    pub id: ExchangeId,
    /// The partner.
    pub peer: MemberId,
    /// Which side this node was.
    pub side: Side,
    /// How far it came.
    pub state: ExchangeState,
    /// What for.
    pub purpose: String,
    /// The initiator's case.
    pub case_reference: String,
    /// The engine.
    pub engine: EngineName,
    /// What it told.
    pub mode: Mode,
    /// This side's padded size, 0 before it is known.
    pub own_size: u64,
    /// The partner's padded size, 0 before it is known.
    pub peer_size: u64,
    /// Facets that both hold; `None` where this side is not to learn, and before it does.
    pub matches: Option<u64>,
    /// Application bytes that this node sent.
    pub bytes_sent: u64,
    /// Application bytes that this node received.
    pub bytes_received: u64,
    /// Whether anything of this side's set beyond its padded size may have reached the partner: set before it is sent, and
    /// kept however the exchange ends.
    pub disclosed: bool,
    /// Phases in their order, with their seconds; the first is `total`.
    pub seconds: Vec<(String, f64)>,
    /// When it began, in seconds since 1970-01-01T00:00:00Z.
    pub began: u64,
    /// When it ended.
    pub ended: Option<u64>,
    /// Why it was refused or failed.
    pub failure: Option<ExchangeFailure>,
    /// The offer, signed by the initiator.
    pub offer: Option<SignedDocument>,
    /// The accept, signed by the responder.
    pub accept: Option<SignedDocument>,
    /// The receipt, signed by as many as signed.
    pub receipt: Option<SignedDocument>,
}
