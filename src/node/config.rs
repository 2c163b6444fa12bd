//! The config file: one TOML file per node, every key explained in `node-config/complete.toml`.
//!
//! Paths in it are relative to the file's own folder, so that a folder with a node's files can be moved whole.

mod agreement;
mod keys;
mod load;
mod misp_modules;
mod period;
pub(crate) mod push;
mod text;
mod warning_lists;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use overlap_coalition::{CoalitionName, MemberId, PublicKey, RosterTrust, Tlp};
use serde::Deserialize;

pub use agreement::{AgreementSection, LearnsName};
pub use keys::{SectionKeys, sections};
pub use load::ConfigError;
pub use misp_modules::MispModulesSection;
pub use period::Period;
pub use push::{SyslogSection, WebhookSection};
pub use text::{HexKey, Text};
pub use warning_lists::WarningListsSection;

/// The environment variable that names the config where the command line does not.
pub const CONFIG_VARIABLE: &str = "OVERLAPD_CONFIG";

/// A node's config.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Who this node is.
    pub node: NodeSection,
    /// What partners see of it.
    pub peer: PeerSection,
    /// What its own people and tools see of it.
    pub api: ApiSection,
    /// Where it keeps what it knows.
    pub store: StoreSection,
    /// The secretariat's list of members.
    pub roster: RosterSection,
    /// Keys beside that of the certificate.
    pub keys: KeysSection,
    /// What it writes about itself.
    #[serde(default)]
    pub log: LogSection,
    /// How imports are read.
    #[serde(default)]
    pub import: ImportSection,
    /// What MISP's enrichment may ask.
    #[serde(default)]
    pub misp_modules: MispModulesSection,
    /// What is held out of exchanges.
    #[serde(default)]
    pub warning_lists: WarningListsSection,
    /// The members with whom it compares.
    #[serde(default)]
    pub partner: Vec<PartnerSection>,
    /// Where events are posted to.
    #[serde(default)]
    pub webhook: Vec<WebhookSection>,
    /// Where events go as syslog messages.
    #[serde(default)]
    pub syslog: Vec<SyslogSection>,
}

/// `[node]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeSection {
    /// This node's member, as the roster names it.
    pub member: Text<MemberId>,
    /// The coalition's name.
    pub coalition: Text<CoalitionName>,
    /// Threads for the heavy steps of exchanges; the default is one for each processor.
    pub threads: Option<usize>,
    /// How long running exchanges may take to end when the daemon stops.
    #[serde(default = "default_shutdown_limit")]
    pub shutdown_limit: Period,
}

/// `[peer]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerSection {
    /// The UDP address on which partners reach this node.
    pub listen: SocketAddr,
    /// PEM: this node's certificate and those between it and its authority.
    pub certificate: PathBuf,
    /// PEM: the certificate's private key, mode 0600.
    pub key: PathBuf,
    /// PEM or DER: the CRLs of the members' authorities; a folder stands for every file in it.
    pub crls: Vec<PathBuf>,
    /// Exchanges at once with one partner.
    #[serde(default = "default_exchanges_per_member")]
    pub exchanges_per_member: usize,
    /// Exchanges at once in all.
    #[serde(default = "default_exchanges")]
    pub exchanges: usize,
    /// Items that all exchanges hold at once, both sides' padded sets together.
    #[serde(default = "default_items")]
    pub items: u64,
    /// Time for a partner's handshake and hello.
    #[serde(default = "default_hello_limit")]
    pub hello_limit: Period,
    /// How long a partner may stall.
    #[serde(default = "default_stall_limit")]
    pub stall_limit: Period,
    /// Time for a whole exchange.
    #[serde(default = "default_exchange_limit")]
    pub exchange_limit: Period,
}

/// `[api]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiSection {
    /// The Unix socket of the local API.
    pub socket: PathBuf,
    /// The token with which the command line calls the API, mode 0600. The daemon's start and every reload take it up as an admin's.
    pub token: PathBuf,
    /// A TCP address on which to serve the API too, with TLS.
    pub listen: Option<SocketAddr>,
    /// Whether people can look at the node with a browser, at `/console/`.
    #[serde(default = "default_console")]
    pub console: bool,
    /// PEM: the certificate for `listen`.
    pub certificate: Option<PathBuf>,
    /// PEM: its private key, mode 0600.
    pub key: Option<PathBuf>,
}

/// `[store]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreSection {
    /// The store's folder.
    pub path: PathBuf,
    /// The key that seals it, mode 0600. Keep a copy elsewhere: without it the store cannot be read.
    pub key: PathBuf,
}

/// `[roster]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RosterSection {
    /// The roster's file.
    pub file: PathBuf,
    /// The secretariat's public keys, in hex.
    pub secretariat: Vec<HexKey>,
    /// How many of them must sign a roster.
    pub threshold: u32,
}

/// `[keys]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysSection {
    /// The key that signs offers, accepts and receipts, mode 0600.
    pub receipt: PathBuf,
    /// The key that opens the salt in the roster, mode 0600.
    pub sealing: PathBuf,
}

/// `[log]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSection {
    /// `error`, `warn`, `info`, `debug` or `trace`.
    #[serde(default)]
    pub level: LogLevel,
    /// `auto`, `text` or `json`.
    #[serde(default)]
    pub format: LogFormat,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Failures only.
    Error,
    /// And what an operator should look at.
    Warn,
    /// And what happens.
    #[default]
    Info,
    /// And how.
    Debug,
    /// And every step.
    Trace,
}

/// In which form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// Text.
    Text,
    /// One JSON object a line.
    Json,
}

/// `[import]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportSection {
    /// ISO 3166 code that completes telephone numbers without a country code; such numbers are refused without it.
    pub default_region: Option<Region>,
}

/// Two capital letters of ISO 3166.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Region(pub String);

/// `[[partner]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartnerSection {
    /// The partner's member id.
    pub id: Text<MemberId>,
    /// Where its node listens, as `host:port`; without it, only the partner calls.
    pub address: Option<String>,
    /// Own indicators with a narrower marking are held out of exchanges with it.
    pub tlp_ceiling: Option<Text<Tlp>>,
    /// How often this node begins an exchange with it; without it, never by itself.
    pub every: Option<Period>,
    /// What is agreed with it.
    #[serde(default)]
    pub agreement: AgreementSection,
}

impl Config {
    /// Reads and checks a config file. Relative paths in it are then relative to the file's folder.
    ///
    /// # Errors
    /// As [`ConfigError`] says, with the line.
    pub fn load(path: &Path) -> Result<Config, ConfigError> {
        load::load(path)
    }

    /// Whom the config names as partners, by id.
    pub fn partner(&self, id: &MemberId) -> Option<&PartnerSection> {
        self.partner.iter().find(|partner| *partner.id == *id)
    }

    /// The secretariat's keys.
    pub fn secretariat(&self) -> Vec<PublicKey> {
        self.roster.secretariat.iter().map(|key| PublicKey(key.0)).collect()
    }

    /// What a roster is verified by where none is in force yet.
    pub(crate) fn roster_trust(&self) -> RosterTrust {
        RosterTrust {
            coalition: self.node.coalition.0.clone(),
            secretariat: self.secretariat(),
            threshold: self.roster.threshold,
            highest: None,
        }
    }

    fn paths(&mut self) -> Vec<&mut PathBuf> {
        let always = [
            &mut self.peer.certificate,
            &mut self.peer.key,
            &mut self.api.socket,
            &mut self.api.token,
            &mut self.store.path,
            &mut self.store.key,
            &mut self.roster.file,
            &mut self.keys.receipt,
            &mut self.keys.sealing,
        ];
        let optional = [&mut self.api.certificate, &mut self.api.key];
        let webhooks =
            self.webhook.iter_mut().flat_map(|webhook| [Some(&mut webhook.secret), webhook.ca.as_mut()]);
        let syslogs = self.syslog.iter_mut().map(|syslog| syslog.ca.as_mut());
        let pushed = webhooks.chain(syslogs).flatten();
        always
            .into_iter()
            .chain(&mut self.peer.crls)
            .chain(&mut self.warning_lists.files)
            .chain(optional.into_iter().flatten())
            .chain(pushed)
            .collect()
    }
}

impl TryFrom<String> for Region {
    type Error = &'static str;

    fn try_from(code: String) -> Result<Self, Self::Error> {
        if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
            Ok(Self(code))
        } else {
            Err("a region is an ISO 3166 code: two capital letters, such as \"NL\"")
        }
    }
}

// Running exchanges mostly end within seconds; systemd gives a service 90 seconds to stop.
const fn default_shutdown_limit() -> Period {
    Period::seconds(30)
}

// Nobody gets in without a token, and over TCP there is TLS.
const fn default_console() -> bool {
    true
}

// One that runs and one that is asked for from the other side.
const fn default_exchanges_per_member() -> usize {
    2
}

// Each holds a set in memory and keeps every processor busy.
const fn default_exchanges() -> usize {
    8
}

// Two of the largest that `voprf` runs, a million items on each side: some 800 MB.
const fn default_items() -> u64 {
    1 << 22
}

// A handshake takes three round trips, and a retry one more.
const fn default_hello_limit() -> Period {
    Period::seconds(10)
}

// The longest step without a message: blinding a million items, the most that `voprf` takes, on one slow core.
const fn default_stall_limit() -> Period {
    Period::seconds(120)
}

// A night's worth would block a partner for too long.
const fn default_exchange_limit() -> Period {
    Period::seconds(3_600)
}
