//! What is seen of an object that cannot be read: it has a key twice, a number that is out of range, or is not UTF-8.

use serde_json::Value;

use super::links::NAMED;
use crate::import::json_value::filled;

/// How an id begins in a text without spaces.
const ID: &[u8] = b"\"id\":";

/// Whether the text may have a member that names others: it is seen, or letters are written with escapes, which may be its.
pub(crate) fn may_name_others(text: &[u8]) -> bool {
    let named = [b"\"", NAMED.as_bytes(), b"\""].concat();
    text.windows(named.len()).any(|bytes| bytes == named) || text.windows(6).any(is_escaped_letter)
}

/// Whether these are a letter, digit, `-` or `_` written with an escape; `&`, `<` and `>` many programs write so.
fn is_escaped_letter(bytes: &[u8]) -> bool {
    let [b'\\', b'u', b'0', b'0', code @ ..] = bytes else { return false };
    matches!(code, [b'4'..=b'7', _] | [b'2', b'd' | b'D'] | [b'3', b'0'..=b'9'])
}

/// All ids that stand in the text: the object's, be it there twice, and those of what is in it.
pub(crate) fn ids(text: &[u8]) -> impl Iterator<Item = String> {
    let starts = text.windows(ID.len()).enumerate().filter(|(_, bytes)| *bytes == ID);
    starts.filter_map(|(at, _)| {
        // Texts alone: what is nested would be read again and again.
        let rest = text.get(at + ID.len()..).filter(|rest| rest.starts_with(b"\""))?;
        let value: Value = serde_json::Deserializer::from_slice(rest).into_iter().next()?.ok()?;
        filled(&value).map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_names_are_seen_wherever_they_stand() {
        let text = br#"{"id":"a--1","x":{"id":"b--2"},"id":7,"id":"\u0063--3","name":"\ud83d","id":"cut"#;
        assert_eq!(ids(text).collect::<Vec<_>>(), ["a--1", "b--2", "c--3"]);
        assert!(may_name_others(text) && may_name_others(br#"{"object_refs":1"#));
        assert!(!may_name_others(br#"{"id":"a--1","name":"caf\u00e9 \u0026 \u003c","object_ref":"\u0000"}"#));
    }
}
