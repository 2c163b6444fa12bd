//! What MISP asks an enrichment service: whether this node holds a value, and who else does.
//!
//! MISP sends such services no credentials and knows no path before theirs, so this is a router of its own for a listener of its own, which whoever
//! reaches may ask. It reads, and shows of the node what is asked for by its value: whether it is an own indicator, with its marking, and the partners that
//! overlap on it. It lists nothing. A browser on the same machine is kept away by the host that it names, unless the operator allows any.

mod answer;
mod query;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn, map_request};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use overlap_store::Store;
use serde_json::{Value, json};

use crate::Daemon;
use crate::import::misp_written::TYPES;
use crate::pace::pace_body;
use query::{NAME, query};

/// What the routes reach.
#[derive(Clone)]
pub(crate) struct Lookup {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) daemon: Arc<dyn Daemon>,
}

/// The router of the listener for MISP's enrichment. Without `any_host` only requests that name this machine's loopback are answered.
pub fn misp_modules_router(store: Arc<dyn Store>, daemon: Arc<dyn Daemon>, any_host: bool) -> Router {
    let router = Router::new()
        .route("/modules", get(modules))
        .route("/query", post(query))
        .route("/healthcheck", get(health))
        .fallback(unknown)
        .layer(map_request(pace_body))
        .with_state(Lookup { store, daemon });
    if any_host { router } else { router.layer(from_fn(from_here)) }
}

/// Lets through what names the loopback. A page in a browser may make another name lead here, and would then read the answer; it cannot make its browser
/// name the loopback and read what it says.
async fn from_here(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    match host {
        Some(host) if is_loopback(host) => next.run(request).await,
        _ => error(StatusCode::FORBIDDEN, "only this machine's own names are answered"),
    }
}

/// Whether a host, with or without a port, is a name of the loopback.
fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name);
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// Tells which modules there are: this one.
async fn modules() -> Json<Value> {
    let types: Vec<&str> = TYPES.iter().map(|(name, _)| *name).collect();
    Json(json!([{
        "name": NAME, "type": "expansion",
        "mispattributes": {"input": input(&types), "output": ["text"], "format": "misp_standard"},
        "meta": {
            "version": env!("CARGO_PKG_VERSION"), "author": "overlapd", "name": "overlapd",
            "description": "Says whether this member holds a value, and which partners hold it too.",
            "module-type": ["expansion", "hover"], "config": [], "logo": "", "requirements": [], "features": "",
            "references": [], "input": "", "output": "",
        },
    }]))
}

/// Types that are asked for: those that are written, and the others that mean the same.
fn input(written: &[&'static str]) -> Vec<&'static str> {
    let alike = [
        "hostname",
        "ip-src",
        "email-src",
        "email-dst",
        "uri",
        "link",
        "whois-registrant-email",
        "github-username",
    ];
    written.iter().copied().chain(alike).collect()
}

async fn health() -> Json<Value> {
    Json(json!({"status": true}))
}

async fn unknown() -> Response {
    error(StatusCode::NOT_FOUND, "no such path: /modules, /query and /healthcheck are there")
}

fn error(status: StatusCode, sentence: &str) -> Response {
    (status, Json(json!({"error": sentence}))).into_response()
}
