//! The `handle` kind: a name that a user chose on a platform.

use crate::refang::{nfc, strip_prefix_ignore_case};
use crate::reject::Why;

use crate::account::platform_name;

/// Longest name, in bytes: beyond any platform's, and short enough to show.
const MAX_NAME: usize = 256;

/// A handle's canonical form: `platform:name`, both in lower case, without `@`.
///
/// Profile URLs of Telegram and of Discord are read too.
pub(crate) fn canonical(text: &str) -> Result<String, Why> {
    if let Some(profile) = from_profile_url(text) {
        let (platform, name) = profile?;
        return Ok(format!("{platform}:{}", user_name(name)?));
    }
    let (platform, name) = text.split_once(':').ok_or("no platform")?;
    if name.starts_with("//") {
        return Err("a URL of no platform whose profiles are known");
    }
    Ok(format!("{}:{}", platform_name(platform)?, user_name(name)?))
}

fn user_name(name: &str) -> Result<String, Why> {
    let name = name.trim().trim_start_matches('@');
    if name.is_empty() {
        return Err("no name");
    }
    if name.len() > MAX_NAME {
        return Err("the name is longer than 256 bytes");
    }
    if name.chars().any(|c| c.is_control() || c.is_whitespace() || c == '/' || c == '\u{feff}') {
        return Err("a character that no name may hold");
    }
    Ok(nfc(&name.to_lowercase()).into_owned())
}

/// Platform and name in a profile's URL, with or without its scheme; `None` for any other text.
fn from_profile_url(text: &str) -> Option<Result<(&'static str, &str), Why>> {
    let rest = ["https://", "http://"].into_iter().find_map(|scheme| strip_prefix_ignore_case(text, scheme));
    let rest = rest.unwrap_or(text);
    let (host, path) = rest.split_once('/')?;
    let host = strip_prefix_ignore_case(host, "www.").unwrap_or(host).to_ascii_lowercase();
    let path = path.split(['?', '#']).next().unwrap_or(path);
    match host.as_str() {
        "t.me" | "telegram.me" => Some(telegram(path).map(|name| ("telegram", name))),
        "discord.gg" => Some(first_segment(path).map(|name| ("discord", name))),
        "discord.com" | "discordapp.com" => Some(discord(path).map(|name| ("discord", name))),
        _ => None,
    }
}

/// `t.me/name`, a message `t.me/name/17`, the preview `t.me/s/name`; not invitations or private channels, which hold no name.
fn telegram(path: &str) -> Result<&str, Why> {
    let name = first_segment(path.strip_prefix("s/").unwrap_or(path))?;
    if name.starts_with('+') || matches!(name, "joinchat" | "c" | "addstickers" | "share" | "proxy") {
        return Err("a Telegram URL without a user's name");
    }
    Ok(name)
}

/// `discord.com/users/17`, `discord.com/invite/name`.
fn discord(path: &str) -> Result<&str, Why> {
    let rest = path.strip_prefix("users/").or_else(|| path.strip_prefix("invite/"));
    first_segment(rest.ok_or("a Discord URL of neither a user nor an invitation")?)
}

fn first_segment(path: &str) -> Result<&str, Why> {
    path.split('/').next().filter(|segment| !segment.is_empty()).ok_or("no name")
}
