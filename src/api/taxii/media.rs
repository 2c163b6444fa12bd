//! Media types and what a caller accepts (TAXII 2.1, section 1.6.8; RFC 9110, section 12.5.1).

use axum::http::{HeaderMap, header};

/// What every answer is, errors too.
pub(crate) const MEDIA_TYPE: &str = "application/taxii+json;version=2.1";

/// What the objects of a collection are.
pub(crate) const STIX_MEDIA_TYPE: &str = "application/stix+json;version=2.1";

/// Whether an answer of [`MEDIA_TYPE`] is acceptable. The standard: "If no version parameter is specified, the latest version is
/// meant", and any other media range may be satisfied: `*/*` and `application/*` are, as is a request without the header.
pub(crate) fn is_acceptable(headers: &HeaderMap) -> bool {
    let mut accepts = headers.get_all(header::ACCEPT).iter().peekable();
    accepts.peek().is_none()
        || accepts.any(|value| value.to_str().is_ok_and(|text| text.split(',').any(admits)))
}

/// Whether a media range admits [`MEDIA_TYPE`].
fn admits(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
    let is_ours = media_type == "application/taxii+json";
    (is_ours || ["*/*", "application/*"].contains(&media_type.as_str()))
        && parts.all(|parameter| {
            match parameter.split_once('=').map(|(name, value)| (name.trim(), value.trim())) {
                Some((name, value)) if name.eq_ignore_ascii_case("q") => {
                    value.parse::<f32>().is_ok_and(|quality| quality > 0.0)
                }
                Some((name, value)) if is_ours && name.eq_ignore_ascii_case("version") => {
                    value.trim_matches('"') == "2.1"
                }
                _ => true,
            }
        })
}

/// Whether a body is said to be of [`MEDIA_TYPE`].
pub(crate) fn is_taxii_body(headers: &HeaderMap) -> bool {
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    text.is_some_and(|text| {
        text.trim().to_ascii_lowercase().starts_with("application/taxii+json") && admits(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(values: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::ACCEPT, value.parse().unwrap());
        }
        is_acceptable(&headers)
    }

    #[test]
    fn the_latest_version_is_meant_where_none_is_named() {
        for accept in [
            "application/taxii+json;version=2.1",
            "application/taxii+json; version=2.1",
            "Application/TAXII+json ; Version=\"2.1\"; q=0.3",
            "application/taxii+json",
            "text/html, application/taxii+json;version=2.1;q=0.5",
            "*/*",
            "application/*;q=0.1",
        ] {
            assert!(accepted(&[accept]), "{accept}");
        }
        assert!(accepted(&[]));
        assert!(accepted(&["text/html", "application/taxii+json"]));
    }

    #[test]
    fn what_names_nothing_that_is_told_is_not_acceptable() {
        for accept in [
            "",
            "text/html",
            "application/json",
            "application/taxii+json;version=2.0",
            "application/vnd.oasis.taxii+json; version=2.0",
            "application/taxii+json;version=2.1;q=0",
            "application/taxii+json;version=2.1;q=x",
            "*/*;q=0",
        ] {
            assert!(!accepted(&[accept]), "{accept}");
        }
    }
}
