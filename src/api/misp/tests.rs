//! The API, called as clients of MISP call it.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use overlap_coalition::{ExchangeId, Timestamp};
use overlap_indicator::Facet;
use overlap_store::{ExchangeState, IndicatorFilter, PageRequest, Role, Store};
use serde_json::{Value, json};

use crate::testing::imports::{CARD, imported, items};
use crate::testing::{Answer, NOW, TestNode, exchange, member};

/// Routes, each with the role that it takes and an answer of whoever may call it.
const ROUTES: [(&str, &str, Role, u16); 21] = [
    ("GET", "/misp/servers/getVersion", Role::Read, 200),
    ("GET", "/misp/users/view/me", Role::Read, 200),
    ("GET", "/misp/attributes/describeTypes", Role::Read, 200),
    ("GET", "/misp/tags/index", Role::Read, 200),
    ("POST", "/misp/tags/search", Role::Read, 200),
    ("POST", "/misp/attributes/restSearch", Role::Read, 200),
    ("GET", "/misp/attributes/view/{attribute}", Role::Read, 404),
    ("POST", "/misp/events/restSearch", Role::Read, 200),
    ("GET", "/misp/events/index", Role::Read, 200),
    ("POST", "/misp/events/index", Role::Read, 200),
    ("GET", "/misp/events/view/{event}", Role::Read, 404),
    ("POST", "/misp/events/view/{event}", Role::Read, 404),
    ("POST", "/misp/warninglists/checkValue", Role::Read, 400),
    ("GET", "/misp/warninglists/index", Role::Read, 200),
    ("GET", "/misp/warninglists/view/{list}", Role::Read, 404),
    ("POST", "/misp/sightings/add", Role::Import, 404),
    ("POST", "/misp/sightings/add/{attribute}", Role::Import, 404),
    ("POST", "/misp/sightings/restSearch", Role::Read, 200),
    ("POST", "/misp/sightings/restSearch/{context}", Role::Read, 200),
    ("POST", "/misp/sightings/listSightings", Role::Read, 200),
    ("POST", "/misp/sightings/index", Role::Read, 200),
];

impl Answer {
    /// Asserts that this is an error of MISP's, whole, and returns its message.
    #[track_caller]
    fn misp_error(&self, status: u16, path: &str) -> String {
        let error = self.json();
        assert_eq!(self.status.as_u16(), status, "{error}");
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/json");
        assert_eq!(error["url"], path);
        assert!(error["name"].is_string());
        let message = error["message"].as_str().unwrap().to_owned();
        assert_ne!(message, "You do not have permission to do that.");
        message
    }

    #[track_caller]
    fn found(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        self.json()["response"].clone()
    }

    #[track_caller]
    fn values(&self) -> Vec<String> {
        texts(&self.found()["Attribute"], "value")
    }
}

fn texts(list: &Value, name: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|item| item[name].as_str().unwrap().to_owned()).collect()
}

async fn post(node: &TestNode, path: &str, body: Value) -> Answer {
    node.call(Role::Read, "POST", &format!("/misp/{path}"), body.to_string()).await
}

async fn search(node: &TestNode, body: Value) -> Answer {
    post(node, "attributes/restSearch", body).await
}

/// Finds all indicators that there are with a partner.
fn overlap_all(node: &TestNode, number: u8, peer: &str, at: u64) {
    let all = PageRequest { limit: 10_000, after: None };
    let own = node.store.indicators(&IndicatorFilter::default(), &all).unwrap().rows;
    let found: Vec<_> = own.iter().map(|row| (row.id, row.kind.facets()[0])).collect();
    let mut record = exchange(number, ExchangeState::Running);
    record.peer = member(peer);
    node.store.begin_exchange(&record).unwrap();
    node.store.store_overlaps(&record, &found, Timestamp(at)).unwrap();
}

async fn add_domains(node: &TestNode, rows: std::ops::Range<usize>) {
    let text: String = rows.map(|row| format!("a{row}.example.org\n")).collect();
    node.import("format=txt&tlp=green&source=list", text).await;
}

/// A node with an indicator of several types, which `payments` holds since ten days and `hotline` since today.
async fn node_with_some() -> TestNode {
    let node = TestNode::new();
    let rows = "kind,value,tlp\n\
        url,https://www.example.org/a,green\n\
        domain,example.org,red\n\
        ip,192.0.2.7,green\n\
        onion,duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion,amber\n\
        wallet,btc:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa,clear\n\
        wallet,bch:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa,clear\n\
        merchant,visa:439972/CLOVE2618,amber\n\
        file-hash,d41d8cd98f00b204e9800998ecf8427e,amber\n\
        file-hash,da39a3ee5e6b4b0d3255bfef95601890afd80709,amber\n";
    node.import("format=csv", rows).await;
    overlap_all(&node, 1, "payments", NOW - 10 * 86_400);
    overlap_all(&node, 2, "hotline", NOW);
    node
}

#[tokio::test]
async fn every_route_takes_its_role_and_tells_errors_in_the_form_of_misp() {
    let node = TestNode::new();
    let table: BTreeSet<_> = node.table.iter().map(|route| (route.method, route.path.as_str())).collect();
    let of_misp: BTreeSet<_> = table.into_iter().filter(|(_, path)| super::is_of_misp(path)).collect();
    assert_eq!(of_misp, ROUTES.iter().map(|(method, path, ..)| (*method, *path)).collect());
    for (method, path, needed, status) in ROUTES {
        let uri = path
            .replace("{event}", "7")
            .replace("{attribute}", "7")
            .replace("{context}", "event")
            .replace("{list}", "999");
        for (role, token) in &node.tokens {
            let answer = node.call_with(Some(token), method, &uri, Body::empty()).await;
            if needed == Role::Read || *role == needed || *role == Role::Admin {
                assert_eq!(answer.status.as_u16(), status, "{method} {path}: {}", answer.text());
            } else {
                answer.misp_error(403, &uri);
            }
        }
        for token in [None, Some(""), Some("ovl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")] {
            node.call_with(token, method, &uri, Body::empty()).await.misp_error(401, &uri);
        }
        node.call(Role::Admin, "DELETE", &uri, Body::empty()).await.misp_error(405, &uri);
    }
    for path in ["/misp", "/misp/", "/misp/events/add", "/misp/nothing"] {
        node.get(path).await.misp_error(404, path);
    }
}

#[tokio::test]
async fn the_document_describes_every_route_and_every_error() {
    let node = TestNode::new();
    let document = node.call_with(None, "GET", "/api/v1/openapi.json", "").await.json();
    for (method, path, role, _) in ROUTES {
        let operation = &document["paths"][path][method.to_lowercase()];
        assert_eq!(operation["security"], json!([{"token": [role.as_str()]}]), "{method} {path}");
        assert_eq!(operation["requestBody"].is_object(), method == "POST", "{method} {path}");
        for status in ["400", "401", "403", "404", "413", "500"] {
            let schema = &operation["responses"][status]["content"]["application/json"]["schema"];
            assert_eq!(schema["$ref"], "#/components/schemas/MispError", "{method} {path} {status}");
        }
    }
}

#[tokio::test]
async fn a_token_is_taken_without_a_scheme_here_and_nowhere_else() {
    let node = TestNode::new();
    let token = node.tokens[&Role::Read].clone();
    let send = |name: &str, value: &str, uri: &str| {
        node.send(Request::builder().uri(uri).header(name, value).body(Body::empty()).unwrap())
    };
    for name in ["authorization", "x-misp-auth"] {
        assert_eq!(send(name, &token, "/misp/servers/getVersion.json").await.status, StatusCode::OK);
    }
    send("authorization", &token, "/api/v1/status").await.problem(401, "no-token");
    let version = node.get("/misp/servers/getVersion").await.json();
    assert!(version["version"].as_str().unwrap().split('.').all(|part| part.parse::<u32>().is_ok()));
    assert_eq!(node.get("/misp/users/view/me.json").await.json()["User"]["email"], "read");
}

#[tokio::test]
async fn overlaps_are_attributes_of_events() {
    let node = node_with_some().await;
    let all = search(&node, json!({})).await.found();
    let all = all["Attribute"].as_array().unwrap();
    assert_eq!(all.len(), 18);
    let types: Vec<&str> = all[..9].iter().map(|item| item["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["url", "domain", "ip-dst", "onion-address", "btc", "text", "text", "md5", "sha1"]);
    assert_eq!(all[4]["value"], "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa");
    assert_eq!(all[6]["value"], "visa:439972/CLOVE2618");
    assert_eq!(
        texts(&all[0]["Tag"], "name"),
        ["tlp:amber+strict", "overlapd:kind=\"url\"", "overlapd:facet=\"url\""]
    );
    assert_eq!(texts(&all[1]["Tag"], "name")[0], "tlp:red");
    let numbers: Vec<u64> = all.iter().map(|item| item["id"].as_str().unwrap().parse().unwrap()).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]));
    let events = node.get("/misp/events/index").await.json();
    assert_eq!(texts(&events, "info"), ["Overlaps with payments", "Overlaps with hotline"]);
    assert_eq!(texts(&events, "date"), ["2026-11-08", "2026-11-18"]);
    for event in events.as_array().unwrap() {
        for name in ["id", "uuid"] {
            let uri = format!("/misp/events/view/{}", event[name].as_str().unwrap());
            let whole = node.get(&uri).await.json();
            assert_eq!(whole["Event"]["uuid"], event["uuid"]);
            assert_eq!(whole["Event"]["Attribute"].as_array().unwrap().len(), 9);
            let posted = node.call(Role::Read, "POST", &format!("{uri}/noSightings:1"), "{}").await;
            assert_eq!(posted.json(), whole);
            assert_eq!(node.call(Role::Read, "HEAD", &uri, "").await.status, StatusCode::OK);
        }
    }
    let mut first = all[0].clone();
    first["Sighting"] = json!([]);
    for name in ["id", "uuid"] {
        let uri = format!("/misp/attributes/view/{}.json", first[name].as_str().unwrap());
        assert_eq!(node.get(&uri).await.json()["Attribute"], first);
    }
    node.get("/misp/events/view/0").await.misp_error(404, "/misp/events/view/0");
    node.get("/misp/attributes/view/x").await.misp_error(404, "/misp/attributes/view/x");
}

#[tokio::test]
async fn attributes_say_what_may_be_done_with_them() {
    let node = node_with_some().await;
    let import = r#"{"Event":{"Tag":[{"name":"PAP:RED"}],"Attribute":[{"type":"domain","value":"example.org","to_ids":true}]}}"#;
    node.import("format=misp", import).await;
    let found = search(&node, json!({"tags": "PAP:RED"})).await.found();
    let attributes = found["Attribute"].as_array().unwrap();
    assert_eq!(attributes.len(), 2);
    for attribute in attributes {
        assert_eq!(attribute["value"], "example.org");
        let tags: Vec<_> = attribute["Tag"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
        assert_eq!(tags, ["tlp:red", "PAP:RED", "overlapd:kind=\"domain\"", "overlapd:facet=\"host\""]);
    }
    let found = search(&node, json!({"tags": "!PAP:RED"})).await.found();
    assert_eq!(found["Attribute"].as_array().unwrap().len(), 16);
}

#[tokio::test]
async fn filters_mean_what_they_mean_in_misp() {
    let node = node_with_some().await;
    for (body, expected) in [
        (json!({"value": "hxxps://WWW.example[.]org/a#b"}), 2),
        (json!({"value": ["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"]}), 2),
        (json!({"value": "bch:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"}), 2),
        (json!({"value": "%example.org%"}), 4),
        (json!({"value": "!%example.org%"}), 14),
        (json!({"value": {"OR": ["example.org", "192.0.2.7"]}}), 4),
        (json!({"value": "nobody.example"}), 0),
        (json!({"type": ["url", "domain"]}), 4),
        (json!({"type": "md5"}), 2),
        (json!({"type": "!text"}), 14),
        (json!({"type": "hostname"}), 0),
        (json!({"category": "Financial fraud"}), 2),
        (json!({"category": "Network activity"}), 8),
        (json!({"tags": "overlapd:peer=\"payments\""}), 9),
        (json!({"tags": ["overlapd:kind=\"ip\"", "overlapd:kind=\"url\""]}), 4),
        (json!({"tags": "tlp:red"}), 2),
        (json!({"tags": {"AND": ["tlp:red", "overlapd:peer=\"hotline\""]}}), 1),
        (json!({"tags": "!tlp:red"}), 16),
        (json!({"tags": "tlp:white"}), 0),
        (json!({"eventid": 2}), 9),
        (json!({"eventid": ["1", "2"]}), 18),
        (json!({"eventid": "!1"}), 9),
        (json!({"eventinfo": "%hotline"}), 9),
        (json!({"org": "police"}), 18),
        (json!({"org": "payments"}), 0),
        (json!({"from": "2026-11-09"}), 9),
        (json!({"to": "2026-11-08"}), 9),
        (json!({"from": "2026-11-08", "to": "2026-11-08"}), 9),
        (json!({"timestamp": "5d"}), 9),
        (json!({"publish_timestamp": ["11d", "9d"]}), 9),
        (json!({"last": 1}), 18),
        (json!({"to_ids": 1, "published": true, "deleted": [0, 1]}), 18),
        (json!({"to_ids": 0}), 0),
        (json!({"published": false}), 0),
        (json!({"deleted": true}), 0),
        (json!({"searchall": "CLOVE"}), 2),
        (json!({"searchall": "hotline"}), 9),
        (json!({"value": "example.org", "type": "url"}), 0),
        (json!({"value": "example.org", "eventid": 1}), 1),
        (json!({"withAttachments": 0, "metadata": 0, "enforceWarninglist": 0, "includeUnheardOf": 7}), 18),
        (json!({"threat_level_id": [1, 4], "analysis": 2, "distribution": 0}), 18),
        (json!({"date": "2026-11-08"}), 9),
        (json!({"attribute": "example.org"}), 2),
        (json!({"event_ids": [1]}), 9),
        (json!({"request": {"type": "url"}}), 2),
    ] {
        let found = search(&node, body.clone()).await.values();
        assert_eq!(found.len(), expected, "{body}: {found:?}");
    }
    let text = search(&node, json!({"type": "ip-dst", "returnFormat": "text"})).await;
    assert_eq!(
        (text.text().as_str(), &text.headers[header::CONTENT_TYPE]),
        ("192.0.2.7\n192.0.2.7\n", &"text/plain; charset=utf-8".parse().unwrap())
    );
}

#[tokio::test]
async fn what_cannot_be_read_or_is_never_met_finds_nothing() {
    let node = node_with_some().await;
    for body in [
        json!({"value": []}),
        json!({"value": ""}),
        json!({"type": {"XOR": ["url"]}}),
        json!({"timestamp": "yesterday"}),
        json!({"limit": -1}),
        json!({"page": "x", "limit": 5}),
        json!({"object_name": "file"}),
        json!({"unheardOf": 7}),
        json!({"threatlevel": [1]}),
        json!({"analysis": 0}),
        json!({"distribution": 3}),
        json!({"date": "2020-01-01"}),
        json!({"deleted": [1]}),
        json!({"hasproposal": true}),
        json!({"sharing_group_id": 3}),
        json!({"first_seen": "2020-01-01"}),
    ] {
        let found = search(&node, body.clone()).await.values();
        assert_eq!(found.len(), 0, "{body}: {found:?}");
    }
}

#[tokio::test]
async fn attributes_and_events_are_named_by_their_uuids() {
    let node = node_with_some().await;
    let all = search(&node, json!({"type": "url", "includeEventTags": 1})).await.found();
    let [first, second] = all["Attribute"].as_array().unwrap().as_slice() else { panic!("{all}") };
    assert_eq!(texts(&first["Tag"], "name").last().unwrap(), "overlapd:peer=\"payments\"");
    let found = search(&node, json!({"uuid": [second["uuid"], first["uuid"]]})).await.values();
    assert_eq!(found.len(), 2);
    let event = first["Event"]["uuid"].clone();
    assert_eq!(search(&node, json!({"uuid": event})).await.values().len(), 9);
    assert_eq!(search(&node, json!({"eventid": event})).await.values().len(), 9);
    assert_eq!(search(&node, json!({"event_uuid": event})).await.values().len(), 9);
    assert_eq!(search(&node, json!({"uuid": "no uuid"})).await.values().len(), 0);
    let events = |body: Value| post(&node, "events/restSearch", body);
    let found = events(json!({"value": "example.org", "eventid": 2})).await.found();
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(found[0]["Event"]["Attribute"].as_array().unwrap().len(), 9, "an event is told whole");
    for (body, expected) in [
        (json!({}), vec!["1", "2"]),
        (json!({"limit": 1, "page": 2}), vec!["2"]),
        (json!({"limit": 1, "page": 3}), vec![]),
        (json!({"tags": "overlapd:peer=\"hotline\""}), vec!["2"]),
        (json!({"type": "md5"}), vec!["1", "2"]),
        (json!({"value": "%nowhere%"}), vec![]),
        (json!({"timestamp": "1d"}), vec!["2"]),
    ] {
        let found = events(json!({"metadata": true, "includeX": 1}).as_object().unwrap().iter().fold(
            body.clone(),
            |mut body, (name, value)| {
                body[name] = value.clone();
                body
            },
        ))
        .await
        .found();
        let ids: Vec<&str> =
            found.as_array().unwrap().iter().map(|item| item["Event"]["id"].as_str().unwrap()).collect();
        assert_eq!(ids, expected, "{body}");
        assert!(found.as_array().unwrap().iter().all(|item| item["Event"].get("Attribute").is_none()));
    }
    let listed = post(&node, "events/index", json!({"limit": 1, "page": 2})).await.json();
    assert_eq!(texts(&listed, "id"), ["2"]);
    assert_eq!(node.get("/misp/events/index/limit:1/page:1").await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn pages_neither_skip_nor_repeat_while_overlaps_arrive() {
    let node = TestNode::new();
    add_domains(&node, 0..700).await;
    overlap_all(&node, 1, "payments", NOW);
    for filter in [json!({}), json!({"value": "%example.org"}), json!({"tags": "!tlp:red"})] {
        let (mut values, mut page) = (Vec::new(), 1);
        loop {
            let mut body = filter.clone();
            (body["page"], body["limit"]) = (json!(page), json!(130));
            let found = search(&node, body).await.values();
            if found.is_empty() {
                break;
            }
            values.extend(found);
            if page == 2 {
                let rows = items(&node).await.len();
                add_domains(&node, rows..rows + 100).await;
                overlap_all(&node, rows as u8, "hotline", NOW - 1_000);
            }
            page += 1;
        }
        let ids = search(&node, filter.clone()).await.found();
        assert_eq!(values, texts(&ids["Attribute"], "value"), "{filter}");
    }
}

#[tokio::test]
async fn an_answer_without_a_limit_is_whole_in_parts() {
    let node = TestNode::new();
    add_domains(&node, 0..2_300).await;
    overlap_all(&node, 1, "payments", NOW);
    let all = search(&node, json!({"returnFormat": "json"})).await.values();
    assert_eq!(all.len(), 2_300);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 2_300);
    let text = search(&node, json!({"returnFormat": "text"})).await.text();
    assert_eq!(text.lines().collect::<Vec<_>>(), all);
    let event = node.get("/misp/events/view/1").await.json();
    assert_eq!(texts(&event["Event"]["Attribute"], "value"), all);
    let found = post(&node, "events/restSearch", json!({})).await.found();
    assert_eq!(texts(&found[0]["Event"]["Attribute"], "value"), all);
}

#[tokio::test]
async fn hostile_bodies_are_refused_and_nothing_is_done() {
    let node = node_with_some().await;
    let deep = format!("{{\"value\":{}{}}}", "[".repeat(1_000), "]".repeat(1_000));
    let long = format!("{{\"value\":\"{}\"}}", "x".repeat(crate::request::MAX_JSON_BYTES));
    for path in [
        "attributes/restSearch",
        "events/restSearch",
        "sightings/add",
        "sightings/restSearch",
        "tags/search",
        "events/view/1",
    ] {
        let uri = format!("/misp/{path}");
        for (body, status) in
            [("[]", 400), ("{", 400), ("\u{0}", 400), ("7", 400), (deep.as_str(), 400), (long.as_str(), 413)]
        {
            node.call(Role::Admin, "POST", &uri, body.to_owned()).await.misp_error(status, &uri);
        }
    }
    for format in ["csv", "stix2", "xml"] {
        let uri = "/misp/attributes/restSearch";
        let answer = search(&node, json!({"returnFormat": format})).await;
        assert!(answer.misp_error(400, uri).contains("returnFormat"));
    }
    let many = json!({"value": vec!["a"; 10_001]});
    assert_eq!(search(&node, many).await.values().len(), 0);
    let refused = json!({"value": CARD, "source": CARD});
    let answer = node.call(Role::Import, "POST", "/misp/sightings/add", refused.to_string()).await;
    assert!(!answer.misp_error(400, "/misp/sightings/add").contains(CARD));
    assert_eq!(search(&node, json!({"value": CARD})).await.values().len(), 0);
}

async fn sight(node: &TestNode, body: Value) -> Answer {
    node.call(Role::Import, "POST", "/misp/sightings/add", body.to_string()).await
}

#[tokio::test]
async fn sightings_are_added_by_value_number_and_uuid() {
    let node = node_with_some().await;
    let url = search(&node, json!({"type": "url"})).await.found()["Attribute"][0].clone();
    let added = sight(
        &node,
        json!({"value": "hxxps://www.example.org/a", "type": "0", "source": "proxy", "timestamp": NOW + 5}),
    )
    .await;
    let sighting = added.json()["Sighting"].clone();
    assert_eq!(
        (&sighting["attribute_uuid"], &sighting["type"], &sighting["source"]),
        (&url["uuid"], &json!("0"), &json!("proxy"))
    );
    for body in [
        json!({"uuid": url["uuid"], "timestamp": "2026-10-01"}),
        json!({"id": url["id"], "timestamp": (NOW - 9).to_string()}),
    ] {
        assert_eq!(sight(&node, body).await.json()["Sighting"]["attribute_id"], url["id"]);
    }
    let uri = format!("/misp/sightings/add/{}", url["uuid"].as_str().unwrap());
    let body = json!({"type": 2, "date": "2030-01-01", "time": "12:00:00"}).to_string();
    assert_eq!(node.call(Role::Import, "POST", &uri, body).await.status, StatusCode::OK);
    let own = items(&node).await;
    assert_eq!(own[0]["first_seen"], "2026-10-01T00:00:00Z");
    assert_eq!(own[0]["last_seen"], "2026-11-18T11:06:45Z");
    assert_eq!(own[0]["expires"], "2030-01-01T12:00:00Z");
    let both = sight(
        &node,
        json!({"values": ["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "192.0.2.7", "nobody.example"], "type": 1}),
    )
    .await;
    assert!(both.json()["message"].as_str().unwrap().starts_with("2 sightings"), "{}", both.text());
    assert_eq!(items(&node).await[2]["expires"], Value::Null, "a false positive is a statement");
    let listed = |body: Value| post(&node, "sightings/listSightings", body);
    assert_eq!(
        texts(&listed(json!({"context": "attribute", "id": url["uuid"]})).await.json(), "type"),
        ["0", "0", "0", "2"]
    );
    assert_eq!(listed(json!({"context": "event", "id": 2})).await.json().as_array().unwrap().len(), 6);
    assert_eq!(listed(json!({"context": "event", "id": 9})).await.json(), json!([]));
    let with = json!({"returnFormat": "json", "id": url["id"], "includeAttribute": 1, "includeEvent": true});
    let found = post(&node, "sightings/restSearch/attribute", with).await.found();
    assert_eq!(found.as_array().unwrap().len(), 3, "since 30 days: {found}");
    assert_eq!(found[0]["Sighting"]["Attribute"]["uuid"], url["uuid"]);
    assert_eq!(found[0]["Sighting"]["Event"]["id"], "1");
    let positives = post(&node, "sightings/restSearch", json!({"type": "1"})).await.found();
    assert_eq!(positives.as_array().unwrap().len(), 2);
    assert_eq!(post(&node, "sightings/index", json!({})).await.json().as_array().unwrap().len(), 6);
    let beside = search(&node, json!({"type": "url", "includeSightings": 1})).await.found();
    assert_eq!(beside["Attribute"][1]["Sighting"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn sightings_that_speak_of_nothing_here_are_refused() {
    let node = node_with_some().await;
    for (body, status) in [
        (json!({"value": "nobody.example"}), 404),
        (json!({"uuid": "00000000-0000-4000-8000-000000000000"}), 404),
        (json!({"id": 7}), 404),
        (json!({"values": []}), 404),
        (json!({"values": [7]}), 400),
        (json!({}), 404),
        (json!({"uuid": null, "id": null, "type": null}), 404),
        (json!({"value": "example.org", "type": 3}), 400),
        (json!({"value": "example.org", "type": "met"}), 400),
        (json!({"value": "example.org", "timestamp": "soon"}), 400),
        (json!({"value": "example.org", "source": "x".repeat(256)}), 400),
    ] {
        sight(&node, body).await.misp_error(status, "/misp/sightings/add");
    }
    assert_eq!(post(&node, "sightings/index", json!({})).await.json(), json!([]));
}

#[tokio::test]
async fn sightings_of_the_nodes_own_api() {
    let node = node_with_some().await;
    let id = items(&node).await[1]["id"].as_str().unwrap().to_owned();
    let uri = format!("/api/v1/indicators/{id}/sightings");
    let add = |body: Value| node.call(Role::Import, "POST", &uri, body.to_string());
    let added = add(json!({"says": "seen", "at": "2026-11-02T00:00:00Z", "source": "<b>gate</b>"})).await;
    assert_eq!(added.status, StatusCode::CREATED);
    assert_eq!(added.json()["source"], "<b>gate</b>");
    assert_eq!(add(json!({"says": "false-positive"})).await.json()["at"], "2026-11-18T11:06:40Z");
    for body in [
        json!({"says": "met"}),
        json!({"says": "seen", "at": "soon"}),
        json!({"says": "seen", "source": "x".repeat(256)}),
    ] {
        add(body).await.problem(400, "bad-value");
    }
    add(json!({"says": "seen", "by": "me"})).await.problem(400, "unknown-field");
    let first = node.get(&format!("{uri}?limit=1")).await.json();
    assert_eq!(texts(&first["items"], "says"), ["seen"]);
    let next = first["next"].as_str().unwrap();
    let second = node.get(&format!("{uri}?limit=1&after={next}")).await.json();
    assert_eq!(
        (texts(&second["items"], "says"), &second["next"]),
        (vec!["false-positive".to_owned()], &Value::Null)
    );
    let unknown = uri.replace(&id, &"0".repeat(32));
    node.get(&unknown).await.problem(404, "not-found");
    node.call(Role::Import, "POST", &unknown, json!({"says": "seen"}).to_string())
        .await
        .problem(404, "not-found");
    node.call(Role::Read, "POST", &uri, json!({"says": "seen"}).to_string()).await.problem(403, "wrong-role");
}

#[tokio::test]
async fn what_is_told_is_read_back_as_what_it_was() {
    let node = node_with_some().await;
    let event = node.get("/misp/events/view/1").await.text();
    let found = search(&node, json!({})).await.text();
    for told in [event, found] {
        let report = imported(&node, "format=misp", told.clone()).await;
        assert_eq!((&report["accepted"], &report["rejected"]), (&json!(0), &json!([])), "{report}");
        let other = TestNode::new();
        imported(&other, "format=misp", told).await;
        let of = |items: Vec<Value>| -> Vec<Value> {
            items.iter().map(|item| item["canonical"].clone()).collect()
        };
        assert_eq!(of(items(&other).await), of(items(&node).await));
    }
}

#[tokio::test]
async fn an_exchange_that_finds_nothing_new_is_no_event() {
    let node = node_with_some().await;
    let mut record = exchange(9, ExchangeState::Running);
    record.id = ExchangeId([9; 16]);
    node.store.begin_exchange(&record).unwrap();
    let own =
        node.store.indicators(&IndicatorFilter::default(), &PageRequest { limit: 1, after: None }).unwrap();
    node.store.store_overlaps(&record, &[(own.rows[0].id, Facet::Url)], Timestamp(NOW)).unwrap();
    assert_eq!(node.get("/misp/events/index").await.json().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn warning_lists_are_asked_and_told() {
    let node = node_with_some().await;
    node.warn("example.org\n192.0.2.0/24\n");
    let check = |body: Value| post(&node, "warninglists/checkValue", body);
    let hits =
        check(json!(["Example[.]org", "192.0.2.7", "a.example.org", "https://example.org/"])).await.json();
    assert_eq!(hits.as_object().unwrap().keys().collect::<Vec<_>>(), ["192.0.2.7", "Example[.]org"]);
    let own = hits["Example[.]org"].as_array().unwrap().last().unwrap();
    assert_eq!((&own["name"], &own["matched"]), (&json!("own"), &json!("example.org")));
    assert_eq!(check(json!("192.0.2.7")).await.json().as_object().unwrap().len(), 1);
    assert_eq!(check(json!([])).await.json(), json!({}));
    for bad in [json!({}), json!([7]), json!(7), json!(vec!["a"; 10_001])] {
        check(bad).await.misp_error(400, "/misp/warninglists/checkValue");
    }
    let lists = node.get("/misp/warninglists/index").await.json();
    let list = &lists["Warninglists"][3]["Warninglist"];
    assert_eq!((&list["id"], &list["warninglist_entry_count"]), (&own["id"], &json!("2")));
    assert_eq!(node.get("/misp/warninglists/view/4").await.json()["Warninglist"], *list);
    for none in ["0", "5", "x"] {
        let uri = format!("/misp/warninglists/view/{none}");
        node.get(&uri).await.misp_error(404, &uri);
    }
    let found = search(&node, json!({"enforceWarninglist": true})).await.values();
    assert_eq!(found.len(), 14, "{found:?}");
    let found = search(&node, json!({"type": ["ip-dst", "md5"], "includeWarninglistHits": 1})).await.found();
    let warned = |at: usize| found["Attribute"][at]["warnings"].as_array().unwrap().len();
    assert!(warned(0) > 0 && warned(1) == 0, "{found}");
}
