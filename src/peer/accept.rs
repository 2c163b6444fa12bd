//! Answering calls: address validation, the handshake, and a line in the log for those that are refused.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quinn::{Connection, ConnectionError, Incoming};
use tokio::time::timeout;

use crate::closing::{CloseCode, alert_name, close};
use crate::identity::{CertificateUse, VerifiedMember};
use crate::inner::Inner;
use crate::strangers::Place;
use crate::verifier::HandshakeVerifier;
use crate::{responder, tls};

/// Connections that one member may have open for each exchange that it may run: one more than needed, so that a
/// connection that is about to end does not keep the next one out.
const CONNECTIONS_PER_EXCHANGE: usize = 2;

/// Time for a TLS handshake, whatever the config gives to the hello: two round trips and two signatures. Whoever takes
/// longer holds a place that strangers have few of.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// Answers until the endpoint is closed.
pub(crate) async fn serve(inner: Arc<Inner>) {
    while let Some(incoming) = inner.endpoint.accept().await {
        if !incoming.remote_address_validated() {
            // Fails only for an address that is validated, and this one is not.
            let _ = incoming.retry();
            continue;
        }
        match inner.strangers.take(incoming.remote_address().ip()) {
            Some(place) => drop(tokio::spawn(answer(inner.clone(), incoming, place))),
            None => incoming.refuse(),
        }
    }
}

async fn answer(inner: Arc<Inner>, incoming: Incoming, place: Place) {
    let remote = incoming.remote_address();
    let limits = inner.live.load().config.limits;
    match timeout(limits.hello.min(HANDSHAKE), handshake(&inner, incoming)).await {
        Ok(Ok((connection, member))) => take(inner, connection, member, place).await,
        Ok(Err(why)) => refused(&inner, remote, &why),
        Err(_) => refused(&inner, remote, &Refused::new("slow", "the handshake took too long")),
    }
}

async fn take(inner: Arc<Inner>, connection: Connection, member: VerifiedMember, place: Place) {
    inner.note_certificate(&member);
    let live = inner.live.load_full();
    let most = live.config.limits.exchanges_per_member.saturating_mul(CONNECTIONS_PER_EXCHANGE);
    let usage = CertificateUse::Client;
    let Some(listed) = inner.connections.list_within(most, &connection, member.id.clone(), usage) else {
        let why = format!("{} has {most} connections already", member.id);
        refused(&inner, connection.remote_address(), &Refused { reason: "connections", why });
        return close(&connection, CloseCode::Aborted);
    };
    listed.judge(&inner.live.load_full(), inner.clock.now());
    responder::converse(inner, connection, listed, member.id, place).await;
}

/// Why a handshake was refused: a word for metrics, a sentence for the log.
struct Refused {
    reason: &'static str,
    why: String,
}

impl Refused {
    fn new(reason: &'static str, why: impl ToString) -> Self {
        Self { reason, why: why.to_string() }
    }
}

async fn handshake(inner: &Inner, incoming: Incoming) -> Result<(Connection, VerifiedMember), Refused> {
    let verifier = HandshakeVerifier::new(inner.live.load_full(), inner.clock.clone(), None);
    let config = tls::server_config(&inner.live.load_full(), verifier.clone())
        .map_err(|error| Refused::new("own-settings", error))?;
    let connecting =
        incoming.accept_with(Arc::new(config)).map_err(|error| why_refused(&error, &verifier))?;
    let connection = connecting.await.map_err(|error| why_refused(&error, &verifier))?;
    match verifier.verdict() {
        Some(Ok(member)) => Ok((connection, member.clone())),
        _ => Err(Refused::new("certificate", "no certificate was judged")),
    }
}

fn why_refused(error: &ConnectionError, verifier: &HandshakeVerifier) -> Refused {
    if let Some(Err(why)) = verifier.verdict() {
        return Refused::new("identity", why);
    }
    match error {
        ConnectionError::TransportError(error) => match u64::from(error.code) {
            // 0x100 and the alerts certificate_required and no_application_protocol (RFC 8446, 6; RFC 7301, 3.2).
            0x174 => Refused::new("no-certificate", "the client sent no certificate"),
            0x178 => Refused::new("alpn", "the client does not speak overlap/1"),
            code => Refused::new("tls", format!("the handshake failed with QUIC error {code:#x}")),
        },
        ConnectionError::ConnectionClosed(close) => {
            let alert = alert_name(close.error_code).unwrap_or("no TLS alert");
            Refused::new("refused-by-client", format!("the client refused this node: {alert}"))
        }
        ConnectionError::TimedOut => Refused::new("silent", "the client went silent in the handshake"),
        _ => Refused::new("closed", "the client closed the connection in the handshake"),
    }
}

fn refused(inner: &Inner, remote: SocketAddr, refused: &Refused) {
    metrics::counter!("overlapd_handshakes_refused_total", "reason" => refused.reason).increment(1);
    let verdict = inner.refused_log.judge(remote.ip(), Instant::now());
    if verdict.left_out_before > 0 {
        tracing::warn!(count = verdict.left_out_before, "handshakes were refused without a line for each");
    }
    if verdict.line {
        tracing::warn!(%remote, why = %refused.why, "handshake refused");
    }
}
