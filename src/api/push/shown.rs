//! What all formats say of an event: its words, its weight, and texts cut to what a receiver takes.

use overlap_coalition::MemberId;
use overlap_store::{Event, EventBody, EventType, ExchangeRecord, Notice, OverlapRow};

use crate::rfc3339::rfc3339;

/// What stands for whatever was cut off, or cannot be shown.
const CUT: char = '\u{2026}';
const UNSHOWN: char = '\u{fffd}';

/// No limit.
pub(crate) const WHOLE: usize = usize::MAX;

/// A text of at most `most` bytes, cut between characters.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(CUT.len_utf8());
    let end = (0..=room).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}{CUT}", text.get(..end).unwrap_or_default())
}

/// A text without control characters: none of them can end a line or drive a terminal.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { UNSHOWN } else { c }).collect()
}

/// How grave an event is (RFC 5424, table 2): 1 alert, 3 error, 4 warning, 5 notice, 6 informational.
pub(crate) const fn severity(event_type: EventType) -> u8 {
    match event_type {
        EventType::RosterAlarm => 1,
        EventType::ExchangeFailed => 3,
        EventType::ExchangeRefused
        | EventType::ExchangeUnsigned
        | EventType::PartnerSuspended
        | EventType::PartnerRevoked
        | EventType::CertificateExpiring => 4,
        EventType::OverlapFound | EventType::PartnerReinstated => 5,
        EventType::ExchangeCompleted => 6,
    }
}

/// A short name for people.
pub(crate) const fn title(event_type: EventType) -> &'static str {
    match event_type {
        EventType::OverlapFound => "Overlap found",
        EventType::ExchangeCompleted => "Exchange completed",
        EventType::ExchangeRefused => "Exchange refused",
        EventType::ExchangeFailed => "Exchange failed",
        EventType::ExchangeUnsigned => "Exchange without a receipt",
        EventType::RosterAlarm => "Two rosters of one version",
        EventType::PartnerSuspended => "Partner suspended",
        EventType::PartnerRevoked => "Partner revoked",
        EventType::PartnerReinstated => "Partner reinstated",
        EventType::CertificateExpiring => "Certificate ends soon",
    }
}

/// A sentence for people; values in it have `most` bytes at most.
pub(crate) fn sentence(event: &Event, most: usize) -> String {
    let peer = event.peer.as_ref().map_or("this node", MemberId::as_str);
    match &event.body {
        EventBody::Overlap(row) => {
            let canonical = cut(row.canonical.reveal(), most);
            format!("{peer} holds the {} {canonical} too, by its {}", row.kind, row.facet)
        }
        EventBody::Exchange(record) => of_exchange(event.event_type, peer, record, most),
        EventBody::Notice(Notice::RosterAlarm { version }) => {
            format!("the secretariat signed two rosters of version {version}: tell the secretariat at once")
        }
        EventBody::Notice(Notice::CertificateExpiring { ends, .. }) => {
            format!("the certificate of {peer} ends at {}", rfc3339(*ends))
        }
        EventBody::Notice(_) => format!("{}: {peer}", title(event.event_type)),
    }
}

fn of_exchange(event_type: EventType, peer: &str, record: &ExchangeRecord, most: usize) -> String {
    let begun = format!("{} with {peer}", title(event_type));
    match (&record.failure, record.matches) {
        (Some(failure), _) => format!("{begun} ({}): {}", failure.code, cut(&failure.sentence, most)),
        (None, Some(matches)) => format!("{begun}: {matches} matches"),
        (None, None) => begun,
    }
}

/// What an event says, name by name, for formats that have pairs; values have `most` bytes at most.
pub(crate) fn fields(event: &Event, most: usize) -> Vec<(&'static str, String)> {
    match &event.body {
        EventBody::Overlap(row) => overlap_fields(row, most),
        EventBody::Exchange(record) => exchange_fields(record, most),
        EventBody::Notice(Notice::RosterAlarm { version }) => vec![("version", version.to_string())],
        EventBody::Notice(Notice::CertificateExpiring { ends, .. }) => vec![("ends", rfc3339(*ends))],
        EventBody::Notice(_) => Vec::new(),
    }
}

fn overlap_fields(row: &OverlapRow, most: usize) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("kind", row.kind.to_string()),
        ("facet", row.facet.to_string()),
        ("value", cut(row.raw.reveal(), most)),
        ("canonical", cut(row.canonical.reveal(), most)),
        ("tlp", row.tlp.to_string()),
        ("exchange", row.exchange.to_string()),
    ];
    fields.extend(row.pap.map(|pap| ("pap", pap.to_string())));
    fields
}

fn exchange_fields(record: &ExchangeRecord, most: usize) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("exchange", record.id.to_string()),
        ("engine", record.engine.as_str().to_owned()),
        ("purpose", cut(&record.purpose, most)),
        ("case", cut(&record.case_reference, most)),
    ];
    fields.extend(record.matches.map(|matches| ("matches", matches.to_string())));
    if let Some(failure) = &record.failure {
        fields.push(("code", failure.code.to_string()));
        fields.push(("by", failure.by.to_owned()));
        fields.push(("sentence", cut(&failure.sentence, most)));
    }
    fields
}

/// Renders so that the whole has at most `longest` bytes: values are cut, and nothing else. What has no long value may stay longer.
pub(crate) fn fitted(longest: usize, render: impl Fn(usize) -> String) -> String {
    const SHORTEST: usize = 16;
    let (mut most, mut text) = (longest, render(WHOLE));
    while text.len() > longest && most > SHORTEST {
        most /= 2;
        text = render(most.max(SHORTEST));
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cut_text_fits_and_is_the_begin_of_the_whole(text in any::<String>(), most in 3_usize..40) {
            let short = cut(&text, most);
            prop_assert!(short.len() <= most.max(text.len().min(most)));
            prop_assert!(short == text || text.starts_with(short.strip_suffix(CUT).unwrap()));
        }

        #[test]
        fn plain_text_has_no_control_characters(text in any::<String>()) {
            let plain = plain(&text);
            prop_assert!(!plain.chars().any(char::is_control));
            prop_assert_eq!(plain.chars().count(), text.chars().count());
        }
    }

    #[test]
    fn what_does_not_fit_is_cut() {
        let long = "é".repeat(40_000);
        let text = fitted(1_000, |most| format!("head {} {}", cut(&long, most), cut(&long, most)));
        assert!(text.starts_with("head éé") && text.len() <= 1_000 && text.len() > 300, "{}", text.len());
        assert_eq!(fitted(1_000, |most| cut("short", most)), "short");
    }
}
