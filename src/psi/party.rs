//! A machine as its driver sees it.

use std::time::Duration;

use rand_core::CryptoRng;

use crate::chunk::Chunks;
use crate::{Error, Message, MessageKind};

/// Which of an engine's two machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sends tags of its items; learns only through match proofs.
    Sender,
    /// Learns which of its items the sender holds.
    Receiver,
}

/// What both machines of one run must share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    /// What names the exchange in every hash: bound to both sides' randomness, so that it is no other exchange's, whoever
    /// chose that one's id.
    pub exchange: [u8; 32],
    /// Which partition of the exchange this run is, from 0.
    pub partition: u32,
    /// The receiver's set's size, padding included.
    pub receiver_size: usize,
    /// The sender's set's size, padding included.
    pub sender_size: usize,
    /// Whether the receiver returns a proof of each match, so that the sender learns too.
    pub prove_matches: bool,
}

/// What a machine reached, in parts done of parts in all: of items, or of what stands for them in that phase. Within a phase the
/// parts in all stay the same, and those done never become fewer and end at all of them. A side tells of every phase in which it
/// does anything, be it to take what the other sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What the machine is at.
    pub phase: &'static str,
    /// Parts done.
    pub done: u64,
    /// Parts in all.
    pub total: u64,
}

/// What a machine knows at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Positions in this side's own set of the items that both hold, ascending. `None` where this side is not to learn.
    pub matches: Option<Vec<usize>>,
}

/// What a driver has to do next.
pub enum Turn {
    /// Send these, in this order, then call [`Party::advance`] with no message: the machine has more to do. There may
    /// be none: long work returns to its driver between its parts, so that progress is seen and a run can be given up.
    Send(Box<dyn Party>, Vec<Message>, Progress),
    /// Call [`Party::advance`] with the partner's next message; [`Party::reached`] says how far the machine is.
    Receive(Box<dyn Party>),
    /// All that is left are the partner's proofs of matches, which it sends when every partition of the exchange has come
    /// this far: call [`Party::advance`] with them then.
    AwaitProofs(Box<dyn Party>),
    /// The run is over; these are the last messages to send.
    Done(Outcome, Vec<Message>),
}

/// A machine in some state.
pub trait Party: Send {
    /// Moves on by one step, which may take long: run it off the async threads.
    ///
    /// `incoming` is the partner's next message after [`Turn::Receive`], and `None` at the start and after [`Turn::Send`].
    ///
    /// # Errors
    /// Any [`Error`] ends the run; [`Error::fault`] says who erred.
    fn advance(self: Box<Self>, incoming: Option<Message>, rng: &mut dyn CryptoRng) -> Result<Turn, Error>;

    /// What a machine that waits for a message has reached; `None` where it told of that before.
    fn reached(&self) -> Option<Progress> {
        None
    }

    /// Within what time all that this state and those after it wait for must have come, from when the driver
    /// first comes to a state that names a time, the messages before it about to be sent, until it comes to one that names none.
    /// A machine has no clock: its driver keeps the time.
    fn time_limit(&self) -> Option<Duration> {
        None
    }
}

/// The message that a state waits for.
pub(crate) fn due(incoming: Option<Message>) -> Result<Message, Error> {
    incoming.ok_or(Error::OutOfTurn)
}

/// That a state which waits for nothing was given nothing.
pub(crate) fn nothing_due(incoming: Option<Message>) -> Result<(), Error> {
    if incoming.is_none() { Ok(()) } else { Err(Error::OutOfTurn) }
}

pub(crate) fn unexpected(expected: MessageKind, received: &Message) -> Error {
    Error::UnexpectedMessage { expected, received: received.kind() }
}

pub(crate) fn progress(phase: &'static str, chunks: &Chunks) -> Progress {
    reached(phase, chunks.done(), chunks.total())
}

pub(crate) fn reached(phase: &'static str, done: usize, total: usize) -> Progress {
    Progress { phase, done: done as u64, total: total as u64 }
}
