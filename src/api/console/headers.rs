//! What every answer of the console tells the browser: nothing but this site's own files may run, look or be loaded.

use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::middleware::Next;
use axum::response::Response;

use super::is_of_console;

/// The policy (CSP level 3). No inline script or style, no outside resource, no frame; text can become markup or script by no way of the
/// DOM either (`require-trusted-types-for`). What breaks it is told to `csp-report`.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'; \
     report-uri /console/csp-report";

/// What pages may use of the device.
const PERMISSIONS: &str = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";

const HEADERS: [(HeaderName, HeaderValue); 8] = [
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    // A path may hold an exchange's id, a query the value that somebody searched.
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("permissions-policy"), HeaderValue::from_static(PERMISSIONS)),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// Puts the headers on every answer below the console's path, errors and unknown paths too.
pub(crate) async fn secure(request: Request, next: Next) -> Response {
    let is_of_console = is_of_console(request.uri().path());
    let mut response = next.run(request).await;
    if is_of_console {
        let headers = response.headers_mut();
        for (name, value) in &HEADERS {
            headers.entry(name).or_insert_with(|| value.clone());
        }
    }
    response
}
