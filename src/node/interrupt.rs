//! What a user or a supervisor ends a command with that does not end by itself.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::CommandError;

/// SIGINT and SIGTERM, which from now on end nothing by themselves.
pub(crate) struct Interrupt {
    interrupt: Signal,
    terminate: Signal,
}

impl Interrupt {
    /// Listens from now on.
    ///
    /// # Errors
    /// The system does not let this process listen.
    pub(crate) fn listen() -> Result<Self, CommandError> {
        Ok(Self { interrupt: hear(SignalKind::interrupt())?, terminate: hear(SignalKind::terminate())? })
    }

    /// Resolves at the first of either.
    pub(crate) async fn heard(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Listens to one kind of signal.
///
/// # Errors
/// The system does not let this process listen.
pub(crate) fn hear(kind: SignalKind) -> Result<Signal, CommandError> {
    signal(kind).map_err(|error| CommandError::failed(format!("signals cannot be heard: {error}")))
}
