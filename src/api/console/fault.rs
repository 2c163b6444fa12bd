//! A page that says what went wrong.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use maud::html;

use super::layout::bare;
use super::text::Shown;
use super::units::counted;
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
                p {
                    "Before that, " (counted(accepted, "row was", "rows were")) " taken and "
                    (counted(duplicates, "was", "were")) " there already."
                }
            }
            @if let Some(seconds) = retry_after {
                p { "Trying again may help in " (counted(seconds, "second", "seconds")) "." }
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

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;
    use crate::import::ImportReport;
    use crate::problem::ProblemKind;

    async fn page(accepted: u64, duplicates: u64, seconds: u64) -> String {
        let report = ImportReport { accepted, duplicates, ..ImportReport::default() };
        let problem =
            Problem::new(ProblemKind::BadValue, "it ends early").after(report).with_retry_after(seconds);
        let body = Fault(problem).into_response().into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(body.into()).unwrap()
    }

    #[tokio::test]
    async fn one_row_and_one_second_are_told_as_one() {
        let one = page(1, 1, 1).await;
        assert!(one.contains("Before that, 1 row was taken and 1 was there already."), "{one}");
        assert!(one.contains("in 1 second."), "{one}");
        let more = page(2, 0, 30).await;
        assert!(more.contains("Before that, 2 rows were taken and 0 were there already."), "{more}");
        assert!(more.contains("in 30 seconds."), "{more}");
    }
}
