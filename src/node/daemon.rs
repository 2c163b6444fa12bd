//! The daemon: opens what a node needs, serves until it is told to stop, and closes in order.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use overlap_api::{Api, WarningLists, misp_modules_router, serve_plain, serve_tls, serve_unix};
use overlap_peer::{PeerNode, SystemClock};
use overlap_store::{Role, SledStore, Store, TokenRecord};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::config::Config;
use crate::exit::CommandError;
use crate::files;
use crate::interrupt::hear;
use crate::node::Node;
use crate::peer_setup::PeerSetup;
use crate::scheduler::{Schedule, Scheduler};
use crate::store_access::{self, OpenStore};
use crate::{
    client, clock, logging, notices, pki, push_setup, reload, roster_keeper, unix_socket, warning_lists,
};

/// The name of the token that the config's token file holds.
const OPERATOR: &str = "operator";

/// How a daemon is run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Its config.
    pub config: PathBuf,
    /// Stop when standard input closes: whoever started the daemon holds the other end, and is then gone.
    pub until_stdin_closes: bool,
}

/// Runs a node until a signal stops it.
///
/// # Errors
/// The node cannot start. What fails later is logged, and the node goes on.
pub async fn run(options: RunOptions) -> Result<(), CommandError> {
    let config = Arc::new(Config::load(&options.config)?);
    logging::begin(&config.log);
    let (mut signals, metrics) = (Signals::listen(&options)?, metrics_recorder()?);
    let open = open_store(&config).await?;
    close_interrupted(&open.store)?;
    let lists = warn(&config, &open.store).await?;
    let store: Arc<dyn Store> = open.store.clone();
    take_up_token(&config, &*store)?;
    let schedule = Arc::new(Schedule::default());
    let node = start_node(&config, open, &store, &schedule).await?;
    node.set_warning_lists(lists);
    // Before anybody can begin an exchange, every new sink has a position.
    push_setup::begin(&node, &config).await?;
    let servers = Servers::begin(&config, &store, &node, metrics).await?;
    let keeper = tokio::spawn(roster_keeper::run(node.clone()));
    let notices = tokio::spawn(notices::run(node.clone()));
    let mut scheduler = Scheduler::begin(&node, &store, &schedule);
    let (version, _) = node.peer().roster();
    tracing::info!(member = %*config.node.member, peer = %node.peer().local_address(), api = %config.api.socket.display(), roster = version, "ready");
    while signals.next().await == Order::Reload {
        if reload::reload(&node, &options.config).await {
            scheduler = Scheduler::begin(&node, &store, &schedule);
        }
    }
    drop(scheduler);
    stop(&node, servers).await;
    keeper.abort();
    notices.abort();
    Ok(())
}

async fn open_store(config: &Arc<Config>) -> Result<OpenStore, CommandError> {
    let config = config.clone();
    off_thread(move || store_access::open(&config)).await
}

/// Runs what blocks on a thread that may.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CommandError> + Send + 'static,
) -> Result<T, CommandError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(CommandError::failed(format!("this program failed: {error}"))))
}

/// Nothing goes on with what the process before this one left in the middle.
fn close_interrupted(store: &SledStore) -> Result<(), CommandError> {
    for exchange in store.close_interrupted(clock::now())? {
        tracing::warn!(%exchange, "an exchange that the node stopped in the middle of was ended");
    }
    Ok(())
}

/// Puts the warning lists in force, before any partner can ask for an exchange.
async fn warn(config: &Arc<Config>, store: &Arc<SledStore>) -> Result<Arc<WarningLists>, CommandError> {
    let (config, store) = (config.clone(), store.clone());
    off_thread(move || {
        let lists = Arc::new(warning_lists::read(&config.warning_lists)?);
        warning_lists::put_in_force(&*store, &lists)?;
        Ok(lists)
    })
    .await
}

fn metrics_recorder() -> Result<PrometheusHandle, CommandError> {
    let recorder = PrometheusBuilder::new().install_recorder();
    recorder.map_err(|error| CommandError::failed(format!("metrics cannot be recorded: {error}")))
}

/// Takes up the token of the config's file as an admin's, where it is not known yet. The file rules: another token there
/// replaces the one that it held before.
fn take_up_token(config: &Config, store: &dyn Store) -> Result<(), CommandError> {
    let token = client::read_token(&config.api.token)?;
    let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    let known = store.tokens()?.into_iter().find(|record| record.name == OPERATOR);
    if known.as_ref().is_some_and(|record| record.hash == hash) {
        return Ok(());
    }
    if known.is_some() {
        store.revoke_token(OPERATOR)?;
    }
    let record =
        TokenRecord { name: OPERATOR.to_owned(), hash, roles: vec![Role::Admin], made: clock::now().0 };
    Ok(store.add_token(&record)?)
}

async fn start_node(
    config: &Arc<Config>,
    open: OpenStore,
    store: &Arc<dyn Store>,
    schedule: &Arc<Schedule>,
) -> Result<Arc<Node>, CommandError> {
    let setup = PeerSetup::read(config)?;
    let ends = pki::certificate_end(
        &setup.identity.certificate_pem,
        &config.peer.certificate.display().to_string(),
    )?;
    let peer = PeerNode::start(
        setup.config,
        setup.identity,
        setup.trust,
        open.roster,
        store.clone(),
        Arc::new(SystemClock),
    )
    .await
    .map_err(|error| CommandError::failed(error.to_string()))?;
    Ok(Arc::new(Node::new(peer, config.clone(), ends, store.clone(), schedule.clone())))
}

/// What the daemon is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Reload,
    Stop,
}

struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
    stdin_closed: Option<JoinHandle<()>>,
}

impl Signals {
    fn listen(options: &RunOptions) -> Result<Self, CommandError> {
        Ok(Self {
            hangup: hear(SignalKind::hangup())?,
            terminate: hear(SignalKind::terminate())?,
            interrupt: hear(SignalKind::interrupt())?,
            stdin_closed: options.until_stdin_closes.then(|| tokio::spawn(stdin_closed())),
        })
    }

    async fn next(&mut self) -> Order {
        let stdin_closed = async {
            match &mut self.stdin_closed {
                // A task that panicked ended all the same.
                Some(closed) => drop(closed.await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.hangup.recv() => Order::Reload,
            _ = self.terminate.recv() => Order::Stop,
            _ = self.interrupt.recv() => Order::Stop,
            () = stdin_closed => Order::Stop,
        }
    }
}

/// Resolves when standard input closes. A thread of its own reads it: one that the runtime waits for would keep a stopped
/// daemon from ending.
async fn stdin_closed() {
    let (closed, heard) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // Whatever ends the copy, an error too, means that nobody holds the other end.
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        closed.send(())
    });
    let _ = heard.await;
}

/// The API's listeners.
struct Servers {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    socket: PathBuf,
}

impl Servers {
    async fn begin(
        config: &Config,
        store: &Arc<dyn Store>,
        node: &Arc<Node>,
        metrics: PrometheusHandle,
    ) -> Result<Self, CommandError> {
        let router = match config.api.console {
            true => Api::router(store.clone(), node.clone(), metrics),
            false => Api::router_without_console(store.clone(), node.clone(), metrics),
        };
        let socket = config.api.socket.clone();
        let unix =
            unix_socket::bind(&socket).await.map_err(|error| CommandError::failed(error.to_string()))?;
        let tls = tls_listener(config).await?;
        let modules = listener(config.misp_modules.listen).await?;
        let stop = watch::Sender::new(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(serve_unix(unix, router.clone(), stopped(stop.subscribe())));
        if let Some((listener, tls_config)) = tls {
            tasks.spawn(serve_tls(listener, tls_config, router, stopped(stop.subscribe())));
        }
        if let Some(listener) = modules {
            let any_host = config.misp_modules.beyond_loopback;
            let router = misp_modules_router(store.clone(), node.clone(), any_host);
            tasks.spawn(serve_plain(listener, router, stopped(stop.subscribe())));
        }
        Ok(Self { stop, tasks, socket })
    }

    async fn end(self) {
        self.stop.send_replace(true);
        self.tasks.join_all().await;
        remove_socket(&self.socket);
    }
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // The sender lives until every server has ended.
    let _ = stop.wait_for(|stop| *stop).await;
}

fn remove_socket(socket: &Path) {
    if let Err(error) = std::fs::remove_file(socket) {
        tracing::warn!(%error, "the API's socket could not be removed");
    }
}

async fn tls_listener(
    config: &Config,
) -> Result<Option<(TcpListener, Arc<rustls::ServerConfig>)>, CommandError> {
    let (Some(address), Some(certificate), Some(key)) =
        (config.api.listen, &config.api.certificate, &config.api.key)
    else {
        return Ok(None);
    };
    let tls = tls_config(certificate, key)?;
    Ok(listener(Some(address)).await?.map(|listener| (listener, Arc::new(tls))))
}

async fn listener(address: Option<SocketAddr>) -> Result<Option<TcpListener>, CommandError> {
    let Some(address) = address else { return Ok(None) };
    let listener = TcpListener::bind(address).await;
    let cannot = |error| CommandError::failed(format!("the API cannot listen on {address}: {error}"));
    listener.map(Some).map_err(cannot)
}

/// TLS of the API over TCP: 1.3 only, ring only.
pub(crate) fn tls_config(certificate: &Path, key: &Path) -> Result<rustls::ServerConfig, CommandError> {
    let unusable = |what: &Path| CommandError::failed(format!("{} cannot be used for TLS", what.display()));
    let pem = files::read(certificate)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or_else(|| unusable(certificate))?;
    let key_pem = files::read_secret(key)?;
    let private = PrivateKeyDer::from_pem_slice(&key_pem).map_err(|_| unusable(key))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| CommandError::failed(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|_| unusable(key))?;
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(tls)
}

/// Exchanges first, within the configured limit, while `status` still answers; then the API.
async fn stop(node: &Node, servers: Servers) {
    let limit = node.config().node.shutdown_limit.0;
    tracing::info!(seconds = limit.as_secs(), "stopping; running exchanges may end within the limit");
    node.begin_stopping();
    node.peer().shutdown(limit).await;
    node.sinks().stop().await;
    servers.end().await;
    tracing::info!("stopped");
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn tls_takes_a_pair_that_fits_and_a_key_that_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("api.pem"), folder.path().join("api.key"));
        let issued = pki::loopback(clock::now()).unwrap();
        files::write_new(&certificate, issued.certificate_pem.as_bytes()).unwrap();
        files::write_new_secret(&key, issued.key_pem.as_bytes()).unwrap();
        tls_config(&certificate, &key).unwrap();
        let other = folder.path().join("other.key");
        files::write_new_secret(&other, pki::loopback(clock::now()).unwrap().key_pem.as_bytes()).unwrap();
        assert!(tls_config(&certificate, &other).is_err());
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(tls_config(&certificate, &key).unwrap_err().to_string().contains("chmod 600"));
    }
}
