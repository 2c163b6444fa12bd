//! The `phone` kind (E.164).
//!
//! Country codes, possible lengths and national prefixes are libphonenumber's, from the `phonenumber` crate. Its parser is
//! not used: it takes a leading digit that equals the national prefix for one, and so breaks Russian numbers of the 8xx
//! areas, written with `+7`.

use std::str::FromStr;

use phonenumber::Metadata;
use phonenumber::country::Id;
use phonenumber::metadata::{DATABASE, Descriptor};

use crate::refang::strip_prefix_ignore_case;
use crate::reject::Why;

/// Longest international number, in digits with the country code (E.164, section 6.1).
const MAX_DIGITS: usize = 15;

/// Longest country code, in digits.
const MAX_CODE: usize = 3;

/// Longest text of digits that is looked at, with room for prefixes that are dropped.
const MAX_WRITTEN: usize = 2 * MAX_DIGITS;

/// A number's canonical form: `+`, country code, national number.
pub(crate) fn canonical(text: &str, default_region: Option<&str>) -> Result<String, Why> {
    let written = digits(number_of(text)?)?;
    let (code, regions, mut national) = match written.strip_prefix('+') {
        Some(international) => split_code(international)?,
        None => complete(&written, default_region)?,
    };
    while let Some(rest) = without_national_prefix(&regions, national) {
        national = rest;
    }
    check_length(&regions, national.len())?;
    let number = format!("+{code}{national}");
    if number.len() > "+".len() + MAX_DIGITS {
        return Err("too long");
    }
    Ok(number)
}

/// The number in a `tel:` URI (RFC 3966), whose parameters say nothing of whose number it is.
fn number_of(text: &str) -> Result<&str, Why> {
    let Some(uri) = strip_prefix_ignore_case(text, "tel:") else { return Ok(text) };
    let (number, parameters) = uri.split_once(';').unwrap_or((uri, ""));
    if !number.starts_with('+') && parameters.to_ascii_lowercase().contains("phone-context=") {
        return Err("a local number with its context apart");
    }
    Ok(number)
}

/// The digits, after a `+` if the number is international.
fn digits(number: &str) -> Result<String, Why> {
    let number = number.trim();
    let (mut out, rest) = match number.strip_prefix('+') {
        Some(rest) => (String::from("+"), rest),
        None => (String::new(), number),
    };
    for c in rest.chars() {
        match c {
            '0'..='9' => out.push(c),
            '-' | '.' | '(' | ')' | '/' | '\u{2010}'..='\u{2015}' => {}
            _ if c.is_whitespace() => {}
            _ => return Err("a character that no number may hold"),
        }
        if out.len() > MAX_WRITTEN {
            return Err("too long");
        }
    }
    match out.strip_prefix("00") {
        Some(international) => Ok(format!("+{international}")),
        None => Ok(out),
    }
}

/// Country code, the regions that share it, and the rest.
fn split_code(digits: &str) -> Result<(u16, Vec<&'static Metadata>, &str), Why> {
    for length in 1..=MAX_CODE.min(digits.len()) {
        let (code, national) = digits.split_at(length);
        let code: u16 = code.parse().map_err(|_| "unknown country code")?;
        // A code that begins with zero is none, though `01` reads as the number 1.
        if digits.starts_with('0') {
            break;
        }
        if let Some(regions) = DATABASE.by_code(&code) {
            return Ok((code, regions, national));
        }
    }
    Err(if digits.len() < MAX_CODE { "too short" } else { "unknown country code" })
}

/// A national number, in the default region.
fn complete<'a>(
    written: &'a str,
    default_region: Option<&str>,
) -> Result<(u16, Vec<&'static Metadata>, &'a str), Why> {
    let Some(region) = default_region else {
        return Err(match written.len() {
            0..5 => "too short",
            _ => "no country code, and no default region is set",
        });
    };
    let region = Id::from_str(region).ok().and_then(|id| DATABASE.by_id(id.as_ref()));
    let region = region.ok_or("the default region is unknown")?;
    Ok((region.country_code(), vec![region], written))
}

/// What is left without a national prefix, as in `+49 (0) 30`, where with it the number cannot be one of the country's.
fn without_national_prefix<'a>(regions: &[&Metadata], national: &'a str) -> Option<&'a str> {
    let rest = |region: &&Metadata| region.national_prefix().and_then(|prefix| national.strip_prefix(prefix));
    let possible =
        |rest: &&str| regions.iter().any(|region| lengths(region).any(|length| length == rest.len()));
    let rest = regions.iter().filter_map(rest).find(possible)?;
    let whole = regions.iter().any(|region| is_number_of(region, national));
    (!whole).then_some(rest)
}

fn is_number_of(region: &Metadata, national: &str) -> bool {
    let pattern = region.descriptors().general().national_number();
    lengths(region).any(|length| length == national.len())
        && pattern.find(national).is_some_and(|found| found.start() == 0)
}

/// The length must be possible in a country with this code; the number need not be assigned.
fn check_length(regions: &[&Metadata], national: usize) -> Result<(), Why> {
    let lengths = || regions.iter().flat_map(|region| lengths(region));
    if lengths().any(|length| length == national) {
        return Ok(());
    }
    match lengths().max() {
        Some(longest) if national > longest => Err("too long"),
        _ => Err("too short"),
    }
}

/// Lengths of a region's national numbers, of every type that can be called from abroad.
fn lengths(region: &Metadata) -> impl Iterator<Item = usize> {
    let all = region.descriptors();
    let types: [Option<&Descriptor>; 10] = [
        all.mobile(),
        all.fixed_line(),
        all.toll_free(),
        all.premium_rate(),
        all.shared_cost(),
        all.personal_number(),
        all.voip(),
        all.pager(),
        all.uan(),
        all.voicemail(),
    ];
    types.into_iter().flatten().flat_map(Descriptor::possible_length).map(|&length| usize::from(length))
}
