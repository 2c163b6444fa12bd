//! A lab's node that serves its API over TLS too: none of the clients speaks to a Unix socket.

use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use overlap_tests::Lab;

/// Where the API of a node is served over TLS.
pub(crate) struct Https {
    pub(crate) port: u16,
    /// The certificate, which is its own authority.
    pub(crate) certificate: PathBuf,
}

impl Https {
    /// Changes a member's config so that its node serves the API over TLS, on a free loopback port.
    pub(crate) fn of(lab: &Lab, member: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = lab.config(member).parent().unwrap().to_owned();
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        write(&folder.join("api.pem"), &made.cert.pem());
        write(&folder.join("api.key"), &made.signing_key.serialize_pem());
        let keys = format!("listen = \"127.0.0.1:{port}\"\ncertificate = \"api.pem\"\nkey = \"api.key\"\n");
        lab.edit_config(member, "[api]\n", &format!("[api]\n{keys}"));
        Self { port, certificate: folder.join("api.pem") }
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://127.0.0.1:{}{path}", self.port)
    }
}

fn write(path: &Path, text: &str) {
    let file = std::fs::File::options().create(true).truncate(true).write(true).mode(0o600).open(path);
    std::io::Write::write_all(&mut file.unwrap(), text.as_bytes()).unwrap();
}
