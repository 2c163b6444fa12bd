//! Verifying an audit chain: the same for a store, for what the API lists and for a file.

use crate::{AuditEntry, AuditHead};

/// Where a chain is not right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditBreak {
    /// The number of the first entry that is not as it has to be.
    pub number: u64,
    /// What of it.
    pub fault: AuditFault,
}

/// What is not right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditFault {
    /// There is no entry of the number that comes next.
    #[error("the entry is missing")]
    Missing,
    /// The entry cannot be read.
    #[error("the entry cannot be read")]
    Unreadable,
    /// The entry, or what stands before it, was changed.
    #[error("its hash is not that of what it says and of the entry before it")]
    Hash,
    /// Another entry was noted earlier.
    #[error("its hash is not the one that was noted")]
    NotNoted,
    /// An entry was noted earlier after which there is none now.
    #[error("the chain ends before the entry that was noted")]
    CutShort,
}

impl AuditFault {
    /// The name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            AuditFault::Missing => "missing",
            AuditFault::Unreadable => "unreadable",
            AuditFault::Hash => "hash",
            AuditFault::NotNoted => "not-noted",
            AuditFault::CutShort => "cut-short",
        }
    }
}

/// What a verification found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditVerdict {
    /// Up to where the chain is right.
    pub head: AuditHead,
    /// Where it is not, if anywhere.
    pub broken: Option<AuditBreak>,
}

/// Verifies a chain, an entry at a time, the oldest first.
#[derive(Clone, Debug)]
pub struct AuditVerifier {
    head: AuditHead,
    noted: Vec<AuditHead>,
}

impl AuditVerifier {
    /// Begins; `noted` are heads of earlier that have to be in the chain.
    pub fn new(noted: &[AuditHead]) -> Self {
        Self { head: AuditHead::NONE, noted: noted.to_vec() }
    }

    /// Takes the next entry.
    ///
    /// # Errors
    /// The chain is not right there; nothing that follows counts.
    pub fn take(&mut self, entry: &AuditEntry) -> Result<(), AuditBreak> {
        let number = self.head.number.saturating_add(1);
        let broken = |fault| Err(AuditBreak { number, fault });
        if entry.number != number {
            return broken(AuditFault::Missing);
        }
        if entry.hash != entry.hash_after(&self.head.hash) {
            return broken(AuditFault::Hash);
        }
        if self.noted.iter().any(|noted| noted.number == number && noted.hash != entry.hash) {
            return broken(AuditFault::NotNoted);
        }
        self.head = entry.head();
        Ok(())
    }

    /// Up to where the chain is right.
    pub const fn head(&self) -> AuditHead {
        self.head
    }

    /// Says how it ended: `Err` with the entry where it broke, or whether everything that was noted is there.
    pub fn end(self, walked: Result<(), AuditBreak>) -> AuditVerdict {
        let number = self.head.number.saturating_add(1);
        let is_longer = self.noted.iter().any(|noted| noted.number > self.head.number);
        let is_none = self.noted.iter().any(|noted| noted.number == 0 && *noted != AuditHead::NONE);
        let broken = match walked {
            Err(broken) => Some(broken),
            Ok(()) if is_none => Some(AuditBreak { number: 0, fault: AuditFault::NotNoted }),
            Ok(()) if is_longer => Some(AuditBreak { number, fault: AuditFault::CutShort }),
            Ok(()) => None,
        };
        AuditVerdict { head: self.head, broken }
    }
}
