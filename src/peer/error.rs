//! What can go wrong between nodes, and whose fault it is.

use overlap_coalition::{Refusal, RosterError};
use overlap_store::StoreError;
use overlap_wire::WireError;

/// Why the node's network side cannot start or take new settings. The operator's to mend.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeerSetupError {
    /// Own certificate, key or CRL.
    #[error("own {what} cannot be used: {why}")]
    Identity {
        /// Which.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// The roster, by what it says or who signed it.
    #[error("the roster cannot be used: {0}")]
    Roster(#[from] RosterError),
    /// The roster, which cannot be decoded.
    #[error("the roster cannot be used: {0}")]
    RosterEncoding(#[from] WireError),
    /// The socket.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an exchange did not end with both signatures stored. Each names who erred.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// The caller or this node's policy: it was not begun.
    #[error("refused here: {0}")]
    RefusedHere(Refusal),
    /// The partner refused.
    #[error("refused by the partner: {0}")]
    RefusedByPartner(Refusal),
    /// The partner broke the protocol.
    #[error("the partner broke the protocol: {0}")]
    PeerMisbehaved(String),
    /// No connection, or it broke, or the partner stalled.
    #[error("the partner cannot be reached or went away: {0}")]
    Network(String),
    /// This node.
    #[error("this node failed: {0}")]
    Internal(String),
    /// The daemon is stopping.
    #[error("the daemon is stopping")]
    Stopping,
}
