//! The door of the console: who is let in to which page, and what a change has to come with.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use overlap_store::{Actor, Role};
use subtle::ConstantTimeEq;

use super::fault::Fault;
use super::fields::{Fields, MAX_FORM_BYTES};
use super::session::Session;
use super::{SIGN_IN, origin};
use crate::access::{Access, allows};
use crate::problem::{Problem, ProblemKind};
use crate::standing::while_token_stands;
use crate::state::ApiState;

/// The cookie of a session. The prefix binds it to this host, to TLS and to no domain (RFC 6265bis, section 4.1.3.2).
pub(crate) const COOKIE: &str = "__Host-overlapd";

/// The header that carries the token against forged requests where the body is a file.
const CSRF_HEADER: &str = "x-csrf-token";

/// The field of a form that carries it.
pub(crate) const CSRF_FIELD: &str = "csrf";

/// Somebody who is signed in, and what the token's roles are now.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    pub(crate) session: Session,
    roles: Arc<[Role]>,
}

impl Visitor {
    /// Whether the token has a role.
    pub(crate) fn may(&self, role: Role) -> bool {
        allows(&self.roles, role)
    }

    /// The visitor as the audit chain has it.
    pub(crate) fn actor(&self) -> Actor {
        Actor::Console(self.session.name.to_string())
    }

    /// The names of the token's roles.
    pub(crate) fn roles(&self) -> String {
        self.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Fault> {
        // Every page that has a visitor stands behind `pass`.
        parts.extensions.get::<Visitor>().cloned().ok_or_else(|| Problem::internal().into())
    }
}

/// Lets a request through to a page, or says why not. A change passes only if it comes from this site and with its session's token.
pub(crate) async fn pass(
    State((state, access)): State<(ApiState, Access)>,
    mut request: Request,
    next: Next,
) -> Response {
    let Access::Role(role) = access else { return next.run(request).await };
    let visitor = match visitor(&state, request.headers()).await {
        Ok(Some(visitor)) => visitor,
        Ok(None) => return not_signed_in(request.method()),
        Err(problem) => return Fault::from(problem).into_response(),
    };
    if !visitor.may(role) {
        let detail = format!("this needs a token with the role {}", role.as_str());
        return Fault::from(Problem::new(ProblemKind::WrongRole, detail)).into_response();
    }
    if request.method() == Method::POST {
        request = match checked(request, &visitor.session).await {
            Ok(request) => request,
            Err(problem) => return Fault::from(problem).into_response(),
        };
    }
    let token = visitor.session.token;
    request.extensions_mut().insert(visitor);
    while_token_stands(next.run(request).await, &state, token, role)
}

/// Who asks. A session whose token was revoked has ended.
async fn visitor(state: &ApiState, headers: &HeaderMap) -> Result<Option<Visitor>, Problem> {
    let Some(id) = session_id(headers) else { return Ok(None) };
    let Some(found) = state.console().sessions.find(id, Instant::now()) else { return Ok(None) };
    let Some(token) = state.token(found.session.token).await? else {
        state.console().sessions.end(id);
        return Ok(None);
    };
    if found.is_to_note {
        note_visit(state, &found.session).await;
    }
    Ok(Some(Visitor { session: found.session, roles: token.roles.into() }))
}

/// Keeps that somebody is here now. A page is shown all the same where that fails: what is new is then told again.
pub(crate) async fn note_visit(state: &ApiState, session: &Session) {
    let (name, date) = (session.name.clone(), now_as_date(state));
    if state.store(move |store| store.set_last_visit(&name, date)).await.is_err() {
        tracing::warn!(token = %session.name, "a visit to the console was not noted");
    }
}

/// Now, as overlaps have dates: in microseconds.
pub(crate) fn now_as_date(state: &ApiState) -> u64 {
    state.daemon().now().0.saturating_mul(1_000_000)
}

/// The id of the session that a request names.
pub(crate) fn session_id(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';'));
    pairs.find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

fn not_signed_in(method: &Method) -> Response {
    if method == Method::GET || method == Method::HEAD {
        return Redirect::to(SIGN_IN).into_response();
    }
    let detail = "nobody is signed in, or the session has ended: sign in, and do it again";
    Fault::from(Problem::new(ProblemKind::NoToken, detail)).into_response()
}

/// The request of a change, with its form read.
async fn checked(request: Request, session: &Session) -> Result<Request, Problem> {
    origin::check(request.headers())?;
    let is_form = request.headers().get(header::CONTENT_TYPE).is_some_and(|value| {
        value.as_bytes().to_ascii_lowercase().starts_with(b"application/x-www-form-urlencoded")
    });
    if !is_form {
        let sent = request.headers().get(CSRF_HEADER).map(|value| value.as_bytes());
        check_csrf(sent, session)?;
        return Ok(request);
    }
    let (mut parts, body) = request.into_parts();
    let fields = read_form(body).await?;
    check_csrf(fields.one(CSRF_FIELD).map(str::as_bytes), session)?;
    parts.extensions.insert(fields);
    Ok(Request::from_parts(parts, Body::empty()))
}

/// Reads a form.
pub(crate) async fn read_form(body: Body) -> Result<Fields, Problem> {
    let body = Limited::new(body, MAX_FORM_BYTES).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            let detail = format!("a form has at most {MAX_FORM_BYTES} bytes; import a file instead");
            Problem::new(ProblemKind::TooLarge, detail)
        } else {
            Problem::new(ProblemKind::BadQuery, "the form did not come whole: send it again")
        }
    })?;
    Ok(Fields::read(&body.to_bytes()))
}

fn check_csrf(sent: Option<&[u8]>, session: &Session) -> Result<(), Problem> {
    let is_right = sent.is_some_and(|sent| bool::from(sent.ct_eq(session.csrf.as_bytes())));
    let detail = "the form is not one that this session was given: open the page again";
    if is_right { Ok(()) } else { Err(Problem::new(ProblemKind::WrongRole, detail)) }
}
