//! The handle that the daemon holds.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use overlap_coalition::{EngineName, ExchangeId, MemberId, MemberStatus, SignedDocument, Timestamp};
use overlap_store::{ExchangeRecord, Store};
use tokio::sync::mpsc;

use crate::closing::CloseCode;
use crate::inner::Inner;
use crate::watch::ExchangeStep;
use crate::{Clock, ExchangeError, Identity, PeerConfig, PeerSetupError, Trust, accept, initiator};

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
    Progress(ExchangeStep),
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

/// The network side of a node. Cheap to clone. It answers until [`PeerNode::shutdown`].
#[derive(Clone)]
pub struct PeerNode {
    inner: Arc<Inner>,
}

impl PeerNode {
    /// Verifies the roster, binds the endpoint and begins to answer.
    ///
    /// `roster` is the newest of what the config names and what the store holds.
    ///
    /// # Errors
    /// As [`PeerSetupError`] says.
    pub async fn start(
        config: PeerConfig,
        identity: Identity,
        trust: Trust,
        roster: SignedDocument,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Result<PeerNode, PeerSetupError> {
        let inner = Inner::start(config, identity, trust, roster, store, clock)?;
        tokio::spawn(accept::serve(inner.clone()));
        Ok(PeerNode { inner })
    }

    /// Where the node listens.
    pub fn local_address(&self) -> SocketAddr {
        self.inner.address
    }

    /// Runs one exchange to its end; the record is stored at every turn, so it can be read meanwhile.
    ///
    /// # Errors
    /// As [`ExchangeError`] says; the record then has the failure.
    pub async fn exchange(
        &self,
        request: ExchangeRequest,
        events: mpsc::Sender<ExchangeEvent>,
    ) -> Result<ExchangeRecord, ExchangeError> {
        let peer = request.peer.clone();
        // On a task of its own: a caller that goes away must not leave an exchange without its end in the record.
        let running = tokio::spawn(initiator::run(self.inner.clone(), request, events));
        match running.await {
            Ok(result) => result.map_err(|fault| fault.for_caller(&peer)),
            Err(error) => Err(ExchangeError::Internal(error.to_string())),
        }
    }

    /// How far an exchange is that runs now, begun by this node or by the partner; `None` if it does not run.
    pub fn progress(&self, exchange: ExchangeId) -> Option<ExchangeStep> {
        self.inner.watch.look(exchange)
    }

    /// The configured partners.
    pub fn partners(&self) -> Vec<PeerStatus> {
        let live = self.inner.live.load_full();
        let ends = self.inner.certificate_ends();
        let status = |partner: &crate::Partner| {
            let member = live.roster().member(&partner.id);
            PeerStatus {
                id: partner.id.clone(),
                name: member.map(|member| member.name.clone()).unwrap_or_default(),
                status: member.map(|member| member.status),
                address: partner.address.clone(),
                running: self.inner.slots.running_with(&partner.id),
                certificate_ends: ends.get(&partner.id).copied(),
            }
        };
        live.config.partners.iter().map(status).collect()
    }

    /// The roster in force: version and end.
    pub fn roster(&self) -> (u64, Timestamp) {
        let live = self.inner.live.load();
        (live.roster().version, live.roster().expires)
    }

    /// Takes new certificates, CRLs and partners; connections of members that are no longer trusted are closed.
    ///
    /// The listening address and the number of threads stay as they were at the start.
    ///
    /// # Errors
    /// As [`PeerSetupError`] says; then nothing has changed.
    pub fn reload(&self, identity: Identity, trust: Trust, config: PeerConfig) -> Result<(), PeerSetupError> {
        self.inner.reload(identity, trust, config)
    }

    /// Verifies and takes a newer roster: true if it is newer than the one in force. Blocks on the disk.
    ///
    /// # Errors
    /// As [`PeerSetupError`] says; then nothing has changed.
    pub fn install_roster(&self, roster: SignedDocument) -> Result<bool, PeerSetupError> {
        self.inner.install_roster(roster)
    }

    /// Refuses new exchanges, waits for those that run, at most `limit`, then aborts what is left and closes the endpoint.
    pub async fn shutdown(&self, limit: Duration) {
        self.inner.stop();
        let _ = tokio::time::timeout(limit, self.inner.slots.idle()).await;
        self.inner.connections.close_all(CloseCode::Stopping);
        self.inner.close_endpoint().await;
    }

    #[cfg(test)]
    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }
}
