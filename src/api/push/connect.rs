//! Connections to receivers: straight to the host that the config names, by no proxy, TLS 1.3 only.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use axum::http::Uri;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Where systems keep the authorities that they trust.
const SYSTEM_BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// What a receiver's address looks like.
const FORM: &str = "a webhook's URL is https://HOST[:PORT]/PATH, without user and fragment; http:// is for 127.0.0.1, [::1] and localhost only";

/// The URL that a webhook posts to.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    pub(crate) tls: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) authority: String,
    /// Path and query: there may be a secret in it, so it is never shown.
    pub(crate) path: String,
}

impl FromStr for Target {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let uri: Uri = text.parse().map_err(|_| FORM)?;
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or(FORM)?;
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if is_loopback(&host) => false,
            _ => return Err(FORM),
        };
        if host.is_empty() || text.contains('#') || ServerName::try_from(host.clone()).is_err() {
            return Err(FORM);
        }
        let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { tls, host, port, authority: authority.to_string(), path })
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

impl Target {
    /// The URL without its path.
    pub(crate) fn shown(&self) -> String {
        format!("{}://{}", if self.tls { "https" } else { "http" }, self.authority)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

/// TLS towards a receiver: its certificate has to chain to one of `authorities` (PEM), or of those that this system trusts where none are given.
///
/// # Errors
/// What is wrong with the authorities.
pub fn client_tls(authorities: Option<&[u8]>) -> Result<Arc<ClientConfig>, &'static str> {
    let system = || SYSTEM_BUNDLES.iter().find_map(|path| std::fs::read(Path::new(path)).ok());
    let pem = match authorities {
        Some(pem) => pem.to_vec(),
        None => system().unwrap_or_default(),
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|_| "no certificates in PEM")?;
        let added = roots.add(certificate);
        // A system's bundle may have one that this program cannot read; an operator's own has none.
        if added.is_err() && authorities.is_some() {
            return Err("a certificate in it is none of an authority");
        }
    }
    if authorities.is_some() && roots.is_empty() {
        return Err("no certificates in PEM");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|_| "TLS 1.3 is not to be had")?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

/// A stream of bytes.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Connects to a host; `prepare` sees the socket before anything is sent.
pub(crate) async fn connect(
    host: &str,
    port: u16,
    tls: Option<&Arc<ClientConfig>>,
    prepare: impl FnOnce(&TcpStream) -> io::Result<()>,
) -> io::Result<Box<dyn Stream>> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    prepare(&stream)?;
    let Some(tls) = tls else { return Ok(Box::new(stream)) };
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    Ok(Box::new(TlsConnector::from(tls.clone()).connect(name, stream).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_loopback_are_targets() {
        let target: Target = "https://soc.example:8443/hook?key=1".parse().unwrap();
        assert_eq!((target.tls, target.host.as_str(), target.port), (true, "soc.example", 8443));
        assert_eq!((target.path.as_str(), target.authority.as_str()), ("/hook?key=1", "soc.example:8443"));
        assert_eq!(format!("{target:?}"), "https://soc.example:8443");
        let local: Target = "http://[::1]:9/".parse().unwrap();
        assert_eq!((local.tls, local.host.as_str(), local.port), (false, "::1", 9));
        for bad in [
            "",
            "soc.example",
            "http://soc.example/",
            "http://10.0.0.1/",
            "ftp://soc.example/",
            "https://user:word@soc.example/",
            "https://",
            "https:///x",
            "/hook",
            "http://localhost.example/",
            "https://soc.example/#top",
        ] {
            assert!(bad.parse::<Target>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_operators_own_authorities_have_to_be_some() {
        assert!(client_tls(Some(b"")).is_err());
        assert!(client_tls(Some(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")).is_err());
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        assert!(client_tls(Some(made.cert.pem().as_bytes())).is_ok());
    }
}
