//! Keeps the roster's file as new as the roster in force: partners hand newer ones over at any time, and a node that
//! starts reads the salt of its digests from the file.

use std::sync::Arc;
use std::time::Duration;

use overlap_store::Store;
use overlap_wire::decode_roster;

use crate::daemon::off_thread;
use crate::exit::CommandError;
use crate::node::Node;
use crate::{secretariat, store_access};

/// How often the roster in force is looked at.
const EVERY: Duration = Duration::from_secs(5);

/// Looks at the roster in force for as long as the daemon runs.
pub(crate) async fn run(node: Arc<Node>, store: Arc<dyn Store>) {
    let mut written = 0;
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let (version, _) = node.peer().roster();
        if version == written {
            continue;
        }
        let (node, store) = (node.clone(), store.clone());
        match off_thread(move || keep(&node, &*store)).await {
            Ok(()) => written = version,
            Err(error) => tracing::error!(%error, "the roster's file could not be brought up to date"),
        }
    }
}

fn keep(node: &Node, store: &dyn Store) -> Result<(), CommandError> {
    let Some((document, version, _)) = store.roster()? else { return Ok(()) };
    let epoch = store_access::epoch_of(&document)?;
    if epoch != node.salt_epoch() {
        tracing::warn!(
            epoch,
            "the roster has a new salt: restart this node to take it up; until then partners with the new salt are refused"
        );
    }
    let file = &node.config().roster.file;
    let in_file = secretariat::read(file).ok().and_then(|document| decode_roster(&document.bytes).ok());
    if in_file.is_none_or(|roster| roster.version < version) {
        secretariat::write(file, &document)?;
        tracing::info!(version, "wrote a newer roster to its file");
    }
    Ok(())
}
