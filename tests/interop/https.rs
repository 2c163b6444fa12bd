//! Where a lab's node serves its API over TLS: none of the clients speaks to a Unix socket.

use std::path::PathBuf;

use overlap_tests::Lab;

/// Where the API of a node is served over TLS.
pub(crate) struct Https {
    pub(crate) port: u16,
    /// The certificate, which is its own authority.
    pub(crate) certificate: PathBuf,
}

impl Https {
    /// Where a lab's node serves its API.
    pub(crate) fn of(lab: &Lab, member: &str) -> Self {
        Self { port: lab.api_port(member), certificate: lab.config(member).with_file_name("api.pem") }
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://127.0.0.1:{}{path}", self.port)
    }
}
