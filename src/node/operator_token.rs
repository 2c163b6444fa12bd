//! The token with which the command line calls the API: the one that the config's file holds.

use overlap_store::{By, Role, Store, TokenRecord};
use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::exit::CommandError;
use crate::{client, clock};

/// The name of the token that the config's token file holds.
const OPERATOR: &str = "operator";

/// Takes up the token of the config's file as an admin's, where it is not known yet. The file rules: another token there
/// replaces the one that it held before.
///
/// # Errors
/// The file cannot be read or holds no token, or the store fails.
pub(crate) fn take_up(config: &Config, store: &dyn Store) -> Result<(), CommandError> {
    let token = client::read_token(&config.api.token)?;
    let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    let known = store.tokens()?.into_iter().find(|record| record.name == OPERATOR);
    if known.as_ref().is_some_and(|record| record.hash == hash) {
        return Ok(());
    }
    let record =
        TokenRecord { name: OPERATOR.to_owned(), hash, roles: vec![Role::Admin], made: clock::now().0 };
    Ok(store.set_token(&record, &By::daemon(clock::now()))?)
}
