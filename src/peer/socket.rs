//! The UDP socket and the endpoint on it.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;

use quinn::{Endpoint, EndpointConfig, TokioRuntime};
use socket2::{Domain, Protocol, Socket, Type};

use crate::live::Live;
use crate::verifier::HandshakeVerifier;
use crate::{Clock, PeerSetupError, tls};

/// What the kernel may buffer each way. It gives as much as its own limits (`net.core.rmem_max`, `wmem_max`) allow.
const SOCKET_BUFFER: usize = 8 << 20;

/// Binds the endpoint.
///
/// # Errors
/// [`PeerSetupError::Listen`].
pub(crate) fn bind(live: &Arc<Live>, clock: Arc<dyn Clock>) -> Result<Endpoint, PeerSetupError> {
    let address = live.config.listen;
    // Only its transport settings count: every connection is answered with TLS settings of its own.
    let server = tls::server_config(live, HandshakeVerifier::new(live.clone(), clock, None))?;
    let listen = |source| PeerSetupError::Listen { address, source };
    let socket = open(address).map_err(listen)?;
    let runtime = Arc::new(TokioRuntime);
    Endpoint::new(EndpointConfig::default(), Some(server), socket, runtime).map_err(listen)
}

fn open(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() && address.ip().is_unspecified() {
        socket.set_only_v6(false)?;
    }
    for result in [socket.set_recv_buffer_size(SOCKET_BUFFER), socket.set_send_buffer_size(SOCKET_BUFFER)] {
        if let Err(error) = result {
            tracing::debug!(%error, "the kernel keeps its own socket buffer size");
        }
    }
    socket.bind(&address.into())?;
    Ok(socket.into())
}
