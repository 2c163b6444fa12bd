//! Filters and pages as a query asks for them (TAXII 2.1, sections 3.4 and 3.5).

use std::collections::BTreeSet;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;

use super::TaxiiError;
use crate::stix::{SPEC_VERSION, StixObject, parse_timestamp};

/// Objects on a page at most, and where the caller names no number: a page is built in memory.
pub(crate) const MAX_LIMIT: usize = 1_000;

/// Values in one `match` at most: each id is looked up.
const MAX_VALUES: usize = 1_000;

/// Which objects are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Only those that were added after it.
    pub(crate) after: u64,
    /// Objects on the page at most.
    pub(crate) limit: usize,
    /// Only these.
    pub(crate) ids: Option<BTreeSet<String>>,
    types: Option<BTreeSet<String>>,
    versions: Versions,
    spec_versions: Option<BTreeSet<String>>,
}

/// Which versions. Every object here has one, which is its first and its last.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Versions {
    Any,
    At(BTreeSet<u64>),
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            after: 0,
            limit: MAX_LIMIT,
            ids: None,
            types: None,
            versions: Versions::Any,
            spec_versions: None,
        }
    }
}

impl Filter {
    /// Whether an object is asked for, whenever it was added.
    pub(crate) fn takes(&self, object: &StixObject) -> bool {
        self.ids.as_ref().is_none_or(|ids| ids.contains(object.id()))
            && self.may_take(object.type_name())
            && match &self.versions {
                Versions::Any => true,
                Versions::At(times) => {
                    parse_timestamp(object.version()).is_some_and(|at| times.contains(&at))
                }
            }
    }

    /// Whether objects of a type can be asked for.
    pub(crate) fn may_take(&self, type_name: &str) -> bool {
        self.types.as_ref().is_none_or(|types| types.contains(type_name))
            && self.spec_versions.as_ref().is_none_or(|versions| versions.contains(SPEC_VERSION))
    }

    /// Whether it may pass over many objects of the types that it takes.
    pub(crate) fn is_selective(&self) -> bool {
        matches!(self.versions, Versions::At(_))
    }

    /// Reads a query. Parameters that are not TAXII's, and fields of `match` that it does not know, are passed over, as it allows.
    fn parse(pairs: &[(String, String)]) -> Result<Self, TaxiiError> {
        let (mut filter, mut after, mut next) = (Self::default(), 0, 0);
        let mut seen = BTreeSet::new();
        for (name, value) in pairs {
            match name.as_str() {
                "added_after" => after = timestamp(name, value)?,
                "limit" => filter.limit = limit(value)?,
                "next" => next = cursor(value)?,
                "match[id]" => filter.ids = Some(values(name, value)?),
                "match[type]" => filter.types = Some(values(name, value)?),
                "match[version]" => filter.versions = versions(name, value)?,
                "match[spec_version]" => filter.spec_versions = Some(values(name, value)?),
                _ => continue,
            }
            if !seen.insert(name) {
                return Err(TaxiiError::bad_query(format!("{name}: at most once")));
            }
        }
        filter.after = after.max(next);
        Ok(filter)
    }

    /// Without what one object cannot be asked for.
    pub(crate) fn of_one_object(self) -> Self {
        Self { ids: None, types: None, ..self }
    }

    /// Without what the versions of one object cannot be asked for.
    pub(crate) fn of_its_versions(self) -> Self {
        Self { versions: Versions::Any, ..self.of_one_object() }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Filter {
    type Rejection = TaxiiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, TaxiiError> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let Query(pairs) = pairs.map_err(|_| TaxiiError::bad_query("it cannot be read"))?;
        Self::parse(&pairs)
    }
}

/// The `next` of the page after the one that ended with an object that was added then.
pub(crate) fn next(last: u64) -> String {
    format!("t{last:016x}")
}

fn cursor(text: &str) -> Result<u64, TaxiiError> {
    let digits = text.strip_prefix('t').filter(|digits| digits.len() == 16);
    let digits = digits
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)));
    let date = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    date.ok_or_else(|| TaxiiError::bad_query("next: it is not one that this node gave out"))
}

/// The standard: "The limit parameter [..] MUST be a positive integer greater than zero." More than [`MAX_LIMIT`] is that.
fn limit(text: &str) -> Result<usize, TaxiiError> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_zero = text.bytes().all(|byte| byte == b'0');
    if !is_number || is_zero {
        return Err(TaxiiError::bad_query("limit: a whole number from 1"));
    }
    Ok(text.parse().map_or(MAX_LIMIT, |limit: usize| limit.min(MAX_LIMIT)))
}

fn timestamp(name: &str, text: &str) -> Result<u64, TaxiiError> {
    let error = || TaxiiError::bad_query(format!("{name}: a time such as 2026-11-01T08:00:01.000000Z"));
    parse_timestamp(text).ok_or_else(error)
}

/// The values of a `match`, separated by commas.
fn values(name: &str, text: &str) -> Result<BTreeSet<String>, TaxiiError> {
    let values: BTreeSet<String> = text.split(',').map(str::to_owned).collect();
    if values.contains("") {
        return Err(TaxiiError::bad_query(format!("{name}: values separated by commas, without spaces")));
    }
    if values.len() > MAX_VALUES {
        return Err(TaxiiError::bad_query(format!("{name}: at most {MAX_VALUES} values")));
    }
    Ok(values)
}

/// `all` stands alone, and no value may be there twice.
fn versions(name: &str, text: &str) -> Result<Versions, TaxiiError> {
    let asked = values(name, text)?;
    if asked.len() != text.split(',').count() {
        return Err(TaxiiError::bad_query(format!("{name}: no version twice")));
    }
    if asked.contains("all") && asked.len() > 1 {
        return Err(TaxiiError::bad_query(format!("{name}: `all` stands alone")));
    }
    let (words, times): (Vec<&String>, Vec<&String>) =
        asked.iter().partition(|value| ["first", "last", "all"].contains(&value.as_str()));
    let times = times.into_iter().map(|time| timestamp(name, time)).collect::<Result<_, _>>()?;
    Ok(if words.is_empty() { Versions::At(times) } else { Versions::Any })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<Filter, TaxiiError> {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Filter::parse(&pairs.collect::<Vec<_>>())
    }

    #[test]
    fn a_query_is_read() {
        assert_eq!(parse(&[]).unwrap(), Filter::default());
        assert_eq!(parse(&[("x", "y"), ("match[colour]", "")]).unwrap(), Filter::default());
        let filter = parse(&[("added_after", "1970-01-01T00:00:01.5Z"), ("limit", "7")]).unwrap();
        assert_eq!((filter.after, filter.limit), (1_500_000, 7));
        let filter = parse(&[("added_after", "1970-01-01T00:00:01Z"), ("next", &next(2_000_000))]).unwrap();
        assert_eq!(filter.after, 2_000_000);
        assert_eq!(parse(&[("next", &next(9))]).unwrap().after, 9);
        let huge = parse(&[("limit", "99999999999999999999999")]).unwrap();
        assert_eq!(huge.limit, MAX_LIMIT);
        let filter = parse(&[("match[type]", "indicator,sighting"), ("match[spec_version]", "2.0")]).unwrap();
        assert!(!filter.may_take("indicator"));
        let all = parse(&[("match[version]", "first,2026-11-18T11:06:40Z")]).unwrap();
        assert_eq!(all, Filter::default());
    }

    #[test]
    fn a_malformed_parameter_is_refused() {
        for pair in [
            ("limit", "0"),
            ("limit", "-1"),
            ("limit", "000"),
            ("limit", ""),
            ("limit", "1.5"),
            ("limit", "+1"),
            ("limit", "many"),
            ("added_after", ""),
            ("added_after", "yesterday"),
            ("added_after", "2026-11-18"),
            ("next", ""),
            ("next", "t1"),
            ("next", "t+00000000000000f"),
            ("next", "i0000000000000001"),
            ("match[id]", ""),
            ("match[type]", "indicator,"),
            ("match[version]", "newest"),
            ("match[version]", "all,first"),
            ("match[version]", "first,first"),
            ("match[version]", ""),
            ("match[spec_version]", ""),
        ] {
            assert!(parse(&[pair]).is_err(), "{pair:?}");
        }
        assert!(parse(&[("limit", "1"), ("limit", "1")]).is_err());
        assert!(parse(&[("match[id]", &vec!["a"; 2_000].join(","))]).is_ok());
        let many: Vec<String> = (0..=MAX_VALUES).map(|number| number.to_string()).collect();
        assert!(parse(&[("match[id]", &many.join(","))]).is_err());
    }
}
