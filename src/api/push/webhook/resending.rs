//! The dead letters of a webhook that somebody asked to send again: one after another, beside the live events, which wait for one try of a letter at
//! most.

use std::time::Instant;

use overlap_store::{DeadLetter, EventId, SinkName, Store, StoreError};

use super::super::backoff::Backoff;
use super::super::message::Message;
use super::super::webhooks::letter_of;
use super::{Attempt, Failure, WebhookTask, is_for_good};

/// Letters that are looked at together.
const LETTERS_AT_ONCE: usize = 100;

/// Where a task is among the letters. That a letter is to be sent again is durable; this begins anew with the node.
pub(super) struct Resending {
    /// No letter up to this one is to be sent again; `None` where none at all is.
    after: Option<EventId>,
    /// How often the next one was answered, and not taken.
    answered: u32,
    /// Whether one up to here waits all the same, as nobody answered: it has its turn after the others.
    passed_over: bool,
    /// Until when none is tried.
    pause: Option<Instant>,
    backoff: Backoff,
}

impl Resending {
    pub(super) fn new(backoff: Backoff) -> Self {
        Self { after: None, answered: 0, passed_over: false, pause: None, backoff }
    }

    /// Looks at all letters again, at once.
    pub(super) fn begin(&mut self) {
        self.passed(EventId::START);
        self.passed_over = false;
    }

    /// After which letter the next one is looked for; `None` where none is to be tried now.
    fn due(&self) -> Option<EventId> {
        self.after.filter(|_| self.pause.is_none_or(|until| until <= Instant::now()))
    }

    /// Resolves when a letter may be tried; never where none waits.
    pub(super) async fn wait(&self) {
        match (self.after, self.pause) {
            (None, _) => std::future::pending().await,
            (Some(_), None) => {}
            (Some(_), Some(until)) => tokio::time::sleep_until(until.into()).await,
        }
    }

    /// A letter waits no more: the next may follow at once.
    fn passed(&mut self, letter: EventId) {
        self.backoff.succeeded();
        (self.after, self.answered, self.pause) = (Some(letter), 0, None);
    }

    /// Whether a letter that was not taken is a dead one again; else all wait before the next try. A receiver that says that it is busy is asked `tries`
    /// times for one letter. One that says nothing is waited for, as for live events.
    fn is_refused(&mut self, letter: EventId, failure: &Failure, tries: u32) -> bool {
        match failure.status {
            None => (self.after, self.answered, self.passed_over) = (Some(letter), 0, true),
            Some(status) => {
                self.answered += 1;
                if is_for_good(status) || self.answered >= tries {
                    return true;
                }
            }
        }
        self.pause = Some(Instant::now() + self.backoff.failed(failure.asked));
        false
    }

    /// There is no letter after the last one.
    fn ended(&mut self) {
        self.after = std::mem::take(&mut self.passed_over).then_some(EventId::START);
    }
}

impl WebhookTask {
    /// Sends one of the letters that are to be sent again, once, where one is due.
    pub(super) async fn send_letter(&mut self) -> Result<(), StoreError> {
        let Some(after) = self.resending.due() else { return Ok(()) };
        let sink = self.state.sink.clone();
        let next = self.shared.ask(move |store| next_letter(store, &sink, after)).await?;
        let Some(letter) = next else {
            self.resending.ended();
            return Ok(());
        };
        let id = letter.event;
        let event = self.shared.ask(move |store| store.event(id)).await?;
        let message = event.and_then(|event| Message::new(&self.shared.node, &[(id, self.json(&event))]));
        let attempt = match message {
            Some(message) => self.attempt(&message).await,
            // A store that was restored from before the event.
            None => Attempt::Taken,
        };
        match attempt {
            Attempt::Taken => self.letter_taken(id).await,
            Attempt::Failed(failure) => self.letter_failed(letter, failure).await,
        }
    }

    async fn letter_taken(&mut self, letter: EventId) -> Result<(), StoreError> {
        let sink = self.state.sink.clone();
        self.shared.ask(move |store| store.remove_dead_letter(&sink, letter)).await?;
        self.state.delivered(1, None);
        self.resending.passed(letter);
        Ok(())
    }

    async fn letter_failed(&mut self, letter: DeadLetter, failure: Failure) -> Result<(), StoreError> {
        let (sink, id, now) = (self.state.sink.clone(), letter.event, (self.shared.now)());
        self.state.failed(failure.reason.clone(), now);
        let is_refused = self.resending.is_refused(id, &failure, self.settings.tries);
        let letter = DeadLetter {
            reason: failure.reason,
            tries: letter.tries.saturating_add(1),
            given_up: if is_refused { now } else { letter.given_up },
            again: !is_refused,
            ..letter
        };
        self.shared
            .ask(move |store| match letter_of(store, &sink, id)? {
                Some(_) => store.put_dead_letter(&sink, &letter, None),
                // It was discarded meanwhile.
                None => Ok(()),
            })
            .await?;
        if is_refused {
            self.resending.passed(id);
        }
        Ok(())
    }
}

/// The first letter after one that is to be sent again.
fn next_letter(
    store: &dyn Store,
    sink: &SinkName,
    mut after: EventId,
) -> Result<Option<DeadLetter>, StoreError> {
    loop {
        let letters = store.dead_letters(sink, after, LETTERS_AT_ONCE)?;
        let Some(last) = letters.last() else { return Ok(None) };
        after = last.event;
        if let Some(letter) = letters.into_iter().find(|letter| letter.again) {
            return Ok(Some(letter));
        }
    }
}
