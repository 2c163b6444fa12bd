//! Warning lists, held indicators and overrides, as the API has them.

use axum::http::StatusCode;
use overlap_store::Role;
use serde_json::{Value, json};

use crate::testing::TestNode;
use crate::testing::imports::{CARD, imported, items};

const ROWS: &str =
    "kind,value\nip,10.0.0.1\nip,8.8.8.8\ndomain,google.com\ndomain,shop.example\nurl,https://google.com/a\n";

async fn filled() -> (TestNode, Vec<Value>) {
    let node = TestNode::new();
    node.warn("8.8.8.8\n# nothing else\n");
    let report = imported(&node, "format=csv", ROWS).await;
    assert_eq!((&report["accepted"], &report["held"]), (&json!(5), &json!(3)));
    let items = items(&node).await;
    (node, items)
}

fn uri(item: &Value) -> String {
    format!("/api/v1/indicators/{}/override", item["id"].as_str().unwrap())
}

async fn held(node: &TestNode, filter: &str) -> Vec<String> {
    let page = node.get(&format!("/api/v1/indicators?held={filter}")).await.json();
    let items = page["items"].as_array().unwrap().clone();
    items.iter().map(|item| item["canonical"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_held_indicator_says_which_list_holds_it_and_who_may_override() {
    let (node, items) = filled().await;
    assert_eq!(items[0]["held"]["list"], "Private and reserved addresses");
    assert_eq!(items[0]["held"]["may_override"], "admin");
    assert!(items[0]["held"]["description"].as_str().unwrap().contains("private use"));
    assert_eq!(items[1]["held"]["list"], "Public DNS resolvers");
    assert_eq!(items[1]["held"]["also_on"], json!(["own"]));
    assert!(items[3]["held"].is_null() && items[4]["held"].is_null(), "no list of sites holds a URL");
    assert_eq!(held(&node, "true").await, ["10.0.0.1", "8.8.8.8", "google.com"]);
    assert_eq!(held(&node, "false").await, ["shop.example", "https://google.com/a"]);
    node.get("/api/v1/indicators?held=perhaps").await.problem(400, "bad-query");
    let id = items[1]["id"].as_str().unwrap();
    let shown = node.get(&format!("/api/v1/indicators/{id}")).await.json();
    assert_eq!(shown, items[1]);
}

#[tokio::test]
async fn the_lists_in_force_are_told_with_what_they_hold() {
    let (node, _) = filled().await;
    let lists = node.get("/api/v1/warning-lists").await.json();
    let told: Vec<_> =
        lists["items"].as_array().unwrap().iter().map(|list| (&list["id"], &list["held"])).collect();
    let ids = ["private-addresses", "public-resolvers", "top-sites", "own"].map(|id| json!(id));
    let counts = [1, 1, 1, 1].map(|held| json!(held));
    assert_eq!(told, ids.iter().zip(&counts).collect::<Vec<_>>());
    assert_eq!(lists["items"][2]["entries"], 998);
    assert_eq!(lists["items"][3]["type"], "text");
}

#[tokio::test]
async fn an_admin_overrides_and_takes_it_back() {
    let (node, items) = filled().await;
    let body = || json!({"reason": "a case"}).to_string();
    for role in [Role::Read, Role::Import, Role::Exchange] {
        node.call(role, "POST", &uri(&items[0]), body()).await.problem(403, "wrong-role");
        node.call(role, "DELETE", &uri(&items[0]), "").await.problem(403, "wrong-role");
    }
    node.call_with(None, "POST", &uri(&items[0]), body()).await.problem(401, "no-token");
    let item = node.call(Role::Admin, "POST", &uri(&items[0]), body()).await;
    assert_eq!(item.status, StatusCode::OK, "{}", item.text());
    let item = item.json();
    assert!(item["held"].is_null());
    assert_eq!(item["override"], json!({"by": "admin", "at": "2026-11-18T11:06:40Z", "reason": "a case"}));
    assert_eq!(held(&node, "true").await, ["8.8.8.8", "google.com"]);
    let listed = node.get("/api/v1/indicators?limit=1").await.json();
    assert_eq!(listed["items"][0], item);
    node.call(Role::Admin, "POST", &uri(&items[0]), body()).await.problem(409, "overridden");
    node.call(Role::Admin, "POST", &uri(&items[3]), body()).await.problem(409, "not-held");
    assert_eq!(node.call(Role::Admin, "DELETE", &uri(&items[0]), "").await.status, StatusCode::NO_CONTENT);
    node.call(Role::Admin, "DELETE", &uri(&items[0]), "").await.problem(404, "not-found");
    assert_eq!(held(&node, "true").await.len(), 3);
}

#[tokio::test]
async fn bad_overrides_are_refused_and_change_nothing() {
    let (node, items) = filled().await;
    let nobody = "/api/v1/indicators/00112233445566778899aabbccddeeff/override";
    let good = json!({"reason": "a case"}).to_string();
    node.call(Role::Admin, "POST", nobody, good.clone()).await.problem(404, "not-found");
    node.call(Role::Admin, "POST", "/api/v1/indicators/x/override", good).await.problem(404, "not-found");
    let long = "x".repeat(1_001);
    for (body, slug) in [
        (json!({"reason": ""}), "bad-value"),
        (json!({"reason": " \t"}), "bad-value"),
        (json!({"reason": long}), "bad-value"),
        (json!({"reason": format!("card {CARD}")}), "bad-value"),
        (json!({"reason": 7}), "bad-value"),
        (json!({}), "bad-value"),
        (json!({"reason": "a", "by": "root"}), "unknown-field"),
        (json!([]), "bad-json"),
    ] {
        let answer = node.call(Role::Admin, "POST", &uri(&items[0]), body.to_string()).await;
        let problem = answer.problem(400, slug);
        assert!(!problem.to_string().contains(CARD));
    }
    assert_eq!(held(&node, "true").await.len(), 3);
}
