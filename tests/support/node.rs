//! A daemon that a test started: ended when it is dropped, by its own process id.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{Outcome, run};

/// How long a daemon may take to be ready or to stop; a loaded machine needs some of it.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often it is asked.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// A running daemon.
#[derive(Debug)]
pub struct Node {
    program: String,
    config: PathBuf,
    child: Child,
}

impl Node {
    /// Starts the daemon of a config and waits until it is ready.
    ///
    /// # Panics
    /// It does not become ready; its log is shown.
    #[track_caller]
    pub fn start(program: &str, config: &Path) -> Self {
        let mut node = Self::spawn(program, config);
        let begun = Instant::now();
        while node.command(["status"]).code != 0 {
            let ended = node.child.try_wait().expect("the child can be asked").is_some();
            assert!(!ended && begun.elapsed() < PATIENCE, "the node is not ready:\n{}", node.log());
            sleep(ASK_EVERY);
        }
        node
    }

    /// Starts the daemon of a config.
    ///
    /// # Panics
    /// The program cannot be started.
    pub fn spawn(program: &str, config: &Path) -> Self {
        let log = File::options().create(true).append(true).open(log_of(config)).expect("the log opens");
        let child = Command::new(program)
            .args(["run", "--config"])
            .arg(config)
            .env_remove("OVERLAPD_CONFIG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the program starts");
        Self { program: program.to_owned(), config: config.to_owned(), child }
    }

    /// Runs a command against this node.
    pub fn command<const N: usize>(&self, args: [&str; N]) -> Outcome {
        let config = self.config.to_str().expect("a temporary path is UTF-8");
        let args = args.into_iter().chain(["--config", config]);
        run(&self.program, Path::new("/"), args)
    }

    /// What the API answers to a GET, with the operator's token.
    ///
    /// # Panics
    /// It answers something else than JSON.
    #[track_caller]
    pub fn api(&self, path: &str) -> Value {
        let token = std::fs::read_to_string(self.folder().join("api.token")).expect("the token is there");
        let mut socket = UnixStream::connect(self.folder().join("api.sock")).expect("the API listens");
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: node\r\nauthorization: Bearer {}\r\nconnection: close\r\n\r\n",
            token.trim()
        );
        socket.write_all(request.as_bytes()).expect("the API reads");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("the API answers in UTF-8");
        let (_head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error} in:\n{answer}"))
    }

    /// What the API answers to a call without a body, with the operator's token: status and body.
    ///
    /// # Panics
    /// It does not answer.
    #[track_caller]
    pub fn call(&self, method: &str, path: &str) -> (u16, String) {
        let token = std::fs::read_to_string(self.folder().join("api.token")).expect("the token is there");
        let mut socket = UnixStream::connect(self.folder().join("api.sock")).expect("the API listens");
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: node\r\nauthorization: Bearer {}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            token.trim()
        );
        socket.write_all(request.as_bytes()).expect("the API reads");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("the API answers in UTF-8");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, body.to_owned())
    }

    /// The folder of the node's config.
    ///
    /// # Panics
    /// Never: a config is in a folder.
    pub fn folder(&self) -> &Path {
        self.config.parent().expect("a config is in a folder")
    }

    /// The daemon's process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What the daemon logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(log_of(&self.config)).unwrap_or_default()
    }

    /// Waits until the log has `text`.
    ///
    /// # Panics
    /// It never has; the log is shown.
    #[track_caller]
    pub fn wait_for_log(&self, text: &str) {
        let begun = Instant::now();
        while !self.log().contains(text) {
            assert!(begun.elapsed() < PATIENCE, "no {text:?} in the log:\n{}", self.log());
            sleep(ASK_EVERY);
        }
    }

    /// Sends the daemon a signal, by name.
    ///
    /// # Panics
    /// `kill` cannot be run.
    pub fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().expect("kill runs");
        assert!(sent.success());
    }

    /// Tells the daemon to stop and waits for its end.
    ///
    /// # Panics
    /// It does not end.
    #[track_caller]
    pub fn stop(mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait()
    }

    /// Waits for the daemon's end.
    ///
    /// # Panics
    /// It does not end.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("the child can be asked") {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "the node does not end:\n{}", self.log());
            sleep(ASK_EVERY);
        }
    }

    /// Ends the daemon as a power cut would.
    ///
    /// # Panics
    /// It cannot be killed.
    pub fn kill(mut self) {
        self.child.kill().expect("the child is killed");
        self.child.wait().expect("the child has ended");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn log_of(config: &Path) -> PathBuf {
    config.with_file_name("node.log")
}
