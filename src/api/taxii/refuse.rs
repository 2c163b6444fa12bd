//! What the standard has and this server does not do: writing, and so the status of what was written.

use axum::http::{HeaderMap, header};

use super::TaxiiError;
use super::media::is_taxii_body;
use super::resources::MAX_CONTENT_LENGTH;

/// Refuses objects (TAXII 2.1, section 5.5: "If the client has no write permission, the server responds with HTTP 403 or 404").
#[utoipa::path(post, path = "/taxii2/overlap/collections/{collection}/objects/", tag = "taxii",
    params(("collection" = String, Path)),
    request_body(content = Object, description = "An envelope.", content_type = "application/taxii+json;version=2.1"), responses(
    (status = 403, description = "Nothing can be written.", body = super::ErrorMessage, content_type = "application/taxii+json;version=2.1"),
    (status = 413, description = "Nor could so much.", body = super::ErrorMessage, content_type = "application/taxii+json;version=2.1"),
    (status = 415, description = "Nor a body that is none of TAXII.", body = super::ErrorMessage, content_type = "application/taxii+json;version=2.1"),
))]
pub(crate) async fn post_objects(headers: HeaderMap) -> TaxiiError {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if !is_taxii_body(&headers) {
        TaxiiError::unsupported_media_type()
    } else if length.is_some_and(|length: u64| length > MAX_CONTENT_LENGTH) {
        TaxiiError::too_large(MAX_CONTENT_LENGTH)
    } else {
        TaxiiError::read_only()
    }
}

/// Refuses to delete an object (section 5.7: 403 for a client that may read and not write).
#[utoipa::path(delete, path = "/taxii2/overlap/collections/{collection}/objects/{object}/", tag = "taxii",
    params(("collection" = String, Path), ("object" = String, Path)),
    responses((status = 403, description = "Nothing can be deleted.", body = super::ErrorMessage, content_type = "application/taxii+json;version=2.1")))]
pub(crate) async fn delete_object() -> TaxiiError {
    TaxiiError::read_only()
}

/// Tells of no status (section 4.3): there is one only for what was written.
#[utoipa::path(get, path = "/taxii2/overlap/status/{status}/", tag = "taxii", params(("status" = String, Path)),
    responses((status = 404, description = "There is none.", body = super::ErrorMessage, content_type = "application/taxii+json;version=2.1")))]
pub(crate) async fn status() -> TaxiiError {
    TaxiiError::not_found("status")
}
