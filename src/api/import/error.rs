//! Why an import ended before its file did.

use overlap_store::StoreError;

use super::columns::HeaderError;
use super::json_scan::JsonFault;
use crate::pace::{BYTES_A_SECOND, PATIENCE};
use crate::problem::{Problem, ProblemKind};

/// Why a file is not imported to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    #[error(transparent)]
    Header(#[from] HeaderError),
    #[error("the file is not text: it holds NUL bytes, or is UTF-16; save it as UTF-8")]
    NotText,
    #[error("line {line}: {fault}")]
    Json { line: u64, fault: JsonFault },
    #[error("{0}")]
    WrongFormat(&'static str),
    #[error("the file defines more than {0} identities or markings: cut it into several")]
    TooManyDefinitions(usize),
    #[error("what has to wait for the rest of the file cannot be put aside: {0}")]
    PutAside(StoreError),
    #[error("the body ended before its time")]
    Cut,
    #[error("the body stopped coming: {} seconds, and one for every {BYTES_A_SECOND} bytes, are waited", PATIENCE.as_secs())]
    Stalled,
    #[error("the node stopped before the import was done: send it again")]
    Stopped,
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
            ImportError::Header(_)
            | ImportError::NotText
            | ImportError::Json { .. }
            | ImportError::WrongFormat(_)
            | ImportError::TooManyDefinitions(_) => ProblemKind::BadImport,
            ImportError::Cut => ProblemKind::BadValue,
            ImportError::Stalled => ProblemKind::Stalled,
            ImportError::Stopped => ProblemKind::Busy,
            ImportError::PutAside(_) | ImportError::CommitFailed => ProblemKind::Internal,
        }
    }
}

impl From<ImportError> for Problem {
    fn from(error: ImportError) -> Self {
        if let ImportError::PutAside(error) = error {
            return error.into();
        }
        Problem::new(error.kind(), error.to_string())
    }
}
