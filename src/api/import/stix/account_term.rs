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
        "account_number" => {
            let bic =
                group.bank.word("BIC", "an account number without its bank: an IBAN or a BIC is needed");
            Some(bic.and_then(|bic| at_bic(bic, value)))
        }
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
    let platform =
        group.platform.word("account_type", "a user-account without account_type: its platform is not known");
    Some(platform.and_then(|platform| match platform {
        of_a_machine if is_of_a_machine(of_a_machine) => Err(OF_A_MACHINE.to_owned()),
        platform => Ok(Found::new(kind, format!("{platform}:{value}"))),
    }))
}
