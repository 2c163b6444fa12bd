//! One side of a run in memory, moved on step by step.

use std::collections::VecDeque;

use overlap_psi::{Message, Party, Turn};

/// A machine, whether it waits for a message, and those that came for it.
pub(crate) struct Side {
    party: Option<(Box<dyn Party>, bool)>,
    inbox: VecDeque<Message>,
}

impl Side {
    pub(crate) fn new(party: Box<dyn Party>) -> Self {
        Self { party: Some((party, false)), inbox: VecDeque::new() }
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.party.is_none()
    }

    /// Takes what the other side sent.
    pub(crate) fn hear(&mut self, messages: Vec<Message>) {
        self.inbox.extend(messages);
    }

    /// What the next step takes: the machine with its message, if it waits for one; `None` if there is no next step yet.
    pub(crate) fn next(&mut self) -> Option<(Box<dyn Party>, Option<Message>)> {
        let (machine, waits) = self.party.take()?;
        if !waits {
            return Some((machine, None));
        }
        let Some(message) = self.inbox.pop_front() else {
            self.party = Some((machine, waits));
            return None;
        };
        Some((machine, Some(message)))
    }

    /// Takes what a step came to; returns what it sends.
    pub(crate) fn turn(&mut self, turn: Turn) -> Vec<Message> {
        let (next, sent) = match turn {
            Turn::Send(next, messages, _) => (Some((next, false)), messages),
            Turn::Receive(next) | Turn::AwaitProofs(next) => (Some((next, true)), Vec::new()),
            Turn::Done(_, messages) => (None, messages),
        };
        self.party = next;
        sent
    }
}
