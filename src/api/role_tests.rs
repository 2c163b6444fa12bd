//! Every route that names something, on one that there is: made by another token, and by none.

use std::collections::BTreeSet;

use axum::body::Body;
use overlap_coalition::{PublicKey, Signature, SignedDocument};
use overlap_indicator::Facet;
use overlap_store::{ExchangeState, IndicatorFilter, PageRequest, Role, Store, TokenRecord};
use serde_json::json;

use crate::access::{Access, new_token};
use crate::api_tests::is_allowed;
use crate::misp::is_of_misp;
use crate::taxii::is_of_taxii;
use crate::testing::{NOW, TestNode, exchange};

/// A call on an object, the role that may make it, and what it answers then.
struct Case {
    method: &'static str,
    route: &'static str,
    needed: Role,
    status: u16,
    body: fn() -> serde_json::Value,
}

const fn case(method: &'static str, route: &'static str, needed: Role, status: u16) -> Case {
    Case { method, route, needed, status, body: || serde_json::Value::Null }
}

fn cases() -> Vec<Case> {
    use Role::{Admin, Import, Read};
    vec![
        case("GET", "/api/v1/indicators/{id}", Read, 200),
        case("DELETE", "/api/v1/indicators/{id}", Import, 204),
        Case {
            body: || json!({"reason": "checked"}),
            ..case("POST", "/api/v1/indicators/{held}/override", Admin, 200)
        },
        case("DELETE", "/api/v1/indicators/{overridden}/override", Admin, 204),
        case("GET", "/api/v1/indicators/{id}/sightings", Read, 200),
        Case {
            body: || json!({"says": "seen"}),
            ..case("POST", "/api/v1/indicators/{id}/sightings", Import, 201)
        },
        case("GET", "/api/v1/exchanges/{exchange}", Read, 200),
        case("GET", "/api/v1/receipts/{exchange}", Read, 200),
        case("DELETE", "/api/v1/tokens/{name}", Admin, 204),
    ]
}

/// A node with one of each thing, made by the role's own token or by another.
async fn filled(maker: Option<Role>) -> TestNode {
    let node = TestNode::new();
    node.warn("held.example\noverridden.example\n");
    let token = maker.map_or_else(
        || {
            let (token, hash) = new_token(&mut rand::rng());
            let roles = vec![Role::Admin];
            node.store
                .add_token(
                    &TokenRecord { name: "stranger".into(), hash, roles, made: NOW },
                    &overlap_store::By::daemon(overlap_coalition::Timestamp(NOW)),
                )
                .unwrap();
            token
        },
        |role| node.tokens[&role].clone(),
    );
    let rows = "kind,value\ndomain,free.example\ndomain,held.example\ndomain,overridden.example\n";
    let answer = node.call_with(Some(&token), "POST", "/api/v1/imports?format=csv", rows).await;
    assert_eq!(answer.json()["accepted"], 3, "{}", answer.text());
    let path = path_of(&node, "/api/v1/indicators/{overridden}/override");
    let answer = node.call_with(Some(&token), "POST", &path, json!({"reason": "known"}).to_string()).await;
    assert_eq!(answer.status, 200);
    let mut record = exchange(1, ExchangeState::Completed);
    let signature = Signature { key: PublicKey([1; 32]), bytes: [1; 64] };
    record.receipt = Some(SignedDocument { bytes: vec![1; 10], signatures: vec![signature] });
    node.store.begin_exchange(&record).unwrap();
    let free = id_of(&node, "free.example");
    node.store.store_overlaps(&record, &[(free, Facet::Host)], overlap_coalition::Timestamp(NOW)).unwrap();
    node
}

fn id_of(node: &TestNode, canonical: &str) -> overlap_store::IndicatorId {
    let page = PageRequest { limit: 10, after: None };
    let rows = node.store.indicators(&IndicatorFilter::default(), &page).unwrap().rows;
    rows.iter().find(|row| row.canonical.reveal() == canonical).unwrap().id
}

fn path_of(node: &TestNode, route: &str) -> String {
    let id = |name: &str| id_of(node, name).to_string();
    let mut path = route.to_owned();
    for (part, canonical) in
        [("{id}", "free.example"), ("{held}", "held.example"), ("{overridden}", "overridden.example")]
    {
        if path.contains(part) {
            path = path.replace(part, &id(canonical));
        }
    }
    path.replace("{exchange}", &"01".repeat(16)).replace("{name}", "read")
}

/// Who is refused changes nothing: whoever may do it afterwards finds it undone.
#[tokio::test]
async fn a_role_does_what_it_may_with_what_it_made_and_with_what_others_made() {
    for Case { method, route, needed, status, body } in cases() {
        for role in Role::ALL {
            // Only an administrator's token can make all of them.
            for maker in [None, Some(Role::Admin)] {
                let node = filled(maker).await;
                let path = path_of(&node, route);
                let text = body().to_string();
                for stranger in [None, Some("ovl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")] {
                    node.call_with(stranger, method, &path, text.clone()).await.problem(401, "no-token");
                }
                let answer = node.call(role, method, &path, text.clone()).await;
                if is_allowed(role, needed) {
                    assert_eq!(answer.status, status, "{method} {route} as {role:?}: {}", answer.text());
                } else {
                    answer.problem(403, "wrong-role");
                    let answer = node.call(Role::Admin, method, &path, Body::from(text)).await;
                    assert_eq!(answer.status, status, "{method} {route} after {role:?}: {}", answer.text());
                }
            }
        }
    }
}

#[test]
fn the_cases_have_every_route_that_names_something() {
    let node = TestNode::new();
    let named: BTreeSet<_> = node
        .table
        .iter()
        .filter(|route| route.path.contains('{') && matches!(route.access, Access::Role(_)))
        // TAXII, MISP and webhooks have their own tests, on what there is.
        .filter(|route| {
            !is_of_taxii(&route.path) && !is_of_misp(&route.path) && !route.path.contains("webhooks")
        })
        .map(|route| (route.method, route.path.clone()))
        .collect();
    let cases = cases();
    let mine: BTreeSet<_> = cases
        .iter()
        .map(|case| (case.method, case.route.replace("{held}", "{id}").replace("{overridden}", "{id}")))
        .map(|(method, route)| match route.starts_with("/api/v1/exchanges/") {
            true => (method, route.replace("{exchange}", "{id}")),
            false => (method, route),
        })
        .collect();
    assert_eq!(mine, named);
}
