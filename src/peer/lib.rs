#![forbid(unsafe_code)]
//! The conversation between nodes: QUIC endpoint, identity, revocation and the driver of an exchange.

mod accept;
mod book;
mod call;
mod channel;
mod choice;
mod clock;
mod closing;
mod config;
mod connections;
mod crl;
mod engine;
mod error;
mod exchange;
mod fault;
mod fresh_rng;
mod hello;
mod identity;
mod initiator;
mod inner;
mod live;
mod node;
mod outcome;
mod own_set;
mod pace;
mod partition;
mod policy;
mod refusals;
mod refused_log;
mod responder;
mod roster_alarm;
mod signing;
mod slots;
mod socket;
mod strangers;
#[cfg(test)]
mod suite;
#[cfg(test)]
mod tap;
mod tls;
mod verifier;
mod watch;

pub use clock::{Clock, SystemClock};
pub use config::{Identity, Limits, Partner, PeerConfig, Trust};
pub use error::{ExchangeError, PeerSetupError};
pub use node::{ExchangeEvent, ExchangeRequest, PeerNode, PeerStatus};
pub use watch::ExchangeStep;
