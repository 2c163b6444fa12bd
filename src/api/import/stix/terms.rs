//! Which properties of which objects name indicators (STIX 2.1, 6; dogesec's and OpenCTI's extensions), in objects and patterns alike.

use overlap_indicator::{Indicator, Kind};

use super::account_term::{bank_account, user_account};
use super::beside::Beside;
use super::pattern::{Comparison, Expression, Pattern};
use crate::import::finding::{Finding, Found, card};
use crate::import::json_value::{Members, text};
use crate::import::source::RowRules;

/// Digits that a telephone number with its country's code has at least.
const LONG_PHONE: usize = 10;

/// What stands beside a property and belongs to its value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    /// The platform of a user's account.
    pub(crate) platform: Beside,
    /// The bank of an account number.
    pub(crate) bank: Beside,
    /// Whether there is an IBAN, which says more than an account number.
    pub(crate) has_iban: bool,
}

impl Group {
    /// What an object says.
    pub(crate) fn of_object(members: &Members) -> Self {
        let own = |name| Beside::of(text(members, name).into_iter(), &Beside::Nothing);
        Self { platform: own("account_type"), bank: own("bic"), has_iban: text(members, "iban").is_some() }
    }

    /// What the comparisons say that hold together, within what is said around them.
    fn of_comparisons(&self, together: &[&Comparison]) -> Self {
        // One that says what something is not has no values.
        let values = |object: &'static str, path: &'static str| {
            let of_it = together.iter().filter(move |comparison| comparison.is_of(object, path));
            of_it.flat_map(|comparison| comparison.values()).map(String::as_str)
        };
        Self {
            platform: Beside::of(values("user-account", "account_type"), &self.platform),
            bank: Beside::of(values("bank-account", "bic"), &self.bank),
            has_iban: self.has_iban || values("bank-account", "iban").next().is_some(),
        }
    }
}

/// What every supported comparison of a pattern says.
pub(crate) fn pattern_values(pattern: &Pattern, rules: &RowRules) -> Vec<Finding> {
    let mut findings = Vec::new();
    for expression in pattern.observations() {
        collect(expression, &Group::default(), rules, &mut findings);
    }
    findings
}

fn collect(expression: &Expression, around: &Group, rules: &RowRules, findings: &mut Vec<Finding>) {
    match expression {
        Expression::Comparison(comparison) => {
            let together = around.of_comparisons(&[comparison]);
            let (object, path) = (comparison.object(), comparison.path());
            let read = comparison.values().iter();
            findings.extend(read.filter_map(|value| property(object, path, value, &together, rules)));
        }
        Expression::Or(parts) => parts.iter().for_each(|part| collect(part, around, rules, findings)),
        Expression::And(parts) => {
            let mut together = Vec::new();
            parts.iter().for_each(|part| conjuncts(part, &mut together));
            let group = around.of_comparisons(&together);
            parts.iter().for_each(|part| collect(part, &group, rules, findings));
        }
    }
}

/// The comparisons that hold whenever an expression does.
fn conjuncts<'a>(expression: &'a Expression, together: &mut Vec<&'a Comparison>) {
    match expression {
        Expression::Comparison(comparison) => together.push(comparison),
        Expression::And(parts) => parts.iter().for_each(|part| conjuncts(part, together)),
        Expression::Or(_) => (),
    }
}

/// What a property says; none if it names no indicator.
pub(crate) fn property(
    object: &str,
    path: &str,
    value: &str,
    group: &Group,
    rules: &RowRules,
) -> Option<Finding> {
    // Names that OpenCTI had before it wrote the extensions' own.
    let object = object.strip_prefix("x-opencti-").unwrap_or(object);
    let found = match (object, path) {
        ("url", "value") | ("media-content", "url") => Found::new(Kind::Url, value),
        ("domain-name" | "hostname", "value") => Found::host(value),
        ("ipv4-addr" | "ipv6-addr", "value") => Found::new(Kind::Ip, value),
        ("domain-name", "resolves_to_refs[*].value")
        | ("network-traffic", "src_ref.value" | "dst_ref.value") => Found::host_or_ip(value, rules),
        ("email-addr", "value")
        | (
            "email-message",
            "from_ref.value" | "sender_ref.value" | "to_refs[*].value" | "cc_refs[*].value"
            | "bcc_refs[*].value",
        ) => Found::new(Kind::Email, value),
        ("file" | "artifact", path) => return hash(path.strip_prefix("hashes.")?, value),
        ("cryptocurrency-wallet", "value" | "address") => Found::new(Kind::Wallet, value),
        ("phone-number", "value") => phone(value, rules),
        ("payment-card", "value" | "card_number") => return Some(card()),
        ("bank-account", path) => return bank_account(path, value, group),
        ("user-account", path) => return user_account(path, value, group),
        // Our own, for kinds that others have no name for.
        ("x-overlapd-merchant", "value") => Found::new(Kind::Merchant, value),
        ("x-overlapd-infohash", "value") => Found::new(Kind::Infohash, value),
        ("x-overlapd-newsgroup", "value") => Found::new(Kind::Newsgroup, value),
        _ => return None,
    };
    Some(Ok(found))
}

/// A telephone number. Dogesec's patterns write E.164 without its plus, and so long a number is read so first: where a default region is set it
/// may be a number of that region's too, and another one.
fn phone(value: &str, rules: &RowRules) -> Found {
    let digits = value.trim();
    let is_long = digits.len() >= LONG_PHONE && digits.bytes().all(|byte| byte.is_ascii_digit());
    let whole = format!("+{digits}");
    if is_long && Indicator::parse(Kind::Phone, &whole, &rules.rules).is_ok() {
        return Found::new(Kind::Phone, whole);
    }
    Found::phone(value, rules)
}

/// A hash by its name in the vocabulary (STIX 2.1, 10.7) or in one of the spellings that are about.
fn hash(name: &str, value: &str) -> Option<Finding> {
    let plain: String = name.chars().filter(|c| *c != '-' && *c != '_').collect();
    match plain.to_ascii_uppercase().as_str() {
        "MD5" | "SHA1" | "SHA256" => Some(Ok(Found::new(Kind::FileHash, value))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use overlap_indicator::Rules;

    use super::*;

    #[test]
    fn a_long_telephone_number_is_read_with_its_countrys_code_whatever_the_default_region() {
        let rules = |region: Option<&str>| RowRules {
            rules: Rules { default_region: region.map(str::to_owned) },
            ..RowRules::default()
        };
        for region in [None, Some("GB"), Some("DE"), Some("US")] {
            for (written, read) in [
                ("442083661177", "+442083661177"),
                (" 4930123456 ", "+4930123456"),
                ("+442083661177", "+442083661177"),
            ] {
                let found = phone(written, &rules(region));
                let indicator = Indicator::parse(found.kind, &found.value, &rules(region).rules).unwrap();
                assert_eq!(indicator.canonical().reveal(), read, "{written} in {region:?}");
            }
        }
        assert_eq!(phone("030 1234567", &rules(Some("DE"))).value, "030 1234567");
    }
}
