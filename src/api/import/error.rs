//! Why an import ended before its file did.

use super::columns::HeaderError;
use super::job::LONGEST_STALL;
use crate::problem::{Problem, ProblemKind};

/// Why a file is not imported to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    #[error(transparent)]
    Header(#[from] HeaderError),
    #[error("the file is not text: it holds NUL bytes, or is UTF-16; save it as UTF-8")]
    NotText,
    #[error("the body ended before its time")]
    Cut,
    #[error("no byte came for {} seconds", LONGEST_STALL.as_secs())]
    Stalled,
    #[error("the store failed")]
    CommitFailed,
}

impl ImportError {
    /// Whether the file is to blame, and no connection and no disk.
    pub(crate) fn is_the_files(&self) -> bool {
        matches!(self.kind(), ProblemKind::BadImport)
    }

    fn kind(&self) -> ProblemKind {
        match self {
            ImportError::Header(_) | ImportError::NotText => ProblemKind::BadImport,
            ImportError::Cut => ProblemKind::BadValue,
            ImportError::Stalled => ProblemKind::Stalled,
            ImportError::CommitFailed => ProblemKind::Internal,
        }
    }
}

impl From<ImportError> for Problem {
    fn from(error: ImportError) -> Self {
        Problem::new(error.kind(), error.to_string())
    }
}
