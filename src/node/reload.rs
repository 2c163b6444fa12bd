//! SIGHUP: certificates, CRLs, partners, warning lists and the roster are read again. What is wrong in the new files changes nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use overlap_api::{Sink, WarningLists};
use overlap_store::{AuditAction, By, NewAudit};

use crate::config::Config;
use crate::daemon::{config_hash, off_thread};
use crate::exit::CommandError;
use crate::node::Node;
use crate::peer_setup::PeerSetup;
use crate::{clock, pki, push_setup, secretariat, warning_lists};

/// Reads everything again; whether the config was taken.
pub(crate) async fn reload(node: &Arc<Node>, path: &Path) -> bool {
    let path = path.to_owned();
    let file = path.clone();
    let read = off_thread(move || New::read(&path)).await;
    match take(node, read).await {
        Ok(()) => {
            note(node, file).await;
            tracing::info!("reloaded");
            true
        }
        Err(error) => {
            tracing::error!(%error, "nothing was reloaded: what was in force stays");
            false
        }
    }
}

/// After the fact, which is safe: a node that ends in between starts with the new files, and the audit chain says so.
async fn note(node: &Arc<Node>, file: PathBuf) {
    let store = node.store().clone();
    let noted = off_thread(move || {
        let new = NewAudit::of(AuditAction::ConfigReloaded).with(format!("config={}", config_hash(&file)?));
        Ok(store.note(&By::daemon(clock::now()), &new)?)
    });
    if let Err(error) = noted.await {
        tracing::error!(%error, "the reload is not in the audit chain");
    }
}

async fn take(node: &Arc<Node>, read: Result<New, CommandError>) -> Result<(), CommandError> {
    let mut new = read?;
    let (sinks, lists) = (std::mem::take(&mut new.sinks), new.lists.clone());
    new.take(node)?;
    take_lists(node, lists).await;
    if let Err(error) = node.sinks().configure(sinks).await {
        tracing::error!(%error, "the rest is reloaded, but events are pushed nowhere until the next reload");
    }
    Ok(())
}

struct New {
    sinks: Vec<Sink>,
    config: Config,
    setup: PeerSetup,
    certificate_ends: overlap_coalition::Timestamp,
    roster: overlap_coalition::SignedDocument,
    lists: Arc<WarningLists>,
}

impl New {
    fn read(path: &Path) -> Result<Self, CommandError> {
        let config = Config::load(path)?;
        let setup = PeerSetup::read(&config)?;
        let named = config.peer.certificate.display().to_string();
        let certificate_ends = pki::certificate_end(&setup.identity.certificate_pem, &named)?;
        let roster = secretariat::read(&config.roster.file)?;
        let sinks = push_setup::read(&config)?;
        let lists = Arc::new(warning_lists::read(&config.warning_lists)?);
        Ok(Self { sinks, config, setup, certificate_ends, roster, lists })
    }

    fn take(self, node: &Node) -> Result<(), CommandError> {
        let old = node.config();
        if *self.config.node.member != *old.node.member || *self.config.node.coalition != *old.node.coalition
        {
            return Err(CommandError::failed(
                "[node] member and coalition cannot change while the node runs",
            ));
        }
        let refused = |error: overlap_peer::PeerSetupError| CommandError::failed(error.to_string());
        node.peer().reload(self.setup.identity, self.setup.trust, self.setup.config).map_err(refused)?;
        for section in needs_restart(&old, &self.config) {
            tracing::warn!(section, "a change here takes effect at the next start");
        }
        node.set_config(Arc::new(self.config), self.certificate_ends);
        if let Err(error) = take_roster(node, self.roster) {
            tracing::error!(%error, "the rest is reloaded, but not the roster: the one in force stays");
        }
        Ok(())
    }
}

/// Judges every indicator by the new lists, beside all other work.
async fn take_lists(node: &Node, lists: Arc<WarningLists>) {
    let (store, new) = (node.store().clone(), lists.clone());
    match off_thread(move || warning_lists::put_in_force(&*store, &new)).await {
        Ok(()) => node.set_warning_lists(lists),
        Err(error) => tracing::error!(%error, "the rest is reloaded, but not the warning lists"),
    }
}

/// The roster in the file, unless one that is newer is in force already.
fn take_roster(node: &Node, roster: overlap_coalition::SignedDocument) -> Result<(), CommandError> {
    let in_file = overlap_wire::decode_roster(&roster.bytes)
        .map_err(|error| CommandError::failed(format!("the roster's file: {error}")))?;
    let (in_force, _) = node.peer().roster();
    if in_file.version < in_force {
        tracing::info!(
            in_file = in_file.version,
            in_force,
            "the roster's file is older than the one in force"
        );
        return Ok(());
    }
    let newer =
        node.peer().install_roster(roster).map_err(|error| CommandError::failed(error.to_string()))?;
    if newer {
        tracing::info!(version = in_file.version, "took a newer roster");
    }
    Ok(())
}

/// Sections that differ and that are read only at the start.
fn needs_restart(old: &Config, new: &Config) -> Vec<&'static str> {
    let mut sections = Vec::new();
    if old.peer.listen != new.peer.listen {
        sections.push("[peer] listen");
    }
    let api = |config: &Config| {
        let api = &config.api;
        let files = (api.socket.clone(), api.token.clone(), api.certificate.clone(), api.key.clone());
        (files, api.listen, api.console)
    };
    if api(old) != api(new) {
        sections.push("[api]");
    }
    if (&old.store.path, &old.store.key) != (&new.store.path, &new.store.key) {
        sections.push("[store]");
    }
    if (old.log.level, old.log.format) != (new.log.level, new.log.format) {
        sections.push("[log]");
    }
    sections
}
