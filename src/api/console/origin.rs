//! Whether a request comes from a page of this site.
//!
//! Browsers say so in `Sec-Fetch-Site` (Fetch Metadata), which no page can forge. Those that do not know it send `Origin` with a POST. With
//! neither, nothing is changed: a program has the API for that.

use axum::http::{HeaderMap, header};

use crate::problem::{Problem, ProblemKind};

/// What browsers say about whence a request comes.
const FETCH_SITE: &str = "sec-fetch-site";

/// Refuses a change that another site asks for.
pub(crate) fn check(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let is_own = match (text(FETCH_SITE), text(header::ORIGIN.as_str())) {
        (Some(site), origin) => {
            site == "same-origin" && origin.is_none_or(|origin| may_be_own(origin, headers))
        }
        (None, Some(origin)) => origin != "null" && may_be_own(origin, headers),
        (None, None) => false,
    };
    let detail = "the change was not asked for by a page of this console";
    if is_own { Ok(()) } else { Err(Problem::new(ProblemKind::WrongRole, detail)) }
}

/// Whether `Origin` names the host that was asked. It is `null` on forms of pages that send no referrer, as these are (Fetch, section
/// "append a request Origin header").
fn may_be_own(origin: &str, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let of_origin = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    origin == "null" || (of_origin.is_some() && of_origin == host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_own(named: &[(&'static str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "node.example:7780".parse().unwrap());
        for (name, value) in named {
            headers.insert(*name, value.parse().unwrap());
        }
        check(&headers).is_ok()
    }

    #[test]
    fn only_this_site_may_change_anything() {
        assert!(is_own(&[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(is_own(&[("sec-fetch-site", "same-origin"), ("origin", "https://node.example:7780")]));
        assert!(is_own(&[("origin", "https://node.example:7780")]));
        for site in ["cross-site", "same-site", "none", ""] {
            assert!(!is_own(&[("sec-fetch-site", site)]), "{site}");
            assert!(!is_own(&[("sec-fetch-site", site), ("origin", "https://node.example:7780")]), "{site}");
        }
        for origin in
            ["null", "", "https://node.example", "https://evil.example", "https://node.example:7780.evil"]
        {
            assert!(!is_own(&[("origin", origin)]), "{origin}");
        }
        assert!(!is_own(&[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")]));
        assert!(!is_own(&[]));
    }
}
