//! Bulk queries.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use overlap_coalition::Timestamp;
use overlap_indicator::Facet;
use overlap_store::{ExchangeState, IndicatorFilter, PageRequest, Role, Store};
use serde_json::{Value, json};

use crate::testing::imports::{CARD, imported};
use crate::testing::{NOW, TestNode, exchange};

async fn ask(node: &TestNode, values: Value) -> Vec<Value> {
    let answer =
        node.call(Role::Read, "POST", "/api/v1/query", json!({ "values": values }).to_string()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.json()["facets_compared"], true);
    answer.json()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn every_value_is_answered_in_its_place() {
    let node = TestNode::new();
    node.warn("");
    imported(&node, "format=csv", "kind,value,tlp\ndomain,shop.example,green\nip,8.8.8.8,\n").await;
    let all = PageRequest { limit: 10, after: None };
    let rows = node.store.indicators(&IndicatorFilter::default(), &all).unwrap().rows;
    let record = exchange(7, ExchangeState::Running);
    node.store.begin_exchange(&record).unwrap();
    node.store.store_overlaps(&record, &[(rows[0].id, Facet::Host)], Timestamp(NOW)).unwrap();
    let items = ask(
        &node,
        json!([
            "hxxps://shop[.]example/a",
            {"kind": "domain", "value": "SHOP.example."},
            "8.8.8.8",
            "nowhere.org",
            CARD,
            {"value": "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
            {"kind": "hadnle", "value": "x"},
            {"kind": "ip", "value": "x"},
            "",
            "a\u{0}b",
            "x".repeat(70_000),
        ]),
    )
    .await;
    let id = rows[0].id.to_string();
    let overlap = json!([{"peer": "payments", "facet": "host", "indicator": id, "exact": false,
        "exchange": record.id.to_string(), "found": "2026-11-18T11:06:40Z"}]);
    assert_eq!(
        (&items[0]["kind"], &items[0]["canonical"]),
        (&json!("url"), &json!("https://shop.example/a"))
    );
    assert_eq!((&items[0]["indicator"], &items[0]["overlaps"]), (&Value::Null, &overlap));
    let met = |facet: &str| json!({"facet": facet, "kind": "domain", "indicator": id});
    assert_eq!(items[0]["meets"], json!([met("host"), met("site")]));
    assert_eq!(items[1]["indicator"], json!({"id": id, "tlp": "green", "held": null}));
    assert_eq!((&items[1]["overlaps"][0]["exact"], &items[1]["meets"]), (&json!(true), &json!([])));
    assert_eq!(items[2]["lists"], json!(["Public DNS resolvers"]));
    assert_eq!(items[2]["indicator"]["held"]["list"], "Public DNS resolvers");
    assert_eq!((&items[3]["indicator"], &items[3]["error"]), (&Value::Null, &Value::Null));
    assert_eq!(items[4]["error"], "a card number (PAN) is never accepted");
    assert_eq!(items[5]["candidates"], json!(["infohash", "file-hash"]));
    assert_eq!(items[6]["error"], "kind: unknown kind; the nearest is `handle`");
    for item in &items[7..] {
        assert!(item["error"].is_string() && item["canonical"].is_null(), "{item}");
    }
    assert_eq!(items.len(), 11);
    assert!(!items[4].to_string().contains(CARD));
}

#[tokio::test]
async fn ten_thousand_values_are_the_most() {
    let node = TestNode::new();
    let values = |count: usize| json!(vec!["a.example"; count]);
    assert_eq!(ask(&node, values(10_000)).await.len(), 10_000);
    for count in [0, 10_001] {
        let body = json!({ "values": values(count) }).to_string();
        node.call(Role::Read, "POST", "/api/v1/query", body).await.problem(400, "bad-value");
    }
}

#[tokio::test]
async fn what_is_no_query_is_refused() {
    let node = TestNode::new();
    let deep = format!("{{\"values\":{}", "[".repeat(100_000));
    for (body, status, slug) in [
        ("".to_owned(), 400, "bad-json"),
        ("[]".to_owned(), 400, "bad-json"),
        ("{}".to_owned(), 400, "bad-value"),
        ("{\"values\":{}}".to_owned(), 400, "bad-value"),
        ("{\"values\":[7]}".to_owned(), 400, "bad-value"),
        ("{\"values\":[null]}".to_owned(), 400, "bad-value"),
        ("{\"values\":[[\"a\"]]}".to_owned(), 400, "bad-value"),
        ("{\"values\":[{\"kind\":\"ip\"}]}".to_owned(), 400, "bad-value"),
        ("{\"values\":[{\"value\":\"a\",\"more\":1}]}".to_owned(), 400, "bad-value"),
        ("{\"values\":[\"a\"],\"more\":1}".to_owned(), 400, "unknown-field"),
        ("{\"values\":[\"a\"".to_owned(), 400, "bad-json"),
        ("\0".to_owned(), 400, "bad-json"),
        (deep, 400, "bad-json"),
        (format!("{{\"values\":[\"{}\"]}}", "x".repeat(5 << 20)), 413, "too-large"),
    ] {
        let shown: String = body.chars().take(60).collect();
        let answer = node.call(Role::Read, "POST", "/api/v1/query", body).await;
        assert_eq!(answer.status.as_u16(), status, "{shown}: {}", answer.text());
        answer.problem(status, slug);
    }
    node.call_with(None, "POST", "/api/v1/query", "{}").await.problem(401, "no-token");
}

#[tokio::test]
async fn a_body_of_another_media_type_is_refused() {
    let node = TestNode::new();
    for (media_type, status) in [
        ("application/json", 200),
        ("Application/JSON; charset=utf-8", 200),
        ("text/csv", 415),
        ("application/x-www-form-urlencoded", 415),
    ] {
        let request = Request::post("/api/v1/query")
            .header(header::AUTHORIZATION, format!("Bearer {}", node.tokens[&Role::Read]))
            .header(header::CONTENT_TYPE, media_type)
            .body(Body::from("{\"values\":[\"a.example\"]}"))
            .unwrap();
        assert_eq!(node.send(request).await.status.as_u16(), status, "{media_type}");
    }
}
