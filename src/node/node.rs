//! The daemon as its API sees it: begins exchanges, knows how far they are, shows partners and status.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use overlap_api::{
    Call, Daemon, DaemonStatus, ExchangeAsk, ExchangeProgress, PartnerView, ProgressNews, ReceiptView, Sinks,
    StartRefused, WarningLists,
};
use overlap_coalition::{ExchangeId, SignedDocument, Timestamp};
use overlap_indicator::Rules;
use overlap_peer::{ExchangeError, ExchangeEvent, ExchangeRequest, ExchangeStep, PeerNode, PeerStatus};
use overlap_store::{ExchangeRecord, Store};
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::api_tls::ApiCertificate;
use crate::config::Config;
use crate::running::Running;
use crate::scheduler::Schedule;
use crate::{clock, receipt_check};

/// Events of one exchange that wait to be read: progress is only ever shown, so a few are enough.
const EVENTS: usize = 16;

/// A running node.
pub(crate) struct Node {
    peer: PeerNode,
    config: RwLock<Arc<Config>>,
    certificate_ends: Mutex<Timestamp>,
    store: Arc<dyn Store>,
    started: Timestamp,
    ready: AtomicBool,
    running: Arc<Running>,
    schedule: Arc<Schedule>,
    api_certificate: Arc<ApiCertificate>,
    sinks: Arc<Sinks>,
    warning_lists: RwLock<Arc<WarningLists>>,
}

impl Node {
    /// A node whose peer endpoint is bound and whose store is open.
    pub(crate) fn new(
        peer: PeerNode,
        config: Arc<Config>,
        certificate_ends: Timestamp,
        store: Arc<dyn Store>,
        schedule: Arc<Schedule>,
        sinks: Arc<Sinks>,
    ) -> Self {
        Self {
            sinks,
            peer,
            config: RwLock::new(config),
            certificate_ends: Mutex::new(certificate_ends),
            store,
            started: clock::now(),
            ready: AtomicBool::new(true),
            running: Arc::default(),
            schedule,
            api_certificate: Arc::default(),
            warning_lists: RwLock::new(Arc::new(WarningLists::none())),
        }
    }

    /// The network side.
    pub(crate) fn peer(&self) -> &PeerNode {
        &self.peer
    }

    /// The config in force.
    pub(crate) fn config(&self) -> Arc<Config> {
        self.config.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The store.
    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// What the API shows who connects over TCP.
    pub(crate) fn api_certificate(&self) -> &Arc<ApiCertificate> {
        &self.api_certificate
    }

    /// Where events are pushed to.
    pub(crate) fn sinks(&self) -> &Sinks {
        &self.sinks
    }

    /// Takes a new config, once the network side has taken it.
    pub(crate) fn set_config(&self, config: Arc<Config>, certificate_ends: Timestamp) {
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
        *self.certificate_ends.lock().unwrap_or_else(PoisonError::into_inner) = certificate_ends;
    }

    /// Takes the warning lists that are in force, once the store judges by them.
    pub(crate) fn set_warning_lists(&self, lists: Arc<WarningLists>) {
        *self.warning_lists.write().unwrap_or_else(PoisonError::into_inner) = lists;
    }

    /// From now on the node says that it is not ready, and stops.
    pub(crate) fn begin_stopping(&self) {
        self.ready.store(false, Ordering::Relaxed);
    }

    /// Whether it is.
    pub(crate) fn is_stopping(&self) -> bool {
        !self.ready.load(Ordering::Relaxed)
    }

    /// Begins an exchange; it ends by itself. The receiver hears its end.
    ///
    /// # Errors
    /// It did not get an id.
    pub(crate) async fn begin(
        &self,
        ask: ExchangeAsk,
    ) -> Result<(ExchangeId, oneshot::Receiver<Result<ExchangeRecord, ExchangeError>>), StartRefused> {
        let with = ask.peer.clone();
        let request = self.request(ask)?;
        let (events, mut heard) = mpsc::channel(EVENTS);
        let peer = self.peer.clone();
        let exchange = tokio::spawn(async move { peer.exchange(request, events).await });
        let Some(id) = first_id(&mut heard).await else {
            return Err(not_begun(exchange.await));
        };
        self.running.begin(id, with);
        let (sender, receiver) = oneshot::channel();
        tokio::spawn(follow(self.running.clone(), id, heard, exchange, sender));
        Ok((id, receiver))
    }

    fn request(&self, ask: ExchangeAsk) -> Result<ExchangeRequest, StartRefused> {
        let config = self.config();
        let partner = config.partner(&ask.peer).ok_or(StartRefused::UnknownPeer)?;
        Ok(ExchangeRequest {
            peer: ask.peer,
            purpose: purpose(ask.purpose, &partner.agreement.purposes),
            case_reference: ask.case_reference,
            engine: ask.engine,
        })
    }

    fn partner_view(&self, config: &Config, status: PeerStatus) -> Option<PartnerView> {
        let partner = config.partner(&status.id)?;
        Some(PartnerView {
            agreement: partner.agreement.between(&config.node.coalition, &config.node.member, &status.id),
            every: partner.every.map(|every| every.0.as_secs()),
            next: self.schedule.next(&status.id, clock::now()),
            name: status.name,
            status: status.status,
            address: status.address,
            running: status.running,
            certificate_ends: status.certificate_ends,
            id: status.id,
        })
    }
}

/// The purpose to offer. Both members sign it, so none is made up: it is empty where neither the caller nor the agreement
/// names one.
fn purpose(stated: Option<String>, agreed: &[String]) -> String {
    stated.or_else(|| agreed.iter().min().cloned()).unwrap_or_default()
}

async fn first_id(events: &mut mpsc::Receiver<ExchangeEvent>) -> Option<ExchangeId> {
    while let Some(event) = events.recv().await {
        if let ExchangeEvent::Begun(id) = event {
            return Some(id);
        }
    }
    None
}

async fn follow(
    running: Arc<Running>,
    id: ExchangeId,
    mut events: mpsc::Receiver<ExchangeEvent>,
    exchange: tokio::task::JoinHandle<Result<ExchangeRecord, ExchangeError>>,
    told: oneshot::Sender<Result<ExchangeRecord, ExchangeError>>,
) {
    while let Some(event) = events.recv().await {
        if let ExchangeEvent::Progress(step) = event {
            running.advance(id, progress(step));
        }
    }
    let end = exchange.await.unwrap_or_else(|error| Err(ExchangeError::Internal(error.to_string())));
    running.end(id);
    // Only the scheduler listens; a caller of the API reads the record.
    let _ = told.send(end);
}

fn progress(step: ExchangeStep) -> ExchangeProgress {
    let ExchangeStep { phase, done, total, bytes_sent, bytes_received } = step;
    ExchangeProgress { phase, done, total, bytes_sent, bytes_received }
}

/// Why an exchange ended before it had an id.
fn not_begun(end: Result<Result<ExchangeRecord, ExchangeError>, tokio::task::JoinError>) -> StartRefused {
    match end {
        Ok(Err(ExchangeError::RefusedHere(refusal) | ExchangeError::RefusedByPartner(refusal))) => {
            StartRefused::Policy(refusal)
        }
        Ok(Err(ExchangeError::Network(why))) => StartRefused::Unreachable(why),
        Ok(Err(error)) => StartRefused::Internal(error.to_string()),
        Ok(Ok(_)) => StartRefused::Internal("an exchange ended without an id".to_owned()),
        Err(error) => StartRefused::Internal(error.to_string()),
    }
}

impl Daemon for Node {
    fn begin_exchange(&self, ask: ExchangeAsk) -> Call<'_, Result<ExchangeId, StartRefused>> {
        Box::pin(async move { self.begin(ask).await.map(|(id, _)| id) })
    }

    fn progress(&self, exchange: ExchangeId) -> Option<ExchangeProgress> {
        self.peer.progress(exchange).map(progress)
    }

    fn ended(&self, exchange: ExchangeId) -> Call<'_, ()> {
        Box::pin(self.running.ended(exchange))
    }

    fn partners(&self) -> Vec<PartnerView> {
        let config = self.config();
        let partners = self.peer.partners().into_iter();
        partners.filter_map(|status| self.partner_view(&config, status)).collect()
    }

    fn read_receipts(&self, receipts: &[SignedDocument]) -> Vec<Result<ReceiptView, String>> {
        receipt_check::read(receipts, &*self.store, &self.config())
    }

    fn status(&self) -> DaemonStatus {
        let config = self.config();
        let (roster_version, roster_expires) = self.peer.roster();
        DaemonStatus {
            member: config.node.member.0.clone(),
            coalition: config.node.coalition.to_string(),
            peer_address: self.peer.local_address().to_string(),
            ready: self.ready.load(Ordering::Relaxed),
            roster_version,
            roster_expires,
            certificate_ends: *self.certificate_ends.lock().unwrap_or_else(PoisonError::into_inner),
            salt_epoch: self.store.snapshot().epoch(),
            started: self.started,
        }
    }

    fn rules(&self) -> Rules {
        let region = self.config().import.default_region.as_ref().map(|region| region.0.clone());
        Rules { default_region: region }
    }

    fn now(&self) -> Timestamp {
        clock::now()
    }

    fn progress_news(&self) -> Option<broadcast::Receiver<ProgressNews>> {
        Some(self.running.news())
    }

    fn sinks(&self) -> Option<Arc<Sinks>> {
        Some(self.sinks.clone())
    }

    fn warning_lists(&self) -> Arc<WarningLists> {
        self.warning_lists.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purpose_that_nobody_stated_is_not_made_up() {
        let agreed = ["tracing".to_owned(), "investigation".to_owned()];
        assert_eq!(purpose(None, &[]), "");
        assert_eq!(purpose(None, &agreed), "investigation");
        assert_eq!(purpose(Some("tracing".to_owned()), &agreed), "tracing");
    }
}
