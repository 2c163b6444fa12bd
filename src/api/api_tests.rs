//! The routes, their roles and their answers.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::body::Body;
use axum::http::{StatusCode, header};
use overlap_coalition::{DocumentKind, EngineName, Refusal, RefusalCode, SignedDocument, SigningKey};
use overlap_store::{ExchangeState, Role, Store};
use serde_json::{Value, json};

use crate::StartRefused;
use crate::access::Access;
use crate::misp::is_of_misp;
use crate::taxii::is_of_taxii;
use crate::testing::{TestNode, exchange, member};

/// The contract: every route and who may call it. Those of TAXII and of MISP have tests of their own.
const ROUTES: [(&str, &str, Option<Role>); 36] = [
    ("GET", "/api/v1/health", None),
    ("GET", "/api/v1/ready", None),
    ("GET", "/api/v1/openapi.json", None),
    ("GET", "/metrics", Some(Role::Read)),
    ("GET", "/api/v1/status", Some(Role::Read)),
    ("POST", "/api/v1/imports", Some(Role::Import)),
    ("GET", "/api/v1/indicators", Some(Role::Read)),
    ("GET", "/api/v1/indicators/{id}", Some(Role::Read)),
    ("DELETE", "/api/v1/indicators/{id}", Some(Role::Import)),
    ("POST", "/api/v1/indicators/{id}/override", Some(Role::Admin)),
    ("DELETE", "/api/v1/indicators/{id}/override", Some(Role::Admin)),
    ("POST", "/api/v1/query", Some(Role::Read)),
    ("GET", "/api/v1/warning-lists", Some(Role::Read)),
    ("POST", "/api/v1/indicators/withdraw", Some(Role::Import)),
    ("GET", "/api/v1/indicators/{id}/sightings", Some(Role::Read)),
    ("POST", "/api/v1/indicators/{id}/sightings", Some(Role::Import)),
    ("POST", "/api/v1/exchanges", Some(Role::Exchange)),
    ("GET", "/api/v1/exchanges", Some(Role::Read)),
    ("GET", "/api/v1/exchanges/{id}", Some(Role::Read)),
    ("GET", "/api/v1/overlaps", Some(Role::Read)),
    ("GET", "/api/v1/events", Some(Role::Read)),
    ("GET", "/api/v1/events/list", Some(Role::Read)),
    ("GET", "/api/v1/webhooks", Some(Role::Read)),
    ("GET", "/api/v1/webhooks/{name}/dead-letters", Some(Role::Read)),
    ("POST", "/api/v1/webhooks/{name}/dead-letters/send", Some(Role::Admin)),
    ("POST", "/api/v1/webhooks/{name}/dead-letters/{event}/send", Some(Role::Admin)),
    ("DELETE", "/api/v1/webhooks/{name}/dead-letters/{event}", Some(Role::Admin)),
    ("GET", "/api/v1/peers", Some(Role::Read)),
    ("GET", "/api/v1/receipts", Some(Role::Read)),
    ("GET", "/api/v1/receipts/{exchange}", Some(Role::Read)),
    ("GET", "/api/v1/audit", Some(Role::Admin)),
    ("GET", "/api/v1/audit/head", Some(Role::Admin)),
    ("GET", "/api/v1/audit/verify", Some(Role::Admin)),
    ("GET", "/api/v1/tokens", Some(Role::Admin)),
    ("POST", "/api/v1/tokens", Some(Role::Admin)),
    ("DELETE", "/api/v1/tokens/{name}", Some(Role::Admin)),
];

/// What the contract lets the holder of a role do.
pub(crate) fn is_allowed(held: Role, needed: Role) -> bool {
    held == Role::Admin || held == needed || needed == Role::Read
}

#[test]
fn the_router_has_the_routes_of_the_contract() {
    let node = TestNode::new();
    let table: BTreeSet<_> = node
        .table
        .iter()
        .filter(|route| !is_of_taxii(&route.path) && !is_of_misp(&route.path))
        .map(|route| match route.access {
            Access::Open => (route.method, route.path.as_str(), None),
            Access::Role(role) => (route.method, route.path.as_str(), Some(role)),
        })
        .collect();
    assert_eq!(table, BTreeSet::from(ROUTES));
}

#[tokio::test]
async fn every_route_takes_its_role_and_no_less() {
    let node = TestNode::new();
    for (method, path, needed) in ROUTES {
        let uri = path.replace("{id}", "none").replace("{exchange}", "none").replace("{name}", "none");
        // An answer that is refused ends.
        let uri = if uri == "/api/v1/events" { format!("{uri}?after=none") } else { uri };
        for (role, token) in &node.tokens {
            let answer = node.call_with(Some(token), method, &uri, Body::empty()).await;
            match needed {
                Some(needed) if !is_allowed(*role, needed) => {
                    answer.problem(403, "wrong-role");
                }
                _ => assert!(
                    ![401, 403, 405].contains(&answer.status.as_u16()),
                    "{method} {path} as {role:?}: {}",
                    answer.status
                ),
            }
        }
        for token in [None, Some(""), Some("ovl_x"), Some("ovl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
        {
            let answer = node.call_with(token, method, &uri, Body::empty()).await;
            if needed.is_some() {
                answer.problem(401, "no-token");
                assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
            } else {
                assert_eq!(answer.status, StatusCode::OK);
            }
        }
    }
}

#[tokio::test]
async fn unknown_routes_and_methods_are_problems() {
    let node = TestNode::new();
    for path in ["/", "/api/v1", "/api/v1/nothing", "/api/v2/status", "/api/v1/status/"] {
        node.get(path).await.problem(404, "not-found");
    }
    node.call(Role::Admin, "PUT", "/api/v1/status", "").await.problem(405, "method-not-allowed");
    node.call(Role::Admin, "DELETE", "/api/v1/exchanges", "").await.problem(405, "method-not-allowed");
    node.get("/api/v1/indicators/%FF").await.problem(404, "not-found");
}

#[tokio::test]
async fn queries_are_checked() {
    let node = TestNode::new();
    for uri in [
        "/api/v1/indicators?limit=0",
        "/api/v1/indicators?limit=1001",
        "/api/v1/indicators?limit=many",
        "/api/v1/indicators?kind=4111111111111111",
        "/api/v1/indicators?knid=url",
        "/api/v1/overlaps?peer=No%20Such",
        "/api/v1/exchanges/07070707070707070707070707070707?wait=61",
        "/api/v1/receipts?limit=-1",
    ] {
        let problem = node.get(uri).await.problem(400, "bad-query");
        assert!(!problem.to_string().contains("4111"), "{problem}");
    }
    let problem = node.get("/api/v1/indicators?kind=domian").await.problem(400, "bad-query");
    assert!(problem["detail"].as_str().unwrap().contains("`domain`"), "{problem}");
    node.get("/api/v1/indicators?after=nonsense").await.problem(400, "bad-cursor");
}

#[tokio::test]
async fn bodies_are_checked() {
    let node = TestNode::new();
    let begin = |body: String| node.call(Role::Exchange, "POST", "/api/v1/exchanges", body);
    begin("{".into()).await.problem(400, "bad-json");
    begin("[\"payments\"]".into()).await.problem(400, "bad-json");
    let problem = begin(r#"{"peer":"payments","purpos":"x"}"#.into()).await.problem(400, "unknown-field");
    assert!(problem["detail"].as_str().unwrap().contains("`purpos`"), "{problem}");
    for body in [
        json!({}),
        json!({"peer": 7}),
        json!({"peer": "payments", "mode": "count"}),
        json!({"peer": "payments", "engine": "gc"}),
        json!({"peer": "payments", "purpose": "x".repeat(257)}),
    ] {
        begin(body.to_string()).await.problem(400, "bad-value");
    }
    let long = json!({"peer": "payments", "case": "x".repeat(crate::request::MAX_JSON_BYTES)});
    begin(long.to_string()).await.problem(413, "too-large");
}

#[tokio::test]
async fn health_readiness_and_status_tell_the_node() {
    let node = TestNode::new();
    let health = node.call_with(None, "GET", "/api/v1/health", "").await;
    assert_eq!(health.json(), json!({"status": "ok"}));
    let ready = node.call_with(None, "GET", "/api/v1/ready", "").await;
    assert_eq!((ready.status, ready.json()), (StatusCode::OK, json!({"ready": true})));
    *node.daemon.ready.lock().unwrap() = false;
    let ready = node.call_with(None, "GET", "/api/v1/ready", "").await;
    assert_eq!((ready.status, ready.json()), (StatusCode::SERVICE_UNAVAILABLE, json!({"ready": false})));
    node.import("format=txt", "example.org\nhttp://example.net/a\n").await;
    let status = node.get("/api/v1/status").await.json();
    assert_eq!(status["member"], "police");
    assert_eq!(status["roster_expires"], "2026-11-19T11:06:40Z");
    assert_eq!(status["indicators"], json!({"domain": 1, "url": 1}));
    assert_eq!(status["exchanges"], 0);
}

#[tokio::test]
async fn metrics_count_calls_by_route() {
    let node = TestNode::new();
    node.get("/api/v1/exchanges/07070707070707070707070707070707").await.problem(404, "not-found");
    let text = node.get("/metrics").await.text();
    let line = "overlapd_http_requests_total{method=\"GET\",route=\"/api/v1/exchanges/{id}\",status=\"404\"}";
    assert!(text.contains(line), "{text}");
    assert!(text.contains("overlapd_roster_version 3"), "{text}");
}

#[tokio::test]
async fn indicators_are_paged_shown_and_withdrawn() {
    let node = TestNode::new();
    node.import("format=txt&source=list-1", "a.example.org\nb.example.org\nhttp://c.example.org/\n").await;
    let first = node.get("/api/v1/indicators?limit=2").await.json();
    let values: Vec<&str> =
        first["items"].as_array().unwrap().iter().filter_map(|i| i["value"].as_str()).collect();
    assert_eq!(values, ["a.example.org", "b.example.org"]);
    let next = first["next"].as_str().unwrap();
    let second = node.get(&format!("/api/v1/indicators?limit=2&after={next}")).await.json();
    assert_eq!(second["items"][0]["canonical"], "http://c.example.org/");
    assert_eq!(second["next"], Value::Null);
    let urls = node.get("/api/v1/indicators?kind=url").await.json();
    assert_eq!(urls["items"].as_array().unwrap().len(), 1);

    let id = first["items"][0]["id"].as_str().unwrap();
    let uri = format!("/api/v1/indicators/{id}");
    assert_eq!(node.get(&uri).await.json()["source"], "list-1");
    assert_eq!(node.call(Role::Import, "DELETE", &uri, "").await.status, StatusCode::NO_CONTENT);
    node.get(&uri).await.problem(404, "not-found");
    node.call(Role::Import, "DELETE", &uri, "").await.problem(404, "not-found");

    let body = json!({"values": [{"value": "B.example[.]org"}, {"kind": "domain", "value": "b.example.org."},
        {"value": "nobody.example.org"}, {"value": ""}], "ids": [id, "nonsense"]});
    let uri = "/api/v1/indicators/withdraw";
    let answer = node.call(Role::Import, "POST", uri, body.to_string()).await;
    assert_eq!(answer.json(), json!({"withdrawn": 1, "unknown": 4}));
    let body = json!({"values": [{"kind": "nonsense", "value": "x"}]});
    node.call(Role::Import, "POST", uri, body.to_string()).await.problem(400, "bad-value");
}

#[tokio::test]
async fn an_exchange_is_begun_or_refused() {
    let node = TestNode::new();
    let begin = |body: Value| node.call(Role::Exchange, "POST", "/api/v1/exchanges", body.to_string());
    let asked =
        json!({"peer": "payments", "mode": "overlap", "engine": "voprf", "purpose": "p", "case": "c"});
    let answer = begin(asked).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(answer.json(), json!({"exchange": "07".repeat(16)}));
    assert_eq!(answer.headers[header::LOCATION], format!("/api/v1/exchanges/{}", "07".repeat(16)));
    let ask = node.daemon.asked.lock().unwrap().pop().unwrap();
    assert_eq!((ask.peer, ask.engine), (member("payments"), Some(EngineName::Voprf)));
    assert_eq!((ask.purpose.as_deref(), ask.case_reference.as_str()), (Some("p"), "c"));

    let payments = || json!({"peer": "payments", "engine": "auto"});
    let refusal = Refusal::retry_in(RefusalCode::ExchangesToday, "\u{202e}<b>tomorrow</b>", 60);
    *node.daemon.answer.lock().unwrap() = Err(StartRefused::Policy(refusal));
    let answer = begin(payments()).await;
    let problem = answer.problem(409, "refused");
    assert_eq!((&problem["code"], &problem["retry_after"]), (&json!("exchanges-today"), &json!(60)));
    assert_eq!(problem["detail"], "\u{202e}<b>tomorrow</b>");
    assert_eq!(answer.headers[header::RETRY_AFTER], "60");
    *node.daemon.answer.lock().unwrap() = Err(StartRefused::Unreachable("timed out".into()));
    begin(payments()).await.problem(502, "unreachable");
    *node.daemon.answer.lock().unwrap() = Err(StartRefused::Internal("disk".into()));
    let problem = begin(payments()).await.problem(500, "internal");
    assert!(!problem.to_string().contains("disk"));
    *node.daemon.answer.lock().unwrap() = Err(StartRefused::UnknownPeer);
    begin(payments()).await.problem(404, "unknown-peer");
    begin(json!({"peer": "No Such"})).await.problem(404, "unknown-peer");
}

#[tokio::test]
async fn records_of_exchanges_are_listed_and_shown() {
    let node = TestNode::new();
    for (id, state) in
        [(1, ExchangeState::Completed), (2, ExchangeState::Refused), (3, ExchangeState::Running)]
    {
        node.store.begin_exchange(&exchange(id, state)).unwrap();
    }
    let list = node.get("/api/v1/exchanges?peer=payments").await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 3);
    assert_eq!(list["items"][0]["exchange"], "03".repeat(16), "the newest first");
    assert!(node.get("/api/v1/exchanges?peer=hotline").await.json()["items"].as_array().unwrap().is_empty());

    let refused = node.get(&format!("/api/v1/exchanges/{}", "02".repeat(16))).await.json();
    let failure = json!({"code": "exchanges-today", "by": "peer", "sentence": "<script>no more today</script>", "retry_after": 60});
    assert_eq!((&refused["failure"], &refused["progress"]), (&failure, &Value::Null));
    let running = node.get(&format!("/api/v1/exchanges/{}", "03".repeat(16))).await;
    assert!(running.text().contains(r#""seconds":{"total":0.5,"engine":0.25}"#), "{}", running.text());
    assert_eq!(running.json()["progress"], json!({"phase": "engine", "done": 3, "total": 8}));
    // What moved since the record was written is told too, and only while it runs.
    let bytes = |exchange: &Value| [exchange["bytes_sent"].clone(), exchange["bytes_received"].clone()];
    assert_eq!(bytes(&running.json()), [json!(1_000), json!(2_000)]);
    assert_eq!(bytes(&refused), [json!(10), json!(20)]);
    assert_eq!(running.json()["ended"], Value::Null);
}

#[tokio::test]
async fn a_call_can_wait_for_an_exchange_to_end() {
    let node = TestNode::new();
    node.store.begin_exchange(&exchange(7, ExchangeState::Running)).unwrap();
    let uri = format!("/api/v1/exchanges/{}?wait=60", "07".repeat(16));
    let end = async {
        tokio::task::yield_now().await;
        node.store.update_exchange(&exchange(7, ExchangeState::Completed)).unwrap();
        node.daemon.ended.notify_one();
    };
    let (answer, ()) = tokio::join!(tokio::time::timeout(Duration::from_secs(50), node.get(&uri)), end);
    assert_eq!(answer.unwrap().json()["state"], "completed");
}

#[tokio::test]
async fn receipts_are_found_among_exchanges() {
    let node = TestNode::new();
    let keys = [[1; 32], [2; 32]].map(|seed| SigningKey::from_seed(&seed).unwrap());
    for id in 1..=5 {
        let mut record = exchange(id, ExchangeState::Completed);
        if id % 2 == 1 {
            let mut receipt = SignedDocument::new(DocumentKind::Receipt, vec![id; 3], &keys[0]);
            if id > 1 {
                receipt.signatures.push(keys[1].sign(DocumentKind::Receipt, &[id; 3]));
            }
            record.receipt = Some(receipt);
        }
        node.store.begin_exchange(&record).unwrap();
    }
    let first = node.get("/api/v1/receipts?limit=2").await.json();
    let exchanges: Vec<&str> =
        first["items"].as_array().unwrap().iter().filter_map(|i| i["exchange"].as_str()).collect();
    assert_eq!(exchanges, ["05".repeat(16), "03".repeat(16)]);
    assert_eq!(first["items"][0]["document"], "BQUF");
    assert_eq!(first["items"][0]["complete"], true);
    let next = first["next"].as_str().unwrap();
    let second = node.get(&format!("/api/v1/receipts?limit=2&after={next}")).await.json();
    assert_eq!(second["items"].as_array().unwrap().len(), 1);
    assert_eq!(second["items"][0]["complete"], false);
    assert_eq!(second["next"], Value::Null);
    node.get(&format!("/api/v1/receipts/{}", "02".repeat(16))).await.problem(404, "not-found");
    let one = node.get(&format!("/api/v1/receipts/{}", "01".repeat(16))).await.json();
    assert_eq!(one["signatures"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn partners_are_listed_with_their_agreements() {
    let peers = TestNode::new().get("/api/v1/peers").await.json();
    let peer = &peers["items"][0];
    assert_eq!((&peer["peer"], &peer["status"]), (&json!("payments"), &json!("active")));
    assert_eq!(
        (&peer["next_exchange"], &peer["every_seconds"]),
        (&json!("2026-11-18T11:07:40Z"), &json!(3_600))
    );
    assert_eq!(peer["agreement"]["kinds"], json!(["url", "domain"]));
    assert_eq!(peer["agreement"]["learns"], "police");
    assert_eq!(peer["agreement"]["engine"], "vole");
    assert_eq!(peer["agreement"]["hash"].as_str().unwrap().len(), 64);
}

#[tokio::test]
async fn a_token_works_from_its_making_to_its_revocation() {
    let node = TestNode::new();
    let make = |body: Value| node.call(Role::Admin, "POST", "/api/v1/tokens", body.to_string());
    let made = make(json!({"name": "siem", "roles": ["read", "import", "read"]})).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let made = made.json();
    assert_eq!(made["roles"], json!(["read", "import"]));
    let token = made["token"].as_str().unwrap();
    assert_eq!(node.call_with(Some(token), "GET", "/api/v1/status", "").await.status, StatusCode::OK);
    let list = node.call(Role::Admin, "GET", "/api/v1/tokens", "").await;
    assert!(list.text().contains("siem") && !list.text().contains(token));

    make(json!({"name": "siem", "roles": ["read"]})).await.problem(409, "name-taken");
    make(json!({"name": "", "roles": ["read"]})).await.problem(400, "bad-value");
    make(json!({"name": "x", "roles": []})).await.problem(400, "bad-value");
    make(json!({"name": "x", "roles": ["root"]})).await.problem(400, "bad-value");

    let revoked = node.call(Role::Admin, "DELETE", "/api/v1/tokens/siem", "").await;
    assert_eq!(revoked.status, StatusCode::NO_CONTENT);
    node.call_with(Some(token), "GET", "/api/v1/status", "").await.problem(401, "no-token");
    node.call(Role::Admin, "DELETE", "/api/v1/tokens/siem", "").await.problem(404, "not-found");
}

#[tokio::test]
async fn the_document_describes_exactly_the_routes() {
    let node = TestNode::new();
    let document = node.call_with(None, "GET", "/api/v1/openapi.json", "").await.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    serde_json::from_value::<utoipa::openapi::OpenApi>(document.clone()).unwrap();
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(path, _)| !is_of_taxii(path) && !is_of_misp(path))
    {
        for (method, operation) in methods.as_object().unwrap() {
            described.insert((method.to_uppercase(), path.clone()));
            check_operation(path, method, operation);
        }
    }
    let routes = ROUTES.map(|(method, path, _)| (method.to_owned(), path.to_owned()));
    assert_eq!(described, BTreeSet::from(routes));
    let scheme = &document["components"]["securitySchemes"]["token"];
    assert_eq!((&scheme["type"], &scheme["scheme"]), (&json!("http"), &json!("bearer")));
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        assert!(document.pointer(reference.strip_prefix('#').unwrap()).is_some(), "{reference}");
    }
}

fn check_operation(path: &str, method: &str, operation: &Value) {
    let (_, _, role) =
        *ROUTES.iter().find(|(known, at, _)| known.eq_ignore_ascii_case(method) && *at == path).unwrap();
    let security = role.map_or(json!([]), |role| json!([{"token": [role.as_str()]}]));
    assert_eq!(operation["security"], security, "{method} {path}");
    // To send something again is said by the path alone.
    let has_body = method == "post" && !path.ends_with("/send");
    assert_eq!(operation["requestBody"].is_object(), has_body, "{method} {path}");
    let responses = operation["responses"].as_object().unwrap();
    assert!(responses.keys().any(|status| status.starts_with('2')), "{method} {path}");
    for (status, response) in responses {
        let has_content = response["content"].is_object();
        assert!(has_content || status == "204", "{method} {path} {status}");
    }
    assert!(operation["summary"].is_string(), "{method} {path}");
}

fn collect_references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| collect_references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, found)),
        _ => (),
    }
}
