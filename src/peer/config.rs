//! What the daemon gives to this crate.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use overlap_coalition::{Agreement, CoalitionName, EngineName, MemberId, PublicKey, SigningKey, Tlp};
use zeroize::Zeroize;

/// This node's keys and certificates. Replaced whole on reload.
#[derive(Clone)]
pub struct Identity {
    /// PEM: the certificate and those between it and its anchor.
    pub certificate_pem: Vec<u8>,
    /// PEM: the private key (PKCS #8).
    pub private_key_pem: Vec<u8>,
    /// Signs offers, accepts and receipts.
    pub receipt_key: Arc<SigningKey>,
}

impl fmt::Debug for Identity {
    /// Without the private keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("receipt_key", &self.receipt_key.public_key())
            .finish_non_exhaustive()
    }
}

impl Drop for Identity {
    fn drop(&mut self) {
        self.private_key_pem.zeroize();
    }
}

/// What certificates are judged by, beside the roster. Replaced whole on reload.
#[derive(Clone, Default)]
pub struct Trust {
    /// DER CRLs of the members' authorities. A certificate whose issuer has none here is not trusted.
    pub crls: Vec<Vec<u8>>,
    /// The secretariat's keys from the config.
    pub secretariat: Vec<PublicKey>,
    /// How many of them must sign a roster.
    pub threshold: u32,
}

/// A partner, from the config.
#[derive(Clone, Debug)]
pub struct Partner {
    /// Who.
    pub id: MemberId,
    /// Where its node listens; `None`: it calls us. Resolved anew for every call.
    pub address: Option<String>,
    /// What is agreed with it.
    pub agreement: Agreement,
    /// Own indicators with a narrower marking are held out of exchanges with it.
    pub tlp_ceiling: Option<Tlp>,
}

/// Limits on what partners may make this node do.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Exchanges at once with one member, both directions together.
    pub exchanges_per_member: usize,
    /// Exchanges at once in all.
    pub exchanges: usize,
    /// Items that all exchanges hold at once, both sides' padded sets together: an engine has some 200 bytes for each.
    pub items: u64,
    /// Time for the handshake and the hello.
    pub hello: Duration,
    /// Time for each following phase to begin to move; a stalled partner is given up after it.
    pub stall: Duration,
    /// Time for a receiver's encoding with `vole`, if less than the engine itself allows.
    pub encoding: Duration,
    /// Time for a whole exchange.
    pub exchange: Duration,
}

impl Default for Limits {
    /// Four exchanges at once with a member and 16 in all, as many items as two of the largest have, 10 seconds for the hello, two minutes of patience for a
    /// partner that computes, an hour for an exchange, which is the longest that a partner accepts.
    fn default() -> Self {
        Self {
            exchanges_per_member: 4,
            exchanges: 16,
            items: 1 << 22,
            hello: Duration::from_secs(10),
            stall: Duration::from_secs(120),
            encoding: Duration::from_secs(120),
            exchange: Duration::from_secs(3600),
        }
    }
}

/// All of it.
#[derive(Clone)]
pub struct PeerConfig {
    /// This node's coalition.
    pub coalition: CoalitionName,
    /// This node's member.
    pub own: MemberId,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Engines that this node runs, in the order of its preference.
    pub engines: Vec<EngineName>,
    /// The limits.
    pub limits: Limits,
    /// The partners.
    pub partners: Vec<Partner>,
    /// Threads for heavy steps.
    pub threads: usize,
}
