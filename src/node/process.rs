//! Nodes as processes of this same program, for `demo` and `bench`: started, waited for, and always ended.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use crate::client::Client;
use crate::config::Config;
use crate::exit::CommandError;
use crate::files::{self, FileError};

/// How long a node may take to be ready: opening a large store takes seconds.
const READY: Duration = Duration::from_secs(120);

/// How long a node may take to stop before it is killed.
const STOP: Duration = Duration::from_secs(40);

/// How often a starting node is asked.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// The end of a log that is shown when a node does not start, in bytes.
const LOG_SHOWN: usize = 2_000;

/// A node that runs as a process of its own.
///
/// It stops when its standard input closes, which the system does even if this process is killed.
pub(crate) struct NodeProcess {
    name: String,
    child: Child,
    client: Client,
    log: PathBuf,
}

impl NodeProcess {
    /// Starts the node of a config; its log goes to `node.log` beside the config.
    ///
    /// # Errors
    /// The config is not good, or the process cannot be started.
    pub(crate) fn start(config_path: &Path) -> Result<Self, CommandError> {
        let config = Config::load(config_path)?;
        let log = config_path.with_file_name("node.log");
        let out = std::fs::File::options().create(true).append(true).open(&log);
        let out = out.map_err(FileError::io("write", &log))?;
        let program = std::env::current_exe()
            .map_err(|error| CommandError::failed(format!("this program cannot be found: {error}")))?;
        let child = Command::new(program)
            .args(["run", "--until-stdin-closes", "--config"])
            .arg(config_path)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(out)
            // Ctrl-C is for this process, which then stops its nodes in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| CommandError::failed(format!("a node cannot be started: {error}")))?;
        Ok(Self { name: config.node.member.to_string(), child, client: Client::new(&config)?, log })
    }

    /// Waits until the node is ready.
    ///
    /// # Errors
    /// It ended, or takes too long; the end of its log is in the error.
    pub(crate) async fn wait_ready(&mut self) -> Result<(), CommandError> {
        let begun = Instant::now();
        loop {
            if self.is_ready().await {
                return Ok(());
            }
            let ended = self.child.try_wait().map_or(true, |ended| ended.is_some());
            if ended || begun.elapsed() > READY {
                return Err(self.not_ready());
            }
            sleep(ASK_EVERY).await;
        }
    }

    async fn is_ready(&self) -> bool {
        let status = self.client.get::<Value>("/api/v1/status").await;
        status.is_ok_and(|status| status["ready"].as_bool() == Some(true))
    }

    fn not_ready(&self) -> CommandError {
        let log = files::read(&self.log).unwrap_or_default();
        let end = String::from_utf8_lossy(&log[log.len().saturating_sub(LOG_SHOWN)..]).into_owned();
        CommandError::failed(format!("the node of {} did not start; its log ends:\n{end}", self.name))
    }

    /// A caller of its API.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The most memory that the process has had resident, in bytes; `None` where the system does not tell.
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        peak_in(&status)
    }

    /// Stops the node and waits for its end.
    ///
    /// # Errors
    /// It did not end well, or had to be killed.
    pub(crate) async fn stop(mut self) -> Result<(), CommandError> {
        drop(self.child.stdin.take());
        match timeout(STOP, self.child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(_) => Err(CommandError::failed(format!("the node of {} did not end well", self.name))),
            // Dropping the child kills it.
            Err(_) => Err(CommandError::failed(format!("the node of {} had to be killed", self.name))),
        }
    }
}

/// `VmHWM` of proc(5), in bytes.
fn peak_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peak_memory_is_read() {
        assert_eq!(peak_in("Name:\tx\nVmHWM:\t    1024 kB\nVmRSS:\t 1 kB\n"), Some(1_048_576));
        assert_eq!(peak_in("Name:\tx\n"), None);
    }
}
