//! Bearer tokens of the local API, hashed.

/// What a token may do. Each role has the ones before it, except that `import` and `exchange` do not have each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Role {
    /// Look.
    Read = 1,
    /// Import and withdraw indicators.
    Import = 2,
    /// Run exchanges.
    Exchange = 3,
    /// Everything.
    Admin = 4,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 4] = [Role::Read, Role::Import, Role::Exchange, Role::Admin];

    /// The name in the API and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Read => "read",
            Role::Import => "import",
            Role::Exchange => "exchange",
            Role::Admin => "admin",
        }
    }
}

/// A token, without the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// Its name, unique.
    pub name: String,
    /// SHA-256 of the token: it is 32 random bytes, so a plain hash is enough.
    pub hash: [u8; 32],
    /// Its roles.
    pub roles: Vec<Role>,
    /// When it was made, in seconds since 1970-01-01T00:00:00Z.
    pub made: u64,
}
