//! What stands in the audit chain after each call, and what the API says of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use overlap_coalition::Timestamp;
use overlap_store::{
    AuditAction, AuditEntry, AuditFilter, AuditOrder, AuditStore, By, DeadLetter, EventFilter, EventId,
    EventStore, ExchangeState, NewAudit, PageRequest, Role, Store,
};
use serde_json::{Value, json};

use crate::push::{EventFormat, Sink, WebhookSettings};
use crate::testing::{NOW, TestNode, exchange, member};
use crate::{Sinks, StartRefused, client_tls};

/// A call of a route that changes something: the route, the role that it needs, the path and the body that are sent, and what the chain says after it.
/// In path and body `[a]` is the id of an indicator whose value has that letter, `[uuid]` the UUID of the one with `a`.
type Change = (&'static str, &'static str, Role, &'static str, &'static str, &'static [&'static str]);

/// Every route that changes something, once, with a call that does.
const CHANGES: [Change; 14] = [
    (
        "POST",
        "/api/v1/imports",
        Role::Import,
        "/api/v1/imports?format=txt",
        "d.example.org\n",
        &["token:import import.begun", "token:import import.ended"],
    ),
    (
        "DELETE",
        "/api/v1/indicators/{id}",
        Role::Import,
        "/api/v1/indicators/[b]",
        "",
        &["token:import indicators.withdrawn"],
    ),
    (
        "POST",
        "/api/v1/indicators/withdraw",
        Role::Import,
        "/api/v1/indicators/withdraw",
        r#"{"ids":["[c]"],"values":[{"value":"b.example.org"}]}"#,
        &["token:import indicators.withdrawn"],
    ),
    (
        "POST",
        "/api/v1/indicators/{id}/override",
        Role::Admin,
        "/api/v1/indicators/[held]/override",
        r#"{"reason":"https://a.example.org/ and more"}"#,
        &["token:admin override.begun"],
    ),
    (
        "DELETE",
        "/api/v1/indicators/{id}/override",
        Role::Admin,
        "/api/v1/indicators/[freed]/override",
        "",
        &["token:admin override.ended"],
    ),
    (
        "POST",
        "/api/v1/indicators/{id}/sightings",
        Role::Import,
        "/api/v1/indicators/[a]/sightings",
        r#"{"says":"seen","source":"https://a.example.org/"}"#,
        &["token:import sightings.added"],
    ),
    (
        "POST",
        "/misp/sightings/add",
        Role::Import,
        "/misp/sightings/add",
        r#"{"value":"https://a.example.org/"}"#,
        &["token:import sightings.added"],
    ),
    (
        "POST",
        "/misp/sightings/add/{attribute}",
        Role::Import,
        "/misp/sightings/add/[uuid]",
        "{}",
        &["token:import sightings.added"],
    ),
    (
        "POST",
        "/api/v1/exchanges",
        Role::Exchange,
        "/api/v1/exchanges",
        r#"{"peer":"payments","purpose":"https://a.example.org/","case":"https://a.example.org/"}"#,
        &["token:exchange exchange.asked"],
    ),
    (
        "POST",
        "/api/v1/webhooks/{name}/dead-letters/send",
        Role::Admin,
        "/api/v1/webhooks/soc/dead-letters/send",
        "",
        &["token:admin letters.resent"],
    ),
    (
        "POST",
        "/api/v1/webhooks/{name}/dead-letters/{event}/send",
        Role::Admin,
        "/api/v1/webhooks/soc/dead-letters/0000000000000002/send",
        "",
        &["token:admin letters.resent"],
    ),
    (
        "DELETE",
        "/api/v1/webhooks/{name}/dead-letters/{event}",
        Role::Admin,
        "/api/v1/webhooks/soc/dead-letters/0000000000000003",
        "",
        &["token:admin letter.discarded"],
    ),
    (
        "POST",
        "/api/v1/tokens",
        Role::Admin,
        "/api/v1/tokens",
        r#"{"name":"siem","roles":["read"]}"#,
        &["token:admin token.added"],
    ),
    (
        "DELETE",
        "/api/v1/tokens/{name}",
        Role::Admin,
        "/api/v1/tokens/siem",
        "",
        &["token:admin token.revoked"],
    ),
];

/// Routes that are posted to and change nothing.
const READING: [&str; 13] = [
    "/api/v1/query",
    "/misp/attributes/restSearch",
    "/misp/events/index",
    "/misp/events/restSearch",
    "/misp/events/view/{event}",
    "/misp/sightings/index",
    "/misp/sightings/listSightings",
    "/misp/sightings/restSearch",
    "/misp/sightings/restSearch/{context}",
    "/misp/tags/search",
    "/misp/warninglists/checkValue",
    "/taxii2/overlap/collections/{collection}/objects/",
    "/taxii2/overlap/collections/{collection}/objects/{object}/",
];

/// The whole chain, the oldest entry first.
pub(crate) fn entries(node: &TestNode) -> Vec<AuditEntry> {
    let page = PageRequest { limit: 1_000, after: None };
    node.store.audit(&AuditFilter::default(), AuditOrder::Oldest, &page).unwrap().rows
}

/// Who did what since there were so many entries.
pub(crate) fn said_since(node: &TestNode, before: usize) -> Vec<String> {
    let since = entries(node).into_iter().skip(before);
    since.map(|entry| format!("{} {}", entry.actor, entry.action)).collect()
}

/// A node with indicators, one of which is held and one overridden, and with a webhook that has dead letters.
async fn filled() -> TestNode {
    let node = TestNode::new();
    node.warn("held.example.org\nfreed.example.org\n");
    node.import(
        "format=txt",
        "https://a.example.org/\nb.example.org\nc.example.org\nheld.example.org\nfreed.example.org\n",
    )
    .await;
    let path = format!("/api/v1/indicators/{}/override", id(&node, "freed.example.org"));
    node.call(Role::Admin, "POST", &path, r#"{"reason":"r"}"#).await;
    let sinks = Sinks::new(node.store.clone(), &member("police"), || NOW);
    sinks.configure(vec![webhook()]).await.unwrap();
    sinks.stop().await;
    node.daemon.sinks.set(Arc::new(sinks)).unwrap();
    for event in 1..=3 {
        let letter = DeadLetter {
            event: EventId(event),
            reason: "it answers with status 422".into(),
            tries: 1,
            given_up: NOW,
            again: false,
        };
        node.store.put_dead_letter(&"webhook/soc".parse().unwrap(), &letter, None).unwrap();
    }
    node
}

fn webhook() -> Sink {
    Sink::Webhook(WebhookSettings {
        name: "soc".into(),
        target: "http://127.0.0.1:9/".parse().unwrap(),
        secret: crate::WebhookSecret::parse("whsec_a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5").unwrap(),
        tls: client_tls(None).unwrap(),
        filter: EventFilter::default(),
        format: EventFormat::Native,
        batch: 1,
        timeout: Duration::from_secs(1),
        tries: 1,
        give_up: Duration::from_secs(1),
        longest_wait: Duration::from_secs(1),
        from_start: false,
    })
}

fn id(node: &TestNode, value: &str) -> String {
    let page = PageRequest { limit: 100, after: None };
    let rows = node.store.indicators(&Default::default(), &page).unwrap().rows;
    rows.into_iter().find(|row| row.raw.reveal() == value).unwrap().id.to_string()
}

/// What is sent to this node in the place of a text of the table.
fn filled_in(node: &TestNode, text: &str) -> String {
    let values = [
        ("a", "https://a.example.org/"),
        ("b", "b.example.org"),
        ("c", "c.example.org"),
        ("held", "held.example.org"),
        ("freed", "freed.example.org"),
    ];
    let with = |text: String, (name, value): (&str, &str)| {
        let name = format!("[{name}]");
        if text.contains(&name) { text.replace(&name, &id(node, value)) } else { text }
    };
    let text = values.into_iter().fold(text.to_owned(), with);
    let uuid = indicator(&id(node, "https://a.example.org/")).uuid();
    text.replace("[uuid]", &uuid.to_string())
}

fn indicator(id: &str) -> overlap_store::IndicatorId {
    overlap_store::IndicatorId(crate::request::id_bytes(id).unwrap())
}

#[tokio::test]
async fn each_changing_route_appends_what_it_does_and_no_value() {
    let node = filled().await;
    for (method, route, role, path, body, expected) in CHANGES {
        let before = entries(&node).len();
        let (path, body) = (filled_in(&node, path), filled_in(&node, body));
        let answer = node.call(role, method, &path, body).await;
        assert!(answer.status.is_success(), "{method} {route}: {} {}", answer.status, answer.text());
        assert_eq!(said_since(&node, before), expected, "{method} {route}");
    }
    for entry in entries(&node) {
        let all = format!("{entry:?}");
        assert!(!all.contains("example") && !all.contains("ovl_"), "{all}");
    }
    assert_eq!(node.store.verify_audit(&[]).unwrap().broken, None);
}

#[tokio::test]
async fn what_is_refused_or_not_there_appends_nothing() {
    let node = filled().await;
    let before = entries(&node).len();
    for (method, _, needed, path, body, _) in CHANGES {
        let (path, body) = (filled_in(&node, path), filled_in(&node, body));
        for role in [Role::Read, Role::Import, Role::Exchange].into_iter().filter(|role| *role != needed) {
            node.call(role, method, &path, body.clone()).await;
        }
        node.call_with(None, method, &path, body).await;
    }
    let none = "00".repeat(16);
    for (method, path, body) in [
        ("DELETE", format!("/api/v1/indicators/{none}"), ""),
        ("DELETE", format!("/api/v1/indicators/{none}/override"), ""),
        ("POST", format!("/api/v1/indicators/{none}/override"), r#"{"reason":"r"}"#),
        ("POST", format!("/api/v1/indicators/{none}/sightings"), r#"{"says":"seen"}"#),
        ("POST", "/api/v1/indicators/withdraw".to_owned(), "{}"),
        ("POST", "/misp/sightings/add".to_owned(), r#"{"value":"nothing.example.org"}"#),
        ("POST", "/api/v1/exchanges".to_owned(), r#"{"peer":"No Such"}"#),
        ("POST", "/api/v1/imports?format=exe".to_owned(), ""),
        ("POST", "/api/v1/tokens".to_owned(), r#"{"name":"read","roles":["read"]}"#),
        ("DELETE", "/api/v1/tokens/nobody".to_owned(), ""),
        ("DELETE", format!("/api/v1/webhooks/soc/dead-letters/{}", EventId(9)), ""),
        ("POST", format!("/api/v1/webhooks/soc/dead-letters/{}/send", EventId(9)), ""),
        ("POST", "/api/v1/webhooks/other/dead-letters/send".to_owned(), ""),
    ] {
        node.call(Role::Admin, method, &path, body).await;
    }
    assert_eq!(said_since(&node, before), [""; 0]);
}

#[tokio::test]
async fn every_route_that_is_not_read_is_in_these_tests_and_reading_appends_nothing() {
    let node = filled().await;
    let changing = BTreeSet::from(CHANGES.map(|(method, route, ..)| (method, route)));
    let before = entries(&node).len();
    for route in &node.table {
        let is_change = changing.contains(&(route.method, route.path.as_str()));
        let is_reading = route.method == "GET" || READING.contains(&route.path.as_str());
        assert!(is_change != is_reading, "{} {}: does it change anything?", route.method, route.path);
        // An answer that goes on for ever is not asked for.
        if is_change || route.path == "/api/v1/events" {
            continue;
        }
        let path = route.path.replace("{id}", &id(&node, "b.example.org")).replace("{name}", "soc");
        node.call(Role::Admin, route.method, &path, if route.method == "GET" { "" } else { "{}" }).await;
    }
    assert_eq!(said_since(&node, before), [""; 0]);
}

#[tokio::test]
async fn an_exchange_that_is_refused_before_it_has_an_id_says_why() {
    let node = TestNode::new();
    *node.daemon.answer.lock().unwrap() = Err(StartRefused::Unreachable("10.0.0.1".into()));
    let before = entries(&node).len();
    node.call(Role::Exchange, "POST", "/api/v1/exchanges", r#"{"peer":"payments","engine":"vole"}"#).await;
    let said: Vec<_> = entries(&node).into_iter().skip(before).collect();
    let said: Vec<_> = said
        .iter()
        .map(|entry| format!("{} {} {} {}", entry.actor, entry.action, entry.object, entry.detail))
        .collect();
    let expected = [
        "token:exchange exchange.asked payments engine=vole",
        "daemon exchange.refused payments code=unreachable",
    ];
    assert_eq!(said, expected);
}

#[tokio::test]
async fn an_import_tells_its_rows_and_one_that_breaks_off_tells_so() {
    let node = TestNode::new();
    let before = entries(&node).len();
    node.import("format=txt", "a.example.org\nnot one\na.example.org\n").await;
    node.import("format=stix", "{").await;
    let said: Vec<_> = entries(&node).into_iter().skip(before).map(|entry| entry.detail).collect();
    let begun = before + 1;
    let expected = [
        "format=txt".to_owned(),
        format!("begun={begun} outcome=done accepted=1 duplicates=1 rejected=1"),
        "format=stix".to_owned(),
        format!("begun={} outcome=failed accepted=0 duplicates=0 rejected=0", begun + 2),
    ];
    assert_eq!(said, expected);
}

#[tokio::test]
async fn an_import_whose_caller_hangs_up_after_its_last_byte_is_done_and_told() {
    let node = TestNode::new();
    let before = entries(&node).len();
    hang_up_after(&node, "a.example.org\n".to_owned()).await;
    let expected = format!("begun={} outcome=done accepted=2 duplicates=0 rejected=0", before + 1);
    let told = async {
        while entries(&node).len() < before + 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), told).await.unwrap();
    assert_eq!(entries(&node).last().unwrap().detail, expected);
}

/// Imports a text and one line more, and hangs up when all is read.
async fn hang_up_after(node: &TestNode, text: String) {
    let (sent, all_sent) = tokio::sync::oneshot::channel();
    let last = async move {
        sent.send(()).unwrap();
        Ok::<_, std::io::Error>(Bytes::from_static(b"b.example.org\n"))
    };
    let body = Body::from_stream(stream::iter([Ok(Bytes::from(text))]).chain(stream::once(last)));
    tokio::select! {
        biased;
        told = all_sent => told.unwrap(),
        answer = node.import("format=txt", body) => panic!("answered {} before the body had ended", answer.status),
    }
}

/// Nobody waited for it, so that it had no end in the chain.
#[tokio::test]
async fn the_stop_waits_for_an_import_whose_caller_hung_up() {
    let node = TestNode::new();
    let before = entries(&node).len();
    hang_up_after(&node, (0..5_000).map(|at| format!("{at}.example.org\n")).collect()).await;
    node.imports.end(Instant::now()).await;
    let expected = format!("begun={} outcome=done accepted=5001 duplicates=0 rejected=0", before + 1);
    assert_eq!(entries(&node).last().unwrap().detail, expected);
}

#[tokio::test]
async fn an_import_that_runs_for_too_long_at_the_stop_is_broken_off_and_told() {
    let node = TestNode::new();
    let before = entries(&node).len();
    hang_up_after(&node, (0..100_000).map(|at| format!("{at}.example.org\n")).collect()).await;
    // As if the stop had begun a minute ago.
    node.imports.end(Instant::now() - Duration::from_secs(60)).await;
    let said = entries(&node).into_iter().skip(before).map(|entry| entry.detail).collect::<Vec<_>>();
    let [_, ended] = said.as_slice() else { panic!("{said:?}") };
    let (head, rows) = ended.split_once(" accepted=").unwrap();
    assert_eq!(head, format!("begun={} outcome=failed", before + 1));
    let accepted: usize = rows.split(' ').next().unwrap().parse().unwrap();
    assert!(accepted < 100_000 && accepted.is_multiple_of(10_000), "whole batches: {ended}");
    assert_eq!(
        node.get("/api/v1/status").await.json()["indicators"]["domain"].as_u64().unwrap_or(0),
        accepted as u64
    );
}

#[tokio::test]
async fn the_chain_is_listed_both_ways_and_filtered() {
    let node = TestNode::new();
    let of = &node;
    let call = |uri: String| async move { of.call(Role::Admin, "GET", &uri, Body::empty()).await.json() };
    node.store.begin_exchange(&exchange(1, ExchangeState::Refused)).unwrap();
    let newest = call("/api/v1/audit".into()).await;
    let numbers: Vec<u64> =
        newest["items"].as_array().unwrap().iter().map(|item| item["number"].as_u64().unwrap()).collect();
    assert_eq!((numbers, &newest["next"]), (vec![5, 4, 3, 2, 1], &Value::Null));
    assert_eq!(newest["items"][0]["action"], "exchange.refused");
    let first = call("/api/v1/audit?order=oldest&limit=3".into()).await;
    assert_eq!(first["items"][0]["object"], "read");
    assert_eq!(first["items"][0]["time"], "2026-11-18T11:06:40Z");
    let next = first["next"].as_str().unwrap();
    let second = call(format!("/api/v1/audit?order=oldest&limit=3&after={next}")).await;
    assert_eq!(second["items"][1]["number"], 5);
    let some = call("/api/v1/audit?actor=daemon&action=token.added".into()).await;
    assert_eq!(some["items"].as_array().unwrap().len(), 4);
    for bad in ["order=other", "action=nothing", "limit=0", "actor=".to_owned().as_str(), "who=me"] {
        let answer = node.call(Role::Admin, "GET", &format!("/api/v1/audit?{bad}"), "").await;
        if bad != "actor=" {
            answer.problem(400, "bad-query");
        }
    }
    let long = format!("/api/v1/audit?actor={}", "x".repeat(200));
    node.call(Role::Admin, "GET", &long, "").await.problem(400, "bad-query");
    let other_order = format!("/api/v1/audit?after={next}");
    node.call(Role::Admin, "GET", &other_order, "").await.problem(400, "bad-cursor");
}

#[tokio::test]
async fn the_head_is_shown_and_the_chain_verified_against_one_that_was_noted() {
    let node = TestNode::new();
    let of = &node;
    let call = |uri: String| async move { of.call(Role::Admin, "GET", &uri, Body::empty()).await.json() };
    let head = call("/api/v1/audit/head".into()).await;
    let noted = format!("{}:{}", head["number"], head["hash"].as_str().unwrap());
    assert_eq!(noted, node.store.audit_head().to_string());
    node.store.note(&By::daemon(Timestamp(NOW)), &NewAudit::of(AuditAction::DaemonStarted)).unwrap();
    let verdict = call(format!("/api/v1/audit/verify?head={noted}")).await;
    assert_eq!((&verdict["intact"], &verdict["broken"]), (&json!(true), &Value::Null));
    assert_eq!(verdict["head"]["number"], 5);
    let verdict = call(format!("/api/v1/audit/verify?head=4:{}", "00".repeat(32))).await;
    assert_eq!((&verdict["intact"], &verdict["broken"]["fault"]), (&json!(false), &json!("not-noted")));
    assert_eq!((&verdict["broken"]["number"], &verdict["head"]["number"]), (&json!(4), &json!(3)));
    let verdict = call(format!("/api/v1/audit/verify?head=9:{}", "00".repeat(32))).await;
    assert_eq!(verdict["broken"]["fault"], "cut-short");
    for bad in ["9", "9:00", &format!("-1:{}", "00".repeat(32))] {
        let uri = format!("/api/v1/audit/verify?head={bad}");
        node.call(Role::Admin, "GET", &uri, "").await.problem(400, "bad-query");
    }
}
