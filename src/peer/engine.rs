//! Driving an engine's machine: its heavy steps run on the node's pool, its messages travel one by one.

use std::sync::Arc;

use overlap_coalition::{EngineName, Refusal, RefusalCode};
use overlap_psi::{Message, Outcome, Params, Party, Progress, Role, SessionItem, Turn, voprf};
use overlap_wire::{Frame, FrameType};
use rayon::ThreadPool;

use crate::book::Book;
use crate::channel::{Channel, unlike_its_header};
use crate::fault::Fault;
use crate::inner::off_thread;

/// Checks that an engine can take two sets of these padded sizes.
///
/// # Errors
/// [`RefusalCode::TooManyItems`].
pub(crate) fn check_sizes(engine: EngineName, own: u64, theirs: u64) -> Result<(), Refusal> {
    let most = match engine {
        EngineName::Voprf => voprf::MAX_ITEMS as u64,
    };
    if own.max(theirs) <= most {
        return Ok(());
    }
    let sentence = format!("the engine {} takes at most {most} items a side", engine.as_str());
    Err(Refusal::new(RefusalCode::TooManyItems, sentence))
}

/// Items that a partner of this padded size may have probed in one run, which is what it is charged for: with `voprf`
/// every probe is a blinded element that was counted, so it is the size itself.
pub(crate) fn probes(engine: EngineName, padded: u64) -> u64 {
    match engine {
        EngineName::Voprf => padded,
    }
}

/// One run on one partition.
pub(crate) struct Run {
    pub(crate) engine: EngineName,
    pub(crate) role: Role,
    pub(crate) params: Params,
}

impl Run {
    /// Runs the machine to its end. Its last messages are returned unsent: what was learned is to be durable first.
    ///
    /// # Errors
    /// The partner broke the engine's protocol, or the conversation broke.
    pub(crate) async fn drive(
        self,
        pool: &Arc<ThreadPool>,
        (channel, book): (&mut Channel, &mut Book),
        items: Vec<SessionItem>,
        mut progress: impl FnMut(Progress),
    ) -> Result<(Outcome, Vec<Message>), Fault> {
        let partition = self.params.partition;
        let mut party = on_pool(pool, move || self.start(items)).await??;
        let mut incoming = None;
        loop {
            party = match on_pool(pool, move || advance(party, incoming)).await?? {
                Turn::Send(next, messages, reached) => {
                    if discloses(&messages) {
                        book.disclose(channel).await?;
                    }
                    send(channel, partition, messages).await?;
                    progress(reached);
                    incoming = None;
                    next
                }
                Turn::Receive(next) => {
                    incoming = Some(receive(channel, partition).await?);
                    next
                }
                Turn::Done(outcome, last) => return Ok((outcome, last)),
            };
        }
    }

    fn start(self, items: Vec<SessionItem>) -> Result<Box<dyn Party>, overlap_psi::Error> {
        match (self.engine, self.role) {
            (EngineName::Voprf, Role::Receiver) => voprf::receiver(self.params, items),
            (EngineName::Voprf, Role::Sender) => voprf::sender(self.params, items),
        }
    }
}

/// Whether messages tell the partner anything of this side's set beyond its padded size: tags stand for a sender's items, and
/// proofs for a receiver's matches. What comes before them is blinded, or keyed with a key that the partner does not have.
pub(crate) fn discloses(messages: &[Message]) -> bool {
    messages.iter().any(|message| match message {
        Message::Tags(_) | Message::MatchProofs(_) => true,
        Message::VoprfPublicKey(_)
        | Message::VoprfBlinded(_)
        | Message::VoprfEvaluated(_)
        | Message::VoprfProof(_) => false,
    })
}

/// Sends messages of a run, each when the partner has room for it.
///
/// # Errors
/// The channel's.
pub(crate) async fn send(channel: &mut Channel, partition: u32, messages: Vec<Message>) -> Result<(), Fault> {
    for message in messages {
        channel.send(&Frame::Engine { partition, message }).await?;
    }
    Ok(())
}

async fn receive(channel: &mut Channel, partition: u32) -> Result<Message, Fault> {
    match channel.receive(FrameType::Engine).await?.0 {
        Frame::Engine { partition: theirs, message } if theirs == partition => Ok(message),
        Frame::Engine { .. } => Err(Fault::protocol("it sent a message of a partition that is not running")),
        other => Err(unlike_its_header(&other)),
    }
}

fn advance(party: Box<dyn Party>, incoming: Option<Message>) -> Result<Turn, overlap_psi::Error> {
    party.advance(incoming, &mut rand::rng())
}

async fn on_pool<T: Send + 'static>(
    pool: &Arc<ThreadPool>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    let pool = pool.clone();
    off_thread(move || pool.install(work)).await
}
