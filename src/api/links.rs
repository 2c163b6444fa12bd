//! Which answers have what a further call asks for, as the OpenAPI document tells it (OpenAPI 3.1, section 4.8.20): tools go from call to call
//! by it.

use utoipa::openapi::link::Link;
use utoipa::openapi::path::PathItem;
use utoipa::openapi::{OpenApi, RefOr, Response};

/// A link from an answer to an operation that takes a part of it as its one parameter in the path.
struct Way {
    path: &'static str,
    status: &'static str,
    /// The operation's name.
    to: &'static str,
    parameter: &'static str,
    /// Where the answer has it (OpenAPI 3.1, section 4.8.20.4).
    value: &'static str,
}

const fn way(
    (path, status): (&'static str, &'static str),
    to: &'static str,
    (parameter, value): (&'static str, &'static str),
) -> Way {
    Way { path, status, to, parameter, value }
}

const INDICATORS: (&str, &str) = ("/api/v1/indicators", "200");
const SIGHTINGS: (&str, &str) = ("/api/v1/indicators/{id}/sightings", "201");
const FIRST_INDICATOR: (&str, &str) = ("id", "$response.body#/items/0/id");
const FIRST_EXCHANGE: &str = "$response.body#/items/0/exchange";

const WAYS: [Way; 12] = [
    way(("/api/v1/exchanges", "202"), "get_exchanges_id", ("id", "$response.body#/exchange")),
    way(("/api/v1/exchanges", "200"), "get_exchanges_id", ("id", FIRST_EXCHANGE)),
    way(("/api/v1/receipts", "200"), "get_receipts_exchange", ("exchange", FIRST_EXCHANGE)),
    way(("/api/v1/receipts", "200"), "get_exchanges_id", ("id", FIRST_EXCHANGE)),
    way(("/api/v1/overlaps", "200"), "get_exchanges_id", ("id", FIRST_EXCHANGE)),
    way(("/api/v1/tokens", "201"), "delete_tokens_name", ("name", "$response.body#/name")),
    way(INDICATORS, "get_indicators_id", FIRST_INDICATOR),
    way(INDICATORS, "get_indicators_id_sightings", FIRST_INDICATOR),
    way(INDICATORS, "post_indicators_id_sightings", FIRST_INDICATOR),
    way(INDICATORS, "delete_indicators_id", FIRST_INDICATOR),
    way(SIGHTINGS, "get_indicators_id_sightings", ("id", "$request.path.id")),
    way(SIGHTINGS, "get_indicators_id", ("id", "$request.path.id")),
];

/// Adds them. What names no answer of the document is a mistake of this file, which a test finds.
pub(crate) fn add_to(document: &mut OpenApi) {
    for way in &WAYS {
        let item = document.paths.paths.get_mut(way.path);
        if let Some(response) = item.and_then(|item| answer(item, way.status)) {
            let link = Link::builder().operation_id(way.to).parameter(way.parameter, way.value).build();
            response.links.insert(way.to.to_owned(), link.into());
        }
    }
}

/// The answer of a path with a status: a GET's where it is 200, and else a POST's.
fn answer<'a>(item: &'a mut PathItem, status: &str) -> Option<&'a mut Response> {
    let operation = if status == "200" { &mut item.get } else { &mut item.post };
    match operation.as_mut()?.responses.responses.get_mut(status)? {
        RefOr::T(response) => Some(response),
        RefOr::Ref(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use serde_json::Value;

    use super::*;
    use crate::testing::TestNode;

    #[tokio::test]
    async fn every_link_is_there_and_leads_to_an_operation_with_that_parameter() {
        let answer = TestNode::new().call_with(None, "GET", "/api/v1/openapi.json", "").await;
        assert_eq!(answer.status, StatusCode::OK);
        let document = answer.json();
        let operations: Vec<&Value> = members(&document["paths"]).flat_map(members).collect();
        let responses = operations.iter().flat_map(|operation| members(&operation["responses"]));
        let links: Vec<&Value> = responses.flat_map(|response| members(&response["links"])).collect();
        assert_eq!(links.len(), WAYS.len());
        for link in links {
            let to =
                operations.iter().find(|operation| operation["operationId"] == link["operationId"]).unwrap();
            let in_path = to["parameters"].as_array().unwrap().iter().filter(|one| one["in"] == "path");
            let names: Vec<&Value> = in_path.map(|one| &one["name"]).collect();
            assert_eq!(names, [link["parameters"].as_object().unwrap().keys().next().unwrap()], "{link}");
        }
    }

    fn members(value: &Value) -> impl Iterator<Item = &Value> {
        value.as_object().into_iter().flat_map(|members| members.values())
    }
}
