//! An object: attributes that say one thing together. Relations are those of MISP's object templates.

use overlap_indicator::Kind;
use serde_json::Value;

use super::attribute::{self, about, locator};
use super::event::Event;
use super::markings::{marking_of, of_named_event};
use super::types::on_chain;
use crate::import::bank_account::{at_bic, bank_of};
use crate::import::finding::{Finding, Found, LONGEST_BESIDE, MOST_VALUES, card, raw_value};
use crate::import::json_value::{Members, flag, list, text};
use crate::import::machine_accounts::{OF_A_MACHINE, is_of_a_machine};
use crate::import::report::Locator;
use crate::import::row::RowReject;
use crate::import::source::{Row, RowRules};

/// The rows of an object: of each attribute that its object or its own type makes an indicator.
pub(crate) fn rows(object: &Members, line: u64, event: &Event, rules: &RowRules) -> Vec<Row> {
    if flag(object, "deleted") == Some(true) {
        return Vec::new();
    }
    let whole = locator(object, line);
    let named = of_named_event(object);
    let marking = event.marking.and(marking_of(object)).and(named.unwrap_or_default());
    let event = Event { marking, is_known: event.is_known || named.is_some(), ..event.clone() };
    let attributes = || list(object, "Attribute").iter().filter_map(Value::as_object);
    let beside = Beside::of(object);
    let rows = attributes().take(MOST_VALUES).flat_map(|attribute| {
        let mut rows = attribute_rows(&beside, attribute, line, &event, rules);
        for (at, _) in &mut rows {
            at.id = at.id.take().or_else(|| whole.id.clone());
        }
        rows
    });
    let mut rows: Vec<Row> = rows.collect();
    let too_many = attributes().skip(MOST_VALUES).count();
    if too_many > 0 {
        let reason = format!("more than {MOST_VALUES} attributes: the last {too_many} are not taken");
        rows.push((whole, Err(RowReject::unreadable(reason))));
    }
    rows
}

/// What of an object is said beside its attributes' values, looked for once.
struct Beside<'a> {
    name: &'a str,
    platform: Option<String>,
    symbol: Option<String>,
    has_iban: bool,
    swift: Option<String>,
    institution: Option<String>,
}

impl<'a> Beside<'a> {
    fn of(object: &'a Members) -> Self {
        Self {
            name: text(object, "name").unwrap_or_default(),
            platform: related(object, "account-type"),
            symbol: related(object, "symbol"),
            has_iban: related(object, "iban").is_some(),
            swift: related(object, "swift"),
            institution: related(object, "institution-code"),
        }
    }
}

fn attribute_rows(
    beside: &Beside<'_>,
    attribute: &Members,
    line: u64,
    event: &Event,
    rules: &RowRules,
) -> Vec<Row> {
    if flag(attribute, "deleted") == Some(true) {
        return Vec::new();
    }
    match together(beside, attribute, rules) {
        Meaning::Its(finding) => {
            let at: Locator = locator(attribute, line);
            let about = about(attribute, text(attribute, "type").unwrap_or_default(), event);
            about.rows(&at, vec![finding], rules)
        }
        Meaning::Others => Vec::new(),
        Meaning::OfItsType => attribute::rows(attribute, line, event, rules),
    }
}

/// Relations that name an account.
const NAMES: [&str; 6] = ["username", "account-name", "name", "id", "user-id", "account-id"];

/// What an attribute is within its object.
enum Meaning {
    /// What the object makes of it.
    Its(Finding),
    /// It says something of the others.
    Others,
    /// What its type says.
    OfItsType,
}

fn together(beside: &Beside<'_>, attribute: &Members, rules: &RowRules) -> Meaning {
    let relation = text(attribute, "object_relation").unwrap_or_default();
    let Some(value) = attribute.get("value").and_then(raw_value) else { return Meaning::OfItsType };
    match beside.name {
        "coin-address" | "btc-wallet" | "cryptocurrency-wallet" => coin(beside, attribute, relation, &value),
        "bank-account" => bank(beside, relation, &value),
        "credit-card" if relation == "cc-number" => Meaning::Its(card()),
        "user-account" => match &beside.platform {
            Some(platform) => account(platform, relation, &value, rules),
            None => without_platform(relation),
        },
        name => match name.strip_suffix("-account") {
            Some(platform) => account(platform, relation, &value, rules),
            None => Meaning::OfItsType,
        },
    }
}

fn coin(beside: &Beside<'_>, attribute: &Members, relation: &str, value: &str) -> Meaning {
    let is_text = text(attribute, "type") == Some("text");
    match relation {
        "symbol" | "currency" => Meaning::Others,
        "address" | "address-crypto" | "wallet-address" if is_text => {
            let symbol = beside.symbol.as_ref();
            let address = symbol.map_or_else(|| value.to_owned(), |symbol| on_chain(symbol, value));
            Meaning::Its(Ok(Found::new(Kind::Wallet, address)))
        }
        _ => Meaning::OfItsType,
    }
}

fn bank(beside: &Beside<'_>, relation: &str, value: &str) -> Meaning {
    let has_swift = beside.swift.is_some();
    let bank = beside.swift.as_ref().or(beside.institution.as_ref());
    match (relation, bank) {
        ("swift" | "institution-code" | "institution-name" | "branch" | "currency-code", _) => {
            Meaning::Others
        }
        ("account" | "account-number", _) if beside.has_iban => Meaning::Others,
        // Another code than a BIC is its country's, and is taken as it is.
        ("account" | "account-number", Some(bank)) if !has_swift && bank_of(bank).is_none() => {
            Meaning::Its(Ok(Found::new(Kind::Account, format!("{bank}:{value}"))))
        }
        ("account" | "account-number", Some(bic)) => Meaning::Its(at_bic(bic, value)),
        _ => Meaning::OfItsType,
    }
}

fn account(platform: &str, relation: &str, value: &str, rules: &RowRules) -> Meaning {
    if is_of_a_machine(platform) && NAMES.contains(&relation) {
        return Meaning::Its(Err(OF_A_MACHINE.to_owned()));
    }
    let found = match relation {
        "username" | "account-name" | "name" => Found::new(Kind::Handle, format!("{platform}:{value}")),
        "id" | "user-id" | "account-id" => Found::new(Kind::Account, format!("{platform}:{value}")),
        "phone" => Found::phone(value, rules),
        "account-type" => return Meaning::Others,
        _ => return Meaning::OfItsType,
    };
    Meaning::Its(Ok(found))
}

fn without_platform(relation: &str) -> Meaning {
    match relation {
        "username" | "user-id" => {
            Meaning::Its(Err("a user-account without account-type: its platform is not known".to_owned()))
        }
        _ => Meaning::OfItsType,
    }
}

/// The value of the object's attribute in a relation. A longer one than any that there is is none, since it is repeated with other values.
fn related(object: &Members, relation: &str) -> Option<String> {
    let mut attributes = list(object, "Attribute").iter().filter_map(Value::as_object);
    let found = attributes.find(|attribute| text(attribute, "object_relation") == Some(relation))?;
    found.get("value").and_then(raw_value).filter(|value| value.len() <= LONGEST_BESIDE)
}
