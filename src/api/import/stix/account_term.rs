//! Accounts at banks and on platforms: values that mean something only beside another.

use overlap_indicator::Kind;

use super::terms::Group;
use crate::import::bank_account::at_bic;
use crate::import::finding::{Finding, Found};
use crate::import::machine_accounts::{OF_A_MACHINE, is_of_a_machine};

/// What a property of a bank account says. Where there is an IBAN, the account number is part of it.
pub(crate) fn bank_account(path: &str, value: &str, group: &Group) -> Option<Finding> {
    match path {
        "iban" | "value" => Some(Ok(Found::new(Kind::Iban, value))),
        "account_number" if group.has_iban => None,
        "account_number" => Some(match &group.bank {
            Some(bic) => at_bic(bic, value),
            None => Err("an account number without its bank: an IBAN or a BIC is needed".to_owned()),
        }),
        _ => None,
    }
}

/// What a property of a user's account says: `account_login` is the name that its user chose, `user_id` the platform's own (STIX 2.1, 6.16).
pub(crate) fn user_account(path: &str, value: &str, group: &Group) -> Option<Finding> {
    let kind = match path {
        "user_id" => Kind::Account,
        // OpenCTI's exports have had the second spelling.
        "account_login" | "acount_login" => Kind::Handle,
        _ => return None,
    };
    Some(match &group.platform {
        Some(platform) if is_of_a_machine(platform) => Err(OF_A_MACHINE.to_owned()),
        Some(platform) => Ok(Found::new(kind, format!("{platform}:{value}"))),
        None => Err("a user-account without account_type: its platform is not known".to_owned()),
    })
}
