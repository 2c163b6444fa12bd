//! TLS and QUIC settings of one connection.

use std::sync::Arc;
use std::time::Duration;

use overlap_wire::ALPN;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{ClientConfig, IdleTimeout, ServerConfig, TransportConfig, ValidationTokenConfig, VarInt};
use rustls::client::Resumption;
use rustls::sign::SingleCertAndKey;
use rustls::version::TLS13;

use crate::PeerSetupError;
use crate::live::Live;
use crate::verifier::HandshakeVerifier;

/// The name in place of a host's. It is not sent: a member's id in the clear would tell the network who talks with whom.
pub(crate) const SERVER_NAME: &str = "overlap.invalid";

/// What one connection may hold in memory before its other end is known.
pub(crate) const STRANGER_WINDOW: u32 = 1 << 20;

/// What one connection may hold once its other end is known: 50 ms of round trip at 320 MB/s.
pub(crate) const PARTNER_WINDOW: u32 = 16 << 20;

/// A connection on which nothing arrives, not even a keep-alive, is gone after this.
const IDLE: Duration = Duration::from_secs(30);

/// Three chances to be heard before the other end takes this one for gone.
const KEEP_ALIVE: Duration = Duration::from_secs(8);

/// Connection attempts that wait to be looked at.
const MAX_INCOMING: usize = 256;

/// Bytes kept for each of them; a client hello with a certificate chain's worth of extensions fits.
const INCOMING_BUFFER: u64 = 16 << 10;

/// Settings to answer a connection with.
///
/// # Errors
/// Only if the TLS library refuses what it was built with.
pub(crate) fn server_config(
    live: &Live,
    verifier: Arc<HandshakeVerifier>,
) -> Result<ServerConfig, PeerSetupError> {
    let mut tls = rustls::ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .map_err(unusable)?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(live.certificate.clone())));
    tls.alpn_protocols = vec![ALPN.to_vec()];
    tls.send_tls13_tickets = 0;
    tls.max_early_data_size = 0;
    let mut config = ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls).map_err(unusable)?));
    let mut tokens = ValidationTokenConfig::default();
    // Every address is validated anew: no token outlives its handshake.
    tokens.sent(0);
    config
        .transport_config(Arc::new(transport(1)))
        .validation_token_config(tokens)
        .migration(false)
        .max_incoming(MAX_INCOMING)
        .incoming_buffer_size(INCOMING_BUFFER)
        .incoming_buffer_size_total(INCOMING_BUFFER * MAX_INCOMING as u64);
    Ok(config)
}

/// Settings to call a partner with.
///
/// # Errors
/// Only if the TLS library refuses what it was built with.
pub(crate) fn client_config(
    live: &Live,
    verifier: Arc<HandshakeVerifier>,
) -> Result<ClientConfig, PeerSetupError> {
    let mut tls = rustls::ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .map_err(unusable)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(live.certificate.clone())));
    tls.alpn_protocols = vec![ALPN.to_vec()];
    tls.resumption = Resumption::disabled();
    tls.enable_early_data = false;
    tls.enable_sni = false;
    let mut config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).map_err(unusable)?));
    // The one that called opens the stream; nobody opens one to it.
    config.transport_config(Arc::new(transport(0)));
    Ok(config)
}

fn transport(streams: u32) -> TransportConfig {
    let mut transport = TransportConfig::default();
    transport
        .max_concurrent_bidi_streams(VarInt::from_u32(streams))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        // A stream's window is fixed at the handshake; until the partner is known the connection's, which is smaller, binds.
        .stream_receive_window(VarInt::from_u32(PARTNER_WINDOW))
        .receive_window(VarInt::from_u32(STRANGER_WINDOW))
        .send_window(u64::from(PARTNER_WINDOW))
        .max_idle_timeout(Some(idle_timeout()))
        .keep_alive_interval(Some(KEEP_ALIVE))
        .datagram_receive_buffer_size(None);
    transport
}

fn idle_timeout() -> IdleTimeout {
    // 30,000 milliseconds are far below the 2^62 that a variable-length integer holds.
    IdleTimeout::from(VarInt::from_u32(u32::try_from(IDLE.as_millis()).unwrap_or(u32::MAX)))
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn unusable(error: impl ToString) -> PeerSetupError {
    PeerSetupError::Identity { what: "TLS settings", why: error.to_string() }
}
