//! The daemon: opens what a node needs, serves until it is told to stop, and closes in order.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use overlap_api::{
    Api, Imports, Sinks, WarningLists, misp_modules_router, serve_plain, serve_tls, serve_unix,
};
use overlap_peer::{PeerNode, SystemClock};
use overlap_store::{AuditAction, AuditStore, By, NewAudit, SledStore, Store};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::config::Config;
use crate::exit::CommandError;
use crate::interrupt::hear;
use crate::node::Node;
use crate::peer_setup::PeerSetup;
use crate::scheduler::{Schedule, Scheduler};
use crate::store_access::{self, OpenStore};
use crate::{
    api_tls, clock, files, logging, notices, operator_token, pki, push_setup, reload, roster_keeper,
    unix_socket, warning_lists,
};

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
    // A large store takes minutes to open. Nothing has begun yet that would have to end.
    let (open, lists) = tokio::select! {
        prepared = prepare(&config, &options.config) => prepared?,
        () = signals.stop() => {
            tracing::info!("stopped before it was ready");
            return Ok(());
        }
    };
    let store: Arc<dyn Store> = open.store.clone();
    let schedule = Arc::new(Schedule::default());
    // Before anybody can begin an exchange, every new sink has a position.
    let sinks = Arc::new(Sinks::new(store.clone(), &config.node.member, || clock::now().0));
    push_setup::begin(&sinks, &config).await?;
    let node = start_node(&config, open, &store, &schedule, sinks).await?;
    node.set_warning_lists(lists);
    let mut servers = Servers::begin(&config, &store, &node, metrics).await?;
    let mut keepers = JoinSet::new();
    keepers.spawn(roster_keeper::run(node.clone()));
    keepers.spawn(notices::run(node.clone()));
    let mut scheduler = Scheduler::begin(&node, &store, &schedule);
    let (version, _) = node.peer().roster();
    tracing::info!(member = %*config.node.member, peer = %node.peer().local_address(), api = %config.api.socket.display(), roster = version, "ready");
    let end = loop {
        let order = tokio::select! {
            order = signals.next() => order,
            lost = one_lost([&mut keepers, &mut scheduler.tasks, &mut servers.tasks]) => break Err(lost),
        };
        match order {
            Order::Stop => break Ok(()),
            Order::Reload => {
                if reload::reload(&node, &options.config).await {
                    scheduler = Scheduler::begin(&node, &store, &schedule);
                }
            }
        }
    };
    drop(scheduler);
    stop(&node, servers).await;
    keepers.shutdown().await;
    let outcome = if end.is_ok() { "outcome=told" } else { "outcome=lost" };
    let stopped = NewAudit::of(AuditAction::DaemonStopped).with(outcome);
    let noted = store.note(&By::daemon(clock::now()), &stopped);
    // What ended it comes before what could not be noted of it.
    end?;
    noted?;
    Ok(())
}

/// Resolves when a task of these ends, each of which goes on for as long as the daemon runs: a node without one of its parts would look well and
/// not do its work, and whoever supervises the daemon starts it again.
async fn one_lost(parts: [&mut JoinSet<()>; 3]) -> CommandError {
    let [a, b, c] = parts;
    let ended = tokio::select! {
        Some(ended) = a.join_next() => ended,
        Some(ended) = b.join_next() => ended,
        Some(ended) = c.join_next() => ended,
        else => std::future::pending().await,
    };
    let why = ended.err().map_or_else(|| "it ended".to_owned(), |error| error.to_string());
    tracing::error!(why, "a part of the node was lost: the node stops");
    CommandError::failed(format!("a part of the node was lost: {why}"))
}

/// Opens the store and brings it to where partners may ask.
async fn prepare(config: &Arc<Config>, file: &Path) -> Result<(OpenStore, Arc<WarningLists>), CommandError> {
    let open = open_store(config).await?;
    close_interrupted(&open.store)?;
    let lists = warn(config, &open.store).await?;
    open.store.note(&By::daemon(clock::now()), &started(file, open.store.put_aside())?)?;
    operator_token::take_up(config, &*open.store)?;
    Ok((open, lists))
}

/// Which program it was, by which config, and how many damaged stores lie aside, whose chains this one does not go on with.
fn started(config: &Path, put_aside: u32) -> Result<NewAudit, CommandError> {
    let version = env!("CARGO_PKG_VERSION");
    let mut detail = format!("version={version} config={}", config_hash(config)?);
    if put_aside > 0 {
        detail.push_str(&format!(" put-aside={put_aside}"));
    }
    Ok(NewAudit::of(AuditAction::DaemonStarted).with(detail))
}

/// The SHA-256 of a config file, in hex: who keeps the files that were in force can tell which it was.
pub(crate) fn config_hash(config: &Path) -> Result<String, CommandError> {
    let digest: [u8; 32] = Sha256::digest(files::read(config)?).into();
    Ok(data_encoding::HEXLOWER.encode(&digest))
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

async fn start_node(
    config: &Arc<Config>,
    open: OpenStore,
    store: &Arc<dyn Store>,
    schedule: &Arc<Schedule>,
    sinks: Arc<Sinks>,
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
    Ok(Arc::new(Node::new(peer, config.clone(), ends, store.clone(), schedule.clone(), sinks)))
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
        let Self { hangup, terminate, interrupt, stdin_closed } = self;
        tokio::select! {
            _ = hangup.recv() => Order::Reload,
            () = told_to_stop(terminate, interrupt, stdin_closed) => Order::Stop,
        }
    }

    /// Resolves when the daemon is told to stop; a reload that is asked for meanwhile is heard later.
    async fn stop(&mut self) {
        told_to_stop(&mut self.terminate, &mut self.interrupt, &mut self.stdin_closed).await;
    }
}

async fn told_to_stop(
    terminate: &mut Signal,
    interrupt: &mut Signal,
    stdin_closed: &mut Option<JoinHandle<()>>,
) {
    let stdin_closed = async {
        match stdin_closed {
            // A task that panicked ended all the same.
            Some(closed) => drop(closed.await),
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = terminate.recv() => (),
        _ = interrupt.recv() => (),
        () = stdin_closed => (),
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
    imports: Imports,
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
        let (router, imports) = match config.api.console {
            true => Api::router(store.clone(), node.clone(), metrics),
            false => Api::router_without_console(store.clone(), node.clone(), metrics),
        };
        let socket = config.api.socket.clone();
        let unix =
            unix_socket::bind(&socket).await.map_err(|error| CommandError::failed(error.to_string()))?;
        let tls = tls_listener(config, node).await?;
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
        Ok(Self { stop, imports, tasks, socket })
    }

    async fn end(mut self) {
        let began = Instant::now();
        self.stop.send_replace(true);
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a listener of the API did not end as it should");
            }
        }
        // What a caller left behind, now that none can begin.
        self.imports.end(began).await;
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
    node: &Node,
) -> Result<Option<(TcpListener, Arc<rustls::ServerConfig>)>, CommandError> {
    let Some(certified) = api_tls::read(config)? else { return Ok(None) };
    node.api_certificate().set(certified);
    let tls = Arc::new(node.api_certificate().server_config()?);
    Ok(listener(config.api.listen).await?.map(|listener| (listener, tls)))
}

async fn listener(address: Option<SocketAddr>) -> Result<Option<TcpListener>, CommandError> {
    let Some(address) = address else { return Ok(None) };
    let listener = TcpListener::bind(address).await;
    let cannot = |error| CommandError::failed(format!("the API cannot listen on {address}: {error}"));
    listener.map(Some).map_err(cannot)
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
    use super::*;

    fn forever() -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        tasks.spawn(std::future::pending());
        tasks
    }

    #[tokio::test]
    async fn a_part_that_is_lost_is_seen() {
        let mut well = [forever(), JoinSet::new(), forever()];
        let [a, b, c] = &mut well;
        let soon = std::time::Duration::from_millis(50);
        assert!(tokio::time::timeout(soon, one_lost([a, b, c])).await.is_err(), "none is lost");
        for at in 0..3 {
            let mut parts = [forever(), forever(), forever()];
            parts[at].spawn(async { panic!("of this test") });
            let [a, b, c] = &mut parts;
            assert!(one_lost([a, b, c]).await.to_string().contains("panicked"), "{at}");
        }
        let mut ended = JoinSet::new();
        ended.spawn(async {});
        assert!(
            one_lost([&mut ended, &mut forever(), &mut forever()]).await.to_string().contains("it ended")
        );
    }

    #[tokio::test]
    async fn listeners_end_whatever_became_of_one() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("api.sock");
        std::fs::write(&socket, "").unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async { panic!("of this test") });
        Servers {
            stop: watch::Sender::new(false),
            imports: Imports::default(),
            tasks,
            socket: socket.clone(),
        }
        .end()
        .await;
        assert!(!socket.exists());
    }
}
