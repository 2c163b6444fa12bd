//! Checks of single fields, each with the error that names the field.

use std::str::FromStr;

use bytes::Bytes;
use overlap_coalition::{Timestamp, is_printable};

use crate::WireError;

/// The last second of the year 9999: a later one has no RFC 3339 form (RFC 3339, 5.6).
const LAST_SECOND: u64 = 253_402_300_799;

/// The message whose fields are checked, for the errors.
#[derive(Clone, Copy)]
pub(crate) struct Fields(pub(crate) &'static str);

impl Fields {
    /// The error that `field` breaks a rule.
    pub(crate) fn error(self, field: &'static str, why: &'static str) -> WireError {
        WireError::Field { message: self.0, field, why }
    }

    /// Checks a rule of a field.
    pub(crate) fn ensure(self, holds: bool, field: &'static str, why: &'static str) -> Result<(), WireError> {
        if holds { Ok(()) } else { Err(self.error(field, why)) }
    }

    /// A field that must be there.
    pub(crate) fn present<T>(self, field: &'static str, value: Option<T>) -> Result<T, WireError> {
        value.ok_or_else(|| self.error(field, "is missing"))
    }

    /// Bytes of one length.
    pub(crate) fn exact<const N: usize>(
        self,
        field: &'static str,
        bytes: &[u8],
    ) -> Result<[u8; N], WireError> {
        bytes.try_into().map_err(|_| self.error(field, "has a wrong length"))
    }

    /// Bytes of elements of one length.
    pub(crate) fn packed(
        self,
        field: &'static str,
        bytes: Bytes,
        element: usize,
    ) -> Result<Vec<u8>, WireError> {
        self.ensure(bytes.len().is_multiple_of(element), field, "is no whole number of elements")?;
        Ok(bytes.into())
    }

    /// A time that a calendar has.
    pub(crate) fn time(self, field: &'static str, seconds: Option<u64>) -> Result<Timestamp, WireError> {
        let seconds = self.present(field, seconds)?;
        self.ensure(seconds <= LAST_SECOND, field, "is later than the year 9999")?;
        Ok(Timestamp(seconds))
    }

    /// A name.
    pub(crate) fn name<T: FromStr>(self, field: &'static str, name: &str) -> Result<T, WireError> {
        name.parse().map_err(|_| self.error(field, "is no well-formed name"))
    }

    /// Printable text of at most `longest` bytes.
    pub(crate) fn text(self, field: &'static str, text: String, longest: usize) -> Result<String, WireError> {
        self.ensure(text.len() <= longest, field, "is too long")?;
        self.ensure(is_printable(&text), field, "has characters that cannot be shown")?;
        Ok(text)
    }

    /// A value with a number of the wire's.
    pub(crate) fn known<T>(
        self,
        field: &'static str,
        number: i32,
        from_number: impl Fn(u8) -> Option<T>,
    ) -> Result<T, WireError> {
        let value = u8::try_from(number).ok().and_then(from_number);
        value.ok_or_else(|| self.error(field, "has an unknown number"))
    }

    /// A list of such values, ascending and without repeats.
    pub(crate) fn known_list<T: Ord>(
        self,
        field: &'static str,
        numbers: &[i32],
        from_number: impl Fn(u8) -> Option<T>,
    ) -> Result<Vec<T>, WireError> {
        self.ensure(numbers.windows(2).all(|pair| pair[0] < pair[1]), field, "is not ascending")?;
        numbers.iter().map(|&number| self.known(field, number, &from_number)).collect()
    }
}
