//! The `account` kind, and the platform's name that it shares with `handle`.

use crate::reject::Why;

/// Longest name of a platform, and longest account number, in bytes: beyond any platform's, and short enough to show.
const MAX_PLATFORM: usize = 64;
const MAX_ID: usize = 256;

/// An account's canonical form: `platform:id`, the platform in lower case, the id as it is.
pub(crate) fn canonical(text: &str) -> Result<String, Why> {
    let (platform, id) = text.split_once(':').ok_or("no platform")?;
    let platform = platform_name(platform)?;
    let id = id.trim();
    if id.is_empty() {
        return Err("no id");
    }
    if id.len() > MAX_ID {
        return Err("the id is longer than 256 bytes");
    }
    if id.chars().any(char::is_control) {
        return Err("a control character");
    }
    Ok(format!("{platform}:{id}"))
}

/// The name of a platform, in lower case.
pub(crate) fn platform_name(platform: &str) -> Result<String, Why> {
    let name = platform.trim().to_ascii_lowercase();
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if name.is_empty() || !plain || name.len() > MAX_PLATFORM {
        return Err("the platform is no name");
    }
    Ok(name)
}
