//! Percent-encoding in its one spelling (RFC 3986, section 6.2.2).

/// Decodes escapes of unreserved characters and upper-cases all others, or `None` where nothing changes.
///
/// Works to the fixed point: where a decoded character completes another escape, that is treated too.
pub(crate) fn normalise(text: &str) -> Option<String> {
    if !text.contains('%') {
        return None;
    }
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    for &byte in text.as_bytes() {
        out.push(byte);
        settle_last_escape(&mut out);
    }
    // Only ASCII triples were replaced, and by ASCII: what was UTF-8 still is.
    let out = String::from_utf8(out).ok()?;
    (out != text).then_some(out)
}

fn settle_last_escape(out: &mut Vec<u8>) {
    while let Some(&[b'%', high, low]) = out.last_chunk::<3>() {
        let (Some(high_value), Some(low_value)) = (hex_value(high), hex_value(low)) else { return };
        let decoded = high_value << 4 | low_value;
        let start = out.len() - 3;
        if !is_unreserved(decoded) {
            out[start..].make_ascii_uppercase();
            return;
        }
        out.truncate(start);
        out.push(decoded);
    }
}

/// RFC 3986, section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn hex_value(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::normalise;

    #[test]
    fn unreserved_characters_are_decoded_and_others_upper_cased() {
        assert_eq!(normalise("/%7e%41%2f%c3%a9").as_deref(), Some("/~A%2F%C3%A9"));
    }

    #[test]
    fn decoding_goes_on_to_the_fixed_point() {
        assert_eq!(normalise("%%34%31").as_deref(), Some("A"));
        assert_eq!(normalise("%2%35").as_deref(), Some("%25"));
        assert_eq!(normalise("%A%62").as_deref(), Some("%AB"));
    }

    #[test]
    fn what_is_normal_is_left_alone() {
        for text in ["", "abc", "%2F%25", "100%", "%zz", "%2"] {
            assert_eq!(normalise(text), None, "{text}");
        }
    }
}
