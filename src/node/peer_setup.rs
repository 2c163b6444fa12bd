//! From the config to what the network side takes: identity, trust, partners and limits. Read again on every reload.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use overlap_coalition::{EngineName, SigningKey};
use overlap_peer::{Identity, Limits, Partner, PeerConfig, Trust};

use crate::config::{Config, PartnerSection};
use crate::exit::CommandError;
use crate::files::{self, FileError};
use crate::key_file::{self, KeyUse};
use crate::pki;

/// Everything that the network side takes.
pub(crate) struct PeerSetup {
    /// The config.
    pub config: PeerConfig,
    /// Own keys and certificate.
    pub identity: Identity,
    /// CRLs and the secretariat's keys.
    pub trust: Trust,
}

impl PeerSetup {
    /// Reads the files that the config names.
    ///
    /// # Errors
    /// One cannot be read, or holds something else.
    pub(crate) fn read(config: &Config) -> Result<Self, CommandError> {
        Ok(Self { config: peer_config(config), identity: identity(config)?, trust: trust(config)? })
    }
}

fn identity(config: &Config) -> Result<Identity, CommandError> {
    let seed = key_file::read(&config.keys.receipt, KeyUse::Receipt)?;
    let receipt_key =
        SigningKey::from_seed(&seed).map_err(|error| CommandError::failed(error.to_string()))?;
    Ok(Identity {
        certificate_pem: files::read(&config.peer.certificate)?,
        private_key_pem: files::read_secret(&config.peer.key)?.to_vec(),
        receipt_key: Arc::new(receipt_key),
    })
}

fn trust(config: &Config) -> Result<Trust, CommandError> {
    let mut crls = Vec::new();
    for path in crl_files(&config.peer.crls)? {
        crls.extend(pki::crls_der(&files::read(&path)?, &path.display().to_string())?);
    }
    Ok(Trust { crls, secretariat: config.secretariat(), threshold: config.roster.threshold })
}

fn crl_files(named: &[PathBuf]) -> Result<Vec<PathBuf>, FileError> {
    let mut found = Vec::new();
    for path in named {
        if path.is_dir() {
            found.extend(files_in(path)?);
        } else {
            found.push(path.clone());
        }
    }
    Ok(found)
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let entries = fs::read_dir(folder).map_err(FileError::io("read", folder))?;
    let paths: Result<Vec<_>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(FileError::io("read", folder))?;
    let hidden = |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    paths.retain(|path| path.is_file() && !hidden(path));
    paths.sort();
    Ok(paths)
}

fn peer_config(config: &Config) -> PeerConfig {
    let peer = &config.peer;
    PeerConfig {
        coalition: config.node.coalition.0.clone(),
        own: config.node.member.0.clone(),
        listen: peer.listen,
        engines: EngineName::ALL.to_vec(),
        limits: Limits {
            exchanges_per_member: peer.exchanges_per_member,
            exchanges: peer.exchanges,
            items: peer.items,
            hello: peer.hello_limit.0,
            stall: peer.stall_limit.0,
            exchange: peer.exchange_limit.0,
            ..Limits::default()
        },
        partners: config.partner.iter().map(|partner| peer_partner(config, partner)).collect(),
        threads: config.node.threads.unwrap_or_else(processors),
    }
}

fn peer_partner(config: &Config, partner: &PartnerSection) -> Partner {
    Partner {
        id: partner.id.0.clone(),
        address: partner.address.clone(),
        agreement: partner.agreement.between(&config.node.coalition, &config.node.member, &partner.id),
        tlp_ceiling: partner.tlp_ceiling.as_ref().map(|tlp| tlp.0),
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
