//! A JSON value of bounded size, read whole, in which no object has a key twice.
//!
//! RFC 8259, 4: "The names within an object SHOULD be unique"; where they are not, "the behavior of software that receives such
//! an object is unpredictable". Two programs could so read two indicators from one object, and it is refused.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::json_cut::TOO_LONG;

/// An object's members.
pub(crate) type Members = Map<String, Value>;

/// What serde's message says of an object that has a key twice.
const KEY_TWICE: &str = "an object has the same key twice";

/// Reads an object.
///
/// # Errors
/// It is none, has a key twice, or is not UTF-8.
pub(crate) fn members(text: &[u8]) -> Result<Members, &'static str> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    match Unique.deserialize(&mut reader) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err("not an object"),
        Err(error) if error.to_string().starts_with(KEY_TWICE) => Err(KEY_TWICE),
        Err(_) => Err("a text that is not UTF-8, or a number that is out of range"),
    }
}

/// A member that is a text with something in it. One that was too long is none.
pub(crate) fn text<'a>(members: &'a Members, name: &str) -> Option<&'a str> {
    filled(members.get(name)?)
}

/// A text with something in it.
pub(crate) fn filled(value: &Value) -> Option<&str> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty() && *text != TOO_LONG.trim())
}

/// A member that is a text or a number, as text.
pub(crate) fn text_or_number(members: &Members, name: &str) -> Option<String> {
    match members.get(name)? {
        Value::Number(number) => Some(number.to_string()),
        value => filled(value).map(str::to_owned),
    }
}

/// The elements of a member that is a list; none of any other.
pub(crate) fn list<'a>(members: &'a Members, name: &str) -> &'a [Value] {
    members.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The texts of a member that is a list.
pub(crate) fn texts<'a>(members: &'a Members, name: &str) -> impl Iterator<Item = &'a str> {
    list(members, name).iter().filter_map(filled)
}

/// A member that is an object.
pub(crate) fn object<'a>(members: &'a Members, name: &str) -> Option<&'a Members> {
    members.get(name)?.as_object()
}

/// A member that says yes or no; MISP's producers write `true`, `"1"` and `1`.
pub(crate) fn flag(members: &Members, name: &str) -> Option<bool> {
    match members.get(name)? {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => Some(number.as_f64() != Some(0.0)),
        Value::String(text) => Some(!matches!(text.trim().to_ascii_lowercase().as_str(), "" | "0" | "false")),
        _ => None,
    }
}

struct Unique;

impl<'de> DeserializeSeed<'de> for Unique {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(Unique)? {
            list.push(element);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if members.contains_key(&key) {
                return Err(A::Error::custom(KEY_TWICE));
            }
            members.insert(key, entries.next_value_seed(Unique)?);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_twice_is_refused_at_any_depth() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"b":[{"a":1,"\u0061":2}]}"#] {
            assert_eq!(members(text.as_bytes()), Err(KEY_TWICE), "{text}");
        }
        assert!(members(br#"{"a":{"a":[{"a":1},{"a":2}]}}"#).is_ok());
    }

    #[test]
    fn what_is_no_object_or_no_text_is_refused() {
        assert_eq!(members(b"[1]"), Err("not an object"));
        assert!(members(b"{\"a\":\"\xFC\"}").is_err());
        assert!(members(br#"{"a":1e999}"#).is_err());
        assert!(members(br#"{"a":"\ud800"}"#).is_err());
    }

    #[test]
    fn flags_are_read_in_every_spelling() {
        let read = members(br#"{"a":true,"b":"1","c":1,"d":false,"e":"0","f":0,"g":null}"#).unwrap();
        let flags = ["a", "b", "c", "d", "e", "f", "g"].map(|name| flag(&read, name));
        assert_eq!(flags, [Some(true), Some(true), Some(true), Some(false), Some(false), Some(false), None]);
    }
}
