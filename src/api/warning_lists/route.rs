//! The lists in force, as the API shows them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use axum::Json;
use axum::extract::State;
use overlap_store::{IndicatorFilter, LONGEST_PAGE, PageRequest, Snapshot, Store, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

use super::{ListType, WarningList, WarningLists};
use crate::problem::Problem;
use crate::state::ApiState;

/// A warning list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WarningList, example = json!({
    "id": "private-addresses", "name": "Private and reserved addresses", "description": "Addresses that nobody on the internet can be reached by",
    "version": "1", "type": "cidr", "matching_attributes": ["ip-src", "ip-dst"], "entries": 27, "skipped": 0, "held": 2
}))]
pub(crate) struct WarningListItem {
    /// A name for programs: that of its folder or file.
    id: String,
    /// Its name.
    name: String,
    /// What it is.
    description: String,
    /// Its version, as its author counts.
    version: String,
    /// How its entries are read.
    #[serde(rename = "type")]
    list_type: ListType,
    /// The types of MISP's attributes that its author means it for.
    matching_attributes: Vec<String>,
    /// Entries that can hold an indicator out.
    entries: u64,
    /// Entries that are passed over: no whole value of any kind.
    skipped: u64,
    /// Own indicators that it holds out of exchanges now.
    held: u64,
}

/// The warning lists.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WarningListsBody {
    /// All that are in force, in the order of the config.
    items: Vec<WarningListItem>,
}

/// Lists the warning lists in force. An indicator whose whole canonical value is on one is held out of exchanges until an admin overrides it.
#[utoipa::path(get, path = "/api/v1/warning-lists", tag = "warning lists", responses((status = 200, body = WarningListsBody)))]
pub(crate) async fn list(State(state): State<ApiState>) -> Result<Json<WarningListsBody>, Problem> {
    let (lists, of_state) = (state.daemon().warning_lists(), state.clone());
    let items = state.store(move |store| {
        let held = of_state.held_counts().of(store, &lists)?;
        let item = |list: &WarningList| item(list, held.get(&list.id).copied().unwrap_or(0));
        Ok(lists.lists().iter().map(item).collect())
    });
    Ok(Json(WarningListsBody { items: items.await? }))
}

/// How many indicators each list holds out, by its id.
type ByList = HashMap<String, u64>;

/// The numbers as they were last counted: they stay what they are until the lists or the indicators change.
#[derive(Default)]
pub(crate) struct HeldCounts(Mutex<Option<Counted>>);

struct Counted {
    // Weak: neither is kept for this.
    lists: Weak<WarningLists>,
    snapshot: Weak<Snapshot>,
    held: Arc<ByList>,
}

impl HeldCounts {
    /// How many indicators each list holds out now. Who asks while they are counted waits for the same answer.
    fn of(&self, store: &dyn Store, lists: &Arc<WarningLists>) -> Result<Arc<ByList>, StoreError> {
        // Taken before the rows are read: what changes meanwhile is counted the next time.
        let snapshot = store.snapshot();
        // Replaced whole by one assignment: it is whole even if a thread panicked.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |kept: &&Counted| {
            kept.lists.as_ptr() == Arc::as_ptr(lists) && kept.snapshot.as_ptr() == Arc::as_ptr(&snapshot)
        };
        if let Some(kept) = kept.as_ref().filter(is_same) {
            return Ok(kept.held.clone());
        }
        let held = Arc::new(held_by_list(store, lists)?);
        *kept = Some(Counted {
            lists: Arc::downgrade(lists),
            snapshot: Arc::downgrade(&snapshot),
            held: held.clone(),
        });
        Ok(held)
    }
}

/// How many indicators each list holds out. They are read, a page at a time: lists hold few.
fn held_by_list(store: &dyn Store, lists: &WarningLists) -> Result<ByList, StoreError> {
    let filter = IndicatorFilter { held: Some(true), ..IndicatorFilter::default() };
    let mut request = PageRequest { limit: LONGEST_PAGE, after: None };
    let mut held = HashMap::new();
    loop {
        let page = store.indicators(&filter, &request)?;
        for row in &page.rows {
            for list in lists.matching(row.kind, row.canonical.reveal()) {
                *held.entry(list.id.clone()).or_default() += 1;
            }
        }
        let Some(next) = page.next else { return Ok(held) };
        request.after = Some(next);
    }
}

fn item(list: &WarningList, held: u64) -> WarningListItem {
    let list = list.clone();
    WarningListItem {
        id: list.id,
        name: list.name,
        description: list.description,
        version: list.version,
        list_type: list.list_type,
        matching_attributes: list.matching_attributes,
        entries: list.entries,
        skipped: list.skipped,
        held,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Daemon;
    use crate::testing::TestNode;
    use crate::testing::imports::imported;

    #[tokio::test]
    async fn held_indicators_are_counted_again_only_when_something_changed() {
        let node = TestNode::new();
        node.warn("a.example.org\nb.example.org\n");
        imported(&node, "format=txt", "a.example.org\nc.example.org\n").await;
        let counts = HeldCounts::default();
        let count = || counts.of(&*node.store, &node.daemon.warning_lists()).unwrap();
        let first = count();
        assert_eq!(first.get("own"), Some(&1));
        assert!(Arc::ptr_eq(&first, &count()));
        imported(&node, "format=txt", "b.example.org\n").await;
        assert_eq!(count().get("own"), Some(&2));
        node.warn("a.example.org\nb.example.org\nc.example.org\n");
        assert_eq!(count().get("own"), Some(&3));
    }
}
