//! Routes, each with its role and its place in the OpenAPI document.

use axum::Router;
use axum::middleware::from_fn_with_state;
use overlap_store::Role;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, ResponseBuilder};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::access::{Access, check};
use crate::state::ApiState;
use crate::{misp, taxii};

/// The security scheme's name in the OpenAPI document.
pub(crate) const TOKEN_SCHEME: &str = "token";

/// The name of the scheme by which clients of TAXII may send the token.
pub(crate) const BASIC_SCHEME: &str = "taxii";

/// A router to which a route can be added only with its role.
pub(crate) struct Routes {
    router: OpenApiRouter<ApiState>,
    state: ApiState,
    table: Vec<RouteAccess>,
}

/// A route and who may call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RouteAccess {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) access: Access,
}

impl Routes {
    pub(crate) fn new(state: ApiState, document: OpenApi) -> Self {
        Self { router: OpenApiRouter::with_openapi(document), state, table: Vec::new() }
    }

    /// Adds a route. The role is checked before the handler sees anything, and stands in the document.
    pub(crate) fn add(self, access: Access, (schemas, paths, methods): UtoipaMethodRouter<ApiState>) -> Self {
        let methods = methods.route_layer(from_fn_with_state((self.state.clone(), access), check));
        self.enter(access, |operation| describe_access(operation, access), (schemas, paths, methods))
    }

    /// Adds a route of TAXII, which tells errors in its own way.
    pub(crate) fn add_taxii(
        self,
        role: Role,
        (schemas, paths, methods): UtoipaMethodRouter<ApiState>,
    ) -> Self {
        let methods = methods.route_layer(from_fn_with_state((self.state.clone(), role), taxii::pass));
        let describe = |operation: &mut Operation| describe_taxii(operation, role);
        self.enter(Access::Role(role), describe, (schemas, paths, methods))
    }

    /// Adds a route of MISP's, which takes tokens and tells errors in its own way.
    pub(crate) fn add_misp(
        self,
        role: Role,
        (schemas, paths, methods): UtoipaMethodRouter<ApiState>,
    ) -> Self {
        let methods = methods.route_layer(from_fn_with_state((self.state.clone(), role), misp::pass));
        let describe = |operation: &mut Operation| describe_misp(operation, role);
        self.enter(Access::Role(role), describe, (schemas, paths, methods))
    }

    /// Enters a guarded route in the document and in the table.
    fn enter(
        mut self,
        access: Access,
        describe: impl Fn(&mut Operation),
        (schemas, mut paths, methods): UtoipaMethodRouter<ApiState>,
    ) -> Self {
        for (path, item) in &mut paths.paths {
            for (method, operation) in operations(item) {
                describe(operation);
                operation.operation_id = Some(operation_id(method, path));
                self.table.push(RouteAccess { method, path: path.clone(), access });
            }
        }
        self.router = self.router.routes((schemas, paths, methods));
        self
    }

    /// The router, its document, and the table of routes and roles.
    pub(crate) fn finish(self) -> (Router<ApiState>, OpenApi, Vec<RouteAccess>) {
        let (router, document) = self.router.split_for_parts();
        (router, document, self.table)
    }
}

/// An operation's name in the document, where each has another: the method and the path's words.
fn operation_id(method: &str, path: &str) -> String {
    let words =
        path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !["", "api", "v1"].contains(word));
    words.fold(method.to_ascii_lowercase(), |id, word| id + "_" + word)
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("GET", &mut item.get),
        ("POST", &mut item.post),
        ("PUT", &mut item.put),
        ("PATCH", &mut item.patch),
        ("DELETE", &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn describe_access(operation: &mut Operation, access: Access) {
    let (security, role) = match access {
        Access::Open => (Vec::new(), None),
        Access::Role(role) => (vec![SecurityRequirement::new(TOKEN_SCHEME, [role.as_str()])], Some(role)),
    };
    operation.security = Some(security);
    if let Some(role) = role {
        describe_refusals(operation, role);
    }
    describe_errors(operation);
}

/// What every route with such parts may answer, where the route itself says nothing of it.
fn describe_errors(operation: &mut Operation) {
    let has = |place: ParameterIn| {
        let mut parameters = operation.parameters.iter().flatten();
        parameters
            .any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == place))
    };
    let (query, path) = (has(ParameterIn::Query), has(ParameterIn::Path));
    let body = operation.request_body.as_ref();
    let body =
        body.map(|body| matches!(body, RefOr::T(body) if body.content.contains_key("application/json")));
    let errors = [
        (query || body.is_some(), "400", "The query or the body is not valid: `detail` says what to change."),
        (path, "404", "There is no such thing."),
        (body == Some(true), "413", "The body is too large."),
        (body == Some(true), "415", "The body is not JSON."),
        (true, "500", "This node failed; the cause is in its log."),
    ];
    for (_, status, description) in errors.into_iter().filter(|(can, ..)| *can) {
        if !operation.responses.responses.contains_key(status) {
            add_problem(operation, status, description);
        }
    }
}

fn describe_taxii(operation: &mut Operation, role: Role) {
    let schemes = [TOKEN_SCHEME, BASIC_SCHEME];
    operation.security =
        Some(schemes.map(|scheme| SecurityRequirement::new(scheme, [role.as_str()])).to_vec());
    for (status, description) in [
        ("401", "No token, or none that this node gave out."),
        ("400", "The query is not valid."),
        ("403", "Nothing is taken here: this server is read only."),
        ("404", "There is no such thing."),
        ("406", "No answer that this server gives is acceptable."),
        ("500", "This node failed; the cause is in its log."),
    ] {
        let content = Content::new(Some(Ref::from_schema_name("TaxiiError")));
        let response =
            ResponseBuilder::new().description(description).content(taxii::MEDIA_TYPE, content).build();
        operation.responses.responses.insert(status.to_owned(), response.into());
    }
}

fn describe_misp(operation: &mut Operation, role: Role) {
    operation.security = Some(vec![SecurityRequirement::new(TOKEN_SCHEME, [role.as_str()])]);
    for (status, description) in [
        ("400", "The body is no JSON object, or says something that cannot be done."),
        ("401", "No token, or none that this node gave out."),
        ("403", "The token lacks the role."),
        ("404", "There is no such thing."),
        ("413", "The body is too large."),
        ("500", "This node failed."),
    ] {
        let content = Content::new(Some(Ref::from_schema_name("MispError")));
        let response =
            ResponseBuilder::new().description(description).content("application/json", content).build();
        operation.responses.responses.insert(status.to_owned(), response.into());
    }
}

fn describe_refusals(operation: &mut Operation, role: Role) {
    add_problem(operation, "401", "No token, or none that this node gave out.");
    add_problem(operation, "403", &format!("The token lacks the role `{}`.", role.as_str()));
}

fn add_problem(operation: &mut Operation, status: &str, description: &str) {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    let response =
        ResponseBuilder::new().description(description).content("application/problem+json", content).build();
    operation.responses.responses.insert(status.to_owned(), response.into());
}
