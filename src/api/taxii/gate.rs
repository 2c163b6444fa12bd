//! What every request of TAXII passes before its handler: who asks, and what answers are acceptable.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use overlap_store::Role;

use super::TaxiiError;
use super::media::is_acceptable;
use crate::access::{bearer, let_in};
use crate::state::ApiState;

/// Lets a request through to a route of TAXII, or says why not.
///
/// # Errors
/// 401 without a token of this node, 403 where it lacks the role, 406 where no answer is acceptable (TAXII 2.1, section 3.6).
pub(crate) async fn pass(
    State((state, role)): State<(ApiState, Role)>,
    mut request: Request,
    next: Next,
) -> Result<Response, TaxiiError> {
    let token = token(request.headers());
    let caller = let_in(&state, token.as_deref(), role).await?;
    if !is_acceptable(request.headers()) {
        return Err(TaxiiError::not_acceptable());
    }
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

/// The token: by RFC 6750, or as the password of HTTP Basic (RFC 7617), which is what TAXII asks servers to take; the user's name says nothing.
fn token(headers: &HeaderMap) -> Option<String> {
    bearer(headers).map(str::to_owned).or_else(|| basic_password(headers))
}

fn basic_password(headers: &HeaderMap) -> Option<String> {
    let (scheme, credentials) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = data_encoding::BASE64.decode(credentials.trim().as_bytes()).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    text.split_once(':').map(|(_user, password)| password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_as_bearer_or_as_a_password() {
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            token(&headers)
        };
        let basic = |text: &str| format!("Basic {}", data_encoding::BASE64.encode(text.as_bytes()));
        assert_eq!(of("Bearer ovl_a").as_deref(), Some("ovl_a"));
        assert_eq!(of(&basic("analyst:ovl_a")).as_deref(), Some("ovl_a"));
        assert_eq!(of(&basic(":ovl_a:b")).as_deref(), Some("ovl_a:b"));
        for none in ["Basic", "Basic !", &basic("ovl_a"), "Digest a:b", "Token ovl_a"] {
            assert_eq!(of(none), None, "{none}");
        }
        assert_eq!(token(&HeaderMap::new()), None);
    }
}
