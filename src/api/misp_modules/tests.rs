//! The listener for MISP's enrichment, asked as MISP asks.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use overlap_coalition::Timestamp;
use overlap_indicator::Facet;
use overlap_store::{ExchangeState, IndicatorFilter, PageRequest, Store};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{is_loopback, misp_modules_router};
use crate::testing::{NOW, TestNode, exchange};

/// A node that holds two domains, one of which `payments` holds too.
async fn node() -> TestNode {
    let node = TestNode::new();
    node.import("format=txt&tlp=green", "example.org\nalone.example.org\n").await;
    let own =
        node.store.indicators(&IndicatorFilter::default(), &PageRequest { limit: 1, after: None }).unwrap();
    let record = exchange(1, ExchangeState::Running);
    node.store.begin_exchange(&record).unwrap();
    node.store.store_overlaps(&record, &[(own.rows[0].id, Facet::Host)], Timestamp(NOW)).unwrap();
    node
}

async fn send(
    node: &TestNode,
    any_host: bool,
    host: &str,
    method: &str,
    path: &str,
    body: String,
) -> (StatusCode, Value) {
    let router = misp_modules_router(node.store.clone(), node.daemon.clone(), any_host);
    let request =
        Request::builder().method(method).uri(path).header("host", host).body(Body::from(body)).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

async fn ask(node: &TestNode, question: Value) -> Value {
    let (status, answer) = send(node, false, "localhost:6666", "POST", "/query", question.to_string()).await;
    assert_eq!(status, StatusCode::OK);
    answer
}

#[tokio::test]
async fn the_module_is_described_as_misp_reads_it() {
    let node = node().await;
    let (status, modules) = send(&node, false, "127.0.0.1:6666", "GET", "/modules", String::new()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(modules[0]["meta"]["module-type"], json!(["expansion", "hover"]));
    assert!(modules[0]["mispattributes"]["input"].as_array().unwrap().contains(&json!("domain")));
    let health = send(&node, false, "[::1]:6666", "GET", "/healthcheck", String::new()).await;
    assert_eq!(health, (StatusCode::OK, json!({"status": true})));
}

#[tokio::test]
async fn both_forms_of_question_are_answered() {
    let node = node().await;
    let attribute = json!({"type": "domain", "value": "Example[.]org", "uuid": "u", "category": "Network activity", "id": "7"});
    let standard =
        ask(&node, json!({"module": "overlapd", "attribute": attribute, "event_id": "3", "config": {}}))
            .await;
    let told = &standard["results"]["Attribute"][0];
    assert_eq!((&told["uuid"], &told["value"]), (&json!("u"), &json!("Example[.]org")));
    assert_eq!(
        told["Tag"],
        json!([{"name": "overlapd:kind=\"domain\""}, {"name": "overlapd:peer=\"payments\""}])
    );
    assert_eq!(told["comment"], "Own domain, TLP:GREEN; payments holds what meets it on host.");
    let plain = ask(
        &node,
        json!({"module": "overlapd", "domain": "alone.example.org", "persistent": 1, "config": {}}),
    )
    .await;
    assert_eq!(
        plain["results"][0]["values"],
        json!(["Own domain, TLP:GREEN; no partner is known to hold it."])
    );
    for (question, expected) in [
        (json!({"module": "overlapd", "domain": "nobody.example"}), json!({"results": []})),
        (
            json!({"module": "overlapd", "attribute": {"type": "domain", "value": "nobody.example"}}),
            json!({"results": {}}),
        ),
        (json!({"module": "overlapd"}), json!({"error": "the question has no value"})),
        (json!({"module": "other", "domain": "example.org"}), json!({"error": "no such module"})),
        (
            json!({"module": "overlapd", "attribute": {"value": 7}}),
            json!({"error": "the question has no value"}),
        ),
    ] {
        assert_eq!(ask(&node, question.clone()).await, expected, "{question}");
    }
}

#[tokio::test]
async fn only_questions_that_name_the_loopback_are_answered_unless_any_is_allowed() {
    let node = node().await;
    let question = || json!({"module": "overlapd", "domain": "example.org"}).to_string();
    for host in
        ["attacker.example", "attacker.example:6666", "192.0.2.1:6666", "127.0.0.1.attacker.example", ""]
    {
        let (status, answer) = send(&node, false, host, "POST", "/query", question()).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{host}: {answer}");
    }
    let (status, _) = send(&node, true, "node.internal:6666", "POST", "/query", question()).await;
    assert_eq!(status, StatusCode::OK);
    assert!(["localhost", "LOCALHOST:1", "127.8.0.1", "[::1]", "[::1]:80"].into_iter().all(is_loopback));
}

#[tokio::test]
async fn what_is_no_question_is_refused() {
    let node = node().await;
    let deep = "[".repeat(100_000);
    for (body, status) in
        [("".to_owned(), 400), ("[]".to_owned(), 400), (deep, 400), ("x".repeat(300_000), 413)]
    {
        assert_eq!(send(&node, false, "localhost", "POST", "/query", body).await.0.as_u16(), status);
    }
    for (method, path, status) in
        [("GET", "/query", 405), ("GET", "/api/v1/indicators", 404), ("POST", "/modules", 405)]
    {
        assert_eq!(send(&node, false, "localhost", method, path, String::new()).await.0.as_u16(), status);
    }
}
