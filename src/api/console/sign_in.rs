//! Signing in with a token of the API, and out again.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use overlap_store::{Actor, AuditAction, NewAudit, TokenRecord};

use super::fault::Fault;
use super::guard::{COOKIE, note_visit, now_as_date, read_form, session_id};
use super::layout::bare;
use super::units::counted;
use super::{HOME, SIGN_IN, guard, origin};
use crate::access::token_hash;
use crate::audit::{by, note};
use crate::state::ApiState;

/// What the cookie may be used for: this host, TLS, no script, no request from another site.
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

/// The form.
pub(crate) async fn form() -> Markup {
    page(None)
}

/// Signs in: a token of this node becomes a session, which is a cookie.
pub(crate) async fn sign_in(
    State(state): State<ApiState>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Fault> {
    origin::check(&headers)?;
    let now = Instant::now();
    if let Err(wait) = state.console().failures.check(now) {
        return Ok(too_many(wait));
    }
    let fields = read_form(body).await?;
    let hash = token_hash(fields.one("token").unwrap_or_default().trim());
    let Some(token) = state.token(hash).await? else {
        state.console().failures.count(now);
        tracing::info!("a sign-in to the console failed");
        note_refused(&state, state.console().refusals.failed(now)).await?;
        let said = page(Some("That is no token of this node, or it was revoked."));
        return Ok((StatusCode::UNAUTHORIZED, said).into_response());
    };
    begin(&state, &token, &headers).await
}

/// A session of its own for each sign-in: one that the browser had is ended.
async fn begin(state: &ApiState, token: &TokenRecord, headers: &HeaderMap) -> Result<Response, Fault> {
    if let Some(id) = session_id(headers) {
        state.console().sessions.end(id);
    }
    let (name, date) = (token.name.clone(), now_as_date(state));
    let visit = move |store: &dyn overlap_store::Store| {
        let last = store.last_visit(&name)?;
        store.set_last_visit(&name, date).map(|()| last)
    };
    let last_visit = state.store(visit).await?;
    note_refused(state, state.console().refusals.untold()).await?;
    let who = Actor::Console(token.name.clone());
    note(state, by(state, who), NewAudit::of(AuditAction::SignedIn)).await?;
    let id = state.console().sessions.begin(token.hash, &token.name, last_visit, Instant::now());
    tracing::info!(token = %token.name, "signed in to the console");
    // An id is base64 and the rest is fixed, so it is a header's value.
    let cookie = HeaderValue::try_from(format!("{COOKIE}={id}; {ATTRIBUTES}")).map_err(|_| failed())?;
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(HOME)).into_response())
}

/// Tells the audit chain of tries that failed, if any are to be told.
async fn note_refused(state: &ApiState, tries: Option<u64>) -> Result<(), Fault> {
    if let Some(tries) = tries {
        let new = NewAudit::of(AuditAction::SignInRefused).with(format!("tries={tries}"));
        note(state, by(state, Actor::Stranger), new).await?;
    }
    Ok(())
}

fn failed() -> Fault {
    crate::problem::Problem::internal().into()
}

/// Signs out.
pub(crate) async fn sign_out(
    State(state): State<ApiState>,
    visitor: guard::Visitor,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    // First of all: whatever fails then, the session is over.
    if let Some(id) = session_id(&headers) {
        state.console().sessions.end(id);
    }
    tracing::info!(token = %visitor.session.name, "signed out of the console");
    note(&state, by(&state, visitor.actor()), NewAudit::of(AuditAction::SignedOut)).await?;
    note_visit(&state, &visitor.session).await;
    let cookie = format!("{COOKIE}=; Max-Age=0; {ATTRIBUTES}");
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(SIGN_IN)).into_response())
}

fn too_many(wait: Duration) -> Response {
    let seconds = wait.as_secs().max(1);
    let said = page(Some(&format!(
        "Too many tries failed: try again in {}.",
        counted(seconds, "second", "seconds")
    )));
    let retry = [(header::RETRY_AFTER, HeaderValue::from(seconds))];
    (StatusCode::TOO_MANY_REQUESTS, retry, said).into_response()
}

fn page(problem: Option<&str>) -> Markup {
    bare(
        "Sign in",
        html! {
            h1 { "Sign in" }
            p.quiet { "With a token of this node. Its roles say what you may do here." }
            @if let Some(problem) = problem {
                p.alert role="alert" #problem { (problem) }
            }
            form.stack method="post" action=(SIGN_IN) {
                // Password managers want a name beside a secret; the token says who it is.
            input type="text" name="username" value="overlapd" autocomplete="username" hidden aria-label="User";
            label for="token" { "Token" }
                input #token name="token" type="password" autocomplete="current-password" required
                    spellcheck="false" autofocus aria-describedby=[problem.map(|_| "problem")];
                button type="submit" { "Sign in" }
            }
            p.quiet { "An operator makes a token with " code { "overlapd token add" } "." }
        },
    )
}
