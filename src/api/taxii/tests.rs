//! The server, called as clients call it.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use overlap_coalition::Timestamp;
use overlap_indicator::Facet;
use overlap_store::{ExchangeState, IndicatorFilter, PageRequest, Role, Store};
use serde_json::{Value, json};

use super::MEDIA_TYPE;
use crate::testing::{Answer, NOW, TestNode, exchange, member};

const ROOT: &str = "/taxii2/overlap/";
const OWN: &str = "/taxii2/overlap/collections/indicators/";
const OVERLAPS: &str = "/taxii2/overlap/collections/overlaps-payments/";

/// Routes, with an answer of whoever may call them.
const ROUTES: [(&str, &str, u16); 11] = [
    ("GET", "/taxii2/", 200),
    ("GET", "/taxii2/overlap/", 200),
    ("GET", "/taxii2/overlap/collections/", 200),
    ("GET", "/taxii2/overlap/collections/{collection}/", 200),
    ("GET", "/taxii2/overlap/collections/{collection}/objects/", 200),
    ("POST", "/taxii2/overlap/collections/{collection}/objects/", 415),
    ("GET", "/taxii2/overlap/collections/{collection}/manifest/", 200),
    ("GET", "/taxii2/overlap/collections/{collection}/objects/{object}/", 404),
    ("DELETE", "/taxii2/overlap/collections/{collection}/objects/{object}/", 403),
    ("GET", "/taxii2/overlap/collections/{collection}/objects/{object}/versions/", 404),
    ("GET", "/taxii2/overlap/status/{status}/", 404),
];

fn uri_of(path: &str) -> String {
    path.replace("{collection}", "indicators").replace("{object}", "none").replace("{status}", "none")
}

impl Answer {
    /// The resource, if the answer is one.
    #[track_caller]
    fn taxii(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        assert_eq!(self.headers[header::CONTENT_TYPE], MEDIA_TYPE);
        self.json()
    }

    /// The error message, if the answer is one of this status.
    #[track_caller]
    fn taxii_error(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.headers[header::CONTENT_TYPE], MEDIA_TYPE);
        let message = self.json();
        assert_eq!(message["http_status"], status.to_string());
        for member in ["title", "description", "error_code"] {
            assert!(message[member].is_string(), "{message}");
        }
        message
    }

    fn ids(&self) -> Vec<String> {
        members(&self.taxii()["objects"], "id")
    }

    fn date(&self, which: &str) -> String {
        self.headers[format!("x-taxii-date-added-{which}")].to_str().unwrap().to_owned()
    }
}

fn members(list: &Value, name: &str) -> Vec<String> {
    let items = list.as_array().cloned().unwrap_or_default();
    items.iter().map(|item| item[name].as_str().unwrap().to_owned()).collect()
}

/// A node with `rows` indicators, all of which `payments` holds.
async fn node_with(rows: usize) -> TestNode {
    let node = TestNode::new();
    overlap(&node, 1, 0..rows, Facet::Host).await;
    node
}

/// Imports domains, and finds all indicators that there are with `payments`.
async fn overlap(node: &TestNode, number: u8, rows: std::ops::Range<usize>, facet: Facet) {
    let text: String = rows.map(|row| format!("a{row}.example.org\n")).collect();
    node.import("format=txt&tlp=green", text).await;
    let all = PageRequest { limit: 10_000, after: None };
    let own = node.store.indicators(&IndicatorFilter::default(), &all).unwrap().rows;
    let found: Vec<_> = own.iter().map(|row| (row.id, facet)).collect();
    let record = exchange(number, ExchangeState::Running);
    node.store.begin_exchange(&record).unwrap();
    node.store.store_overlaps(&record, &found, Timestamp(NOW)).unwrap();
}

#[test]
fn the_router_has_the_paths_of_the_standard() {
    let node = TestNode::new();
    let table: BTreeSet<_> = node.table.iter().map(|route| (route.method, route.path.as_str())).collect();
    let of_taxii = table.into_iter().filter(|(_, path)| super::is_of_taxii(path)).collect::<BTreeSet<_>>();
    assert_eq!(of_taxii, ROUTES.iter().map(|(method, path, _)| (*method, *path)).collect());
}

#[tokio::test]
async fn every_role_reads_and_nobody_writes() {
    let node = TestNode::new();
    for (method, path, status) in ROUTES {
        let uri = uri_of(path);
        for token in node.tokens.values() {
            let answer = node.call_with(Some(token), method, &uri, Body::empty()).await;
            assert_eq!(answer.status.as_u16(), status, "{method} {path}");
            assert_eq!(answer.headers[header::CONTENT_TYPE], MEDIA_TYPE);
        }
        for token in [None, Some(""), Some("ovl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")] {
            let answer = node.call_with(token, method, &uri, Body::empty()).await;
            answer.taxii_error(401);
            assert!(answer.headers[header::WWW_AUTHENTICATE].to_str().unwrap().starts_with("Basic realm="));
        }
    }
}

fn request(node: &TestNode, method: &str, uri: &str) -> axum::http::request::Builder {
    let token = &node.tokens[&Role::Read];
    let basic = data_encoding::BASE64.encode(format!("analyst:{token}").as_bytes());
    Request::builder().method(method).uri(uri).header(header::AUTHORIZATION, format!("Basic {basic}"))
}

#[tokio::test]
async fn a_token_is_taken_as_the_password_of_http_basic_here_and_nowhere_else() {
    let node = TestNode::new();
    let send = |uri: &str| node.send(request(&node, "GET", uri).body(Body::empty()).unwrap());
    send("/taxii2/").await.taxii();
    send("/api/v1/status").await.problem(401, "no-token");
}

#[tokio::test]
async fn an_answer_that_is_not_acceptable_is_not_given() {
    let node = TestNode::new();
    for (method, path, _) in ROUTES {
        let of = request(&node, method, &uri_of(path)).header(header::ACCEPT, "application/json");
        node.send(of.body(Body::empty()).unwrap()).await.taxii_error(406);
    }
    for accept in ["application/taxii+json", "application/taxii+json; version=2.1", "*/*"] {
        let of = request(&node, "GET", "/taxii2/").header(header::ACCEPT, accept);
        node.send(of.body(Body::empty()).unwrap()).await.taxii();
    }
}

#[tokio::test]
async fn objects_that_are_sent_are_refused_for_the_first_thing_that_is_wrong() {
    let node = TestNode::new();
    let post = |media: &'static str, length: &'static str| {
        let of = request(&node, "POST", "/taxii2/overlap/collections/indicators/objects/");
        let of = of.header(header::CONTENT_TYPE, media).header(header::CONTENT_LENGTH, length);
        node.send(of.body(Body::empty()).unwrap())
    };
    post("application/json", "2").await.taxii_error(415);
    post("application/taxii+json;version=2.0", "2").await.taxii_error(415);
    post("application/taxii+json;version=2.1", "1048577").await.taxii_error(413);
    post("application/taxii+json;version=2.1", "2").await.taxii_error(403);
}

#[tokio::test]
async fn other_paths_and_methods_are_told_in_the_form_of_the_standard() {
    let node = TestNode::new();
    for path in [
        "/taxii2/nothing/",
        "/taxii2/overlap/collections/nothing/",
        "/taxii2/overlap/collections/overlaps-nobody/objects/",
    ] {
        node.get(path).await.taxii_error(404);
    }
    let answer = node.call(Role::Admin, "PUT", ROOT, "").await;
    answer.taxii_error(405);
    assert!(answer.headers[header::ALLOW].to_str().unwrap().contains("GET"));
    for (untidy, tidy) in [
        ("/taxii2", "/taxii2/"),
        ("/taxii2/overlap//collections/?a=b", "/taxii2/overlap/collections/?a=b"),
        ("/taxii2/overlap", "/taxii2/overlap/"),
    ] {
        let answer = node.get(untidy).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.headers[header::LOCATION]),
            (308, &tidy.parse().unwrap())
        );
    }
    node.get("/taxii2x").await.problem(404, "not-found");
}

#[tokio::test]
async fn the_server_its_root_and_its_collections_are_described() {
    let node = node_with(1).await;
    let discovery = node.get("/taxii2/").await.taxii();
    assert_eq!(discovery["default"], ROOT);
    assert_eq!(discovery["api_roots"], json!([ROOT]));
    let root = node.get(ROOT).await.taxii();
    assert_eq!(root["versions"], json!([MEDIA_TYPE]));
    assert!(root["max_content_length"].as_u64().unwrap() > 0);
    let all = node.get("/taxii2/overlap/collections/").await.taxii();
    assert_eq!(members(&all["collections"], "alias"), ["indicators", "overlaps-payments"]);
    for collection in all["collections"].as_array().unwrap() {
        let id = collection["id"].as_str().unwrap();
        assert_eq!(uuid::Uuid::parse_str(id).unwrap().get_version_num(), 4);
        for name in [id, collection["alias"].as_str().unwrap()] {
            assert_eq!(node.get(&format!("{ROOT}collections/{name}/")).await.taxii(), *collection);
        }
        assert_eq!((&collection["can_read"], &collection["can_write"]), (&json!(true), &json!(false)));
    }
}

#[tokio::test]
async fn a_collection_without_rows_is_empty() {
    let node = TestNode::new();
    for collection in [OWN, OVERLAPS] {
        for part in ["objects/", "manifest/"] {
            let answer = node.get(&format!("{collection}{part}")).await;
            assert_eq!(answer.taxii(), json!({}));
            assert!(!answer.headers.contains_key("x-taxii-date-added-first"));
        }
    }
}

#[tokio::test]
async fn overlaps_are_told_with_all_that_they_refer_to() {
    let node = node_with(2).await;
    let answer = node.get(&format!("{OVERLAPS}objects/")).await;
    let page = answer.taxii();
    let types = members(&page["objects"], "type");
    let mut expected = vec!["extension-definition", "identity", "identity"];
    expected.extend(["marking-definition"; 5]);
    expected.extend(["indicator", "sighting", "indicator", "sighting"]);
    assert_eq!(types, expected);
    assert_eq!((&page["more"], &page["next"]), (&json!(false), &Value::Null));
    let ids: BTreeSet<String> = answer.ids().into_iter().collect();
    for object in page["objects"].as_array().unwrap() {
        for reference in ["created_by_ref", "sighting_of_ref"] {
            assert!(object[reference].as_str().is_none_or(|id| ids.contains(id)), "{object}");
        }
        for references in ["where_sighted_refs", "object_marking_refs"] {
            let all = object[references].as_array().into_iter().flatten();
            assert!(all.into_iter().all(|id| ids.contains(id.as_str().unwrap())), "{object}");
        }
    }
    assert_eq!(page["objects"][8]["pattern"], "[domain-name:value = 'a0.example.org']");
    let sighting = &page["objects"][9];
    assert_eq!(sighting["sighting_of_ref"], page["objects"][8]["id"]);
    assert_eq!(sighting["where_sighted_refs"], json!([page["objects"][2]["id"]]));
    assert_eq!(page["objects"][2]["name"], "payments");
    let own = node.get(&format!("{OWN}objects/?match[type]=indicator")).await.taxii();
    assert_eq!(own["objects"], json!([page["objects"][8], page["objects"][10]]), "one id has one content");
    let again = node.get(&format!("{OVERLAPS}objects/")).await;
    assert_eq!(again.body, answer.body);
}

#[tokio::test]
async fn a_second_facet_is_a_second_sighting_of_the_same_indicator() {
    let node = node_with(2).await;
    overlap(&node, 2, 0..3, Facet::Site).await;
    let all = node.get(&format!("{OVERLAPS}objects/?match[type]=indicator,sighting")).await;
    let types = members(&all.taxii()["objects"], "type");
    let expected =
        ["indicator", "sighting", "indicator", "sighting", "sighting", "sighting", "indicator", "sighting"];
    assert_eq!(types, expected);
    assert_eq!(all.ids().iter().collect::<BTreeSet<_>>().len(), 8);
    let only = node.get(&format!("{OVERLAPS}objects/?match[type]=indicator&limit=2")).await.taxii();
    let next = only["next"].as_str().unwrap();
    let rest = node.get(&format!("{OVERLAPS}objects/?match[type]=indicator&limit=2&next={next}")).await;
    assert_eq!((rest.ids().len(), &rest.taxii()["more"]), (1, &json!(false)));
}

/// Reads all pages of a list; between pages `meanwhile` is done.
async fn read_all(node: &TestNode, uri: &str, limit: usize, by: &str) -> Vec<String> {
    let (mut ids, mut from) = (Vec::new(), String::new());
    loop {
        let answer = node.get(&format!("{uri}?limit={limit}{from}")).await;
        let page = answer.taxii();
        ids.extend(answer.ids());
        if page["more"] != json!(true) {
            assert_eq!(page["next"], Value::Null);
            return ids;
        }
        assert_eq!(answer.ids().len(), limit);
        let next = page["next"].as_str().unwrap();
        from = match by {
            "next" => format!("&next={next}"),
            "both" => format!("&next={next}&added_after=2020-01-01T00:00:00Z"),
            _ => format!("&added_after={}", answer.date("last")),
        };
    }
}

#[tokio::test]
async fn pages_hold_each_object_once_whatever_their_length() {
    let node = node_with(40).await;
    for collection in [OWN, OVERLAPS] {
        let whole = node.get(&format!("{collection}objects/")).await.ids();
        for part in ["objects/", "manifest/"] {
            for (limit, by) in
                [(1, "next"), (7, "next"), (9, "both"), (10, "added_after"), (3, "added_after")]
            {
                let read = read_all(&node, &format!("{collection}{part}"), limit, by).await;
                assert_eq!(read, whole, "{collection}{part} by {by}, {limit} at a time");
            }
        }
    }
}

#[tokio::test]
async fn the_manifest_says_when_and_pages_say_from_when_to_when() {
    let node = node_with(5).await;
    let manifest = node.get(&format!("{OVERLAPS}manifest/")).await;
    let objects = node.get(&format!("{OVERLAPS}objects/")).await;
    let page = manifest.taxii();
    let dates = members(&page["objects"], "date_added");
    assert!(dates.is_sorted_by(|a, b| a < b), "{dates:?}");
    assert!(dates.iter().all(|date| date.len() == "2026-11-18T11:06:40.000000Z".len()));
    assert_eq!(manifest.ids(), objects.ids());
    for (record, object) in
        page["objects"].as_array().unwrap().iter().zip(objects.taxii()["objects"].as_array().unwrap())
    {
        let version = object.get("modified").unwrap_or(&object["created"]);
        assert_eq!(
            (&record["version"], &record["media_type"]),
            (version, &json!("application/stix+json;version=2.1"))
        );
    }
    for answer in [manifest, objects] {
        assert_eq!(
            (answer.date("first"), answer.date("last")),
            (dates[0].clone(), dates[dates.len() - 1].clone())
        );
    }
}

#[tokio::test]
async fn filters_hold_together() {
    let node = node_with(3).await;
    let all = node.get(&format!("{OVERLAPS}objects/?match[type]=indicator,sighting")).await;
    let (ids, objects) = (all.ids(), all.taxii()["objects"].clone());
    let ask = async |query: &str| node.get(&format!("{OVERLAPS}objects/?{query}")).await;
    let two = format!("match[id]={},{},identity--none", ids[3], ids[0]);
    assert_eq!(ask(&two).await.ids(), [ids[0].clone(), ids[3].clone()]);
    assert_eq!(ask(&format!("{two}&match[type]=sighting")).await.ids(), [ids[3].clone()]);
    let first = ask(&format!("{two}&limit=1")).await.taxii();
    let next = first["next"].as_str().unwrap();
    assert_eq!(ask(&format!("{two}&limit=1&next={next}")).await.ids(), [ids[3].clone()]);
    let modified = objects[1]["modified"].as_str().unwrap();
    let sightings = [ids[1].clone(), ids[3].clone(), ids[5].clone()];
    assert_eq!(ask(&format!("match[version]={modified}")).await.ids(), sightings);
    for (query, expected) in [
        ("match[type]=identity", 2),
        ("match[type]=marking-definition,extension-definition", 6),
        ("match[type]=malware", 0),
        ("match[version]=all", 14),
        ("match[version]=first,last", 14),
        ("match[version]=2001-01-01T00:00:00Z", 0),
        ("match[spec_version]=2.0", 0),
        ("match[spec_version]=2.0,2.1", 14),
        ("added_after=2099-01-01T00:00:00.000000Z", 0),
        ("added_after=1999-01-01T00:00:00Z&match[type]=sighting", 3),
        ("match%5Btype%5D=sighting", 3),
    ] {
        assert_eq!(ask(query).await.ids().len(), expected, "{query}");
    }
}

#[tokio::test]
async fn a_malformed_query_is_refused_everywhere() {
    let node = node_with(1).await;
    let id = node.get(&format!("{OWN}objects/?match[type]=indicator")).await.ids()[0].clone();
    for part in ["objects/", "manifest/", &format!("objects/{id}/"), &format!("objects/{id}/versions/")] {
        for query in ["limit=0", "limit=-1", "limit=x", "added_after=now", "next=x", "limit=1&limit=1"] {
            let answer = node.get(&format!("{OWN}{part}?{query}")).await;
            assert_eq!(answer.taxii_error(400)["error_code"], "bad-query", "{part}?{query}");
        }
    }
}

#[tokio::test]
async fn an_object_is_found_by_its_id_with_its_versions() {
    let node = node_with(300).await;
    let ids = read_all(&node, &format!("{OVERLAPS}objects/"), 100, "next").await;
    for id in ids.iter().step_by(29).chain(&ids[..8]) {
        let only = std::slice::from_ref(id);
        let uri = format!("{OVERLAPS}objects/{id}/");
        let answer = node.get(&uri).await;
        assert_eq!(answer.ids(), only);
        assert_eq!(answer.date("first"), answer.date("last"));
        let object = answer.taxii()["objects"][0].clone();
        let version = object.get("modified").unwrap_or(&object["created"]).as_str().unwrap().to_owned();
        let versions = node.get(&format!("{uri}versions/")).await;
        assert_eq!(versions.taxii()["versions"], json!([version]));
        assert_eq!(versions.date("first"), answer.date("last"));
        assert_eq!(node.get(&format!("{uri}?match[version]={version}")).await.ids(), only);
        let other = "?match[version]=2001-01-01T00:00:00Z";
        assert_eq!(node.get(&format!("{uri}{other}")).await.taxii(), json!({}));
        assert_eq!(node.get(&format!("{uri}versions/?match[spec_version]=2.0")).await.taxii(), json!({}));
    }
    let own = node.get(&format!("{OWN}objects/?limit=9&match[type]=indicator")).await.ids();
    assert_eq!(node.get(&format!("{OWN}objects/{}/", own[8])).await.ids(), [own[8].clone()]);
    for unknown in [
        "indicator--00000000-0000-5000-8000-000000000000",
        &own[0].to_uppercase(),
        &own[0].replace("indicator", "sighting"),
        "%00",
        "x",
    ] {
        for rest in ["", "versions/", "?match[version]=all"] {
            node.get(&format!("{OVERLAPS}objects/{unknown}/{rest}")).await.taxii_error(404);
        }
    }
}

#[tokio::test]
async fn pages_that_are_read_while_overlaps_arrive_hold_each_object_once() {
    let node = node_with(10).await;
    let (mut ids, mut next, mut number) = (Vec::new(), String::new(), 2_u8);
    loop {
        let answer = node.get(&format!("{OVERLAPS}objects/?limit=7{next}")).await;
        ids.extend(answer.ids());
        if number < 8 {
            let rows = usize::from(number) * 10;
            overlap(&node, number, rows..rows + 10, Facet::Host).await;
            number += 1;
        }
        let page = answer.taxii();
        match page["next"].as_str() {
            Some(cursor) => next = format!("&next={cursor}"),
            None => break,
        }
    }
    assert_eq!(ids, node.get(&format!("{OVERLAPS}objects/")).await.ids());
    assert_eq!(ids.len(), 8 + 2 * 70);
}

#[tokio::test]
async fn a_withdrawn_indicator_leaves_the_own_and_not_the_overlaps() {
    let node = node_with(3).await;
    let before = node.get(&format!("{OWN}objects/?match[type]=indicator")).await.ids();
    let body = json!({"values": [{"value": "a0.example.org"}]});
    node.call(Role::Import, "POST", "/api/v1/indicators/withdraw", body.to_string()).await;
    let after = node.get(&format!("{OWN}objects/?match[type]=indicator")).await.ids();
    assert_eq!(after, before[1..]);
    node.get(&format!("{OWN}objects/{}/", before[0])).await.taxii_error(404);
    assert_eq!(node.get(&format!("{OVERLAPS}objects/{}/", before[0])).await.ids(), [before[0].clone()]);
    assert_eq!(node.store.overlap_peers(), [member("payments")]);
}

#[tokio::test]
async fn the_document_describes_every_route_with_its_media_type() {
    let node = TestNode::new();
    let document = node.call_with(None, "GET", "/api/v1/openapi.json", "").await.json();
    for (method, path, status) in ROUTES {
        let operation = &document["paths"][path][method.to_lowercase()];
        assert_eq!(operation["security"], json!([{"token": ["read"]}, {"taxii": ["read"]}]), "{path}");
        let responses = operation["responses"].as_object().unwrap();
        for status in [status.to_string().as_str(), "400", "401", "404", "406", "500"] {
            assert!(responses[status]["content"][MEDIA_TYPE].is_object(), "{method} {path} {status}");
        }
    }
}
