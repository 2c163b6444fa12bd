//! A webhook's task: posts events in their order, again and again, until the receiver takes them.
//!
//! The position moves, durably, after a 2xx and never before. A request that is refused for good is sent again event by event, so that one event
//! that a receiver cannot bear becomes a dead letter alone, and those after it go on.

mod resending;
#[cfg(test)]
mod resending_tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use overlap_store::{DeadLetter, Event, EventId, StoreError};

use super::backoff::{Backoff, retry_after};
use super::ecs::ecs;
use super::http::{Answer, HttpSender};
use super::message::Message;
use super::native::EventItem;
use super::settings::{EventFormat, WebhookSettings};
use super::shown::WHOLE;
use super::state::{Shared, SinkState};
use resending::Resending;

/// Bytes of a body after which no more events are put in; one event alone may be longer.
const FULL_BODY: usize = 1 << 20;

/// Dead letters of one webhook at most: a receiver that refuses everything is misconfigured, and its events wait instead.
const MOST_LETTERS: u64 = 10_000;

/// How long to wait after the store failed: what helps is an operator.
const STORE_PAUSE: Duration = Duration::from_secs(5);

/// The task.
pub(crate) struct WebhookTask {
    settings: WebhookSettings,
    state: Arc<SinkState>,
    shared: Shared,
    http: HttpSender,
    backoff: Backoff,
    resending: Resending,
}

/// How one try ended.
enum Attempt {
    Taken,
    Failed(Failure),
}

struct Failure {
    /// What it answered, if anything.
    status: Option<u16>,
    reason: String,
    asked: Option<Duration>,
}

/// How all tries ended.
enum Settled {
    Taken,
    Refused { reason: String, tries: u32 },
}

impl WebhookTask {
    pub(crate) fn new(settings: WebhookSettings, state: Arc<SinkState>, shared: Shared) -> Self {
        let http = HttpSender::new(settings.target.clone(), settings.tls.clone(), settings.timeout);
        let backoff = Backoff::new(settings.longest_wait);
        Self { settings, state, shared, http, backoff, resending: Resending::new(backoff) }
    }

    /// Runs until it is dropped.
    pub(crate) async fn run(mut self) {
        loop {
            if let Err(error) = self.step().await {
                self.state.failed(format!("this node's store failed: {error}"), (self.shared.now)());
                tokio::time::sleep(STORE_PAUSE).await;
            }
        }
    }

    async fn step(&mut self) -> Result<(), StoreError> {
        if self.state.is_to_look() {
            self.resending.begin();
        }
        self.send_letter().await?;
        let (after, filter, most) = (self.state.position(), self.state.filter.clone(), self.settings.batch);
        let page = self.shared.ask(move |store| store.events_after(after, &filter, most)).await?;
        if !page.events.is_empty() {
            return self.deliver(page.events).await;
        }
        self.state.reached(page.upto);
        tokio::select! {
            () = self.shared.feed.after(page.upto) => {}
            () = self.state.wake.notified() => {}
            () = self.resending.wait() => {}
        }
        Ok(())
    }

    async fn deliver(&mut self, events: Vec<Event>) -> Result<(), StoreError> {
        let rendered = self.rendered(&events);
        let Some(last) = rendered.last().map(|(id, _)| *id) else { return Ok(()) };
        match self.settle(&rendered).await {
            Settled::Taken => self.advance(rendered.len(), last).await,
            Settled::Refused { reason, tries } if rendered.len() == 1 => {
                self.bury(last, reason, tries).await.map(|_| ())
            }
            Settled::Refused { .. } => {
                for event in rendered {
                    if !self.deliver_one(event).await? {
                        break;
                    }
                }
                Ok(())
            }
        }
    }

    /// Sends one event alone; whether the next may follow.
    async fn deliver_one(&mut self, event: (EventId, String)) -> Result<bool, StoreError> {
        let id = event.0;
        match self.settle(&[event]).await {
            Settled::Taken => self.advance(1, id).await.map(|()| true),
            Settled::Refused { reason, tries } => self.bury(id, reason, tries).await,
        }
    }

    /// Events as JSON: those that fit in one body, the first in any case.
    fn rendered(&self, events: &[Event]) -> Vec<(EventId, String)> {
        let (mut bytes, mut rendered) = (0, Vec::new());
        for event in events {
            let json = self.json(event);
            if !rendered.is_empty() && bytes + json.len() > FULL_BODY {
                break;
            }
            bytes += json.len();
            rendered.push((event.id, json));
        }
        rendered
    }

    fn json(&self, event: &Event) -> String {
        match self.settings.format {
            EventFormat::Native => EventItem::new(event, &self.shared.node, WHOLE).json(),
            EventFormat::Ecs => ecs(event, &self.shared.node, WHOLE).to_string(),
        }
    }

    /// Tries until the receiver takes them, or refuses them for good.
    async fn settle(&mut self, events: &[(EventId, String)]) -> Settled {
        let Some(message) = Message::new(&self.shared.node, events) else { return Settled::Taken };
        let (mut tries, mut answered) = (0, None);
        loop {
            let failure = match self.attempt(&message).await {
                Attempt::Taken => {
                    self.backoff.succeeded();
                    return Settled::Taken;
                }
                Attempt::Failed(failure) => failure,
            };
            tries += 1;
            let answers_since: Option<Instant> =
                failure.status.map(|_| *answered.get_or_insert_with(Instant::now));
            let is_refused =
                failure.status.is_some_and(is_for_good) && (events.len() > 1 || tries >= self.settings.tries);
            let is_old = answers_since.is_some_and(|since| since.elapsed() >= self.settings.give_up);
            self.state.failed(failure.reason.clone(), (self.shared.now)());
            self.state.measure_sometimes(&*self.shared.store);
            if is_refused || is_old {
                return Settled::Refused { reason: failure.reason, tries };
            }
            let wait = self.backoff.failed(failure.asked);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.state.wake.notified() => {}
            }
        }
    }

    async fn attempt(&mut self, message: &Message) -> Attempt {
        let (id, now) = (message.id.clone(), (self.shared.now)());
        let signature = self.settings.secret.sign(&id, now, &message.body);
        let headers =
            [("webhook-id", id), ("webhook-timestamp", now.to_string()), ("webhook-signature", signature)];
        match self.http.post(&headers, &message.body).await {
            Ok(Answer { status, .. }) if (200..300).contains(&status) => Attempt::Taken,
            Ok(Answer { status, retry_after: asked }) => Attempt::Failed(Failure {
                status: Some(status),
                reason: format!("it answers with status {status}"),
                asked: asked.and_then(|asked| retry_after(&asked, now)),
            }),
            Err(reason) => Attempt::Failed(Failure { status: None, reason, asked: None }),
        }
    }

    async fn advance(&mut self, events: usize, position: EventId) -> Result<(), StoreError> {
        let sink = self.state.sink.clone();
        self.shared.ask(move |store| store.set_sink_position(&sink, position)).await?;
        self.state.delivered(events, Some(position));
        self.state.measure_sometimes(&*self.shared.store);
        Ok(())
    }

    /// Makes an event a dead letter; whether there was room for it.
    async fn bury(&mut self, event: EventId, reason: String, tries: u32) -> Result<bool, StoreError> {
        let (sink, given_up) = (self.state.sink.clone(), (self.shared.now)());
        let letter = DeadLetter { event, reason, tries, given_up, again: false };
        let buried = self
            .shared
            .ask(move |store| {
                if store.count_dead_letters(&sink)? >= MOST_LETTERS {
                    return Ok(false);
                }
                store.put_dead_letter(&sink, &letter, Some(event)).map(|()| true)
            })
            .await?;
        if buried {
            tracing::warn!(sink = %self.state.sink, %event, "an event was refused for good: it is a dead letter now");
            metrics::counter!("overlapd_dead_letters_total", "sink" => self.state.sink.to_string())
                .increment(1);
            self.state.reached(event);
        } else {
            let why = format!("it refuses events, and has {MOST_LETTERS} dead letters already: they wait");
            self.state.failed(why, given_up);
            tokio::time::sleep(self.backoff.failed(None)).await;
        }
        Ok(buried)
    }
}

/// Whether a status says that the same request will never be taken: 4xx, but for those that ask to try again later (RFC 9110, section 15.5; RFC 6585,
/// section 4; RFC 8470, section 5.2). A redirect is not followed and not a refusal either: it waits for an operator.
const fn is_for_good(status: u16) -> bool {
    matches!(status, 400..=499) && !matches!(status, 408 | 425 | 429)
}
