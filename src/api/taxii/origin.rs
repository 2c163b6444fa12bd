//! Where a caller has found this node, for the absolute URLs that some clients insist on.

use axum::http::{Extensions, HeaderMap, header};

use super::API_ROOT;

/// Stands in the extensions of requests that came over TLS.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Https;

/// The longest host with a port: 253 characters of a name, a colon and five digits.
const MAX_HOST: usize = 259;

/// The URL of the API root: absolute over TLS, by the host that the caller named, else relative, which the standard allows as well
/// (TAXII 2.1, section 4.1.1): over a Unix socket there is no host.
pub(crate) fn api_root_url(headers: &HeaderMap, extensions: &Extensions) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).filter(|host| is_host(host));
    match (extensions.get::<Https>(), host) {
        (Some(Https), Some(host)) => format!("https://{host}{API_ROOT}"),
        _ => API_ROOT.to_owned(),
    }
}

/// Whether a text can be told as a host: it came from the caller, and goes back into a URL.
fn is_host(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    (1..=MAX_HOST).contains(&text.len()) && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_the_one_that_the_caller_used() {
        let url = |host: &str, is_tls: bool| {
            let (mut headers, mut extensions) = (HeaderMap::new(), Extensions::new());
            headers.insert(header::HOST, host.parse().unwrap());
            if is_tls {
                extensions.insert(Https);
            }
            api_root_url(&headers, &extensions)
        };
        assert_eq!(url("127.0.0.1:7780", true), "https://127.0.0.1:7780/taxii2/overlap/");
        assert_eq!(url("[::1]:7780", true), "https://[::1]:7780/taxii2/overlap/");
        assert_eq!(url("node", false), "/taxii2/overlap/");
        for bad in ["", "a/b", "a@b", "a b", "a\"b", "<b>"] {
            assert_eq!(url(bad, true), "/taxii2/overlap/", "{bad}");
        }
    }
}
