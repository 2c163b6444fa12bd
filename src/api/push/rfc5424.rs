//! The syslog protocol (RFC 5424).

use overlap_store::Event;

use super::cef::cef;
use super::ecs::ecs;
use super::settings::{SyslogFormat, SyslogSettings};
use super::shown::{fields, fitted, plain, sentence, severity};
use crate::rfc3339::rfc3339;

/// RFC 5424, section 6.4: a MSG in UTF-8 begins with the byte order mark.
const BOM: char = '\u{feff}';

/// An event as one message, of at most `settings.longest` bytes where cutting its values can make it so.
pub(crate) fn message(event: &Event, node: &str, settings: &SyslogSettings) -> String {
    let head = head(event, settings);
    fitted(settings.longest, |most| match settings.format {
        SyslogFormat::Rfc5424 => {
            let elements = structured_data(event, node, settings.enterprise, most);
            format!("{head} {elements} {BOM}{}", plain(&sentence(event, most)))
        }
        // Both begin with what their readers look for, so no mark stands before it: their MSG is "any octets".
        SyslogFormat::Cef => format!("{head} - {}", cef(event, node, most)),
        SyslogFormat::Ecs => format!("{head} - {}", ecs(event, node, most)),
    })
}

/// `<PRI>VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID`.
fn head(event: &Event, settings: &SyslogSettings) -> String {
    let priority = u16::from(settings.facility) * 8 + u16::from(severity(event.event_type));
    let (time, process) = (rfc3339(event.time), std::process::id());
    format!("<{priority}>1 {time} {} overlapd {process} {}", settings.hostname, event.event_type)
}

/// One element, named `overlapd@` and the enterprise's number (section 6.3.2).
fn structured_data(event: &Event, node: &str, enterprise: u32, most: usize) -> String {
    let mut parameters = vec![("id", event.id.to_string()), ("node", node.to_owned())];
    parameters.extend(event.peer.as_ref().map(|peer| ("peer", peer.to_string())));
    parameters.extend(fields(event, most));
    let parameters: String =
        parameters.iter().map(|(name, value)| format!(" {name}=\"{}\"", parameter_escaped(value))).collect();
    format!("[overlapd@{enterprise}{parameters}]")
}

/// Section 6.3.3: `"`, `\` and `]` are escaped by a backslash, and nothing else can be, so control characters are replaced.
pub(crate) fn parameter_escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in plain(text).chars() {
        if matches!(c, '"' | '\\' | ']') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
