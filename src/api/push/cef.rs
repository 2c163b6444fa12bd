//! Events in the Common Event Format, version 0.
//!
//! `CEF:0|Vendor|Product|Version|DeviceEventClassID|Name|Severity|Extension`. In the header backslashes and pipes are escaped, in the extension
//! backslashes, equals signs and line ends; other control characters have no form there and are replaced.

use std::net::IpAddr;

use overlap_indicator::Kind;
use overlap_store::{Event, EventBody, OverlapRow};

use super::shown::{cut, fields, plain, sentence, severity, title};

/// The longest texts of keys, in bytes, as the format's dictionary has them.
const LONGEST_TEXT: usize = 1_023;
const LONGEST_HASH: usize = 255;

/// The keys for what the dictionary has no key for, with the longest text of each.
const CUSTOM_STRINGS: [(&str, usize); 8] = [
    ("cs1", 4_000),
    ("cs2", 4_000),
    ("cs3", 4_000),
    ("cs4", 4_000),
    ("cs5", 4_000),
    ("cs6", 4_000),
    ("flexString1", LONGEST_TEXT),
    ("flexString2", LONGEST_TEXT),
];

/// An event as one line; values have `most` bytes at most.
pub(crate) fn cef(event: &Event, node: &str, most: usize) -> String {
    let header = [
        "overlapd",
        "overlapd",
        env!("CARGO_PKG_VERSION"),
        event.event_type.as_str(),
        title(event.event_type),
        grade(severity(event.event_type)),
    ];
    let header: Vec<String> = header.iter().map(|part| header_escaped(part)).collect();
    let extension: Vec<String> = pairs(event, node, most)
        .iter()
        .map(|(key, value)| format!("{key}={}", extension_escaped(value.trim())))
        .collect();
    format!("CEF:0|{}|{}", header.join("|"), extension.join(" "))
}

/// Severities of the format, 0 to 10, for those of syslog.
const fn grade(severity: u8) -> &'static str {
    match severity {
        0..=1 => "10",
        2..=3 => "7",
        4 => "5",
        5 => "4",
        _ => "2",
    }
}

/// A part of the header: a line cannot be broken there.
pub(crate) fn header_escaped(text: &str) -> String {
    plain(text).replace('\\', "\\\\").replace('|', "\\|")
}

/// A value of the extension.
pub(crate) fn extension_escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '=' => out.push_str("\\="),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

fn pairs(event: &Event, node: &str, most: usize) -> Vec<(String, String)> {
    let mut pairs = vec![
        ("rt".to_owned(), event.time.saturating_mul(1_000).to_string()),
        ("externalId".to_owned(), event.id.to_string()),
        ("deviceExternalId".to_owned(), node.to_owned()),
        ("msg".to_owned(), cut(&sentence(event, most), LONGEST_TEXT)),
    ];
    let mut custom = fields(event, most);
    if let Some(peer) = &event.peer {
        custom.insert(0, ("peer", peer.to_string()));
    }
    if let EventBody::Overlap(row) = &event.body {
        pairs.extend(
            observable(row, LONGEST_TEXT.min(most)).into_iter().map(|(key, value)| (key.to_owned(), value)),
        );
        // The value as it was written stands in no key: the canonical form and the sentence have it.
        custom.retain(|(name, _)| *name != "value");
    }
    let filled = custom.into_iter().filter(|(_, value)| !value.is_empty());
    for ((key, longest), (name, value)) in CUSTOM_STRINGS.into_iter().zip(filled) {
        pairs.push((format!("{key}Label"), name.to_owned()));
        pairs.push((key.to_owned(), cut(&value, longest.min(most))));
    }
    pairs
}

/// The keys of the dictionary that fit the indicator: whoever talks to one is the source, so the indicator is the destination.
fn observable(row: &OverlapRow, most: usize) -> Vec<(&'static str, String)> {
    let canonical = row.canonical.reveal();
    match row.kind {
        Kind::Url => vec![("request", cut(canonical, most))],
        Kind::Domain => vec![("dhost", cut(canonical, most))],
        Kind::Onion => vec![("dhost", format!("{canonical}.onion"))],
        Kind::Ip => match canonical.parse() {
            Ok(IpAddr::V6(_)) => {
                vec![("c6a3Label", "Destination IPv6 Address".to_owned()), ("c6a3", canonical.to_owned())]
            }
            _ => vec![("dst", canonical.to_owned())],
        },
        Kind::Email | Kind::Account | Kind::Handle => vec![("duser", cut(canonical, most))],
        Kind::FileHash => {
            let hash = canonical.split_once(':').map_or(canonical, |(_, hash)| hash);
            vec![("fileHash", cut(hash, LONGEST_HASH))]
        }
        _ => Vec::new(),
    }
}
