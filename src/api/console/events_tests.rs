//! Events and their deliveries in the console.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use overlap_coalition::Timestamp;
use overlap_indicator::Facet;
use overlap_store::{
    DeadLetter, EventFilter, EventId, EventStore, ExchangeState, IndicatorFilter, Notice, PageRequest, Role,
    SinkName, Store,
};

use super::tests::{Browser, tags};
use crate::testing::imports::imported;
use crate::testing::{NOW, TestNode, exchange, member};
use crate::{EventFormat, Sink, Sinks, WebhookSecret, WebhookSettings, client_tls};

const PATH: &str = "/console/events";
const DELIVERIES: &str = "/console/events/deliveries";

fn rows_of(page: &str) -> usize {
    page.rsplit_once("<tbody>").map_or(0, |(_, body)| tags(body, "tr").len())
}

#[tokio::test]
async fn what_happened_is_told_in_sentences_the_newest_first() {
    let node = TestNode::new();
    imported(&node, "format=csv", "kind,value\ndomain,a.example\n").await;
    let page = PageRequest { limit: 1, after: None };
    let id = node.store.indicators(&IndicatorFilter::default(), &page).unwrap().rows[0].id;
    let record = exchange(1, ExchangeState::Running);
    node.store.begin_exchange(&record).unwrap();
    node.store.store_overlaps(&record, &[(id, Facet::Host)], Timestamp(NOW)).unwrap();
    node.store.begin_exchange(&exchange(2, ExchangeState::Refused)).unwrap();
    node.store.tell(&Notice::PartnerSuspended(member("payments")), Timestamp(NOW)).unwrap();
    node.store.tell(&Notice::RosterAlarm { version: 7 }, Timestamp(NOW)).unwrap();
    let reader = Browser::sign_in(&node, Role::Read).await;
    let page = reader.get(PATH).await.text();
    let sentences = [
        "<bdi>the secretariat signed two rosters of version 7: tell the secretariat at once</bdi>",
        "<bdi>Partner suspended: payments</bdi>",
        "&lt;script&gt;no more today&lt;/script&gt;</bdi>",
        "<bdi>payments holds the domain a.example too, by its host</bdi>",
    ];
    let places =
        sentences.map(|sentence| page.find(sentence).unwrap_or_else(|| panic!("no {sentence} in {page}")));
    assert!(places.is_sorted() && rows_of(&page) == 4, "{places:?}");
    assert!(
        page.contains(&format!("/console/indicators/{id}"))
            && page.contains(&format!("/console/exchanges/{}", exchange(2, ExchangeState::Refused).id))
    );
    for (query, rows) in [
        ("?type=overlap.found", 1),
        ("?peer=payments", 3),
        ("?peer=nobody", 0),
        ("?type=roster.alarm&peer=payments", 0),
    ] {
        assert_eq!(rows_of(&reader.get(&format!("{PATH}{query}")).await.text()), rows, "{query}");
    }
}

#[tokio::test]
async fn pages_of_events_neither_skip_nor_repeat_while_more_happen() {
    let node = TestNode::new();
    let tell = |version| node.store.tell(&Notice::RosterAlarm { version }, Timestamp(NOW)).unwrap();
    (1_000..1_120).for_each(|version| {
        tell(version);
    });
    let reader = Browser::sign_in(&node, Role::Read).await;
    let first = reader.get(PATH).await.text();
    let next = tags(&first, "a").into_iter().find(|link| link.contains("rel=\"next\"")).unwrap();
    let next = super::tests::attribute(next, "href").unwrap().replace("&amp;", "&");
    tell(2_000);
    let rest = reader.pages(&next).await;
    let pages: Vec<String> = [first].into_iter().chain(rest).collect();
    assert_eq!(pages.iter().map(|page| rows_of(page)).collect::<Vec<_>>(), [50, 50, 20]);
    let all = pages.concat();
    for version in 1_000..1_120 {
        assert_eq!(all.matches(&format!("version {version}:")).count(), 1, "{version}");
    }
    assert!(!all.contains("version 2000:") && reader.get(PATH).await.text().contains("version 2000:"));
}

/// A node with a webhook that nobody answers, and dead letters of its first events.
async fn with_letters(count: usize) -> (TestNode, SinkName) {
    let node = TestNode::new();
    for version in 0..count as u64 {
        node.store.tell(&Notice::RosterAlarm { version }, Timestamp(NOW)).unwrap();
    }
    let name: SinkName = "webhook/soc".parse().unwrap();
    let events = node.store.events_after(EventId::START, &EventFilter::default(), count).unwrap().events;
    for event in events {
        let reason = "it answers with status <b>422</b>".to_owned();
        let letter = DeadLetter { event: event.id, reason, tries: 5, given_up: NOW, again: false };
        node.store.put_dead_letter(&name, &letter, Some(event.id)).unwrap();
    }
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let sinks = Arc::new(Sinks::new(node.store.clone(), &member("police"), || NOW));
    sinks.configure(vec![Sink::Webhook(webhook(port))]).await.unwrap();
    node.daemon.sinks.set(sinks).unwrap();
    (node, name)
}

fn webhook(port: u16) -> WebhookSettings {
    WebhookSettings {
        name: "soc".into(),
        target: format!("http://127.0.0.1:{port}/secret").parse().unwrap(),
        secret: WebhookSecret::parse(&format!("whsec_{}", "A".repeat(32))).unwrap(),
        tls: client_tls(None).unwrap(),
        filter: EventFilter::default(),
        format: EventFormat::Native,
        batch: 10,
        timeout: Duration::from_secs(1),
        tries: 5,
        give_up: Duration::from_secs(3_600),
        longest_wait: Duration::from_secs(60),
        from_start: false,
    }
}

#[tokio::test]
async fn receivers_and_dead_letters_are_shown_to_readers_without_buttons() {
    let (node, _) = with_letters(60).await;
    let reader = Browser::sign_in(&node, Role::Read).await;
    let page = reader.get(DELIVERIES).await.text();
    assert!(
        page.contains("60 dead letters of soc")
            && page.contains("http://127.0.0.1:")
            && !page.contains("/secret"),
        "{page}"
    );
    let pages = reader.pages(&format!("{DELIVERIES}?webhook=soc")).await;
    assert_eq!(pages.iter().map(|page| rows_of(page)).collect::<Vec<_>>(), [50, 10]);
    let all = pages.concat();
    assert!(all.contains("<bdi>it answers with status &lt;b&gt;422&lt;/b&gt;</bdi>"));
    assert!(!all.contains("value=\"discard\"") && !all.contains("name=\"event\""));
    for version in 0..60 {
        assert_eq!(all.matches(&format!("version {version}:")).count(), 1, "{version}");
    }
    let admin = Browser::sign_in(&node, Role::Admin).await;
    let page = admin.get(&format!("{DELIVERIES}?webhook=soc")).await.text();
    assert!(page.contains("value=\"discard\"") && page.contains("name=\"event\""));
}

#[tokio::test]
async fn an_admin_sends_letters_again_or_discards_them() {
    let (node, name) = with_letters(4).await;
    let admin = Browser::sign_in(&node, Role::Admin).await;
    let letters = || node.store.dead_letters(&name, EventId::START, 10).unwrap();
    let again = || letters().iter().map(|letter| letter.again).collect::<Vec<_>>();
    let ids: Vec<EventId> = letters().iter().map(|letter| letter.event).collect();
    let post = |fields: String| {
        let admin = &admin;
        async move { admin.post(DELIVERIES, &format!("webhook=soc&{fields}")).await }
    };
    let answer = post(format!("action=send&event={}", ids[1])).await;
    assert_eq!(answer.headers["location"], format!("{DELIVERIES}?webhook=soc&sent=1").as_str());
    assert_eq!(again(), [false, true, false, false]);
    let shown = admin.get(&format!("{DELIVERIES}?webhook=soc&sent=1")).await.text();
    assert!(shown.contains("1 event is sent again.") && shown.contains("is sent again</span>"), "{shown}");
    let answer =
        post(format!("action=discard&event={}&event={}&event=00000000000000ff", ids[0], ids[2])).await;
    assert_eq!(answer.headers["location"], format!("{DELIVERIES}?webhook=soc&discarded=2").as_str());
    assert_eq!(letters().iter().map(|letter| letter.event).collect::<Vec<_>>(), [ids[1], ids[3]]);
    let answer = post("action=send-all".to_owned()).await;
    assert_eq!(answer.headers["location"], format!("{DELIVERIES}?webhook=soc&sent=2").as_str());
    assert_eq!(again(), [true, true]);
    for (fields, status) in [
        ("action=burn".to_owned(), StatusCode::BAD_REQUEST),
        ("action=send&event=zz".to_owned(), StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(post(fields.clone()).await.status, status, "{fields}");
    }
    let other = admin.post(DELIVERIES, "webhook=other&action=send-all").await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
    assert_eq!(letters().len(), 2);
}
