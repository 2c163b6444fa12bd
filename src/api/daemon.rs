//! What the API asks of the daemon. The API knows neither the protocols nor the network.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use overlap_coalition::{
    Agreement, EngineName, ExchangeId, MemberId, MemberStatus, Receipt, Refusal, SignedDocument, Timestamp,
};
use tokio::sync::broadcast;

use crate::Sinks;

use crate::WarningLists;

/// An exchange that a caller asks for.
#[derive(Clone, Debug)]
pub struct ExchangeAsk {
    /// With whom.
    pub peer: MemberId,
    /// What for; `None`: the agreement's first purpose, or none where it names none.
    pub purpose: Option<String>,
    /// The caller's case; may be empty.
    pub case_reference: String,
    /// The engine; `None`: the node chooses.
    pub engine: Option<EngineName>,
}

/// How far a running exchange is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeProgress {
    /// The phase.
    pub phase: String,
    /// Items done in it.
    pub done: u64,
    /// Items in it.
    pub total: u64,
    /// Application bytes that this node sent until now.
    pub bytes_sent: u64,
    /// Application bytes that this node received until now.
    pub bytes_received: u64,
}

/// That an exchange moved on.
#[derive(Clone, Debug)]
pub struct ProgressNews {
    /// Which.
    pub exchange: ExchangeId,
    /// With whom.
    pub peer: MemberId,
    /// How far it is.
    pub progress: ExchangeProgress,
}

/// Why an exchange did not even get an id.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartRefused {
    /// Nobody of that name is configured.
    #[error("no partner of this name is configured")]
    UnknownPeer,
    /// This node's policy, or the partner's before an exchange began.
    #[error("{0}")]
    Policy(Refusal),
    /// The partner cannot be reached.
    #[error("the partner cannot be reached: {0}")]
    Unreachable(String),
    /// This node.
    #[error("this node failed: {0}")]
    Internal(String),
}

impl StartRefused {
    /// Why, in a word.
    pub fn code(&self) -> &'static str {
        match self {
            StartRefused::UnknownPeer => "unknown-peer",
            StartRefused::Policy(refusal) => refusal.code.as_str(),
            StartRefused::Unreachable(_) => "unreachable",
            StartRefused::Internal(_) => "internal",
        }
    }
}

/// A partner, as the API shows it.
#[derive(Clone, Debug)]
pub struct PartnerView {
    /// Who.
    pub id: MemberId,
    /// Its name in the roster.
    pub name: String,
    /// Its status in the roster; `None`: it is in none.
    pub status: Option<MemberStatus>,
    /// Where its node listens, as configured.
    pub address: Option<String>,
    /// What is agreed with it.
    pub agreement: Agreement,
    /// Exchanges with it that run now.
    pub running: usize,
    /// When its last certificate that was seen ends.
    pub certificate_ends: Option<Timestamp>,
    /// How often the scheduler begins an exchange, in seconds; `None`: never.
    pub every: Option<u64>,
    /// When it will next.
    pub next: Option<Timestamp>,
}

/// The daemon, as the API shows it.
#[derive(Clone, Debug)]
pub struct DaemonStatus {
    /// This node's member.
    pub member: MemberId,
    /// Its coalition.
    pub coalition: String,
    /// Where partners reach it.
    pub peer_address: String,
    /// Whether it can work: the peer endpoint is bound and the store is open.
    pub ready: bool,
    /// The roster in force.
    pub roster_version: u64,
    /// When it ends.
    pub roster_expires: Timestamp,
    /// When its own certificate ends.
    pub certificate_ends: Timestamp,
    /// The epoch of its salt.
    pub salt_epoch: Option<u32>,
    /// When it started.
    pub started: Timestamp,
}

/// A receipt that was read.
#[derive(Clone, Debug)]
pub struct ReceiptView {
    /// What it records.
    pub receipt: Receipt,
    /// Why its signatures are not those of both members; `None`: they are.
    pub fault: Option<String>,
}

/// A call of the daemon that takes time.
pub type Call<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The daemon.
pub trait Daemon: Send + Sync + 'static {
    /// Begins an exchange and answers when it has an id; it then runs on by itself, and its record in the store tells its end.
    fn begin_exchange(&self, ask: ExchangeAsk) -> Call<'_, Result<ExchangeId, StartRefused>>;
    /// How far an exchange is; `None` if it does not run.
    fn progress(&self, exchange: ExchangeId) -> Option<ExchangeProgress>;
    /// Resolves when an exchange has ended; at once if it does not run.
    fn ended(&self, exchange: ExchangeId) -> Call<'_, ()>;
    /// The partners.
    fn partners(&self) -> Vec<PartnerView>;
    /// Reads receipts and checks their signatures against the roster that this node trusts; why not, where one cannot be read. Takes a
    /// while: a signature is some tenth of a millisecond.
    fn read_receipts(&self, receipts: &[SignedDocument]) -> Vec<Result<ReceiptView, String>>;
    /// The daemon.
    fn status(&self) -> DaemonStatus;
    /// The rules by which imports are canonicalised.
    fn rules(&self) -> overlap_indicator::Rules;
    /// Now.
    fn now(&self) -> Timestamp;
    /// What tells how exchanges move on, where anything does.
    fn progress_news(&self) -> Option<broadcast::Receiver<ProgressNews>> {
        None
    }
    /// Where events are pushed to, if anywhere.
    fn sinks(&self) -> Option<Arc<Sinks>> {
        None
    }
    /// The warning lists in force; none where a daemon says nothing else.
    fn warning_lists(&self) -> Arc<WarningLists> {
        Arc::new(WarningLists::none())
    }
}
