//! Keeps step with the roster in force, which partners hand over at any time: its file, from which a node starts, and the salt
//! of its current epoch, under which digests are made.

use std::sync::Arc;
use std::time::Duration;

use overlap_coalition::Roster;
use overlap_wire::decode_roster;

use crate::daemon::off_thread;
use crate::exit::CommandError;
use crate::node::Node;
use crate::secretariat::{self, SecretariatError};
use crate::store_access;

/// How often the roster in force is looked at: until a new salt is taken, exchanges are refused.
const EVERY: Duration = Duration::from_secs(1);

/// How long after a failure it is tried again: what helps is an operator, or the secretariat.
const AFTER_FAILURE: Duration = Duration::from_secs(60);

/// Looks at the roster in force for as long as the daemon runs.
pub(crate) async fn run(node: Arc<Node>) {
    let mut kept = 0;
    loop {
        let (version, _) = node.peer().roster();
        let wait = if version == kept { EVERY } else { step(&node, version, &mut kept).await };
        tokio::time::sleep(wait).await;
    }
}

async fn step(node: &Arc<Node>, version: u64, kept: &mut u64) -> Duration {
    let keeping = node.clone();
    match off_thread(move || keep(&keeping)).await {
        Ok(()) => {
            *kept = version;
            EVERY
        }
        Err(error) => {
            tracing::error!(%error, version, "this node could not keep step with the roster: it tries again in a minute");
            AFTER_FAILURE
        }
    }
}

/// The file first: a crash while digests are made then starts with the new salt.
fn keep(node: &Node) -> Result<(), CommandError> {
    let Some((document, version, _)) = node.store().roster()? else { return Ok(()) };
    let file = &node.config().roster.file;
    let in_file = secretariat::read(file).ok().and_then(|document| decode_roster(&document.bytes).ok());
    if in_file.is_none_or(|roster| roster.version < version) {
        secretariat::write(file, &document)?;
        tracing::info!(version, "wrote a newer roster to its file");
    }
    take_salt(node, &decode_roster(&document.bytes).map_err(SecretariatError::from)?)
}

fn take_salt(node: &Node, roster: &Roster) -> Result<(), CommandError> {
    let epoch = store_access::current_epoch(roster)?.epoch;
    if node.store().snapshot().epoch() == Some(epoch) {
        return Ok(());
    }
    let salt = store_access::current_salt(&node.config(), roster)?;
    tracing::info!(epoch, "a new salt: digests are made anew, and exchanges are refused until that is done");
    if node.store().take_salt(&salt, &|| !node.is_stopping())? {
        tracing::info!(epoch, "digests are made: exchanges go on under the new salt");
    }
    Ok(())
}
