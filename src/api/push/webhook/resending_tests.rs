//! Dead letters that are sent again, to a receiver that goes on refusing some of them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use overlap_coalition::Timestamp;
use overlap_store::{DeadLetter, EventFilter, EventId, EventStore, Notice, Role, SinkName};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::testing::{NOW, TestNode, member};
use crate::{EventFormat, Sink, Sinks, WebhookSecret, WebhookSettings, client_tls};

/// Longer than any test here takes, so that a hang is a failure.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long the node waits for an answer.
const TIMEOUT: Duration = Duration::from_millis(300);

/// How often a letter is sent to a receiver that is busy.
const TRIES: u32 = 4;

/// What the receiver does with the event that it does not like.
#[derive(Clone, Copy)]
enum Mood {
    Answers(u16),
    Silent,
}

/// A receiver, and what it saw: the version that an event is about, and whether it was taken.
#[derive(Clone)]
struct Receiver {
    dislikes: u64,
    mood: Arc<Mutex<Mood>>,
    seen: Arc<Mutex<Vec<(u64, bool)>>>,
}

impl Receiver {
    async fn listen(dislikes: u64, mood: Mood) -> (Self, u16) {
        let receiver = Self { dislikes, mood: Arc::new(Mutex::new(mood)), seen: Arc::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let router = Router::new().route("/", post(Self::take)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (receiver, port)
    }

    async fn take(State(this): State<Self>, Json(body): Json<Value>) -> StatusCode {
        let versions =
            body["events"].as_array().unwrap().iter().map(|event| event["data"]["version"].as_u64());
        let versions: Vec<u64> = versions.map(Option::unwrap).collect();
        let mood = *this.mood.lock().unwrap();
        let status = match mood {
            _ if !versions.contains(&this.dislikes) => 200,
            Mood::Answers(status) => status,
            Mood::Silent => 0,
        };
        this.seen.lock().unwrap().extend(versions.into_iter().map(|version| (version, status == 200)));
        if status == 0 {
            tokio::time::sleep(PATIENCE).await;
        }
        StatusCode::from_u16(status).unwrap_or_default()
    }

    fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// Which it took, in order.
    fn taken(&self) -> Vec<u64> {
        self.seen.lock().unwrap().iter().filter(|(_, taken)| *taken).map(|(version, _)| *version).collect()
    }

    /// How often it was sent what it does not like.
    fn tried(&self) -> usize {
        self.seen.lock().unwrap().iter().filter(|(version, _)| *version == self.dislikes).count()
    }
}

/// A node with dead letters of the versions 1 to 3, and a receiver that dislikes one of these.
struct Pushing {
    node: TestNode,
    sink: SinkName,
}

impl Pushing {
    async fn to(port: u16) -> Self {
        let (node, sink) = (TestNode::new(), "webhook/soc".parse().unwrap());
        for version in 1..=3 {
            let event = node.store.tell(&Notice::RosterAlarm { version }, Timestamp(NOW)).unwrap();
            let reason = "it answers with status 422".to_owned();
            let letter = DeadLetter { event, reason, tries: 1, given_up: NOW - 60, again: false };
            node.store.put_dead_letter(&sink, &letter, Some(event)).unwrap();
        }
        let sinks = Arc::new(Sinks::new(node.store.clone(), &member("police"), || NOW));
        sinks.configure(vec![Sink::Webhook(settings(port))]).await.unwrap();
        assert!(node.daemon.sinks.set(sinks).is_ok());
        Self { node, sink }
    }

    fn tell(&self, versions: std::ops::Range<u64>) {
        for version in versions {
            self.node.store.tell(&Notice::RosterAlarm { version }, Timestamp(NOW)).unwrap();
        }
    }

    async fn send_all(&self) {
        let path = "/api/v1/webhooks/soc/dead-letters/send";
        assert_eq!(self.node.call(Role::Admin, "POST", path, "").await.status, StatusCode::ACCEPTED);
    }

    fn letters(&self) -> Vec<DeadLetter> {
        self.node.store.dead_letters(&self.sink, EventId::START, 10).unwrap()
    }
}

fn settings(port: u16) -> WebhookSettings {
    WebhookSettings {
        name: "soc".into(),
        target: format!("http://127.0.0.1:{port}/").parse().unwrap(),
        secret: WebhookSecret::parse(&format!("whsec_{}", "A".repeat(32))).unwrap(),
        tls: client_tls(None).unwrap(),
        filter: EventFilter::default(),
        format: EventFormat::Native,
        batch: 10,
        timeout: TIMEOUT,
        tries: TRIES,
        give_up: Duration::from_secs(3_600),
        longest_wait: Duration::from_millis(200),
        from_start: false,
    }
}

async fn wait_until(what: &str, is: impl Fn() -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !is() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(waited.await.is_ok(), "{what}");
}

/// It was sent until `give_up` was over, for an hour here, and live events waited all that time.
#[tokio::test]
async fn a_letter_to_a_busy_receiver_holds_up_no_live_event_and_is_a_dead_letter_again() {
    let (receiver, port) = Receiver::listen(1, Mood::Answers(503)).await;
    let pushing = Pushing::to(port).await;
    pushing.send_all().await;
    wait_until("the letter is tried", || receiver.tried() > 0).await;
    pushing.tell(10..40);
    wait_until("the live events arrive", || receiver.taken().contains(&39)).await;
    wait_until("the letters end", || pushing.letters().iter().all(|letter| !letter.again)).await;
    let live: Vec<u64> = receiver.taken().into_iter().filter(|version| *version >= 10).collect();
    assert_eq!(live, (10..40).collect::<Vec<_>>(), "in order, each once");
    let letters = pushing.letters();
    assert_eq!((letters.len(), letters[0].tries, letters[0].given_up), (1, 1 + TRIES, NOW));
    assert_eq!(letters[0].reason, "it answers with status 503");
    assert_eq!(receiver.tried(), TRIES as usize, "and no more");
    let resent: Vec<u64> = receiver.taken().into_iter().filter(|version| *version < 10).collect();
    assert_eq!(resent, [2, 3], "in the order of their events");
}

#[tokio::test]
async fn a_letter_that_is_refused_for_good_is_tried_once() {
    let (receiver, port) = Receiver::listen(2, Mood::Answers(422)).await;
    let pushing = Pushing::to(port).await;
    pushing.send_all().await;
    wait_until("the letters end", || pushing.letters().iter().all(|letter| !letter.again)).await;
    assert_eq!((pushing.letters().len(), pushing.letters()[0].tries, receiver.tried()), (1, 2, 1));
    assert_eq!(receiver.taken(), [1, 3]);
}

#[tokio::test]
async fn a_letter_that_nobody_answers_waits_and_holds_up_neither_live_events_nor_letters() {
    let (receiver, port) = Receiver::listen(1, Mood::Silent).await;
    let pushing = Pushing::to(port).await;
    pushing.send_all().await;
    wait_until("the letter is tried", || receiver.tried() > 0).await;
    pushing.tell(10..15);
    wait_until("all others arrive", || receiver.taken().len() == 7).await;
    wait_until("it is tried on", || receiver.tried() > TRIES as usize).await;
    let letters = pushing.letters();
    assert!(letters.len() == 1 && letters[0].again && letters[0].given_up == NOW - 60, "{letters:?}");
    receiver.set(Mood::Answers(200));
    wait_until("it is taken", || pushing.letters().is_empty()).await;
    assert_eq!(receiver.taken().last(), Some(&1));
}

/// What was refused after it was discarded came back.
#[tokio::test]
async fn a_letter_that_is_discarded_while_it_is_tried_stays_discarded() {
    let (receiver, port) = Receiver::listen(1, Mood::Silent).await;
    let pushing = Pushing::to(port).await;
    pushing.send_all().await;
    wait_until("the letter is tried", || receiver.tried() > 0).await;
    let letter = pushing.letters()[0].event;
    pushing.node.store.remove_dead_letter(&pushing.sink, letter).unwrap();
    wait_until("the others are taken", || receiver.taken() == [2, 3]).await;
    tokio::time::sleep(2 * TIMEOUT).await;
    assert!(pushing.letters().is_empty());
}
