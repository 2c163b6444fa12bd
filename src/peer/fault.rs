//! What ended a conversation, inside this crate, and the one place that says what of it the partner, the record and the
//! caller are told.

use overlap_coalition::{MemberId, Refusal, RefusalCode};
use overlap_store::{ExchangeFailure, FailureCode, StoreError};
use overlap_wire::WireError;

use crate::ExchangeError;

/// Why a conversation ended early, and who erred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// This node refuses.
    Refused(Refusal),
    /// The partner refused, in a frame or by closing the connection.
    RefusedByPartner(Refusal),
    /// The partner broke the protocol: [`RefusalCode::Protocol`] or [`RefusalCode::Document`], and how.
    Peer { code: RefusalCode, what: String },
    /// The partner stopped moving.
    Stalled(String),
    /// The connection broke, and nobody can be named.
    Network(String),
    /// This node.
    Internal(String),
    /// The daemon is stopping.
    Stopping,
}

impl Fault {
    pub(crate) fn protocol(what: impl ToString) -> Self {
        Self::Peer { code: RefusalCode::Protocol, what: what.to_string() }
    }

    pub(crate) fn document(what: impl ToString) -> Self {
        Self::Peer { code: RefusalCode::Document, what: what.to_string() }
    }

    pub(crate) fn internal(what: impl ToString) -> Self {
        Self::Internal(what.to_string())
    }

    /// What the partner is told; `None` where it ended the conversation or cannot hear.
    pub(crate) fn for_partner(&self) -> Option<Refusal> {
        match self {
            Fault::Refused(refusal) => Some(refusal.clone()),
            Fault::Peer { code, what } => Some(Refusal::new(*code, what.clone())),
            Fault::Stalled(what) => Some(Refusal::new(RefusalCode::Protocol, what.clone())),
            // What failed here is not the partner's to know.
            Fault::Internal(_) => {
                Some(Refusal::new(RefusalCode::Internal, "the node failed; its operator has been told"))
            }
            Fault::Stopping => Some(stopping()),
            Fault::RefusedByPartner(_) | Fault::Network(_) => None,
        }
    }

    /// What the record says.
    pub(crate) fn for_record(&self) -> ExchangeFailure {
        let (code, by, sentence) = match self {
            Fault::Refused(refusal) => return failure_of(refusal, "own"),
            Fault::RefusedByPartner(refusal) => return failure_of(refusal, "peer"),
            Fault::Stopping => return failure_of(&stopping(), "own"),
            Fault::Peer { code, what } => ((*code).into(), "peer", what),
            Fault::Stalled(what) => (RefusalCode::Protocol.into(), "peer", what),
            Fault::Network(what) => (FailureCode::Network, "network", what),
            Fault::Internal(what) => (RefusalCode::Internal.into(), "own", what),
        };
        ExchangeFailure { code, by, sentence: sentence.clone(), retry_after: None }
    }

    /// Whether somebody said no, as against something that broke.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Fault::Refused(_) | Fault::RefusedByPartner(_) | Fault::Stopping)
    }

    /// What the caller is told; `peer` is named in it.
    pub(crate) fn for_caller(self, peer: &MemberId) -> ExchangeError {
        match self {
            Fault::Refused(refusal) => ExchangeError::RefusedHere(refusal),
            Fault::RefusedByPartner(refusal) => ExchangeError::RefusedByPartner(refusal),
            Fault::Peer { what, .. } => ExchangeError::PeerMisbehaved(format!("{peer}: {what}")),
            Fault::Stalled(what) | Fault::Network(what) => ExchangeError::Network(format!("{peer}: {what}")),
            Fault::Internal(what) => ExchangeError::Internal(what),
            Fault::Stopping => ExchangeError::Stopping,
        }
    }

    /// A name for metrics and logs: a refusal's code, or what kind of failure.
    pub(crate) fn outcome(&self) -> &'static str {
        match self {
            Fault::Refused(refusal) | Fault::RefusedByPartner(refusal) => refusal.code.as_str(),
            Fault::Peer { .. } => "peer-misbehaved",
            Fault::Stalled(_) => "stalled",
            Fault::Network(_) => "network",
            Fault::Internal(_) => "internal",
            Fault::Stopping => "stopping",
        }
    }
}

/// The refusal of a node that stops.
pub(crate) fn stopping() -> Refusal {
    Refusal::retry_in(RefusalCode::Stopping, "the node is stopping", RETRY_AFTER_STOP)
}

/// Seconds after which a node that stopped for an upgrade should be back.
const RETRY_AFTER_STOP: u64 = 60;

fn failure_of(refusal: &Refusal, by: &'static str) -> ExchangeFailure {
    ExchangeFailure {
        code: refusal.code.into(),
        by,
        sentence: refusal.sentence.clone(),
        retry_after: refusal.retry_after,
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::ExchangeIdReused => Fault::Refused(Refusal::new(
                RefusalCode::ExchangeIdReused,
                "the exchange id was used before: offer again with a fresh one",
            )),
            error => Fault::internal(error),
        }
    }
}

impl From<WireError> for Fault {
    fn from(error: WireError) -> Self {
        Fault::protocol(error)
    }
}

impl From<overlap_psi::Error> for Fault {
    fn from(error: overlap_psi::Error) -> Self {
        match error.fault() {
            overlap_psi::Fault::Peer => Fault::protocol(error),
            overlap_psi::Fault::Caller => Fault::internal(error),
        }
    }
}
