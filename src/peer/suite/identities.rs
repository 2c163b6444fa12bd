//! Certificates that get no stream, and what the log says of them.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock};

use overlap_coalition::{MemberStatus, RefusalCode, RevokedCertificate};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, ConnectionError, Endpoint};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

use super::coalition::{CertificateSpec, TestCoalition, TestNode, certificate};
use crate::ExchangeError;
use crate::tls::SERVER_NAME;

/// A client that takes any server: what is tested is what the server takes.
#[derive(Debug)]
struct Credulous;

impl ServerCertVerifier for Credulous {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

type Pem = (Vec<u8>, Vec<u8>);

fn client_config(identity: Option<&Pem>, alpn: &[u8]) -> ClientConfig {
    let builder =
        rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Credulous));
    let mut tls = match identity {
        Some((chain, key)) => {
            let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>().unwrap();
            builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(key).unwrap()).unwrap()
        }
        None => builder.with_no_client_auth(),
    };
    tls.alpn_protocols = vec![alpn.to_vec()];
    ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()))
}

/// Calls a node, opens a stream and waits for the end. Returns the end, and from where it called.
async fn call(node: &TestNode, config: ClientConfig) -> (ConnectionError, SocketAddr) {
    let endpoint = Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
    let from = endpoint.local_addr().unwrap();
    let connecting = endpoint.connect_with(config, node.peer.local_address(), SERVER_NAME).unwrap();
    let error = match connecting.await {
        Err(error) => error,
        Ok(connection) => {
            // A client sees its handshake succeed before the server has judged its certificate.
            let _ = connection.open_bi().await;
            connection.closed().await
        }
    };
    (error, from)
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The log of all tests of this process.
fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::WARN)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
        log
    })
}

async fn lines_about(from: SocketAddr) -> Vec<String> {
    let address = format!("remote={from} ");
    for _ in 0..200 {
        let text = String::from_utf8(log().0.lock().unwrap().clone()).unwrap();
        let lines: Vec<String> =
            text.lines().filter(|line| line.contains(&address)).map(Into::into).collect();
        if !lines.is_empty() {
            return lines;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    Vec::new()
}

/// The node refuses the client in the handshake and says why, in one line.
async fn refuses(node: &TestNode, config: ClientConfig, why: &str) {
    log();
    let before = node.records().len();
    let (error, from) = call(node, config).await;
    assert!(matches!(error, ConnectionError::ConnectionClosed(_)), "{why}: {error:?}");
    let lines = lines_about(from).await;
    assert_eq!(lines.len(), 1, "{why}: {lines:?}");
    assert!(lines[0].contains("WARN") && lines[0].contains("handshake refused"), "{}", lines[0]);
    assert!(lines[0].contains(why), "{why} is not in: {}", lines[0]);
    assert_eq!(node.records().len(), before);
}

async fn alpha_refuses(coalition: &mut TestCoalition, identity: &Pem, why: &str) {
    let alpha = coalition.start("alpha").await;
    refuses(&alpha, client_config(Some(identity), overlap_wire::ALPN), why).await;
}

fn names() -> TestCoalition {
    TestCoalition::new(&["alpha", "beta", "gamma"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_does_not_fill_the_log() {
    log();
    let alpha = names().start("alpha").await;
    let mut lines = 0;
    for caller in 0..12 {
        let (_, from) = call(&alpha, client_config(None, overlap_wire::ALPN)).await;
        lines += lines_about(from).await.len();
        assert_eq!(lines, 10.min(caller + 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_authority_is_refused() {
    let mut coalition = names();
    let issuer = &coalition.member("gamma").authority;
    let stolen = certificate(&CertificateSpec { issuer, ..coalition.spec("beta") });
    alpha_refuses(&mut coalition, &stolen, "claims to be beta's is not issued by an authority").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_authority_with_a_known_name_is_refused() {
    let mut coalition = names();
    let impostor = super::coalition::authority("beta authority");
    let forged = certificate(&CertificateSpec { issuer: &impostor, ..coalition.spec("beta") });
    alpha_refuses(&mut coalition, &forged, "is not issued by an authority").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_certificate_is_refused() {
    let mut coalition = names();
    let old = certificate(&CertificateSpec { years: (2024, 2025), ..coalition.spec("beta") });
    alpha_refuses(&mut coalition, &old, "beta's certificate has expired").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_tomorrow_is_refused() {
    let mut coalition = names();
    let early = certificate(&CertificateSpec { years: (2027, 2028), ..coalition.spec("beta") });
    alpha_refuses(&mut coalition, &early, "beta's certificate is not valid yet").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_on_its_authoritys_crl_is_refused() {
    let mut coalition = names();
    let beta = certificate(&coalition.spec("beta"));
    coalition.member_mut("beta").revoked = vec![7];
    alpha_refuses(&mut coalition, &beta, "beta's certificate is revoked by its authority").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_serial_number_on_the_roster_is_refused() {
    let mut coalition = names();
    let beta = certificate(&coalition.spec("beta"));
    let member = coalition.member("beta").id.clone();
    coalition.revoked = vec![RevokedCertificate::Serial { member, serial: vec![7] }];
    alpha_refuses(&mut coalition, &beta, "beta's certificate is revoked by the roster").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_on_the_roster_is_refused() {
    let mut coalition = names();
    let beta = certificate(&coalition.spec("beta"));
    let leaf = CertificateDer::from_pem_slice(&beta.0).unwrap();
    let (_, parsed) = x509_parser::parse_x509_certificate(&leaf).unwrap();
    coalition.revoked = vec![RevokedCertificate::Key(crate::exchange::sha256(parsed.public_key().raw))];
    alpha_refuses(&mut coalition, &beta, "beta's certificate is revoked by the roster").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_crl_means_no() {
    let mut coalition = names();
    let beta = certificate(&coalition.spec("beta"));
    // Its next update was due three months before the tests' today.
    coalition.crl_end = 2026;
    alpha_refuses(
        &mut coalition,
        &beta,
        "the CRL of the authority that issued beta's certificate has expired",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_crl_means_no() {
    let mut coalition = names();
    let beta = certificate(&coalition.spec("beta"));
    let alpha = coalition.start("alpha").await;
    for crls in [Vec::new(), vec![coalition.trust().crls[0].clone()]] {
        let trust = crate::Trust { crls, ..coalition.trust() };
        alpha.peer.reload(coalition.identity("alpha"), trust, alpha.config()).unwrap();
        refuses(&alpha, client_config(Some(&beta), overlap_wire::ALPN), "no CRL of the authority").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_is_not_active_is_refused() {
    for (status, why) in
        [(MemberStatus::Suspended, "beta is suspended"), (MemberStatus::Revoked, "beta is revoked")]
    {
        let mut coalition = names();
        let beta = certificate(&coalition.spec("beta"));
        coalition.member_mut("beta").status = status;
        alpha_refuses(&mut coalition, &beta, why).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_names_one_member_of_this_coalition() {
    let mut coalition = names();
    let alpha = coalition.start("alpha").await;
    let both = vec![coalition.spiffe("beta"), coalition.spiffe("gamma")];
    let not_one = "does not have exactly one URI name";
    let cases = [
        (both, not_one),
        (Vec::new(), not_one),
        (vec!["https://test.example/member/beta".to_owned()], not_one),
        (vec!["spiffe://test.example/member/BETA".to_owned()], not_one),
        (vec!["spiffe://other.example/member/beta".to_owned()], "of another coalition"),
        (vec!["spiffe://test.example/member/nobody".to_owned()], "nobody is in no roster"),
    ];
    for (uris, why) in cases {
        let wrong = certificate(&CertificateSpec { uris, ..coalition.spec("beta") });
        refuses(&alpha, client_config(Some(&wrong), overlap_wire::ALPN), why).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_a_certificate_is_refused() {
    let mut coalition = names();
    let alpha = coalition.start("alpha").await;
    refuses(&alpha, client_config(None, overlap_wire::ALPN), "the client sent no certificate").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_protocol_is_refused() {
    let mut coalition = names();
    let beta = certificate(&coalition.spec("beta"));
    let alpha = coalition.start("alpha").await;
    refuses(&alpha, client_config(Some(&beta), b"h3"), "the client does not speak overlap/1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_checks_that_it_reached_whom_it_called() {
    let mut coalition = names();
    let alpha = coalition.start("alpha").await;
    let beta = coalition.start("beta").await;
    let gamma = coalition.start("gamma").await;
    let mut config = alpha.config();
    config.partners[0].address = Some(gamma.peer.local_address().to_string());
    coalition.reconfigure(&alpha, config);
    match alpha.exchange_with(&beta).await.unwrap_err() {
        ExchangeError::RefusedHere(refusal) => {
            assert_eq!(refusal.code, RefusalCode::Member);
            assert!(refusal.sentence.contains("the certificate is gamma's, not beta's"), "{refusal}");
        }
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_checks_the_certificate_of_whom_it_called() {
    let mut coalition = names();
    let old = certificate(&CertificateSpec { years: (2024, 2025), ..coalition.spec("beta") });
    let identity = coalition.identity_with("beta", old);
    let config = coalition.config("beta");
    let beta = coalition.start_as("beta", config, identity).await;
    let alpha = coalition.start("alpha").await;
    coalition.introduce(&alpha, &beta);
    match alpha.exchange_with(&beta).await.unwrap_err() {
        ExchangeError::RefusedHere(refusal) => assert!(refusal.sentence.contains("has expired"), "{refusal}"),
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_learns_that_its_own_certificate_was_refused() {
    let mut coalition = names();
    let alpha = coalition.start("alpha").await;
    coalition.member_mut("alpha").revoked = vec![7];
    let beta = coalition.start("beta").await;
    let config = {
        let mut config = alpha.config();
        config.partners[0].address = Some(beta.peer.local_address().to_string());
        config
    };
    coalition.member_mut("alpha").revoked.clear();
    coalition.reconfigure(&alpha, config);
    match alpha.exchange_with(&beta).await.unwrap_err() {
        ExchangeError::RefusedByPartner(refusal) => {
            assert_eq!(refusal.code, RefusalCode::Member);
            assert!(refusal.sentence.contains("certificate revoked"), "{refusal}");
        }
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_does_not_start_as_somebody_else() {
    let mut coalition = names();
    let store = coalition.store();
    let started = crate::PeerNode::start(
        coalition.config("alpha"),
        coalition.identity("beta"),
        coalition.trust(),
        coalition.roster(),
        store,
        coalition.clock.clone(),
    );
    let error = started.await.err().unwrap().to_string();
    assert!(error.contains("it is beta's, this node is alpha"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn authorities_of_one_name_do_not_lock_each_other_out() {
    let mut coalition = names();
    for member in &mut coalition.members {
        member.authority = super::coalition::authority("Issuing authority");
    }
    let lists = [super::node::domains("left", 5), super::node::domains("right", 5)];
    let [alpha, beta] = coalition.pair([&lists[0], &lists[1]]).await;
    alpha.exchange_with(&beta).await.unwrap();
    beta.exchange_with(&alpha).await.unwrap();
    // The name is shared; certificates and revocations are not.
    let revoked = certificate(&CertificateSpec { serial: 9, ..coalition.spec("beta") });
    let issuer = &coalition.member("gamma").authority;
    let stolen = certificate(&CertificateSpec { issuer, ..coalition.spec("beta") });
    coalition.member_mut("gamma").revoked = vec![7];
    coalition.member_mut("beta").revoked = vec![9];
    coalition.reconfigure(&alpha, alpha.config());
    let config = |identity| client_config(Some(identity), overlap_wire::ALPN);
    refuses(&alpha, config(&revoked), "beta's certificate is revoked by its authority").await;
    refuses(&alpha, config(&stolen), "is not issued by an authority").await;
    beta.exchange_with(&alpha).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_may_change_its_key_under_its_name() {
    let mut coalition = names();
    coalition.member_mut("beta").next_authority = Some(super::coalition::authority("beta authority"));
    let lists = [super::node::domains("left", 5), super::node::domains("right", 5)];
    let [alpha, beta] = coalition.pair([&lists[0], &lists[1]]).await;
    beta.exchange_with(&alpha).await.unwrap();
    let issuer = coalition.member("beta").next_authority.as_ref().unwrap();
    let next = certificate(&CertificateSpec { issuer, ..coalition.spec("beta") });
    let revoked = certificate(&CertificateSpec { issuer, serial: 9, ..coalition.spec("beta") });
    beta.peer.reload(coalition.identity_with("beta", next), coalition.trust(), beta.config()).unwrap();
    beta.exchange_with(&alpha).await.unwrap();
    alpha.exchange_with(&beta).await.unwrap();
    coalition.member_mut("beta").revoked = vec![9];
    coalition.reconfigure(&alpha, alpha.config());
    let config = client_config(Some(&revoked), overlap_wire::ALPN);
    refuses(&alpha, config, "beta's certificate is revoked by its authority").await;
}
