//! Why connections end, as QUIC's error codes say it, and what that means for a conversation.

use std::sync::{Arc, OnceLock};

use overlap_coalition::{Refusal, RefusalCode};
use quinn::{Connection, ConnectionError, TransportErrorCode, VarInt};

use crate::fault::{Fault, stopping};

/// Why a node closes a connection. The numbers are the wire's: they never change and are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum CloseCode {
    /// The conversation has ended as it should.
    Done = 0,
    /// It has not; a refusal was sent where it could be.
    Aborted = 1,
    /// The other end is no longer trusted.
    Untrusted = 2,
    /// The node is stopping.
    Stopping = 3,
}

/// Why this node closed a connection from outside its conversation.
pub(crate) type CloseCause = Arc<OnceLock<CloseCode>>;

/// Closes a connection.
pub(crate) fn close(connection: &Connection, code: CloseCode) {
    connection.close(VarInt::from_u32(code as u32), b"");
}

/// What the end of a connection means, seen while `doing` something.
pub(crate) fn fault_of(error: &ConnectionError, cause: &CloseCause, doing: &str) -> Fault {
    match error {
        ConnectionError::ApplicationClosed(close) => closed_by_partner(close.error_code, doing),
        ConnectionError::ConnectionClosed(close) => match alert_name(close.error_code) {
            Some(alert) => Fault::RefusedByPartner(Refusal::new(
                RefusalCode::Member,
                format!(
                    "the partner's node refused this node's identity in the handshake ({alert}): its log says why"
                ),
            )),
            None => Fault::Network(format!("the partner's QUIC closed the connection while {doing}")),
        },
        ConnectionError::TransportError(_) => Fault::protocol(format!("it broke QUIC's rules while {doing}")),
        ConnectionError::LocallyClosed => closed_here(cause.get().copied()),
        ConnectionError::TimedOut => Fault::Network(format!("it went silent while {doing}")),
        ConnectionError::Reset => Fault::Network(format!("it lost the connection's state while {doing}")),
        ConnectionError::VersionMismatch => Fault::Network("no QUIC version in common".into()),
        ConnectionError::CidsExhausted => Fault::internal("no connection ids are left"),
    }
}

fn closed_by_partner(code: VarInt, doing: &str) -> Fault {
    let is = |known: CloseCode| code == VarInt::from_u32(known as u32);
    if is(CloseCode::Untrusted) {
        return Fault::RefusedByPartner(Refusal::new(
            RefusalCode::Member,
            "the partner's node does not trust this node any more",
        ));
    }
    if is(CloseCode::Stopping) {
        return Fault::RefusedByPartner(stopping());
    }
    Fault::protocol(format!("it closed the connection while {doing}"))
}

fn closed_here(cause: Option<CloseCode>) -> Fault {
    match cause {
        Some(CloseCode::Untrusted) => Fault::Refused(Refusal::new(
            RefusalCode::Member,
            "the partner is no longer trusted: its status, certificate or CRL has changed",
        )),
        Some(CloseCode::Stopping) => Fault::Stopping,
        _ => Fault::internal("the connection was closed here"),
    }
}

/// The TLS alert in a transport error code (RFC 9001, 4.8), if it is one that speaks of identity.
pub(crate) fn alert_name(code: TransportErrorCode) -> Option<&'static str> {
    // "The AlertDescription value is added to 0x0100 to produce a QUIC error code" (RFC 9001, 4.8).
    match u64::from(code).checked_sub(0x100)? {
        40 => Some("handshake failure"),
        42 => Some("bad certificate"),
        43 => Some("certificate not for this use"),
        44 => Some("certificate revoked"),
        45 => Some("certificate expired"),
        46 => Some("certificate unknown"),
        48 => Some("unknown authority, or no valid CRL of it"),
        49 => Some("access denied"),
        51 => Some("bad signature"),
        116 => Some("no certificate"),
        120 => Some("no application protocol in common"),
        _ => None,
    }
}
