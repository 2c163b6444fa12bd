//! The record of an exchange.

use std::fmt;

use overlap_coalition::{EngineName, ExchangeId, MemberId, Mode, RefusalCode, Side, SignedDocument};

/// How far an exchange came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExchangeState {
    /// Offered, not yet agreed.
    Offered,
    /// Agreed; the engine runs.
    Running,
    /// The result stands; the receipt is not signed by both yet, or, once the exchange has ended, never will be.
    Learned,
    /// Done: both signatures are stored.
    Completed,
    /// Refused by either side.
    Refused,
    /// Failed. No overlap of it is stored.
    Failed,
}

impl ExchangeState {
    /// Every state.
    pub const ALL: [ExchangeState; 6] = [
        ExchangeState::Offered,
        ExchangeState::Running,
        ExchangeState::Learned,
        ExchangeState::Completed,
        ExchangeState::Refused,
        ExchangeState::Failed,
    ];

    /// The name in the API, in stored records and in the audit chain.
    pub const fn as_str(self) -> &'static str {
        match self {
            ExchangeState::Offered => "offered",
            ExchangeState::Running => "running",
            ExchangeState::Learned => "learned",
            ExchangeState::Completed => "completed",
            ExchangeState::Refused => "refused",
            ExchangeState::Failed => "failed",
        }
    }
}

impl fmt::Display for ExchangeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an exchange was refused or failed, for tools: what nodes tell each other, or what this node's record alone says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureCode {
    /// What one of the two nodes told the other, or would have.
    Refusal(RefusalCode),
    /// The partner cannot be reached, or vanished: nobody can be told, and nobody need have erred.
    Network,
    /// This node ended in the middle of it without a word, as in a crash or a power cut.
    Interrupted,
}

/// The numbers of codes that no node sends, far above those of refusals. Stored: they never change and are never used again.
const NETWORK: u16 = 1_001;
const INTERRUPTED: u16 = 1_002;

impl FailureCode {
    /// The name that operators and tools see.
    pub const fn as_str(self) -> &'static str {
        match self {
            FailureCode::Refusal(code) => code.as_str(),
            FailureCode::Network => "network",
            FailureCode::Interrupted => "interrupted",
        }
    }

    /// The number in stored records: the wire's, for a refusal.
    pub(crate) const fn number(self) -> u16 {
        match self {
            FailureCode::Refusal(code) => code.number(),
            FailureCode::Network => NETWORK,
            FailureCode::Interrupted => INTERRUPTED,
        }
    }

    /// The code with this number.
    pub(crate) fn from_number(number: u16) -> Option<FailureCode> {
        match number {
            NETWORK => Some(FailureCode::Network),
            INTERRUPTED => Some(FailureCode::Interrupted),
            number => RefusalCode::from_number(number).map(FailureCode::Refusal),
        }
    }
}

impl From<RefusalCode> for FailureCode {
    fn from(code: RefusalCode) -> Self {
        FailureCode::Refusal(code)
    }
}

impl fmt::Display for FailureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an exchange was refused or failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeFailure {
    /// The code.
    pub code: FailureCode,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_the_words_that_tools_and_records_know() {
        let words = ["offered", "running", "learned", "completed", "refused", "failed"];
        assert_eq!(ExchangeState::ALL.map(ExchangeState::as_str), words);
        assert_eq!(ExchangeState::Learned.to_string(), "learned");
    }
}
