//! A look at a message before it is decoded: how often its repeated fields stand there.
//!
//! An empty message takes two bytes on the wire and a hundred or more in memory, so a frame within its limit could
//! still fill the memory once decoded. Counting needs no memory.

use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use crate::WireError;

/// A repeated field of a message.
pub(crate) struct Repeated {
    /// Its number.
    pub(crate) number: u32,
    /// Its name, for the error.
    pub(crate) name: &'static str,
    /// How often it may stand there.
    pub(crate) most: usize,
    /// The repeated fields of its own message, if it is one.
    pub(crate) inner: &'static [Repeated],
}

/// Checks that no repeated field stands in `bytes`, or in the messages within, more often than its limit says.
///
/// # Errors
/// A field that does, or bytes that are no protobuf message.
pub(crate) fn check_counts(
    message: &'static str,
    bytes: &[u8],
    repeated: &'static [Repeated],
) -> Result<(), WireError> {
    let malformed = |_| WireError::Malformed(message);
    let mut counts = vec![0usize; repeated.len()];
    let mut rest = bytes;
    while !rest.is_empty() {
        let (number, wire_type) = decode_key(&mut rest).map_err(malformed)?;
        let position = repeated.iter().position(|field| field.number == number);
        let Some(position) = position.filter(|_| wire_type == WireType::LengthDelimited) else {
            skip_field(wire_type, number, &mut rest, DecodeContext::default()).map_err(malformed)?;
            continue;
        };
        let field = &repeated[position];
        counts[position] += 1;
        if counts[position] > field.most {
            return Err(WireError::Field { message, field: field.name, why: "stands there too often" });
        }
        let inner = take_delimited(&mut rest).ok_or(WireError::Malformed(message))?;
        if !field.inner.is_empty() {
            check_counts(message, inner, field.inner)?;
        }
    }
    Ok(())
}

/// Cuts a length and as many bytes off the front.
fn take_delimited<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(decode_varint(rest).ok()?).ok()?;
    let (inner, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(inner)
}
