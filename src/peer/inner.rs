//! What all conversations of a node share.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use overlap_coalition::{MemberId, SignedDocument, Timestamp};
use overlap_store::{By, Store};
use quinn::{Endpoint, VarInt};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::closing::CloseCode;
use crate::connections::Connections;
use crate::fault::Fault;
use crate::identity::VerifiedMember;
use crate::live::{Live, verify_roster};
use crate::refusals::Refusals;
use crate::refused_log::RefusedLog;
use crate::roster_alarm::RosterAlarm;
use crate::slots::Slots;
use crate::strangers::Strangers;
use crate::watch::Watch;
use crate::{Clock, Identity, PeerConfig, PeerSetupError, Trust, socket};

/// Time for the endpoint's last packets to leave.
const LAST_PACKETS: Duration = Duration::from_secs(2);

/// What all conversations of a node share.
pub(crate) struct Inner {
    pub(crate) endpoint: Endpoint,
    pub(crate) address: SocketAddr,
    pub(crate) live: ArcSwap<Live>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pool: Arc<ThreadPool>,
    pub(crate) slots: Arc<Slots>,
    pub(crate) connections: Arc<Connections>,
    pub(crate) strangers: Arc<Strangers>,
    pub(crate) refusals: Refusals,
    pub(crate) refused_log: RefusedLog,
    pub(crate) watch: Arc<Watch>,
    stopping: AtomicBool,
    alarm: RosterAlarm,
    /// Held by whoever replaces [`Inner::live`], so that two changes cannot undo each other.
    change: Mutex<()>,
    certificate_ends: Mutex<HashMap<MemberId, Timestamp>>,
    #[cfg(test)]
    pub(crate) tap: crate::tap::Tap,
}

impl Inner {
    /// Checks everything, stores the roster if it is newer, and binds the endpoint.
    ///
    /// # Errors
    /// As [`PeerSetupError`] says.
    pub(crate) fn start(
        config: PeerConfig,
        identity: Identity,
        trust: Trust,
        roster: SignedDocument,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, PeerSetupError> {
        let alarm = RosterAlarm::default();
        let roster = first_roster(&config, &trust, roster, &*store, clock.now())
            .inspect_err(|error| alarm.tell_of(error, &*store, clock.now()))?;
        let roster = Arc::new(roster);
        let pool = thread_pool(config.threads)?;
        let live = Arc::new(Live::new(config, identity, trust, roster, clock.now())?);
        let endpoint = socket::bind(&live, clock.clone())?;
        let address = endpoint
            .local_addr()
            .map_err(|source| PeerSetupError::Listen { address: live.config.listen, source })?;
        Ok(Arc::new(Self {
            endpoint,
            address,
            live: ArcSwap::new(live),
            store,
            clock,
            pool: Arc::new(pool),
            slots: Slots::new(),
            connections: Arc::default(),
            strangers: Arc::default(),
            refusals: Refusals::default(),
            refused_log: RefusedLog::default(),
            watch: Arc::default(),
            stopping: AtomicBool::new(false),
            alarm,
            change: Mutex::new(()),
            certificate_ends: Mutex::default(),
            #[cfg(test)]
            tap: crate::tap::Tap::default(),
        }))
    }

    /// Takes new certificates, CRLs and partners.
    ///
    /// # Errors
    /// As [`PeerSetupError`] says; then nothing has changed.
    pub(crate) fn reload(
        &self,
        identity: Identity,
        trust: Trust,
        config: PeerConfig,
    ) -> Result<(), PeerSetupError> {
        let _change = self.change();
        let roster = self.live.load().roster.clone();
        let live = Live::new(config, identity, trust, roster, self.clock.now())?;
        self.replace(live);
        Ok(())
    }

    /// Verifies and takes a newer roster: true if it is newer than the one in force. Blocks on the disk.
    ///
    /// # Errors
    /// As [`PeerSetupError`] says; then nothing has changed.
    pub(crate) fn install_roster(&self, document: SignedDocument) -> Result<bool, PeerSetupError> {
        // Verified before the lock is taken, by what is in force; that may be replaced meanwhile.
        let (_change, live, verified) = loop {
            let live = self.live.load_full();
            let verified = live.verify_roster(document.clone(), self.clock.now());
            let verified =
                verified.inspect_err(|error| self.alarm.tell_of(error, &*self.store, self.clock.now()))?;
            let change = self.change();
            if Arc::ptr_eq(&live, &self.live.load()) {
                break (change, live, verified);
            }
        };
        let version = verified.roster().version;
        if version <= live.roster().version {
            return Ok(false);
        }
        self.store.set_roster(
            verified.document(),
            version,
            verified.hash(),
            &By::daemon(self.clock.now()),
        )?;
        self.replace(live.with_roster(Arc::new(verified)));
        tracing::info!(version, "took a newer roster");
        Ok(true)
    }

    fn replace(&self, live: Live) {
        let live = Arc::new(live);
        self.live.store(live.clone());
        self.connections.drop_untrusted(&live, self.clock.now());
    }

    /// From now on exchanges are refused.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Whether exchanges are refused because the node stops.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Closes the endpoint once conversations have had the time to note why they ended.
    pub(crate) async fn close_endpoint(&self) {
        let _ = tokio::time::timeout(LAST_PACKETS, self.slots.idle()).await;
        self.endpoint.close(VarInt::from_u32(CloseCode::Stopping as u32), b"");
        let _ = tokio::time::timeout(LAST_PACKETS, self.endpoint.wait_idle()).await;
    }

    /// Notes what was seen of a member's certificate.
    pub(crate) fn note_certificate(&self, member: &VerifiedMember) {
        self.lock_ends().insert(member.id.clone(), member.certificate_ends);
    }

    /// When the certificates that were seen end.
    pub(crate) fn certificate_ends(&self) -> HashMap<MemberId, Timestamp> {
        self.lock_ends().clone()
    }

    fn lock_ends(&self) -> MutexGuard<'_, HashMap<MemberId, Timestamp>> {
        self.certificate_ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> MutexGuard<'_, ()> {
        self.change.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs what blocks or computes off the async threads.
///
/// # Errors
/// [`Fault::Internal`] if it panicked.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work).await.map_err(Fault::internal)
}

/// The roster to start with. One that the store holds was verified when it was stored, and its keys count from then on.
///
/// An expired one does not keep a node from starting: no exchange passes policy, but the API works, and a partner that
/// calls may hand on a newer one.
fn first_roster(
    config: &PeerConfig,
    trust: &Trust,
    document: SignedDocument,
    store: &dyn Store,
    now: Timestamp,
) -> Result<overlap_coalition::VerifiedRoster, PeerSetupError> {
    let stored = store.roster()?;
    let current = match &stored {
        Some((stored, ..)) => Some(overlap_wire::decode_roster(&stored.bytes)?),
        None => None,
    };
    let highest = stored.map(|(_, version, hash)| (version, hash));
    let verified = verify_roster(config, trust, document, highest, current.as_ref())?;
    if verified.roster().is_expired(now) {
        tracing::warn!(
            "the roster has expired: exchanges are refused until the secretariat's new one is here"
        );
    }
    let version = verified.roster().version;
    if highest.is_none_or(|(highest, _)| version > highest) {
        store.set_roster(verified.document(), version, verified.hash(), &By::daemon(now))?;
    }
    Ok(verified)
}

fn thread_pool(threads: usize) -> Result<ThreadPool, PeerSetupError> {
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|index| format!("engine-{index}"))
        .build()
        .map_err(|error| PeerSetupError::Identity { what: "thread pool", why: error.to_string() })
}
