//! Members as STIX identities.

use overlap_coalition::MemberId;
use overlap_store::UUID_NAMESPACE;
use serde::Serialize;
use uuid::Uuid;

use super::SPEC_VERSION;

/// When identities are said to have been made: a member's has to be the same at every node and at any time.
pub(super) const CREATED: &str = "2026-01-01T00:00:00.000Z";

/// A member (STIX 2.1, section 4.5). Its name is its member id, which never changes; the name in the roster may, and then
/// one version of the object would have two contents.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Identity {
    #[serde(rename = "type")]
    object_type: &'static str,
    spec_version: &'static str,
    id: String,
    created: &'static str,
    modified: &'static str,
    name: String,
    identity_class: &'static str,
}

/// A coalition, whose members' identities these are.
#[derive(Clone, Debug)]
pub(crate) struct Coalition {
    pub(crate) name: String,
    /// This node's member.
    pub(crate) own: MemberId,
}

impl Coalition {
    /// The id of this node's own identity.
    pub(crate) fn own_id(&self) -> String {
        self.id_of(&self.own)
    }

    /// The id of a member's identity, the same at every node of the coalition.
    pub(crate) fn id_of(&self, member: &MemberId) -> String {
        // Neither name can hold a slash.
        let name = format!("identity/{}/{member}", self.name);
        format!("{}--{}", Identity::TYPE, Uuid::new_v5(&UUID_NAMESPACE, name.as_bytes()))
    }

    /// A member's identity.
    pub(crate) fn identity(&self, member: &MemberId) -> Identity {
        Identity {
            object_type: Identity::TYPE,
            spec_version: SPEC_VERSION,
            id: self.id_of(member),
            created: CREATED,
            modified: CREATED,
            name: member.to_string(),
            identity_class: "organization",
        }
    }
}

impl Identity {
    pub(crate) const TYPE: &'static str = "identity";

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) const fn modified(&self) -> &'static str {
        self.modified
    }
}
