//! What every answer needs: the store, whose it is, and the time.

use std::sync::Arc;

use overlap_indicator::Rules;
use overlap_store::{OverlapGroup, Store};

use super::organisation::Organisation;
use crate::WarningLists;
use crate::state::ApiState;
use crate::stix::Coalition;

/// What every answer needs.
#[derive(Clone)]
pub(crate) struct Scope {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) own: Organisation,
    pub(crate) rules: Rules,
    pub(crate) lists: Arc<WarningLists>,
    pub(crate) now: u64,
}

impl Scope {
    pub(crate) fn of(state: &ApiState) -> Self {
        let status = state.daemon().status();
        let coalition = Coalition { name: status.coalition, own: status.member };
        Self {
            store: state.shared_store(),
            own: Organisation::own(&coalition),
            rules: state.daemon().rules(),
            lists: state.daemon().warning_lists(),
            now: state.daemon().now().0,
        }
    }

    /// All groups, in the order of their numbers.
    pub(crate) fn groups(&self) -> Vec<OverlapGroup> {
        self.store.overlap_groups(0, usize::MAX)
    }

    /// The group with this number or UUID.
    pub(crate) fn group(&self, name: &str) -> Option<OverlapGroup> {
        match name.parse::<u32>() {
            Ok(number) => self.store.overlap_groups(number.checked_sub(1)?, 1).pop(),
            Err(_) => {
                let uuid = name.parse::<uuid::Uuid>().ok()?;
                self.groups().into_iter().find(|group| group.uuid == uuid)
            }
        }
    }

    /// The group of the overlap that was added at a date.
    pub(crate) fn group_at(&self, added: u64) -> Option<OverlapGroup> {
        self.store.overlap_group_at(added)
    }
}

/// The group, of all, in which the overlap is that was added at a date.
pub(crate) fn at(groups: &[OverlapGroup], added: u64) -> Option<&OverlapGroup> {
    groups
        .get(groups.partition_point(|group| group.last_added < added))
        .filter(|group| group.first_added <= added)
}
