//! Tokens: make, list, revoke.

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use overlap_store::{By, Role, Store, TokenRecord};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Caller, new_token};
use crate::problem::{Problem, ProblemDocument, ProblemKind};
use crate::request::{JsonBody, Segment, not_found};
use crate::rfc3339::rfc3339;
use crate::state::ApiState;

/// Tokens at most: every request is compared with each.
const MAX_TOKENS: usize = 1_000;

/// The longest name of a token, in bytes.
const LONGEST_NAME: usize = 64;

/// A token to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "siem", "roles": ["read"]}))]
pub(crate) struct NewToken {
    /// Its name, unique: 1 to 64 letters, digits, `.`, `_` and `-`.
    #[schema(schema_with = crate::schemas::token_name)]
    name: String,
    /// Its roles, of `read`, `import`, `exchange` and `admin`.
    #[schema(schema_with = crate::schemas::roles)]
    roles: Vec<String>,
}

/// A token that was made.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"name": "siem", "roles": ["read"], "token": "ovl_q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA"}))]
pub(crate) struct MadeToken {
    /// Its name.
    name: String,
    /// Its roles.
    roles: Vec<&'static str>,
    /// The token. It is shown this once.
    token: String,
}

/// A token, without the token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Token, example = json!({"name": "siem", "roles": ["read"], "made": "2026-11-01T08:00:00Z"}))]
pub(crate) struct TokenItem {
    /// Its name.
    name: String,
    /// Its roles.
    roles: Vec<&'static str>,
    /// When it was made.
    #[schema(format = "date-time")]
    made: String,
}

/// The tokens.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenList {
    /// All of them.
    items: Vec<TokenItem>,
}

/// Lists tokens by name; a token itself is not stored and cannot be shown.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens", responses((status = 200, body = TokenList)))]
pub(crate) async fn list(State(state): State<ApiState>) -> Result<Json<TokenList>, Problem> {
    let tokens = state.store(|store| store.tokens()).await?;
    Ok(Json(TokenList { items: tokens.into_iter().map(TokenItem::from).collect() }))
}

/// Makes a token. The answer shows it, this once.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", request_body = NewToken, responses(
    (status = 201, description = "Here it is.", body = MadeToken),
    (status = 409, description = "A token has this name, or there are too many.", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn make(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    JsonBody(asked): JsonBody<NewToken>,
) -> Result<(StatusCode, Json<MadeToken>), Problem> {
    check_name(&asked.name)?;
    let roles = roles(&asked.roles)?;
    let (token, hash) = new_token(&mut rand::rng());
    let by = caller.by(&state);
    let record = TokenRecord { name: asked.name, hash, roles, made: state.daemon().now().0 };
    let record = state.change_tokens(move |store| add(store, record, &by)).await?;
    tracing::info!(by = %caller.0, token = %record.name, "token made");
    let roles = role_names(&record.roles);
    Ok((StatusCode::CREATED, Json(MadeToken { name: record.name, roles, token })))
}

/// Revokes a token: a request that begins after the answer is refused.
#[utoipa::path(delete, path = "/api/v1/tokens/{name}", tag = "tokens", params(("name" = String, Path)), responses(
    (status = 204, description = "It is revoked."),
    (status = 404, description = "There is none of this name.", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn revoke(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    Segment(name): Segment,
) -> Result<StatusCode, Problem> {
    check_name(&name).map_err(|_| not_found("token"))?;
    let (revoked, by) = (name.clone(), caller.by(&state));
    let was_there = state.change_tokens(move |store| Ok(store.revoke_token(&name, &by)?)).await?;
    if !was_there {
        return Err(not_found("token"));
    }
    tracing::info!(by = %caller.0, token = %revoked, "token revoked");
    Ok(StatusCode::NO_CONTENT)
}

fn add(store: &dyn Store, record: TokenRecord, by: &By) -> Result<TokenRecord, Problem> {
    let tokens = store.tokens()?;
    if tokens.iter().any(|token| token.name == record.name) {
        return Err(Problem::new(ProblemKind::NameTaken, "a token has this name: revoke it first"));
    }
    if tokens.len() >= MAX_TOKENS {
        return Err(Problem::new(ProblemKind::TooManyTokens, format!("{MAX_TOKENS} tokens at most")));
    }
    store.add_token(&record, by)?;
    Ok(record)
}

fn check_name(name: &str) -> Result<(), Problem> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(());
    }
    let detail = format!("name: 1 to {LONGEST_NAME} letters, digits, `.`, `_` and `-`");
    Err(Problem::new(ProblemKind::BadValue, detail))
}

fn roles(names: &[String]) -> Result<Vec<Role>, Problem> {
    let role = |name: &String| Role::ALL.into_iter().find(|role| role.as_str() == name);
    let roles: Option<Vec<Role>> = names.iter().map(role).collect();
    let mut roles = roles.filter(|roles| !roles.is_empty()).ok_or_else(|| {
        Problem::new(ProblemKind::BadValue, "roles: one or more of `read`, `import`, `exchange` and `admin`")
    })?;
    roles.sort();
    roles.dedup();
    Ok(roles)
}

fn role_names(roles: &[Role]) -> Vec<&'static str> {
    roles.iter().map(|role| role.as_str()).collect()
}

impl From<TokenRecord> for TokenItem {
    fn from(token: TokenRecord) -> Self {
        Self { name: token.name, roles: role_names(&token.roles), made: rfc3339(token.made) }
    }
}
