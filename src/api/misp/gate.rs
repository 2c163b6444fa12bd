//! What every request passes before its handler: who asks; and what its errors pass on the way out.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use overlap_store::Role;

use super::MispError;
use crate::access::{let_in, token_hash};
use crate::standing::while_token_stands;
use crate::state::ApiState;

/// The header that clients use where a proxy takes `Authorization` for itself.
const MISP_AUTH: &str = "x-misp-auth";

/// Lets a request through to a route, or says why not: 401 without a token of this node, 403 where it lacks the role.
pub(crate) async fn pass(
    State((state, role)): State<(ApiState, Role)>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    let token = token(request.headers());
    let hash = token.map(token_hash);
    match let_in(&state, token, role).await {
        Err(problem) => MispError::from(problem).told(&path),
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            let mut response = next.run(request).await;
            match response.extensions_mut().remove::<MispError>() {
                Some(error) => error.told(&path),
                None => match hash {
                    Some(hash) => while_token_stands(response, &state, hash, role),
                    None => response,
                },
            }
        }
    }
}

/// The token, as clients of MISP send it: without a scheme, or by RFC 6750.
fn token(headers: &HeaderMap) -> Option<&str> {
    let sent = headers.get(MISP_AUTH).or_else(|| headers.get(header::AUTHORIZATION))?.to_str().ok()?;
    match sent.trim().split_once(' ') {
        None => Some(sent.trim()),
        Some((scheme, token)) => scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_bare_as_bearer_or_in_the_header_of_misp() {
        let of = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            token(&headers).map(str::to_owned)
        };
        for (name, value) in [
            ("authorization", "ovl_a"),
            ("authorization", "Bearer ovl_a"),
            ("authorization", "bearer  ovl_a "),
            ("x-misp-auth", "ovl_a"),
            ("x-misp-auth", "Bearer ovl_a"),
        ] {
            assert_eq!(of(name, value).as_deref(), Some("ovl_a"), "{name}: {value}");
        }
        assert_eq!(of("authorization", "Basic b3ZsX2E="), None);
        assert_eq!(token(&HeaderMap::new()), None);
    }
}
