//! The `newsgroup` kind (RFC 5536, section 3.1.4).

use crate::refang::strip_prefix_ignore_case;
use crate::reject::Why;

/// Longest name, in bytes: a header line's limit (RFC 5536, section 2.2).
const MAX_LENGTH: usize = 998;

/// A newsgroup's canonical form: its name in lower case. `news:` URIs (RFC 5538) are read too.
pub(crate) fn canonical(text: &str) -> Result<String, Why> {
    let name = strip_prefix_ignore_case(text, "news:").unwrap_or(text);
    if name.len() > MAX_LENGTH {
        return Err("longer than 998 characters");
    }
    if name.split('.').any(str::is_empty) {
        return Err("empty component");
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'_' | b'.');
    if !name.bytes().all(plain) {
        return Err("a character that no newsgroup may hold");
    }
    Ok(name.to_ascii_lowercase())
}
