//! SIGHUP: certificates, CRLs, the operator's token, partners, warning lists, sinks and the roster are read again. What is wrong in the new files
//! changes nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use overlap_api::{Sink, WarningLists};
use overlap_store::{AuditAction, By, NewAudit};
use rustls::sign::CertifiedKey;

use crate::config::{ApiSection, Config, LogSection, MispModulesSection, NodeSection, StoreSection};
use crate::daemon::{config_hash, off_thread};
use crate::exit::CommandError;
use crate::node::Node;
use crate::peer_setup::PeerSetup;
use crate::{api_tls, client, clock, operator_token, pki, push_setup, secretariat, warning_lists};

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
    take_token(node).await;
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
    api_certificate: Option<CertifiedKey>,
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
        let api_certificate = api_tls::read(&config)?;
        client::read_token(&config.api.token)?;
        let sinks = push_setup::read(&config)?;
        let lists = Arc::new(warning_lists::read(&config.warning_lists)?);
        Ok(Self { sinks, config, setup, certificate_ends, api_certificate, roster, lists })
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
        if let Some(certified) = self.api_certificate {
            node.api_certificate().set(certified);
        }
        node.set_config(Arc::new(self.config), self.certificate_ends);
        if let Err(error) = take_roster(node, self.roster) {
            tracing::error!(%error, "the rest is reloaded, but not the roster: the one in force stays");
        }
        Ok(())
    }
}

/// Takes up another token of the operator's, so that the one before no longer opens the API.
async fn take_token(node: &Node) {
    let (store, config) = (node.store().clone(), node.config());
    if let Err(error) = off_thread(move || operator_token::take_up(&config, &*store)).await {
        tracing::error!(%error, "the rest is reloaded, but not the operator's token");
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

/// Keys that differ and that are read only at the start. Every section is named, and every key of those that are read in part, so that a new
/// one is not forgotten here.
fn needs_restart(old: &Config, new: &Config) -> Vec<&'static str> {
    let Config {
        node,
        peer,
        api,
        store,
        log,
        misp_modules,
        roster: _,
        keys: _,
        import: _,
        warning_lists: _,
        partner: _,
        webhook: _,
        syslog: _,
    } = new;
    let NodeSection { member: _, coalition: _, threads, shutdown_limit: _ } = node;
    let ApiSection { socket, token: _, listen, console, certificate: _, key: _ } = api;
    let StoreSection { path, key } = store;
    let LogSection { level, format } = log;
    let MispModulesSection { listen: modules, beyond_loopback } = misp_modules;
    let of_modules = (old.misp_modules.listen, old.misp_modules.beyond_loopback);
    let changed = [
        ("[node] threads", *threads != old.node.threads),
        ("[peer] listen", peer.listen != old.peer.listen),
        ("[api]", (socket, *listen, *console) != (&old.api.socket, old.api.listen, old.api.console)),
        ("[store]", (path, key) != (&old.store.path, &old.store.key)),
        ("[log]", (*level, *format) != (old.log.level, old.log.format)),
        ("[misp_modules]", (*modules, *beyond_loopback) != of_modules),
    ];
    changed.into_iter().filter_map(|(section, is_other)| is_other.then_some(section)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LogLevel;

    #[test]
    fn what_only_a_restart_changes_is_named() {
        let shown = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../node-config/complete.toml");
        let old = Config::load(&shown).unwrap();
        let changed = |change: &dyn Fn(&mut Config)| {
            let mut new = old.clone();
            change(&mut new);
            needs_restart(&old, &new)
        };
        assert_eq!(changed(&|_| ()), Vec::<&str>::new());
        assert_eq!(changed(&|new| new.node.threads = Some(77)), ["[node] threads"]);
        assert_eq!(changed(&|new| new.peer.listen.set_port(1)), ["[peer] listen"]);
        assert_eq!(changed(&|new| new.api.console = !old.api.console), ["[api]"]);
        assert_eq!(changed(&|new| new.store.path.push("x")), ["[store]"]);
        assert_eq!(changed(&|new| new.log.level = LogLevel::Trace), ["[log]"]);
        let modules = |new: &mut Config| new.misp_modules.beyond_loopback = !old.misp_modules.beyond_loopback;
        assert_eq!(changed(&modules), ["[misp_modules]"]);
        assert_eq!(
            changed(&|new| new.misp_modules.listen = Some(([127, 0, 0, 1], 9).into())),
            ["[misp_modules]"]
        );
        assert_eq!(changed(&|new| new.api.certificate = Some("other.pem".into())), Vec::<&str>::new());
    }
}
