//! Driving an engine's machine: its heavy steps run on the node's pool, its messages travel one by one.

use std::sync::Arc;
use std::time::Duration;

use overlap_coalition::{EngineName, Refusal, RefusalCode};
use overlap_psi::vole::Cut;
use overlap_psi::{ItemSource, Message, Outcome, Params, Party, Progress, Role, Turn, vole, voprf};
use overlap_wire::{Frame, FrameType};
use rayon::ThreadPool;
use tokio::time::{Instant, timeout_at};

use crate::book::Book;
use crate::channel::{Channel, unlike_its_header};
use crate::fault::Fault;
use crate::fresh_rng::fresh_rng;
use crate::inner::off_thread;

/// Checks that an engine runs at two padded sizes, whoever will be the receiver. 0 stands for a size that is not known yet.
///
/// # Errors
/// [`RefusalCode::TooManyItems`].
pub(crate) fn check_sizes(engine: EngineName, own: u64, theirs: u64) -> Result<(), Refusal> {
    if [own, theirs].into_iter().all(|size| size == 0 || runs_at(engine, size)) {
        return Ok(());
    }
    let sentence = format!("the engine {engine} takes at most {} items a side", most_items(engine));
    Err(Refusal::new(RefusalCode::TooManyItems, sentence))
}

/// Whether an engine runs at a padded size of either side.
pub(crate) fn runs_at(engine: EngineName, size: u64) -> bool {
    size <= most_items(engine)
        && match engine {
            EngineName::Voprf => true,
            // With another size beside it there are as many partitions or more, and never fewer rows that fit.
            EngineName::Vole => vole::cut(size, size).is_some(),
        }
}

fn most_items(engine: EngineName) -> u64 {
    match engine {
        EngineName::Voprf => voprf::MAX_ITEMS as u64,
        EngineName::Vole => vole::MAX_ITEMS,
    }
}

/// Items that a partner of this padded size may have probed in one exchange, which is what it is charged for. With `voprf`
/// every probe is a blinded element that was counted, so it is the size itself; with `vole` it is the most that can be
/// encoded, as if the partner were the receiver: who is, is not known yet where the charge has to be made.
pub(crate) fn probes(engine: EngineName, padded: u64) -> u64 {
    match engine {
        EngineName::Voprf => padded,
        // A size that the engine does not run at was refused before.
        EngineName::Vole => vole::probes(padded).unwrap_or(padded),
    }
}

/// Cuts an exchange into runs, for sizes that [`check_sizes`] let pass.
///
/// # Errors
/// [`Fault::Internal`] for others.
pub(crate) fn cut(engine: EngineName, receiver_size: usize, sender_size: usize) -> Result<Cut, Fault> {
    match engine {
        EngineName::Voprf => Ok(Cut { parts: 1, receiver_size, sender_size }),
        EngineName::Vole => vole::cut(receiver_size as u64, sender_size as u64)
            .ok_or_else(|| Fault::internal("a set of a size that the engine does not run at")),
    }
}

/// One run on one partition.
pub(crate) struct Run {
    pub(crate) engine: EngineName,
    pub(crate) role: Role,
    pub(crate) params: Params,
    /// The most time for a receiver's encoding; the engine's own limit counts too.
    pub(crate) encoding_limit: Duration,
}

/// What a run came to.
pub(crate) enum Ran {
    /// It is over. The last messages are not sent: what was learned is to be durable first.
    Done(Outcome, Vec<Message>),
    /// All but the proofs of matches, which the receiver sends when all partitions have run.
    AwaitsProofs(Box<dyn Party>),
}

impl Run {
    /// Runs the machine until only proofs are left, if any are due.
    ///
    /// # Errors
    /// The partner broke the engine's protocol, or the conversation broke.
    pub(crate) async fn drive(
        self,
        pool: &Arc<ThreadPool>,
        (channel, book): (&mut Channel, &mut Book),
        items: ItemSource,
        mut progress: impl FnMut(Progress),
    ) -> Result<Ran, Fault> {
        let partition = self.params.partition;
        let mut limit = TimeLimit { most: self.encoding_limit, running: None };
        let party = on_pool(pool, move || self.start(items)).await??;
        let mut turn = step(pool, party, None).await?;
        let mut phase = None;
        let ran = loop {
            turn = match turn {
                Turn::Send(next, messages, reached) => {
                    if discloses(&messages) {
                        book.disclose(channel).await?;
                    }
                    limit.note(next.time_limit());
                    book.step(phase.insert(reached.phase));
                    // The machine goes on while its messages find their way. Both end before either's failure counts: a frame
                    // that is cut in two would hide the refusal behind it.
                    let (sent, turn) =
                        tokio::join!(send(channel, partition, messages), step(pool, next, None));
                    let turn = turn?;
                    sent?;
                    progress(reached);
                    turn
                }
                Turn::Receive(next) => {
                    limit.note(next.time_limit());
                    if let Some(reached) = next.reached() {
                        book.step(phase.insert(reached.phase));
                        progress(reached);
                    }
                    let message = limit.receive(channel, partition).await?;
                    step(pool, next, Some(message)).await?
                }
                Turn::AwaitProofs(next) => break Ran::AwaitsProofs(next),
                Turn::Done(outcome, last) => break Ran::Done(outcome, last),
            };
        };
        // The last messages' time is that of their phase.
        if let Some(phase) = phase {
            book.step(phase);
        }
        Ok(ran)
    }

    fn start(self, items: ItemSource) -> Result<Box<dyn Party>, overlap_psi::Error> {
        match (self.engine, self.role) {
            (EngineName::Voprf, Role::Receiver) => voprf::receiver(self.params, items),
            (EngineName::Voprf, Role::Sender) => voprf::sender(self.params, items),
            (EngineName::Vole, Role::Receiver) => vole::receiver(self.params, items),
            (EngineName::Vole, Role::Sender) => vole::sender(self.params, items),
        }
    }
}

/// Takes the proofs of matches that a run still waits for.
///
/// # Errors
/// A proof is wrong, or the conversation broke.
pub(crate) async fn take_proofs(
    mut party: Box<dyn Party>,
    pool: &Arc<ThreadPool>,
    channel: &mut Channel,
    partition: u32,
) -> Result<Outcome, Fault> {
    loop {
        let message = receive(channel, partition).await?;
        party = match step(pool, party, Some(message)).await? {
            Turn::Receive(next) => next,
            Turn::Done(outcome, _) => return Ok(outcome),
            Turn::Send(..) | Turn::AwaitProofs(_) => {
                return Err(Fault::internal("a machine that takes proofs did something else"));
            }
        };
    }
}

/// The time within which an engine wants what it waits for, as [`Party::time_limit`] says.
struct TimeLimit {
    /// A shorter one than the engine's own counts in its place.
    most: Duration,
    /// When it is over, and how long it is, while one runs.
    running: Option<(Instant, Duration)>,
}

impl TimeLimit {
    /// Notes what the state that the machine has come to asks for.
    fn note(&mut self, limit: Option<Duration>) {
        let begin = |limit: Duration| (Instant::now() + limit, limit);
        self.running = limit.map(|limit| self.running.unwrap_or_else(|| begin(limit.min(self.most))));
    }

    async fn receive(&self, channel: &mut Channel, partition: u32) -> Result<Message, Fault> {
        let Some((end, limit)) = self.running else { return receive(channel, partition).await };
        let late = || Fault::Stalled(format!("its encoding did not come within {} s", limit.as_secs()));
        let message = timeout_at(end, receive(channel, partition)).await.map_err(|_| late())??;
        // What was there already is received without a look at the clock.
        if Instant::now() > end { Err(late()) } else { Ok(message) }
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
        | Message::VoprfProof(_)
        | Message::VoleOpening(_)
        | Message::VoleExtension(_)
        | Message::VoleTrees(_)
        | Message::VoleChallenge(_)
        | Message::VoleSalt(_)
        | Message::VoleReceiverMask(_)
        | Message::VoleEncoding(_)
        | Message::VoleSenderMask(_) => false,
    })
}

/// Sends messages of a run, each when the partner has room for it.
///
/// # Errors
/// The channel's.
pub(crate) async fn send(channel: &mut Channel, partition: u32, messages: Vec<Message>) -> Result<(), Fault> {
    for message in messages {
        channel.send(Frame::Engine { partition, message }).await?;
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

async fn step(
    pool: &Arc<ThreadPool>,
    party: Box<dyn Party>,
    incoming: Option<Message>,
) -> Result<Turn, Fault> {
    on_pool(pool, move || Ok(party.advance(incoming, &mut fresh_rng()?)?)).await?
}

async fn on_pool<T: Send + 'static>(
    pool: &Arc<ThreadPool>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    let pool = pool.clone();
    off_thread(move || pool.install(work)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_an_engine_does_not_run_at_are_refused() {
        for (engine, most) in [(EngineName::Voprf, 1 << 20), (EngineName::Vole, 1 << 26)] {
            for size in [0, 1, 960, most] {
                assert_eq!(check_sizes(engine, size, most), Ok(()), "{engine} {size}");
            }
            for size in [most + 1, most / 8 * 9, u64::MAX] {
                for (own, theirs) in [(size, 1), (1, size), (0, size), (size, 0)] {
                    let refusal = check_sizes(engine, own, theirs).unwrap_err();
                    assert_eq!(refusal.code, RefusalCode::TooManyItems, "{engine} {own} {theirs}");
                }
            }
        }
    }

    #[test]
    fn two_sizes_that_pass_can_be_cut() {
        let steps = (0..27).flat_map(|power| (8..16).map(move |eighth| (eighth << power) / 8));
        let steps: Vec<u64> = steps.filter(|step| runs_at(EngineName::Vole, *step)).collect();
        assert!(steps.len() > 200 && steps.contains(&vole::MAX_ITEMS));
        for own in &steps {
            for theirs in &steps {
                assert!(cut(EngineName::Vole, *own as usize, *theirs as usize).is_ok(), "{own} {theirs}");
            }
            assert!(probes(EngineName::Vole, *own) >= *own);
        }
    }
}
