//! Reports of browsers that something broke the content security policy.
//!
//! There should be none: one says that a page has a flaw, or that somebody tries to use one. They are counted, and logged where there are
//! not too many; what a report says is a stranger's text, since anybody can send one, and is neither kept nor logged.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use http_body_util::{BodyExt, Limited};

use super::rate::Rate;
use crate::state::ApiState;

/// What of a report is read, in bytes; browsers send a few thousand.
const MAX_REPORT: usize = 64 * 1024;

/// Reports that are logged at once: a page with a flaw breaks the policy in as many places.
const MOST_AT_ONCE: u32 = 20;

/// After so long one more is logged: 28,800 lines a day at most, whoever sends reports for ever.
const ONE_MORE_AFTER: Duration = Duration::from_secs(3);

/// How often a report may be logged.
pub(crate) fn rate() -> Rate {
    Rate::new(MOST_AT_ONCE, ONE_MORE_AFTER)
}

/// Takes a report.
pub(crate) async fn report(State(state): State<ApiState>, body: Body) -> StatusCode {
    // Read, so that the connection can be used again; whatever is in it.
    let _ = Limited::new(body, MAX_REPORT).collect().await;
    metrics::counter!("overlapd_console_policy_reports_total").increment(1);
    // Whoever can reach the listener can send them for ever: the counter has them all, the log some.
    let (reports, now) = (&state.console().reports, Instant::now());
    if reports.check(now).is_ok() {
        reports.count(now);
        tracing::warn!("a browser reports that a page of the console broke its content security policy");
    }
    StatusCode::NO_CONTENT
}
