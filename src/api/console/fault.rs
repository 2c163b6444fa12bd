//! A page that says what went wrong.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use maud::html;

use super::layout::bare;
use super::text::Shown;
use super::units::number;
use super::{HOME, SIGN_IN};
use crate::problem::Problem;

/// What ends a page early.
#[derive(Clone, Debug)]
pub(crate) struct Fault(Problem);

impl<T: Into<Problem>> From<T> for Fault {
    fn from(problem: T) -> Self {
        Self(problem.into())
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let retry_after = self.0.retry_after();
        let code = self.0.code();
        let imported = self.0.import().map(|report| (report.accepted, report.duplicates));
        let (status, slug, title, detail) = self.0.into_parts();
        let body = html! {
            h1 { (title) }
            p.lead { (Shown(&detail)) }
            @if let Some((accepted, duplicates)) = imported {
                p { "Before that, " (number(accepted)) " rows were taken and " (number(duplicates)) " were there already." }
            }
            @if let Some(seconds) = retry_after {
                p { "Trying again may help in " (seconds) " seconds." }
            }
            p.quiet { "Code: " code { (code.unwrap_or(slug)) } ", status " (status.as_u16()) "." }
            p {
                @if slug == "no-token" { a.button href=(SIGN_IN) { "Sign in" } }
                @else { a.button href=(HOME) { "To the overview" } }
            }
        };
        let mut response = (status, bare(title, body)).into_response();
        if let Some(seconds) = retry_after {
            let name: HeaderName = header::RETRY_AFTER;
            response.headers_mut().insert(name, HeaderValue::from(seconds));
        }
        response
    }
}
