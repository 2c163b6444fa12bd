//! How a command ends: its exit code, and the one error type that every command returns.

use std::process::ExitCode;

use overlap_store::StoreError;

use crate::client::ClientError;
use crate::config::ConfigError;
use crate::files::FileError;
use crate::pki::PkiError;
use crate::secretariat::SecretariatError;

/// Exit codes. Scripts count on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Failed.
    Failed = 1,
    /// The command line or the config is wrong.
    Usage = 2,
    /// Refused by policy, here or at the partner.
    Refused = 3,
    /// Done, but some rows were rejected.
    DoneWithRejects = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Why a command did not do what it was asked. Its text is for the operator and names what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The config.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file that the command reads or writes.
    #[error(transparent)]
    File(#[from] FileError),
    /// Keys, certificates or CRLs.
    #[error(transparent)]
    Pki(#[from] PkiError),
    /// The secretariat's work on a roster.
    #[error(transparent)]
    Secretariat(#[from] SecretariatError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The daemon's API.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// What was asked makes no sense as it was asked.
    #[error("{0}")]
    Usage(String),
    /// Refused by policy, here or at the partner.
    #[error("{0}")]
    Refused(String),
    /// Whoever read standard output (`| head`) has what it wanted: no failure, and nothing more is to be done.
    #[error("the reader of standard output went away")]
    ReaderGone,
    /// Anything else, in a sentence.
    #[error("{0}")]
    Failed(String),
}

impl CommandError {
    /// A failure in a sentence.
    pub fn failed(sentence: impl Into<String>) -> Self {
        CommandError::Failed(sentence.into())
    }

    /// The exit code of this error.
    pub fn exit(&self) -> Exit {
        match self {
            CommandError::Config(_) | CommandError::Usage(_) => Exit::Usage,
            CommandError::Refused(_) => Exit::Refused,
            CommandError::ReaderGone => Exit::Done,
            CommandError::Client(error) if error.is_refusal() => Exit::Refused,
            CommandError::Client(error) if error.is_usage() => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}
