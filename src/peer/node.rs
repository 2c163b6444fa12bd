//! The handle that the daemon holds.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use overlap_coalition::{EngineName, ExchangeId, MemberId, MemberStatus, SignedDocument, Timestamp};
use overlap_store::{ExchangeRecord, Store};
use tokio::sync::mpsc;

use crate::{Clock, ExchangeError, Identity, PeerConfig, PeerSetupError, Trust};

/// What the caller wants compared.
#[derive(Clone, Debug)]
pub struct ExchangeRequest {
    /// With whom.
    pub peer: MemberId,
    /// What for.
    pub purpose: String,
    /// The caller's case; may be empty.
    pub case_reference: String,
    /// The engine; `None`: this node chooses.
    pub engine: Option<EngineName>,
}

/// What a running exchange tells its caller.
#[derive(Clone, Debug)]
pub enum ExchangeEvent {
    /// It has an id and its record is stored.
    Begun(ExchangeId),
    /// A phase moved on.
    Progress {
        /// Which phase.
        phase: String,
        /// Items done.
        done: u64,
        /// Items in all.
        total: u64,
    },
}

/// A partner, as it stands.
#[derive(Clone, Debug)]
pub struct PeerStatus {
    /// Who.
    pub id: MemberId,
    /// Its name in the roster.
    pub name: String,
    /// Its status in the roster; `None`: it is in none.
    pub status: Option<MemberStatus>,
    /// Where its node listens, as configured.
    pub address: Option<String>,
    /// Exchanges with it that run now.
    pub running: usize,
    /// When its last certificate that was seen ends.
    pub certificate_ends: Option<Timestamp>,
}

/// The network side of a node. Cheap to clone.
#[derive(Clone)]
pub struct PeerNode {}

impl PeerNode {
    /// Verifies the roster, binds the endpoint and begins to answer.
    ///
    /// `roster` is the newest of what the config names and what the store holds.
    ///
    /// # Errors
    /// As [`PeerSetupError`] says.
    pub async fn start(
        _config: PeerConfig,
        _identity: Identity,
        _trust: Trust,
        _roster: SignedDocument,
        _store: Arc<dyn Store>,
        _clock: Arc<dyn Clock>,
    ) -> Result<PeerNode, PeerSetupError> {
        unimplemented!()
    }

    /// Where the node listens.
    pub fn local_address(&self) -> SocketAddr {
        unimplemented!()
    }

    /// Runs one exchange to its end; the record is stored at every turn, so it can be read meanwhile.
    ///
    /// # Errors
    /// As [`ExchangeError`] says; the record then has the failure.
    pub async fn exchange(
        &self,
        _request: ExchangeRequest,
        _events: mpsc::Sender<ExchangeEvent>,
    ) -> Result<ExchangeRecord, ExchangeError> {
        unimplemented!()
    }

    /// The configured partners.
    pub fn partners(&self) -> Vec<PeerStatus> {
        unimplemented!()
    }

    /// The roster in force: version and end.
    pub fn roster(&self) -> (u64, Timestamp) {
        unimplemented!()
    }

    /// Takes new certificates, CRLs and partners; connections of members that are no longer trusted are closed.
    ///
    /// # Errors
    /// As [`PeerSetupError`] says; then nothing has changed.
    pub fn reload(
        &self,
        _identity: Identity,
        _trust: Trust,
        _config: PeerConfig,
    ) -> Result<(), PeerSetupError> {
        unimplemented!()
    }

    /// Verifies and takes a newer roster: true if it is newer than the one in force.
    ///
    /// # Errors
    /// As [`PeerSetupError`] says; then nothing has changed.
    pub fn install_roster(&self, _roster: SignedDocument) -> Result<bool, PeerSetupError> {
        unimplemented!()
    }

    /// Refuses new exchanges, waits for those that run, at most `limit`, then aborts what is left and closes the endpoint.
    pub async fn shutdown(&self, _limit: Duration) {
        unimplemented!()
    }
}
