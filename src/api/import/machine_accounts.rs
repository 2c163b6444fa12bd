//! Accounts that a machine or a domain has given out, and not a platform.

/// Types of accounts (STIX 2.1, 10.1) whose names mean something on one machine or in one domain only. `root` is on every machine, so two
/// members would meet on it who have nothing in common.
const OF_MACHINES: [&str; 8] =
    ["unix", "windows-local", "windows-domain", "ldap", "nis", "radius", "tacacs", "openid"];

/// Why an account of such a type is refused.
pub(crate) const OF_ONE_MACHINE: &str = "an account of one machine or domain, not of a platform";

/// Whether accounts of this type are of one machine or domain.
pub(crate) fn is_of_one_machine(account_type: &str) -> bool {
    let account_type = account_type.trim();
    OF_MACHINES.iter().any(|of_machines| account_type.eq_ignore_ascii_case(of_machines))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_known_in_any_case_and_platforms_are_none() {
        assert!(["unix", " Windows-Local ", "LDAP", "openid"].into_iter().all(is_of_one_machine));
        assert!(!["telegram", "facebook", "skype", "unixforum", ""].into_iter().any(is_of_one_machine));
    }
}
