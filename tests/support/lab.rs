//! A lab in a temporary folder.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{Node, run};

/// A coalition's files, in a folder that is removed when this is dropped.
#[derive(Debug)]
pub struct Lab {
    program: String,
    folder: TempDir,
}

impl Lab {
    /// Makes a lab with `overlapd lab create`.
    ///
    /// # Panics
    /// The command fails.
    #[track_caller]
    pub fn create(program: &str, members: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("overlapd-test-").tempdir().expect("a temporary folder");
        let members = members.join(",");
        let args = ["lab", "create", "--dir", "lab", "--members", &members];
        let _ = run(program, folder.path(), args).expect_code(0);
        Self { program: program.to_owned(), folder }
    }

    /// The folder above the lab's.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A member's config.
    pub fn config(&self, member: &str) -> PathBuf {
        self.folder.path().join("lab").join(member).join("node.toml")
    }

    /// Changes a member's config by replacing text that is in it.
    ///
    /// # Panics
    /// The text is not in it.
    #[track_caller]
    pub fn edit_config(&self, member: &str, from: &str, to: &str) {
        let path = self.config(member);
        let text = std::fs::read_to_string(&path).expect("the config is there");
        assert!(text.contains(from), "no {from:?} in:\n{text}");
        std::fs::write(&path, text.replace(from, to)).expect("the config is written");
    }

    /// The loopback port at which a member's API is served over TLS, as its config says.
    ///
    /// # Panics
    /// The config does not say so.
    #[track_caller]
    pub fn api_port(&self, member: &str) -> u16 {
        let text = std::fs::read_to_string(self.config(member)).expect("the config is there");
        let (_, api) = text.split_once("\n[api]\n").expect("the config has the section");
        let (_, listen) = api.split_once("listen = \"127.0.0.1:").expect("the API is served over TLS");
        let (port, _) = listen.split_once('"').expect("the address ends");
        port.parse().expect("the port is one")
    }

    /// Starts a member's node and waits until it is ready.
    #[track_caller]
    pub fn start(&self, member: &str) -> Node {
        Node::start(&self.program, &self.config(member))
    }

    /// Writes a file beside the lab.
    ///
    /// # Panics
    /// It cannot be written.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).expect("the file is written");
        path.to_str().expect("a temporary path is UTF-8").to_owned()
    }
}
