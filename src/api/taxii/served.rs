//! Answers of TAXII.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::media::MEDIA_TYPE;
use crate::stix::microseconds;

const DATE_ADDED_FIRST: HeaderName = HeaderName::from_static("x-taxii-date-added-first");
const DATE_ADDED_LAST: HeaderName = HeaderName::from_static("x-taxii-date-added-last");

/// An answer with a resource.
#[derive(Debug)]
pub(crate) struct Served<T> {
    resource: T,
    /// When the first and the last object on the page were added; `None` where it has none, or is no page.
    dates: Option<(u64, u64)>,
}

impl<T> Served<T> {
    /// A resource that is no page.
    pub(crate) const fn whole(resource: T) -> Self {
        Self { resource, dates: None }
    }

    /// A page, which says when its first and its last object were added (TAXII 2.1, section 3.3).
    pub(crate) const fn page(resource: T, dates: Option<(u64, u64)>) -> Self {
        Self { resource, dates }
    }
}

impl<T: Serialize> IntoResponse for Served<T> {
    fn into_response(self) -> Response {
        // A struct of strings and numbers always encodes.
        let body = serde_json::to_vec(&self.resource).unwrap_or_default();
        let mut response = body.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some((first, last)) = self.dates {
            for (name, date) in [(DATE_ADDED_FIRST, first), (DATE_ADDED_LAST, last)] {
                // A date is digits and a few signs.
                if let Ok(date) = HeaderValue::try_from(microseconds(date)) {
                    headers.insert(name, date);
                }
            }
        }
        response
    }
}
