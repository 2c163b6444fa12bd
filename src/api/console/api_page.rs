//! The API's description as a page: the OpenAPI document, rendered.

use axum::extract::State;
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::fault::Fault;
use super::guard::Visitor;
use super::layout::Frame;
use crate::problem::Problem;
use crate::state::ApiState;

/// The page's path.
pub(crate) const PATH: &str = "/console/api";

/// Methods in the order in which they are shown.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The page.
pub(crate) async fn show(State(state): State<ApiState>, visitor: Visitor) -> Result<Markup, Fault> {
    let document = state.openapi().get().cloned().ok_or_else(Problem::internal)?;
    let document: Value = serde_json::from_slice(&document).map_err(|_| Problem::internal())?;
    let body = html! {
        h1 { "API" }
        p { (text(&document["info"]["description"])) }
        (quick_start())
        @for (tag, routes) in by_tag(&document) {
            section aria-labelledby=(format!("tag-{tag}")) {
                h2 id=(format!("tag-{tag}")) { (tag) }
                @for (method, path, operation) in routes { (route(method, path, operation, &document)) }
            }
        }
        (schemas(&document))
    };
    Ok(Frame { state: &state, visitor: &visitor, part: PATH, title: "API" }.page(body))
}

fn quick_start() -> Markup {
    html! {
        section.card aria-labelledby="quick" {
            h2 #quick { "Quick start" }
            p.quiet { "The description as a document: " code { "/api/v1/openapi.json" } " (OpenAPI 3.1). On the node itself, over its socket:" }
            pre { "TOKEN=$(cat api.token)\ncurl --unix-socket api.sock -H \"Authorization: Bearer $TOKEN\" http://node/api/v1/status" }
            p.quiet { "Over TLS, with the authority of the API's certificate:" }
            pre { "curl --cacert api.pem -H \"Authorization: Bearer $TOKEN\" https://HOST:PORT/api/v1/overlaps" }
        }
    }
}

type Route<'a> = (&'static str, &'a str, &'a Value);

/// Routes under their tags, in the order of the document.
fn by_tag(document: &Value) -> Vec<(&str, Vec<Route<'_>>)> {
    let mut tags: Vec<(&str, Vec<Route<'_>>)> = Vec::new();
    for (path, item) in entries(&document["paths"]) {
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let tag = operation["tags"][0].as_str().unwrap_or("other");
            match tags.iter_mut().find(|(known, _)| *known == tag) {
                Some((_, routes)) => routes.push((method, path, operation)),
                None => tags.push((tag, vec![(method, path, operation)])),
            }
        }
    }
    tags
}

fn route(method: &'static str, path: &str, operation: &Value, document: &Value) -> Markup {
    html! {
        details.route {
            summary {
                span.method { (method.to_uppercase()) } span.path { (path) } span.badge { (role(operation)) }
                span.quiet { (text(&operation["summary"])) }
            }
            div {
                @if let Some(description) = operation["description"].as_str() { p { (description) } }
                (parameters(operation))
                (request_body(operation))
                (responses(operation, document))
                h3 { "With curl" }
                pre { (curl(method, path, operation)) }
            }
        }
    }
}

/// The role that a route needs.
fn role(operation: &Value) -> String {
    let scopes = operation["security"][0].as_object().and_then(|scheme| scheme.values().next());
    scopes.and_then(|scopes| scopes[0].as_str()).map_or("no token".to_owned(), |role| format!("role {role}"))
}

fn parameters(operation: &Value) -> Markup {
    let Some(parameters) = operation["parameters"].as_array().filter(|all| !all.is_empty()) else {
        return html! {};
    };
    html! {
        div.scroll tabindex="0" role="region" aria-label="Parameters" {
            table {
                caption { "Parameters" }
                thead { tr { th scope="col" { "Name" } th scope="col" { "In" } th scope="col" { "Form" } th scope="col" { "Meaning" } } }
                tbody {
                    @for parameter in parameters {
                        tr {
                            th scope="row" { code { (text(&parameter["name"])) } @if parameter["required"] == true { " " span.badge { "required" } } }
                            td { (text(&parameter["in"])) }
                            td { (form(&parameter["schema"])) }
                            td.value { (text(&parameter["description"])) }
                        }
                    }
                }
            }
        }
    }
}

/// The form of a value, in a few words.
fn form(schema: &Value) -> String {
    if let Some(name) = reference(schema) {
        return name.to_owned();
    }
    let names = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        other => text(other).to_owned(),
    };
    let bounds = [("minimum", "from"), ("maximum", "to"), ("maxLength", "at most"), ("format", "as")];
    let told = bounds.iter().filter_map(|(key, word)| match &schema[*key] {
        Value::Null => None,
        Value::String(value) => Some(format!("{word} {value}")),
        value => Some(format!("{word} {value}")),
    });
    [names].into_iter().filter(|name| !name.is_empty()).chain(told).collect::<Vec<_>>().join(", ")
}

fn reference(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

fn request_body(operation: &Value) -> Markup {
    let body = &operation["requestBody"];
    html! {
        @if !body.is_null() {
            h3 { "Body" }
            p { (text(&body["description"])) }
            @for (media_type, content) in entries(&body["content"]) { (content_of(media_type, content)) }
        }
    }
}

fn content_of(media_type: &str, content: &Value) -> Markup {
    let example = &content["example"];
    html! {
        p { code { (media_type) } @if let Some(name) = reference(&content["schema"]) { " as " a href=(format!("#schema-{name}")) { (name) } } }
        @if !example.is_null() { pre { (example_text(example)) } }
    }
}

fn example_text(example: &Value) -> String {
    match example {
        Value::String(text) => text.clone(),
        value => serde_json::to_string_pretty(value).unwrap_or_default(),
    }
}

fn responses(operation: &Value, document: &Value) -> Markup {
    html! {
        h3 { "Answers" }
        dl {
            @for (status, response) in entries(&operation["responses"]) {
                dt { code { (status) } }
                dd {
                    (text(&response["description"]))
                    @for (media_type, content) in entries(&response["content"]) {
                        @if media_type != "application/problem+json" { (answer(media_type, content, document)) }
                    }
                }
            }
        }
    }
}

/// What an answer looks like: the schema's name, and its example.
fn answer(media_type: &str, content: &Value, document: &Value) -> Markup {
    let name = reference(&content["schema"]);
    let example =
        name.map(|name| &document["components"]["schemas"][name]["example"]).filter(|value| !value.is_null());
    html! {
        (content_of(media_type, content))
        @if let Some(example) = example { pre { (example_text(example)) } }
    }
}

/// A line to try: the token and the host are the reader's.
fn curl(method: &str, path: &str, operation: &Value) -> String {
    let mut line = String::from("curl");
    if method != "get" {
        line.push_str(&format!(" -X {}", method.to_uppercase()));
    }
    if operation["security"].as_array().is_some_and(|security| !security.is_empty()) {
        line.push_str(" -H \"Authorization: Bearer $TOKEN\"");
    }
    if let Some((media_type, _)) = entries(&operation["requestBody"]["content"]).next() {
        let sent = if media_type == "application/json" { "-d @body.json" } else { "--data-binary @file" };
        line.push_str(&format!(" -H \"Content-Type: {media_type}\" {sent}"));
    }
    let needed = operation["parameters"].as_array().into_iter().flatten();
    let needed: Vec<_> = needed
        .filter(|parameter| parameter["in"] == "query" && parameter["required"] == true)
        .map(|parameter| format!("{0}={0}", text(&parameter["name"]).to_uppercase()).to_lowercase())
        .collect();
    let query = if needed.is_empty() { String::new() } else { format!("?{}", needed.join("&")) };
    format!("{line} \"https://HOST:PORT{path}{query}\"")
}

fn schemas(document: &Value) -> Markup {
    html! {
        section aria-labelledby="schemas" {
            h2 #schemas { "Objects" }
            @for (name, schema) in entries(&document["components"]["schemas"]) {
                details.route id=(format!("schema-{name}")) {
                    summary { span.path { (name) } span.quiet { (text(&schema["description"])) } }
                    div {
                        (properties(schema))
                        @if !schema["example"].is_null() { h3 { "Example" } pre { (example_text(&schema["example"])) } }
                    }
                }
            }
        }
    }
}

fn properties(schema: &Value) -> Markup {
    let required = schema["required"].as_array();
    let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|has| has == name));
    html! {
        @if schema["properties"].is_object() {
            table {
                caption { "Fields" }
                thead { tr { th scope="col" { "Field" } th scope="col" { "Form" } th scope="col" { "Meaning" } } }
                tbody {
                    @for (name, property) in entries(&schema["properties"]) {
                        tr {
                            th scope="row" { code { (name) } @if is_required(name) { " " span.badge { "required" } } }
                            td { (form(property)) }
                            td.value { (text(&property["description"])) }
                        }
                    }
                }
            }
        }
    }
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter).map(|(key, value)| (key.as_str(), value))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
