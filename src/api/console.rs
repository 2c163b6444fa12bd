//! The console: pages for people, at `/console/`.
//!
//! Pages are made here, whole, by a template engine that escapes whatever it is given; the scripts only bring parts of pages up to date, send a
//! file with its progress, and draw a chart from a table that stands in the page. Nothing is loaded from elsewhere, and no text of a
//! partner or a file becomes markup or a link ([`text`]).

mod api_page;
mod assets;
mod attempts;
mod audit;
mod csp_report;
mod deliveries;
mod events;
#[cfg(test)]
mod events_tests;
mod exchange_state;
mod exchanges;
mod export;
mod fault;
mod fields;
mod filter;
mod guard;
mod headers;
mod held;
#[cfg(test)]
mod held_tests;
mod import_page;
mod indicator;
mod indicators;
mod layout;
mod origin;
mod overlaps;
mod overview;
#[cfg(test)]
mod palette_tests;
mod partners;
mod parts;
mod rate;
mod receipts;
mod refusals;
mod session;
mod sightings;
#[cfg(test)]
mod sightings_tests;
mod sign_in;
#[cfg(test)]
mod tests;
mod text;
mod units;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, any, get, post};
use overlap_store::Role;

use crate::access::Access;
use crate::problem::Problem;
use crate::request::not_found;
use crate::routes::RouteAccess;
use crate::state::ApiState;
use attempts::Refusals;
use audit::LastVerified;
use fault::Fault;
use rate::Rate;
use session::Sessions;

pub(crate) use headers::secure;

/// Where the console is, without and with the slash at its end.
const CONSOLE: &str = "/console";
const HOME: &str = "/console/";
const SIGN_IN: &str = "/console/sign-in";
const SIGN_OUT: &str = "/console/sign-out";

/// What the console remembers.
#[derive(Debug)]
pub(crate) struct Console {
    sessions: Sessions,
    /// How often a sign-in may fail.
    failures: Rate,
    refusals: Refusals,
    /// How often a report of a browser may be logged.
    reports: Rate,
    verified: LastVerified,
}

impl Default for Console {
    fn default() -> Self {
        Self {
            sessions: Sessions::default(),
            failures: attempts::rate(),
            refusals: Refusals::default(),
            reports: csp_report::rate(),
            verified: LastVerified::default(),
        }
    }
}

/// The router of the console, and the table of its pages and roles.
pub(crate) fn router(state: ApiState) -> (Router<ApiState>, Vec<RouteAccess>) {
    let [read, import, exchange, admin] = Role::ALL.map(Access::Role);
    Pages { router: Router::new(), state, table: Vec::new() }
        .page(Access::Open, "GET", CONSOLE, get(|| async { Redirect::permanent(HOME) }))
        .page(Access::Open, "GET", "/console/assets/{name}", get(assets::asset))
        .page(Access::Open, "POST", "/console/csp-report", post(csp_report::report))
        .page(Access::Open, "GET", SIGN_IN, get(sign_in::form))
        .page(Access::Open, "POST", SIGN_IN, post(sign_in::sign_in))
        .page(read, "POST", SIGN_OUT, post(sign_in::sign_out))
        .page(read, "GET", HOME, get(overview::overview))
        .page(read, "GET", overlaps::PATH, get(overlaps::list))
        .page(read, "GET", "/console/overlaps/export", get(export::export))
        .page(import, "POST", "/console/overlaps/mark", post(overlaps::mark))
        .page(read, "GET", indicators::PATH, get(indicators::list))
        .page(read, "GET", "/console/indicators/{id}", get(indicator::show))
        .page(read, "GET", held::PATH, get(held::list))
        .page(admin, "POST", "/console/indicators/override", post(held::begin))
        .page(admin, "POST", "/console/indicators/hold", post(held::end))
        .page(read, "GET", sightings::PATH, get(sightings::list))
        .page(import, "POST", "/console/indicators/sighting", post(sightings::add))
        .page(import, "POST", "/console/indicators/import", post(import_page::file))
        .page(import, "POST", "/console/indicators/paste", post(import_page::paste))
        .page(import, "POST", "/console/indicators/withdraw", post(indicator::withdraw))
        .page(read, "GET", partners::PATH, get(partners::list))
        .page(read, "GET", exchanges::PATH, get(exchanges::list))
        .page(exchange, "POST", exchanges::PATH, post(exchanges::begin))
        .page(read, "GET", "/console/exchanges/{id}", get(exchanges::show))
        .page(read, "GET", events::PATH, get(events::list))
        .page(read, "GET", deliveries::PATH, get(deliveries::list))
        .page(admin, "POST", deliveries::PATH, post(deliveries::change))
        .page(read, "GET", receipts::PATH, get(receipts::list))
        .page(admin, "GET", audit::PATH, get(audit::list))
        .page(admin, "POST", audit::VERIFY, post(audit::verify))
        .page(read, "GET", api_page::PATH, get(api_page::show))
        .page(Access::Open, "any", "/console/{*path}", any(unknown))
        .finish()
}

async fn unknown() -> Response {
    told(not_found("page"))
}

/// Whether a path is the console's.
pub(crate) fn is_of_console(path: &str) -> bool {
    path == CONSOLE || path.starts_with(HOME)
}

/// A problem as the console tells it: a page.
pub(crate) fn told(problem: Problem) -> Response {
    Fault::from(problem).into_response()
}

/// A router to which a page can be added only with who may see it.
struct Pages {
    router: Router<ApiState>,
    state: ApiState,
    table: Vec<RouteAccess>,
}

impl Pages {
    fn page(
        mut self,
        access: Access,
        method: &'static str,
        path: &str,
        handler: MethodRouter<ApiState>,
    ) -> Self {
        let guarded = match access {
            Access::Open => handler,
            access => handler.route_layer(from_fn_with_state((self.state.clone(), access), guard::pass)),
        };
        self.router = self.router.route(path, guarded);
        self.table.push(RouteAccess { method, path: path.to_owned(), access });
        self
    }

    fn finish(self) -> (Router<ApiState>, Vec<RouteAccess>) {
        (self.router, self.table)
    }
}
