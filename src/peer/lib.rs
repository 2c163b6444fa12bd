#![forbid(unsafe_code)]
//! The conversation between nodes: QUIC endpoint, identity, revocation and the driver of an exchange.

mod clock;
mod config;
mod error;
mod node;

pub use clock::{Clock, SystemClock};
pub use config::{Identity, Limits, Partner, PeerConfig, Trust};
pub use error::{ExchangeError, PeerSetupError};
pub use node::{ExchangeEvent, ExchangeRequest, PeerNode, PeerStatus};
