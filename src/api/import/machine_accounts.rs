//! Accounts that a machine or a domain has, and no platform: `root` of one is not `root` of the other.

/// Types of accounts whose names mean something on one machine or in one domain alone (STIX 2.1, 10.1, account-type-ov; MISP's object
/// template `user-account` has the same and more).
const TYPES: [&str; 8] =
    ["unix", "windows-local", "windows-domain", "ldap", "nis", "radius", "tacacs", "openid"];

/// Why such an account is refused.
pub(crate) const OF_A_MACHINE: &str = "an account of one machine or domain, not of a platform";

/// Whether accounts of a type are a machine's or a domain's.
pub(crate) fn is_of_a_machine(account_type: &str) -> bool {
    TYPES.iter().any(|known| known.eq_ignore_ascii_case(account_type.trim()))
}
