//! TLS of the API over TCP: 1.3 only, ring only, with a certificate that a reload replaces.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::Config;
use crate::exit::CommandError;
use crate::files;

/// What the API's listener shows who connects; connections that stand keep what they were shown.
#[derive(Default)]
pub(crate) struct ApiCertificate(RwLock<Option<Arc<CertifiedKey>>>);

impl ApiCertificate {
    /// Shows another from now on.
    pub(crate) fn set(&self, certified: CertifiedKey) {
        // Replaced whole by one assignment: it is whole even if a thread panicked.
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(certified));
    }

    /// The listener's settings.
    ///
    /// # Errors
    /// The library has no TLS 1.3.
    pub(crate) fn server_config(self: &Arc<Self>) -> Result<ServerConfig, CommandError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|error| CommandError::failed(error.to_string()))?
            .with_no_client_auth()
            .with_cert_resolver(self.clone());
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(tls)
    }
}

impl fmt::Debug for ApiCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiCertificate")
    }
}

impl ResolvesServerCert for ApiCertificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Reads the certificate and the key that the config names for the API; none where it names none.
///
/// # Errors
/// A file cannot be read, others can read the key, or the two do not belong together.
pub(crate) fn read(config: &Config) -> Result<Option<CertifiedKey>, CommandError> {
    let (Some(certificate), Some(key)) = (&config.api.certificate, &config.api.key) else { return Ok(None) };
    read_pair(certificate, key).map(Some)
}

fn read_pair(certificate: &Path, key: &Path) -> Result<CertifiedKey, CommandError> {
    let unusable = |what: &Path| CommandError::failed(format!("{} cannot be used for TLS", what.display()));
    let pem = files::read(certificate)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or_else(|| unusable(certificate))?;
    let key_pem = files::read_secret(key)?;
    let private = PrivateKeyDer::from_pem_slice(&key_pem).map_err(|_| unusable(key))?;
    let provider = rustls::crypto::ring::default_provider();
    CertifiedKey::from_der(chain, private, &provider).map_err(|_| unusable(key))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use overlap_api::client_tls;
    use rustls::{ClientConnection, ServerConnection};

    use super::*;
    use crate::{clock, pki};

    #[test]
    fn tls_takes_a_pair_that_fits_and_a_key_that_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("api.pem"), folder.path().join("api.key"));
        let issued = pki::loopback(clock::now()).unwrap();
        files::write_new(&certificate, issued.certificate_pem.as_bytes()).unwrap();
        files::write_new_secret(&key, issued.key_pem.as_bytes()).unwrap();
        read_pair(&certificate, &key).unwrap();
        let other = folder.path().join("other.key");
        files::write_new_secret(&other, pki::loopback(clock::now()).unwrap().key_pem.as_bytes()).unwrap();
        assert!(read_pair(&certificate, &other).is_err());
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(read_pair(&certificate, &key).unwrap_err().to_string().contains("chmod 600"));
    }

    #[test]
    fn who_connects_after_a_reload_is_shown_the_new_certificate() {
        let folder = tempfile::tempdir().unwrap();
        let shown = Arc::new(ApiCertificate::default());
        let server = Arc::new(shown.server_config().unwrap());
        for round in ["old", "new"] {
            let (certificate, key) = (folder.path().join(round), folder.path().join(format!("{round}.key")));
            let issued = pki::loopback(clock::now()).unwrap();
            files::write_new(&certificate, issued.certificate_pem.as_bytes()).unwrap();
            files::write_new_secret(&key, issued.key_pem.as_bytes()).unwrap();
            let certified = read_pair(&certificate, &key).unwrap();
            let chain = certified.cert.clone();
            shown.set(certified);
            // Trusts this round's certificate alone.
            let trusts = client_tls(Some(issued.certificate_pem.as_bytes())).unwrap();
            let client = ClientConnection::new(trusts, "localhost".try_into().unwrap()).unwrap();
            assert_eq!(shown_in_handshake(client, &server), chain, "{round}");
        }
    }

    /// The certificates that the server shows, without a socket.
    fn shown_in_handshake(
        mut client: ClientConnection,
        server: &Arc<ServerConfig>,
    ) -> Vec<CertificateDer<'static>> {
        let mut server = ServerConnection::new(server.clone()).unwrap();
        while client.is_handshaking() {
            let mut sent = Vec::new();
            client.write_tls(&mut sent).unwrap();
            server.read_tls(&mut sent.as_slice()).unwrap();
            server.process_new_packets().unwrap();
            let mut answered = Vec::new();
            while server.wants_write() {
                server.write_tls(&mut answered).unwrap();
            }
            client.read_tls(&mut answered.as_slice()).unwrap();
            client.process_new_packets().unwrap();
        }
        client.peer_certificates().unwrap().to_vec()
    }
}
