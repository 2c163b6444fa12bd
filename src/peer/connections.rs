//! The live connections, so that a member that is no longer trusted can be cut off at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use overlap_coalition::{MemberId, Timestamp};
use quinn::Connection;
use rustls::pki_types::CertificateDer;

use crate::closing::{CloseCause, CloseCode, close};
use crate::identity::{CertificateUse, IdentityError};
use crate::live::Live;

/// The live connections.
#[derive(Default)]
pub(crate) struct Connections(Mutex<HashMap<usize, Entry>>);

#[derive(Clone)]
struct Entry {
    member: MemberId,
    usage: CertificateUse,
    connection: Connection,
    cause: CloseCause,
}

/// A connection's place in the list; taken off when dropped.
pub(crate) struct Listed {
    connections: Arc<Connections>,
    id: usize,
    /// Why this node closed the connection, if it did from outside its conversation.
    pub(crate) cause: CloseCause,
}

impl Connections {
    /// Lists a connection to `member`, whose certificate was presented for `usage`.
    pub(crate) fn list(
        self: &Arc<Self>,
        connection: &Connection,
        member: MemberId,
        usage: CertificateUse,
    ) -> Listed {
        self.insert(&mut self.lock(), connection, member, usage)
    }

    /// The same, unless the member has `most` connections that are live. Counted and listed under one lock: of two that come at
    /// once, not both take the last place.
    pub(crate) fn list_within(
        self: &Arc<Self>,
        most: usize,
        connection: &Connection,
        member: MemberId,
        usage: CertificateUse,
    ) -> Option<Listed> {
        let mut entries = self.lock();
        let live = entries.values().filter(|entry| entry.member == member).count();
        (live < most).then(|| self.insert(&mut entries, connection, member, usage))
    }

    fn insert(
        self: &Arc<Self>,
        entries: &mut HashMap<usize, Entry>,
        connection: &Connection,
        member: MemberId,
        usage: CertificateUse,
    ) -> Listed {
        let (id, cause) = (connection.stable_id(), CloseCause::default());
        let entry = Entry { member, usage, connection: connection.clone(), cause: cause.clone() };
        entries.insert(id, entry);
        Listed { connections: self.clone(), id, cause }
    }

    /// Judges every partner anew, and closes the connections of those that no longer pass. Nobody waits for the list
    /// meanwhile.
    pub(crate) fn drop_untrusted(&self, live: &Live, now: Timestamp) {
        let entries: Vec<Entry> = self.lock().values().cloned().collect();
        entries.iter().for_each(|entry| entry.close_unless_trusted(live, now));
    }

    /// Closes all of them.
    pub(crate) fn close_all(&self, code: CloseCode) {
        self.lock().values().for_each(|entry| entry.close(code));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<usize, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listed {
    /// Judges this connection anew: what was swapped in since its handshake did not see it in the list.
    pub(crate) fn judge(&self, live: &Live, now: Timestamp) {
        let entry = self.connections.lock().get(&self.id).cloned();
        if let Some(entry) = entry {
            entry.close_unless_trusted(live, now);
        }
    }
}

impl Entry {
    fn close_unless_trusted(&self, live: &Live, now: Timestamp) {
        if let Err(why) = self.judge(live, now) {
            tracing::warn!(peer = %self.member, remote = %self.connection.remote_address(), %why, "connection closed");
            self.close(CloseCode::Untrusted);
        }
    }

    fn judge(&self, live: &Live, now: Timestamp) -> Result<(), IdentityError> {
        let identity = self.connection.peer_identity().ok_or(IdentityError::Encoding)?;
        let chain: Box<Vec<CertificateDer<'static>>> =
            identity.downcast().map_err(|_| IdentityError::Encoding)?;
        let (leaf, intermediates) = chain.split_first().ok_or(IdentityError::Encoding)?;
        live.judge(now).judge(leaf, intermediates, self.usage, Some(&self.member)).map(|_| ())
    }

    fn close(&self, code: CloseCode) {
        // The first reason stands.
        let _ = self.cause.set(code);
        close(&self.connection, code);
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.connections.lock().remove(&self.id);
    }
}
