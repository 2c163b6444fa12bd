//! Accounts at banks that have no IBAN: a number beside its bank's BIC, in the one spelling on which two members meet.

use overlap_indicator::Kind;

use super::finding::{Finding, Found};

/// The branch that stands for the bank itself: with it and without it a BIC (ISO 9362) is the same.
const HEAD_OFFICE: &str = "XXX";

/// An account at the bank of a BIC. The number is taken without the spaces and dashes that people write into it.
pub(crate) fn at_bic(bic: &str, number: &str) -> Finding {
    match bank_of(bic) {
        Some(bank) => {
            let number: String = number.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
            Ok(Found::new(Kind::Account, format!("{bank}:{number}")))
        }
        None => Err("a BIC has 8 or 11 letters and digits, its country in the fifth and sixth".to_owned()),
    }
}

/// The bank of a BIC, if the text has the shape of one (ISO 9362): four characters, a country, two characters, and a branch of three or none.
pub(crate) fn bank_of(bic: &str) -> Option<String> {
    let bic: String = bic.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_uppercase();
    let is_plain = bic.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let has_country = bic.get(4..6)?.bytes().all(|byte| byte.is_ascii_uppercase());
    if !is_plain || !has_country || !matches!(bic.len(), 8 | 11) {
        return None;
    }
    Some(bic.strip_suffix(HEAD_OFFICE).filter(|bank| bank.len() == 8).unwrap_or(&bic).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_office_is_the_bank_and_another_branch_is_not() {
        assert_eq!(bank_of("cobadeffxxx").as_deref(), Some("COBADEFF"));
        assert_eq!(bank_of(" COBA DE FF ").as_deref(), Some("COBADEFF"));
        assert_eq!(bank_of("COBADEFF060").as_deref(), Some("COBADEFF060"));
        assert_eq!(bank_of("ABCDEXXX").as_deref(), Some("ABCDEXXX"), "EX stands where a country does");
        for no_bic in ["", "COBADEF", "COBA1EFF", "COBADEFF0", "COBADEFF-60", "37040044", "\u{e9}OBADEFF"] {
            assert_eq!(bank_of(no_bic), None, "{no_bic}");
        }
    }
}
