//! Calling a partner.

use std::net::SocketAddr;
use std::sync::Arc;

use overlap_coalition::{Refusal, RefusalCode};
use quinn::Connection;

use crate::Partner;
use crate::closing::{CloseCause, fault_of};
use crate::fault::Fault;
use crate::identity::VerifiedMember;
use crate::inner::Inner;
use crate::live::Live;
use crate::tls::{self, SERVER_NAME};
use crate::verifier::HandshakeVerifier;

/// Connects to a partner, at the first of its addresses that answers.
///
/// # Errors
/// No address answers, or what answers is not the partner.
pub(crate) async fn connect(
    inner: &Inner,
    live: &Arc<Live>,
    partner: &Partner,
) -> Result<(Connection, VerifiedMember), Fault> {
    let mut last = Fault::Network("its name has no address that this node can call".into());
    for address in addresses(inner, partner).await? {
        match connect_to(inner, live, partner, address).await {
            Err(fault @ Fault::Network(_)) => last = fault,
            result => return result,
        }
    }
    Err(last)
}

/// Resolves the partner's address anew. An endpoint on IPv4 calls IPv4 addresses alone.
async fn addresses(inner: &Inner, partner: &Partner) -> Result<Vec<SocketAddr>, Fault> {
    let configured = partner.address.as_deref();
    let name =
        configured.ok_or_else(|| Fault::Network("no address is configured for it: it has to call".into()))?;
    let found = tokio::net::lookup_host(name)
        .await
        .map_err(|error| Fault::Network(format!("its address cannot be resolved: {error}")))?;
    Ok(found.filter(|address| inner.address.is_ipv6() || address.is_ipv4()).collect())
}

async fn connect_to(
    inner: &Inner,
    live: &Arc<Live>,
    partner: &Partner,
    address: SocketAddr,
) -> Result<(Connection, VerifiedMember), Fault> {
    let verifier = HandshakeVerifier::new(live.clone(), inner.clock.clone(), Some(partner.id.clone()));
    let config = tls::client_config(live, verifier.clone()).map_err(Fault::internal)?;
    let connecting = inner
        .endpoint
        .connect_with(config, address, SERVER_NAME)
        .map_err(|error| Fault::Network(format!("{address} cannot be called: {error}")))?;
    let result = connecting.await;
    match (result, verifier.verdict()) {
        (Ok(connection), Some(Ok(member))) => Ok((connection, member.clone())),
        (_, Some(Err(why))) => Err(distrusted(partner, address, why)),
        (Err(error), _) => Err(fault_of(&error, &CloseCause::default(), &format!("{address} was called"))),
        (Ok(_), None) => Err(Fault::internal("no certificate was judged")),
    }
}

fn distrusted(partner: &Partner, address: SocketAddr, why: &crate::identity::IdentityError) -> Fault {
    metrics::counter!("overlapd_handshakes_refused_total", "reason" => "identity").increment(1);
    tracing::warn!(remote = %address, peer = %partner.id, %why, "handshake refused");
    Fault::Refused(Refusal::new(
        RefusalCode::Member,
        format!("what answers at {address} is not trusted: {why}"),
    ))
}
