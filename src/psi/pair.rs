//! Tests only: two machines joined in memory.

use std::collections::VecDeque;

use rand_chacha::ChaCha20Rng;

use crate::{Error, Message, Outcome, Party, Role, Turn};

/// What stands between the two machines: it sees each message, with its sender's role, and says what arrives instead.
pub(crate) type Between<'a> = &'a mut dyn FnMut(Role, Message) -> Vec<Message>;

/// How a machine ended. `None`: it still waits, and its partner has ended or waits too.
pub(crate) type End = Option<Result<Outcome, Error>>;

/// One machine and what it has not yet read.
struct Side {
    party: Option<(Box<dyn Party>, bool)>,
    inbox: VecDeque<Message>,
    end: End,
    rng: ChaCha20Rng,
}

/// Runs a receiver and a sender until neither can go on; the receiver's end first.
pub(crate) fn run(parties: [Box<dyn Party>; 2], rngs: [ChaCha20Rng; 2], between: Between<'_>) -> [End; 2] {
    let [receiver, sender] = parties;
    let [receiver_rng, sender_rng] = rngs;
    let mut sides = [Side::new(receiver, receiver_rng), Side::new(sender, sender_rng)];
    loop {
        let moved = [(0, Role::Receiver), (1, Role::Sender)].map(|(i, role)| {
            let Some(sent) = sides[i].advance() else { return false };
            sides[1 - i].inbox.extend(sent.into_iter().flat_map(|message| between(role, message)));
            true
        });
        if moved == [false, false] {
            return sides.map(|side| side.end);
        }
    }
}

impl Side {
    fn new(party: Box<dyn Party>, rng: ChaCha20Rng) -> Self {
        Self { party: Some((party, false)), inbox: VecDeque::new(), end: None, rng }
    }

    /// One step, if there is one to make, and what it sent.
    fn advance(&mut self) -> Option<Vec<Message>> {
        let (_, waits) = self.party.as_ref()?;
        let incoming = if *waits { Some(self.inbox.pop_front()?) } else { None };
        let (party, _) = self.party.take()?;
        let (next, sent) = match party.advance(incoming, &mut self.rng) {
            Ok(Turn::Send(party, messages, progress)) => {
                assert!(progress.done <= progress.total);
                (Some((party, false)), messages)
            }
            Ok(Turn::Receive(party)) => (Some((party, true)), Vec::new()),
            Ok(Turn::Done(outcome, messages)) => {
                self.end = Some(Ok(outcome));
                (None, messages)
            }
            Err(error) => {
                self.end = Some(Err(error));
                (None, Vec::new())
            }
        };
        self.party = next;
        Some(sent)
    }
}
