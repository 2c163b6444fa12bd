//! The `iban` kind (ISO 13616).

use ::iban::{Iban, IbanLike, ParseBaseIbanError, ParseIbanError};

use crate::refang::strip_prefix_ignore_case;
use crate::reject::Why;

/// Longest IBAN, in characters (ISO 13616-1).
const MAX_LENGTH: usize = 34;

/// An account number's canonical form: the electronic format, in upper case.
pub(crate) fn canonical(text: &str) -> Result<String, Why> {
    let number = strip_prefix_ignore_case(text, "iban").unwrap_or(text);
    let number = number.strip_prefix(':').unwrap_or(number);
    let mut compact = String::with_capacity(MAX_LENGTH);
    for c in number.chars().filter(|c| !c.is_whitespace()) {
        if compact.len() >= MAX_LENGTH {
            return Err("longer than 34 characters");
        }
        compact.push(c.to_ascii_uppercase());
    }
    let iban: Iban = compact.parse().map_err(why)?;
    Ok(iban.electronic_str().to_owned())
}

fn why(error: ParseIbanError) -> Why {
    match error {
        ParseIbanError::InvalidBaseIban { source: ParseBaseIbanError::InvalidChecksum } => "bad check digits",
        ParseIbanError::InvalidBaseIban { .. } => "not an IBAN's form",
        ParseIbanError::InvalidBban(_) => "not the length or form of its country",
        ParseIbanError::UnknownCountry(_) => "a country without IBANs",
    }
}
