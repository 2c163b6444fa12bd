//! How messages follow each other on a stream.

/// Octet counting: the length in bytes, a space, the message (RFC 6587, section 3.4.1; RFC 5425, section 4.3).
pub(crate) fn counted(message: &str) -> Vec<u8> {
    let mut out = format!("{} ", message.len()).into_bytes();
    out.extend_from_slice(message.as_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_counted_and_not_characters() {
        assert_eq!(counted("<1>é\n"), "6 <1>é\n".as_bytes());
    }
}
