//! Organisations: this node's member, which makes every event here.

use serde::Serialize;

use crate::stix::Coalition;

/// The number of the only organisation here.
pub(crate) const OWN: &str = "1";

/// An organisation.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Organisation {
    pub(crate) id: &'static str,
    pub(crate) name: String,
    pub(crate) uuid: String,
}

impl Organisation {
    /// This node's member. Its UUID is that of the identity in STIX.
    pub(crate) fn own(coalition: &Coalition) -> Self {
        let id = coalition.own_id();
        let uuid = id.split_once("--").map_or(id.as_str(), |(_, uuid)| uuid).to_owned();
        Self { id: OWN, name: coalition.own.to_string(), uuid }
    }

    /// Whether a filter that says this means it.
    pub(crate) fn names(&self) -> [&str; 3] {
        [self.id, &self.name, &self.uuid]
    }
}
