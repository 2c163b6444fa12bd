//! Names of members and coalitions.

use std::fmt;
use std::str::FromStr;

/// The longest name of a member or a coalition, as of a DNS label.
const LONGEST_NAME: usize = 63;

/// A member's id: 1 to 63 of `a-z 0-9 -`, a letter or digit at both ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(String);

/// A coalition's name, which is its SPIFFE trust domain: labels like a member's id, joined by dots, 255 bytes at most.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CoalitionName(String);

/// A name that is not well formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name is 1 to 63 of a-z, 0-9 and -, with a letter or digit at both ends")]
pub struct NameError;

impl MemberId {
    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URI SAN of this member's certificates.
    pub fn spiffe_id(&self, coalition: &CoalitionName) -> String {
        format!("spiffe://{}/member/{}", coalition.as_str(), self.0)
    }
}

impl CoalitionName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MemberId {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        if is_label(name) { Ok(Self(name.to_owned())) } else { Err(NameError) }
    }
}

impl FromStr for CoalitionName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        if name.len() <= 255 && name.split('.').all(is_label) {
            Ok(Self(name.to_owned()))
        } else {
            Err(NameError)
        }
    }
}

fn is_label(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=LONGEST_NAME).contains(&name.len())
        && name.bytes().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for CoalitionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_names() {
        let long = "x".repeat(63);
        for name in ["a", "7", "police-2", "a--b", long.as_str()] {
            assert_eq!(name.parse::<MemberId>().map(|id| id.to_string()), Ok(name.to_owned()));
            assert!(name.parse::<CoalitionName>().is_ok(), "{name}");
        }
        assert!("exchange.example".parse::<CoalitionName>().is_ok());
    }

    #[test]
    fn names_that_are_not() {
        let long = "x".repeat(64);
        for name in ["", "-a", "a-", "A", "a_b", "a/b", "a b", "ä", "a\0", long.as_str()] {
            assert_eq!(name.parse::<MemberId>(), Err(NameError), "{name:?}");
            assert_eq!(name.parse::<CoalitionName>(), Err(NameError), "{name:?}");
        }
        assert_eq!("a.b".parse::<MemberId>(), Err(NameError));
        for name in [".", "a.", ".a", "a..b", &["x"; 129].join(".")] {
            assert_eq!(name.parse::<CoalitionName>(), Err(NameError), "{name:?}");
        }
    }

    #[test]
    fn the_uri_of_a_members_certificate() {
        let member: MemberId = "police".parse().unwrap();
        let coalition = "exchange.example".parse().unwrap();
        assert_eq!(member.spiffe_id(&coalition), "spiffe://exchange.example/member/police");
    }
}
