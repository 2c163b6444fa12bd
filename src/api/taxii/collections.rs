//! The collections: own indicators, and overlaps by partner.

use std::collections::BTreeSet;

use overlap_coalition::MemberId;
use overlap_store::Store;

use super::TaxiiError;
use super::resources::CollectionResource;
use crate::Daemon;

/// The alias of the own indicators, and the beginning of those of overlaps.
const INDICATORS: &str = "indicators";
const OVERLAPS: &str = "overlaps-";

/// A collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Collection {
    /// This node's own indicators.
    Indicators,
    /// What a partner holds too.
    Overlaps(MemberId),
}

impl Collection {
    /// All of them: those of partners that are configured, and of those that once were.
    pub(crate) fn all(store: &dyn Store, daemon: &dyn Daemon) -> Vec<Self> {
        let mut peers: BTreeSet<MemberId> = daemon.partners().into_iter().map(|partner| partner.id).collect();
        peers.extend(store.overlap_peers());
        [Self::Indicators].into_iter().chain(peers.into_iter().map(Self::Overlaps)).collect()
    }

    /// The collection with this id or alias.
    ///
    /// # Errors
    /// 404 where there is none.
    pub(crate) fn named(name: &str, store: &dyn Store, daemon: &dyn Daemon) -> Result<Self, TaxiiError> {
        let is_named = |collection: &Self| collection.alias() == name || collection.id(store) == name;
        let found = Self::all(store, daemon).into_iter().find(is_named);
        found.ok_or_else(|| TaxiiError::not_found("collection"))
    }

    /// What stands for it in paths.
    fn alias(&self) -> String {
        match self {
            Self::Indicators => INDICATORS.to_owned(),
            Self::Overlaps(peer) => format!("{OVERLAPS}{peer}"),
        }
    }

    /// Its id, which has to be a UUID of version 4 (TAXII 2.1, section 1.6.4): the store's own for the alias, so that it is always the same.
    fn id(&self, store: &dyn Store) -> String {
        store.own_uuid(&format!("taxii collection {}", self.alias())).to_string()
    }

    /// The resource that describes it.
    pub(crate) fn resource(&self, store: &dyn Store) -> CollectionResource {
        let (title, description) = match self {
            Self::Indicators => {
                ("Own indicators".to_owned(), "What this member holds, as it imported it.".to_owned())
            }
            Self::Overlaps(peer) => {
                (format!("Overlaps with {peer}"), format!("Own indicators that {peer} holds too."))
            }
        };
        CollectionResource::new(self.id(store), self.alias(), title, description)
    }
}
