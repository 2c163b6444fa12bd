//! The API, put together.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{Method, Uri};
use axum::middleware::{Next, from_fn, map_request};
use axum::response::{IntoResponse, Redirect, Response};
use metrics_exporter_prometheus::PrometheusHandle;
use overlap_store::{Role, Store};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::routes;

use crate::access::Access;
use crate::misp::{MispError, MispErrorDocument, is_of_misp};
use crate::pace::pace_body;
use crate::problem::{Problem, ProblemDocument, ProblemKind};
use crate::routes::{BASIC_SCHEME, RouteAccess, Routes, TOKEN_SCHEME};
use crate::state::ApiState;
use crate::taxii::{ErrorMessage, TaxiiError, is_of_taxii, read, refuse, tidied};
use crate::unread::drop_unread;
use crate::{
    Daemon, Imports, audit, console, exchanges, health, held, import, indicators, links, misp, overlaps,
    peers, push, query, receipts, sightings, status, tokens, warning_lists,
};

/// The local API.
#[derive(Clone, Copy, Debug)]
pub struct Api;

impl Api {
    /// The router of the whole API, and the imports that run by it, which are to be ended after the last listener. `metrics` renders what the process's
    /// recorder has gathered.
    pub fn router(
        store: Arc<dyn Store>,
        daemon: Arc<dyn Daemon>,
        metrics: PrometheusHandle,
    ) -> (Router, Imports) {
        Self::started(ApiState::new(store, daemon, metrics), Self::with_table)
    }

    /// The same without the pages for people.
    pub fn router_without_console(
        store: Arc<dyn Store>,
        daemon: Arc<dyn Daemon>,
        metrics: PrometheusHandle,
    ) -> (Router, Imports) {
        Self::started(ApiState::new(store, daemon, metrics), |state| {
            Self::put_together(state, |_| Router::new())
        })
    }

    fn started(
        state: ApiState,
        routes: impl FnOnce(ApiState) -> (Router, Vec<RouteAccess>),
    ) -> (Router, Imports) {
        let imports = state.imports().clone();
        (routes(state).0, imports)
    }

    /// The router, and the table of its routes and roles.
    pub(crate) fn with_table(state: ApiState) -> (Router, Vec<RouteAccess>) {
        Self::put_together(state, |state| console::router(state).0)
    }

    fn put_together(
        state: ApiState,
        pages: impl FnOnce(ApiState) -> Router<ApiState>,
    ) -> (Router, Vec<RouteAccess>) {
        let (router, mut document, table) = all_routes(state.clone()).finish();
        links::add_to(&mut document);
        // The document is made of strings and numbers: it always encodes. It is set here alone, so it is not set yet.
        let _ = state.openapi().set(serde_json::to_vec(&document).unwrap_or_default().into());
        let router = router
            .merge(pages(state.clone()))
            .fallback(unknown_route)
            .method_not_allowed_fallback(wrong_method)
            .layer(from_fn(console::secure))
            .layer(from_fn(measure))
            .layer(from_fn(drop_unread))
            .layer(map_request(pace_body))
            .with_state(state);
        (outside(router), table)
    }
}

/// What stands before the router, which looks for a route by the path: clients of MISP write theirs in several ways.
fn outside(router: Router) -> Router {
    let tidied = |mut request: Request| async {
        if let Some(uri) = misp::tidy(request.uri()) {
            *request.uri_mut() = uri;
        }
        request
    };
    Router::new().fallback_service(router).layer(map_request(tidied))
}

fn all_routes(state: ApiState) -> Routes {
    let open = Access::Open;
    let [read, import, exchange, admin] = Role::ALL.map(Access::Role);
    Routes::new(state, document())
        .add(open, routes!(health::health))
        .add(open, routes!(health::ready))
        .add(open, routes!(health::openapi))
        .add(read, routes!(health::metrics))
        .add(read, routes!(status::status))
        .add(import, routes!(import::import))
        .add(read, routes!(indicators::list))
        .add(read, routes!(indicators::show))
        .add(read, routes!(query::query))
        .add(read, routes!(warning_lists::route::list))
        .add(admin, routes!(held::begin, held::end))
        .add(import, routes!(indicators::delete))
        .add(import, routes!(indicators::withdraw))
        .add(exchange, routes!(exchanges::begin))
        .add(read, routes!(exchanges::list))
        .add(read, routes!(exchanges::show))
        .add(read, routes!(overlaps::list))
        .add(read, routes!(push::stream))
        .add(read, routes!(push::list))
        .add(read, routes!(push::webhooks))
        .add(read, routes!(push::dead_letters))
        .add(admin, routes!(push::send_all_again))
        .add(admin, routes!(push::send_again))
        .add(admin, routes!(push::discard))
        .add(read, routes!(peers::list))
        .add(read, routes!(receipts::list))
        .add(read, routes!(receipts::show))
        .add(admin, routes!(audit::list))
        .add(admin, routes!(audit::head))
        .add(admin, routes!(audit::verify))
        .add(admin, routes!(tokens::list))
        .add(admin, routes!(tokens::make))
        .add(admin, routes!(tokens::revoke))
        .add(read, routes!(sightings::list))
        .add(import, routes!(sightings::add))
        .add_misp(Role::Read, routes!(misp::server::version))
        .add_misp(Role::Read, routes!(misp::server::me))
        .add_misp(Role::Read, routes!(misp::server::describe_types))
        .add_misp(Role::Read, routes!(misp::server::tags))
        .add_misp(Role::Read, routes!(misp::server::search_tags))
        .add_misp(Role::Read, routes!(misp::read::attributes))
        .add_misp(Role::Read, routes!(misp::read::attribute))
        .add_misp(Role::Read, routes!(misp::read::events))
        .add_misp(Role::Read, routes!(misp::read::index, misp::read::search_index))
        .add_misp(Role::Read, routes!(misp::read::event, misp::read::post_event))
        .add_misp(Role::Read, routes!(misp::warninglists::check))
        .add_misp(Role::Read, routes!(misp::warninglists::index))
        .add_misp(Role::Read, routes!(misp::warninglists::view))
        .add_misp(Role::Import, routes!(misp::sightings::add))
        .add_misp(Role::Import, routes!(misp::sightings::add_to))
        .add_misp(Role::Read, routes!(misp::sighting_search::search))
        .add_misp(Role::Read, routes!(misp::sighting_search::search_in))
        .add_misp(Role::Read, routes!(misp::sighting_search::list))
        .add_misp(Role::Read, routes!(misp::sighting_search::index))
        .add_taxii(Role::Read, routes!(read::discovery))
        .add_taxii(Role::Read, routes!(read::api_root))
        .add_taxii(Role::Read, routes!(read::collections))
        .add_taxii(Role::Read, routes!(read::collection))
        .add_taxii(Role::Read, routes!(read::objects, refuse::post_objects))
        .add_taxii(Role::Read, routes!(read::manifest))
        .add_taxii(Role::Read, routes!(read::object, refuse::delete_object))
        .add_taxii(Role::Read, routes!(read::versions))
        .add_taxii(Role::Read, routes!(refuse::status))
}

/// What stands in the OpenAPI document beside the routes.
fn document() -> OpenApi {
    let mut document = <Described as utoipa::OpenApi>::openapi();
    let components = document.components.get_or_insert_default();
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "A token of this node. Its roles say what it may do: `read`; `import` and `exchange`, which include `read`; `admin`, which includes all.",
        ))
        .build();
    components.add_security_scheme(TOKEN_SCHEME, SecurityScheme::Http(scheme));
    let problem: RefOr<Schema> = ProblemDocument::schema();
    components.schemas.insert(ProblemDocument::name().into_owned(), problem);
    let basic = HttpBuilder::new()
        .scheme(HttpAuthScheme::Basic)
        .description(Some("A token of this node as the password; any user."))
        .build();
    components.add_security_scheme(BASIC_SCHEME, SecurityScheme::Http(basic));
    let message: RefOr<Schema> = ErrorMessage::schema();
    components.schemas.insert(ErrorMessage::name().into_owned(), message);
    let error: RefOr<Schema> = MispErrorDocument::schema();
    components.schemas.insert(MispErrorDocument::name().into_owned(), error);
    document
}

/// The document's head.
#[derive(utoipa::OpenApi)]
#[openapi(info(
    title = "overlapd",
    description = "The local API of one member's node. Values are shown to callers with a token, and never leave the node."
))]
struct Described;

async fn unknown_route(uri: Uri) -> Response {
    if let Some(path) = tidied(uri.path()).filter(|_| is_of_taxii(uri.path())) {
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        return Redirect::permanent(&format!("{path}{query}")).into_response();
    }
    let detail = "no such route: `/api/v1/openapi.json` lists them all";
    told(&uri, Problem::new(ProblemKind::NotFound, detail))
}

async fn wrong_method(method: Method, uri: Uri) -> Response {
    let detail = format!("{method} is not one of this route's methods");
    told(&uri, Problem::new(ProblemKind::MethodNotAllowed, detail))
}

/// Each part of the API tells errors in its own form.
fn told(uri: &Uri, problem: Problem) -> Response {
    match uri.path() {
        path if is_of_taxii(path) => TaxiiError::from(problem).into_response(),
        path if console::is_of_console(path) => console::told(problem),
        path if is_of_misp(path) => MispError::from(problem).told(path),
        _ => problem.into_response(),
    }
}

/// Counts requests by route, never by path: a path holds ids.
async fn measure(route: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = known_method(request.method());
    let route = route.map_or_else(|| "unknown".to_owned(), |route| route.as_str().to_owned());
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    tracing::debug!(method, route, status, milliseconds = begun.elapsed().as_millis() as u64, "API call");
    metrics::counter!("overlapd_http_requests_total", "method" => method, "route" => route, "status" => status)
        .increment(1);
    response
}

/// The method as a label: a caller's own word would make a series of each.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}
