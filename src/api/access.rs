//! Who may call what: bearer tokens (RFC 6750) and roles.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use overlap_store::{Role, StoreError, TokenRecord};
use rand::CryptoRng;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::RwLock;

use crate::problem::{Problem, ProblemKind};
use crate::state::ApiState;

/// What every token begins with, so that scanners for leaked secrets find it.
const TOKEN_PREFIX: &str = "ovl_";

/// Random bytes in a token: it cannot be guessed, so an unsalted hash of it can be stored.
const TOKEN_BYTES: usize = 32;

/// The role with which a route is called; there is no default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Without a token.
    Open,
    /// With a token of this role.
    Role(Role),
}

/// The name of the token that a request came with.
#[derive(Clone, Debug)]
pub(crate) struct Caller(pub(crate) Arc<str>);

/// Makes a token: the text to hand out once, and the hash to store (SHA-256 of the text).
pub fn new_token(rng: &mut impl CryptoRng) -> (String, [u8; 32]) {
    let mut bytes = [0; TOKEN_BYTES];
    rng.fill_bytes(&mut bytes);
    let token = format!("{TOKEN_PREFIX}{}", data_encoding::BASE64URL_NOPAD.encode(&bytes));
    let hash = token_hash(&token);
    (token, hash)
}

/// Lets a request through to a route, or says why not.
pub(crate) async fn check(
    State((state, access)): State<(ApiState, Access)>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if let Access::Role(role) = access {
        let caller = let_in(&state, bearer(request.headers()), role).await?;
        request.extensions_mut().insert(caller);
    }
    Ok(next.run(request).await)
}

/// Who calls with this token, if it has the role.
///
/// # Errors
/// 401 without a token of this node, 403 where it lacks the role.
pub(crate) async fn let_in(state: &ApiState, token: Option<&str>, role: Role) -> Result<Caller, Problem> {
    let token = token.ok_or_else(no_token)?;
    let record = state.token(token_hash(token)).await?.ok_or_else(no_token)?;
    if !allows(&record.roles, role) {
        let detail = format!("this needs a token with role `{}`", role.as_str());
        return Err(Problem::new(ProblemKind::WrongRole, detail));
    }
    Ok(Caller(record.name.into()))
}

fn no_token() -> Problem {
    Problem::new(ProblemKind::NoToken, "send `Authorization: Bearer` with a token that this node gave out")
}

/// The token of RFC 6750.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The hash of the token of RFC 6750, by which a caller that stays is looked up again.
pub(crate) fn bearer_hash(headers: &HeaderMap) -> Option<[u8; 32]> {
    bearer(headers).map(token_hash)
}

/// Whether a token still stands and has the role.
pub(crate) async fn still_has(state: &ApiState, hash: [u8; 32], role: Role) -> bool {
    matches!(state.token(hash).await, Ok(Some(record)) if allows(&record.roles, role))
}

/// What is stored of a token.
pub(crate) fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Whether these roles include one: admin has all, and every role has `read`.
pub(crate) fn allows(held: &[Role], needed: Role) -> bool {
    held.iter().any(|&role| role == Role::Admin || role == needed || needed == Role::Read)
}

/// The tokens, read from the store once and again after each change, whoever made it.
#[derive(Debug, Default)]
pub(crate) struct TokenCache(RwLock<Option<Tokens>>);

#[derive(Debug)]
struct Tokens {
    /// How often tokens had changed before these were read.
    changes: u64,
    all: Arc<[TokenRecord]>,
}

impl TokenCache {
    /// The tokens, if they were read since the last change.
    pub(crate) async fn known(&self, changes: u64) -> Option<Arc<[TokenRecord]>> {
        let kept = self.0.read().await;
        kept.as_ref().filter(|kept| kept.changes == changes).map(|kept| kept.all.clone())
    }

    /// Reads the tokens. Blocks; what changes after `changes` were counted is read again by whoever asks then.
    pub(crate) fn load(
        &self,
        changes: u64,
        read: impl FnOnce() -> Result<Vec<TokenRecord>, StoreError>,
    ) -> Result<Arc<[TokenRecord]>, StoreError> {
        let mut kept = self.0.blocking_write();
        if let Some(kept) = kept.as_ref().filter(|kept| kept.changes >= changes) {
            return Ok(kept.all.clone());
        }
        let all: Arc<[TokenRecord]> = read()?.into();
        *kept = Some(Tokens { changes, all: all.clone() });
        Ok(all)
    }

    /// Changes the tokens. Blocks; whoever asks meanwhile waits, and sees the change.
    pub(crate) fn change<T>(&self, change: impl FnOnce() -> T) -> T {
        let mut kept = self.0.blocking_write();
        *kept = None;
        change()
    }
}

/// The token with this hash. Every token is compared, each in constant time.
pub(crate) fn find(tokens: &[TokenRecord], hash: [u8; 32]) -> Option<TokenRecord> {
    let mut found = None;
    for token in tokens {
        if bool::from(token.hash.ct_eq(&hash)) {
            found = Some(token);
        }
    }
    found.cloned()
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn roles_include_what_they_should() {
        use Role::{Admin, Exchange, Import, Read};
        let included = [(Read, vec![Read]), (Import, vec![Read, Import]), (Exchange, vec![Read, Exchange])];
        for (held, allowed) in included {
            for needed in [Read, Import, Exchange, Admin] {
                assert_eq!(allows(&[held], needed), allowed.contains(&needed), "{held:?} for {needed:?}");
            }
        }
        assert!([Read, Import, Exchange, Admin].into_iter().all(|needed| allows(&[Admin], needed)));
        assert!(allows(&[Import, Exchange], Import) && allows(&[Import, Exchange], Exchange));
        assert!(!allows(&[], Read));
    }

    #[test]
    fn a_token_is_32_random_bytes_and_its_hash_is_of_its_text() {
        let (token, hash) = new_token(&mut ChaCha20Rng::seed_from_u64(7));
        let bytes = data_encoding::BASE64URL_NOPAD.decode(token.strip_prefix("ovl_").unwrap().as_bytes());
        assert_eq!(bytes.unwrap().len(), 32);
        assert_eq!(hash, <[u8; 32]>::from(Sha256::digest(token.as_bytes())));
        assert_ne!(token, new_token(&mut ChaCha20Rng::seed_from_u64(8)).0);
    }

    #[test]
    fn only_a_bearer_token_is_read() {
        let with = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(with("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(with("bearer abc").as_deref(), Some("abc"));
        assert_eq!(with("Basic abc"), None);
        assert_eq!(with("Bearer"), None);
        assert_eq!(bearer(&HeaderMap::new()), None);
    }

    #[test]
    fn a_change_is_seen_by_the_next_load() {
        let cache = TokenCache::default();
        let record = TokenRecord { name: "a".into(), hash: [1; 32], roles: vec![Role::Read], made: 0 };
        assert_eq!(cache.load(1, || Ok(vec![record.clone()])).unwrap().len(), 1);
        assert_eq!(cache.load(1, || panic!("it is kept")).unwrap().len(), 1);
        cache.change(|| ());
        assert!(cache.load(1, || Ok(vec![])).unwrap().is_empty());
        // One that the API did not make.
        assert_eq!(cache.load(2, || Ok(vec![record])).unwrap().len(), 1);
    }
}
